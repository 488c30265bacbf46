//! Languages, as BCP 47 names them.

use std::fmt;
use std::str::FromStr;

use icu_locale_core::LanguageIdentifier;

/// A language in its one spelling, such as `es` or `en-US`: language, script and region, without extensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

/// Says that a text is no language tag. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a BCP 47 language is wanted, such as en or es-MX")]
pub struct InvalidLanguage;

impl Language {
    /// Gives the tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the language without script and region: `es` of `es-MX`.
    pub fn primary(&self) -> &str {
        primary(&self.0)
    }
}

/// Gives a tag without script and region: `es` of `es-MX`.
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        let language: LanguageIdentifier = text.trim().parse().map_err(|_| InvalidLanguage)?;
        if language.language.is_unknown() {
            return Err(InvalidLanguage);
        }
        Ok(Self(language.to_string()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_into_one_spelling() {
        for (text, tag, primary) in [
            ("es", "es", "es"),
            (" EN-us ", "en-US", "en"),
            ("zh-hant-tw", "zh-Hant-TW", "zh"),
            ("es-mx", "es-MX", "es"),
        ] {
            let language: Language = text.parse().unwrap();
            assert_eq!((language.as_str(), language.primary()), (tag, primary));
        }
    }

    #[test]
    fn what_is_no_language_is_refused() {
        for text in ["", "und", "Spanish", "e", "en-", "12", "en US", "es_MX"] {
            assert_eq!(text.parse::<Language>(), Err(InvalidLanguage), "{text:?}");
        }
    }
}
