//! The verdicts of a call, kept for its repetition: a letter each.

use crate::db;
use crate::handoff::error::Error;

/// A verdict that is kept as a letter.
pub trait Kept: Copy + Eq + 'static {
    /// Every verdict.
    const ALL: &'static [Self];

    /// Gives its letter, which never changes while an answer is kept.
    fn letter(self) -> char;
}

/// Writes verdicts as letters.
pub fn keep<V: Kept>(verdicts: &[V]) -> String {
    verdicts.iter().map(|verdict| verdict.letter()).collect()
}

/// Reads what [`keep`] wrote.
pub fn recall<V: Kept>(letters: &str) -> Result<Vec<V>, Error> {
    let verdict = |letter| {
        let known = V::ALL.iter().find(|verdict| verdict.letter() == letter);
        let corrupt = || db::Error::corrupt("verdicts of an earlier call").into();
        known.copied().ok_or_else(corrupt)
    };
    letters.chars().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_kept_as_letters() {
        use crate::handoff::outcome::apply_status::Verdict;
        let all = [
            Verdict::Recorded,
            Verdict::Unchanged,
            Verdict::Unknown,
            Verdict::Contradicts,
            Verdict::Malformed,
        ];
        assert_eq!(recall::<Verdict>(&keep(&all)).unwrap(), all);
        assert!(recall::<Verdict>("X").is_err());
    }

    #[test]
    fn verdicts_on_activation_codes_are_kept_as_letters() {
        use crate::handoff::activation::import::Verdict;
        let all = [
            Verdict::Imported,
            Verdict::Known,
            Verdict::Malformed,
            Verdict::Duplicate,
        ];
        assert_eq!(recall::<Verdict>(&keep(&all)).unwrap(), all);
        assert!(recall::<Verdict>("X").is_err());
    }
}
