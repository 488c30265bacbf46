//! The verdicts of a call, kept for its repetition: a letter each, which never changes while an answer is kept.

use std::str::FromStr;

use crate::db;

/// Writes verdicts as letters.
pub fn keep<V: Copy + Into<&'static str>>(verdicts: &[V]) -> String {
    verdicts.iter().map(|verdict| (*verdict).into()).collect()
}

/// Reads what [`keep`] wrote.
pub fn recall<V: FromStr>(letters: &str) -> Result<Vec<V>, db::Error> {
    let verdict = |letter: char| letter.to_string().parse();
    let verdicts = letters.chars().map(verdict).collect::<Result<_, _>>();
    verdicts.map_err(|_| db::Error::corrupt("verdicts of an earlier call"))
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
        assert_eq!(keep(&all), "RUNCM");
        assert_eq!(recall::<Verdict>("RUNCM").unwrap(), all);
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
        assert_eq!(keep(&all), "IKMD");
        assert_eq!(recall::<Verdict>("IKMD").unwrap(), all);
        assert!(recall::<Verdict>("X").is_err());
    }
}
