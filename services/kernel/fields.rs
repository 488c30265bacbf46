//! Reading the fields of a request, and gathering all that is wrong with them, so that a caller hears of everything at
//! once.
//!
//! What is read is already valid once [`Fields::finish`] has passed; until then a field that is wrong reads as some value
//! that nobody uses. No value ever gets into the fault.

use std::fmt::Display;

use jiff::civil;
use uuid::Uuid;

use super::fault::{Fault, Reason};
use super::ids::{CampaignId, Id};
use super::language::Language;
use super::typed;

/// How a request names a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignKey {
    /// By its engagement number, in its one spelling.
    Number(String),
    /// By its id.
    Id(CampaignId),
}

/// What is wrong with a request so far.
#[derive(Debug, Default)]
pub struct Fields(Option<Fault>);

impl Fields {
    fn take(&mut self) -> Fault {
        let so_far = self.0.take();
        so_far.unwrap_or_else(|| Fault::new(Reason::InvalidRequest))
    }

    /// Names a field and the rule it breaks.
    pub fn wrong(&mut self, path: impl Display, rule: impl Display) {
        let fault = self.take().field(path.to_string(), rule.to_string());
        self.0 = Some(fault);
    }

    /// Names the field unless the rule holds.
    pub fn demand(&mut self, holds: bool, path: impl Display, rule: impl Display) {
        if !holds {
            self.wrong(path, rule);
        }
    }

    /// Takes over what a parser of its own found.
    pub fn absorb<T>(&mut self, parsed: Result<T, Fault>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0 = Some(self.take().absorb("", fault));
                None
            }
        }
    }

    /// Fails if anything is wrong, with all of it.
    pub fn finish(self) -> Result<(), Fault> {
        self.0.map_or(Ok(()), Err)
    }

    /// Reads an id.
    pub fn id<T: Id>(&mut self, path: impl Display, text: &str) -> T {
        let id = Uuid::try_parse(text).unwrap_or_else(|_| {
            self.wrong(path, "must be a UUID");
            Uuid::nil()
        });
        T::from(id)
    }

    /// Reads an id that may be left out.
    pub fn maybe_id<T: Id>(&mut self, path: impl Display, text: &str) -> Option<T> {
        (!text.is_empty()).then(|| self.id(path, text))
    }

    /// Reads the request id (AIP-155).
    pub fn request_id(&mut self, text: &str) -> Uuid {
        let id = Uuid::try_parse(text).unwrap_or_default();
        let rule = "must be a UUID version 4 that the client made";
        self.demand(id.get_version_num() == 4, "request_id", rule);
        id
    }

    /// Reads a text on one line that must be given.
    pub fn text(&mut self, path: impl Display, text: &str, most: usize) -> String {
        let text = text.trim();
        self.demand(
            !text.is_empty() && is_line(text, most),
            path,
            format_args!("must have 1 to {most} characters, on one line"),
        );
        text.to_owned()
    }

    /// Reads a text on one line that may be left out; nothing when it is empty or wrong.
    pub fn maybe_text<'t>(
        &mut self,
        path: impl Display,
        text: &'t str,
        most: usize,
    ) -> Option<&'t str> {
        let text = text.trim();
        let fits = is_line(text, most);
        self.demand(
            fits,
            path,
            format_args!("must have at most {most} characters, on one line"),
        );
        (fits && !text.is_empty()).then_some(text)
    }

    /// Reads a language: a BCP 47 tag such as `es` or `en-US`; nothing when it is wrong.
    pub fn language(&mut self, path: impl Display, text: &str) -> Option<Language> {
        let language = text.parse::<Language>().ok();
        let rule = "must be a BCP 47 language such as en or es-MX";
        self.demand(language.is_some(), path, rule);
        language
    }

    /// Reads an engagement number into its one spelling: a capital letter and six digits.
    pub fn engagement_number(&mut self, path: impl Display, text: &str) -> String {
        let number = engagement_number(text);
        let rule = "must be one letter and six digits, such as B123456";
        self.demand(number.is_some(), path, rule);
        number.unwrap_or_default()
    }

    /// Reads the field `campaign`, which names a campaign by its engagement number or by its id; nothing when it is wrong.
    pub fn campaign(&mut self, text: &str) -> Option<CampaignKey> {
        let number = engagement_number(text).map(CampaignKey::Number);
        let id = || {
            Uuid::try_parse(&typed::fold(text))
                .ok()
                .map(CampaignId::from)
        };
        let key = number.or_else(|| id().map(CampaignKey::Id));
        let rule = "must be an engagement number, such as B123456, or a campaign's id";
        self.demand(key.is_some(), "campaign", rule);
        key
    }

    /// Reads a whole civil date from its year, month and day.
    pub fn date(
        &mut self,
        path: impl Display,
        date: Option<(i32, i32, i32)>,
    ) -> Option<civil::Date> {
        let whole = date.and_then(|(year, month, day)| {
            let year = i16::try_from(year).ok().filter(|year| *year > 0)?;
            civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        });
        let rule = "must be a whole date with year, month and day";
        self.demand(whole.is_some(), path, rule);
        whole
    }
}

fn engagement_number(text: &str) -> Option<String> {
    let number = typed::fold(text).to_ascii_uppercase();
    let mut bytes = number.bytes();
    let fits = number.len() == 7
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_digit());
    fits.then_some(number)
}

fn is_line(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::BatchId;

    #[test]
    fn everything_wrong_is_told_at_once_and_no_value_with_it() {
        let mut fields = Fields::default();
        let _: BatchId = fields.id("batch_id", "canary");
        fields.request_id("018f0000-0000-7000-8000-000000000000");
        fields.text("name", "ca\nnary", 10);
        fields.text("title", " ", 10);
        assert_eq!(fields.maybe_text("given_name", "ca\nnary", 10), None);
        fields.engagement_number("engagement_number", "BB12345");
        assert_eq!(fields.campaign("BB12345"), None);
        fields.date("date", Some((2026, 2, 30)));
        fields.date("other", None);
        fields.absorb::<()>(Err(Fault::new(Reason::InvalidRequest).field("token", "old")));
        let text = format!("{:?}", fields.finish().unwrap_err());
        for path in [
            "batch_id",
            "request_id",
            "name",
            "title",
            "given_name",
            "engagement_number",
            "campaign",
            "date",
            "other",
            "token",
        ] {
            assert!(text.contains(path), "{path}: {text}");
        }
        assert!(!text.contains("canary"));
    }

    #[test]
    fn what_is_right_is_read_into_one_spelling() {
        let mut fields = Fields::default();
        assert_eq!(fields.engagement_number("x", " b123456 "), "B123456");
        let id = CampaignId::from(Uuid::from_u128(7));
        for text in ["b123456", " B123456"] {
            let number = CampaignKey::Number("B123456".to_owned());
            assert_eq!(fields.campaign(text), Some(number));
        }
        assert_eq!(fields.campaign(&id.to_string()), Some(CampaignKey::Id(id)));
        assert_eq!(fields.maybe_text("x", " ", 10), None);
        assert_eq!(fields.maybe_text("x", " Ada ", 3), Some("Ada"));
        assert_eq!(fields.maybe_id::<BatchId>("x", ""), None);
        let leap_day = civil::date(2028, 2, 29);
        assert_eq!(fields.date("x", Some((2028, 2, 29))), Some(leap_day));
        assert!(fields.finish().is_ok());
    }
}
