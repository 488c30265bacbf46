//! In which language a person is written to.

use crate::kernel::language::Language;

/// A language that letters are printed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LetterLanguage {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl LetterLanguage {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// Gives the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// Reads a tag; nothing where none is said or letters are not printed in it.
    pub fn parse(tag: &str) -> Option<Self> {
        let language: Language = tag.parse().ok()?;
        let mut all = Self::ALL.into_iter();
        all.find(|known| known.as_str() == language.primary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_in_the_language_without_its_region() {
        assert_eq!(LetterLanguage::parse("es-MX"), Some(LetterLanguage::Es));
        assert_eq!(LetterLanguage::parse("en"), Some(LetterLanguage::En));
        assert_eq!(LetterLanguage::parse("fr"), None);
        assert_eq!(LetterLanguage::parse(""), None);
    }
}
