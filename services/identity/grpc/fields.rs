//! Reading fields of a request, and gathering all that is wrong with them.

use std::fmt::Display;
use std::str::FromStr;

use jiff::civil;
use uuid::Uuid;

use crate::identity::error::Error;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::secrets::Secret;
use crate::wire::google::r#type::Date;

/// What is wrong with a request so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Names a field and the rule it breaks.
    pub fn add(&mut self, path: impl Display, rule: impl Display) {
        self.0.push((path.to_string(), rule.to_string()));
    }

    /// Names the field unless the rule holds.
    pub fn demand(&mut self, holds: bool, path: impl Display, rule: impl Display) {
        if !holds {
            self.add(path, rule);
        }
    }

    /// Fails if anything is wrong, with all of it.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let fault = Fault::new(Reason::InvalidRequest);
        let fault = self
            .0
            .into_iter()
            .fold(fault, |fault, (path, rule)| fault.field(path, rule));
        Err(Error::Request(fault))
    }

    /// Reads an id.
    pub fn id<T: FromStr + From<Uuid>>(&mut self, path: &str, text: &str) -> T {
        text.parse().unwrap_or_else(|_| {
            self.add(path, "must be a UUID");
            T::from(Uuid::nil())
        })
    }

    /// Reads an id that may be left out.
    pub fn maybe_id<T: FromStr + From<Uuid>>(&mut self, path: &str, text: &str) -> Option<T> {
        (!text.is_empty()).then(|| self.id(path, text))
    }

    /// Reads the request id (AIP-155).
    pub fn request_id(&mut self, text: &str) -> Uuid {
        let id = Uuid::try_parse(text).unwrap_or_default();
        let rule = "must be a UUID version 4 that the client made";
        self.demand(id.get_version_num() == 4, "request_id", rule);
        id
    }

    /// Reads an engagement number into its one spelling: a capital letter and six digits.
    pub fn engagement_number(&mut self, text: &str) -> String {
        let number = text.trim().to_ascii_uppercase();
        let mut bytes = number.bytes();
        let fits = number.len() == 7
            && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_digit());
        self.demand(
            fits,
            "engagement_number",
            "must be one letter and six digits, such as B123456",
        );
        number
    }

    /// Reads a personal text that may be empty, without control characters.
    pub fn text(&mut self, path: &str, text: &str, most: usize) -> Option<Secret<String>> {
        let text = text.trim();
        let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
        self.demand(
            fits,
            path,
            format_args!("must have at most {most} characters, on one line"),
        );
        (fits && !text.is_empty()).then(|| text.into())
    }

    /// Reads a whole civil date.
    pub fn date(&mut self, path: &str, date: Option<&Date>) -> Option<civil::Date> {
        let whole = date.and_then(|date| {
            let year = i16::try_from(date.year).ok().filter(|year| *year > 0)?;
            let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
            civil::Date::new(year, month, day).ok()
        });
        self.demand(
            whole.is_some(),
            path,
            "must be a whole date with year, month and day",
        );
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::CampaignId;

    #[test]
    fn everything_wrong_is_told_at_once_and_no_value_with_it() {
        let mut problems = Problems::default();
        let _: CampaignId = problems.id("campaign_id", "canary");
        problems.request_id("018f0000-0000-7000-8000-000000000000");
        problems.text("claims.given_name", "ca\nnary", 10);
        problems.engagement_number("BB12345");
        problems.date(
            "claims.date_of_birth",
            Some(&Date {
                year: 2026,
                month: 2,
                day: 30,
            }),
        );
        let Err(Error::Request(fault)) = problems.finish() else {
            panic!("it passed")
        };
        let text = format!("{fault:?}");
        for path in [
            "campaign_id",
            "request_id",
            "claims.given_name",
            "engagement_number",
            "claims.date_of_birth",
        ] {
            assert!(text.contains(path), "{path}: {text}");
        }
        assert!(!text.contains("canary"));
    }
}
