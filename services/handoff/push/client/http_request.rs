//! The path and the body of a request to a REST API, from its layout and the fields of an order. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::handoff::partner::http_layout::{Call, LITERAL, Part, parts};
use crate::handoff::partner::order_fields::{NUMBERS, known};
use crate::kernel::flat_file::Column;
use crate::kernel::web::percent_encode;

/// A request, but for where it goes to and who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The path.
    pub path: String,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// Says that what this field has cannot be sent. It never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit(pub &'static str);

/// Makes the path and the body of a call.
pub fn make(
    call: &Call,
    rules: &BTreeMap<String, Column>,
    value: &dyn Fn(&str) -> String,
) -> Result<Made, Unfit> {
    let fields = Fields { rules, value };
    let body = call
        .body
        .as_ref()
        .map(|body| fields.fill(body))
        .transpose()?;
    Ok(Made {
        path: fields.path(&call.path)?,
        body: body
            .flatten()
            .map_or_else(Vec::new, |body| body.to_string().into_bytes()),
    })
}

struct Fields<'f> {
    rules: &'f BTreeMap<String, Column>,
    value: &'f dyn Fn(&str) -> String,
}

impl Fields<'_> {
    fn path(&self, path: &str) -> Result<String, Unfit> {
        let mut made = String::new();
        for part in parts(path).unwrap_or_default() {
            match part {
                Part::Text(text) => made.push_str(text),
                Part::Field(field) => {
                    let text = self.text(field)?;
                    if text.is_empty() {
                        return Err(Unfit(known(field)));
                    }
                    made.push_str(&percent_encode(&text));
                }
            }
        }
        Ok(made)
    }

    /// Puts the fields into a document; what is empty is left out.
    fn fill(&self, document: &Value) -> Result<Option<Value>, Unfit> {
        Ok(match document {
            Value::String(named) => match named.strip_prefix(LITERAL) {
                Some(text) => Some(text.into()),
                None => self.field(named)?,
            },
            Value::Object(object) => {
                let mut filled = Map::new();
                for (name, part) in object {
                    if let Some(part) = self.fill(part)? {
                        filled.insert(name.clone(), part);
                    }
                }
                (!filled.is_empty()).then_some(Value::Object(filled))
            }
            Value::Array(array) => {
                let filled = array.iter().map(|part| self.fill(part));
                let filled: Vec<Option<Value>> = filled.collect::<Result<_, _>>()?;
                let filled: Vec<Value> = filled.into_iter().flatten().collect();
                (!filled.is_empty()).then_some(Value::Array(filled))
            }
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) => Some(document.clone()),
        })
    }

    fn field(&self, field: &str) -> Result<Option<Value>, Unfit> {
        let text = self.text(field)?;
        let number = NUMBERS.contains(&field).then(|| text.parse::<i64>().ok());
        Ok(match number.flatten() {
            Some(number) => Some(number.into()),
            None => (!text.is_empty()).then(|| text.into()),
        })
    }

    fn text(&self, field: &str) -> Result<String, Unfit> {
        let text = (self.value)(field);
        let Some(rule) = self.rules.get(field) else {
            return Ok(text);
        };
        if text.is_empty() && rule.required {
            return Err(Unfit(known(field)));
        }
        let written = rule.write(&text);
        if rule
            .width
            .is_some_and(|width| written.chars().count() > width)
        {
            return Err(Unfit(known(field)));
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::partner::http_layout::Method;

    fn made(body: &str, rules: &str, path: &str) -> Result<Made, Unfit> {
        let call = Call {
            method: Method::Put,
            path: path.to_owned(),
            body: Some(serde_json::from_str(body).unwrap()),
            http: BTreeMap::new(),
        };
        let value = |field: &str| {
            let text = match field {
                "handoff_id" => "a/b c",
                "family_name" => "O'Brien \"é\"",
                "attempt" => "2",
                "term_months" => "24",
                "date_of_birth" => "1815-12-10",
                _ => "",
            };
            text.to_owned()
        };
        make(&call, &toml::from_str(rules).unwrap(), &value)
    }

    fn document(body: &str, rules: &str) -> Result<String, Unfit> {
        made(body, rules, "/").map(|made| String::from_utf8(made.body).unwrap())
    }

    #[test]
    fn a_body_has_the_fields_and_leaves_out_what_is_empty() {
        let body = r#"{"a": {"name": "family_name", "mail": "email"}, "b": {"mail": "email"}, "c": ["line1", "suffix"],
            "d": ["family_name", "email"], "e": "=given_name", "f": true, "g": 7, "h": null, "i": "attempt"}"#;
        let expected = r#"{"a":{"name":"O'Brien \"é\""},"d":["O'Brien \"é\""],"e":"given_name","f":true,"g":7,"i":2}"#;
        assert_eq!(document(body, "").unwrap(), expected);
    }

    #[test]
    fn fields_are_written_as_the_layout_says() {
        let body = r#"{"born": "date_of_birth", "months": "term_months"}"#;
        let rules =
            "date_of_birth = { date = '%m/%d/%Y' }\nterm_months = { words = { 24 = 'TWO' } }";
        let expected = r#"{"born":"12/10/1815","months":"TWO"}"#;
        assert_eq!(document(body, rules).unwrap(), expected);
        for rules in ["family_name = { width = 3 }", "ssn = { required = true }"] {
            let body = r#"{"name": "family_name", "ssn": "ssn"}"#;
            let Err(Unfit(field)) = document(body, rules) else {
                panic!("{rules}");
            };
            assert!(rules.starts_with(field), "{field}");
        }
    }

    #[test]
    fn a_path_is_encoded_and_has_no_hole() {
        let made_path = |path: &str| made("{}", "", path).map(|made| made.path);
        assert_eq!(
            made_path("/x/{handoff_id}/{attempt}?z=1").unwrap(),
            "/x/a%2Fb%20c/2?z=1"
        );
        assert_eq!(
            made_path("/{partner_reference}"),
            Err(Unfit("partner_reference"))
        );
    }
}
