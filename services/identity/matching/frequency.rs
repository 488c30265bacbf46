//! How common a name is: two people called Smith are more often strangers than two called Wojciechowski (Winkler, "Advanced Methods for
//! Record Linkage", 1994; frequency-based matching).
//!
//! `name_frequencies.csv` has the commonest names with how many of 100,000 people bear each; any other name counts as common as the last of
//! its kind. The weight of an exact agreement in the table is that of a typical name, by which two strangers agree as often as by all names
//! together: the sum of the squares of the shares. A name that is `n` times as common weighs `log2(n)` bits less.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::Folded;

/// Which name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A family name.
    Family,
    /// A given name.
    Given,
}

/// The most by which the weight of an agreement changes either way, in hundredths of a bit.
pub const MOST: i32 = 300;

/// The names of one kind.
struct Names {
    /// How much more or less each name weighs.
    by_name: HashMap<&'static str, i32>,
    /// How much more any other weighs.
    other: i32,
}

impl Names {
    fn read(kind: &str) -> Self {
        let lines = include_str!("name_frequencies.csv").lines();
        let rows =
            lines.filter_map(|line| line.strip_prefix(kind)?.strip_prefix(',')?.split_once(','));
        let shares: Vec<(&str, f64)> = rows
            .filter_map(|(name, per_100k)| Some((name, per_100k.parse::<f64>().ok()? / 100_000.0)))
            .collect();
        let typical: f64 = shares.iter().map(|(_, share)| share * share).sum();
        let adjustment = |share: f64| adjustment(typical, share);
        Self {
            other: shares.last().map_or(0, |(_, share)| adjustment(*share)),
            by_name: shares
                .into_iter()
                .map(|(name, share)| (name, adjustment(share)))
                .collect(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn adjustment(typical: f64, share: f64) -> i32 {
    let most = f64::from(MOST);
    (100.0 * (typical / share).log2())
        .clamp(-most, most)
        .round() as i32
}

static FAMILY: LazyLock<Names> = LazyLock::new(|| Names::read("family"));
static GIVEN: LazyLock<Names> = LazyLock::new(|| Names::read("given"));

/// Gives by how many hundredths of a bit an exact agreement in this name weighs more than in a typical one, or less. An initial is as common as
/// a name can be.
pub fn adjustment_of(kind: Kind, name: &Folded) -> i32 {
    let names = match kind {
        Kind::Family => &FAMILY,
        Kind::Given => &GIVEN,
    };
    let name = name.joined();
    if name.chars().nth(1).is_none() {
        return -MOST;
    }
    names.by_name.get(name).copied().unwrap_or(names.other)
}

/// Tells whether many people are given this folded name at birth, some 60 of 100,000 or more: it is no short form alone.
pub fn is_name_of_its_own(name: &str) -> bool {
    const OF_ITS_OWN: i32 = 187;
    let weight = GIVEN.by_name.get(name);
    weight.is_some_and(|weight| *weight <= OF_ITS_OWN)
}

/// Tells whether one of two folded given names is a slip in the other: many people are called the one, and next to nobody the other. Names
/// that weigh the most an agreement can are borne by fewer than 30 of 100,000: they are not common.
pub fn is_slip(a: &str, b: &str) -> bool {
    let weight = |name| GIVEN.by_name.get(name).copied();
    match (weight(a), weight(b)) {
        (Some(common), None) | (None, Some(common)) => common < MOST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::matching::fold;

    fn of(kind: Kind, name: &str) -> i32 {
        adjustment_of(kind, &fold::name(name))
    }

    #[test]
    fn a_common_name_weighs_less_than_a_rare_one() {
        let family =
            ["Smith", "Nguyen", "Hoffman", "Wojciechowski"].map(|name| of(Kind::Family, name));
        assert!(family.is_sorted() && family[0] < family[3], "{family:?}");
        let given = ["James", "Judy", "Wilhelmina"].map(|name| of(Kind::Given, name));
        assert!(
            given.is_sorted() && given[0] < 0 && given[2] > 0,
            "{given:?}"
        );
        assert_eq!(of(Kind::Given, "J."), -MOST);
    }

    #[test]
    fn some_short_forms_are_given_at_birth() {
        assert!(
            ["liam", "lisa", "kathryn", "joe"]
                .into_iter()
                .all(is_name_of_its_own)
        );
        assert!(
            !["bill", "mike", "kate", "liz", ""]
                .into_iter()
                .any(is_name_of_its_own)
        );
    }

    #[test]
    fn a_slip_is_a_name_of_nobody_beside_a_common_one() {
        assert!(is_slip("katherine", "kathrrine") && is_slip("kathrrine", "katherine"));
        for (a, b) in [
            ("jason", "mason"),
            ("jayden", "hayden"),
            ("anna", "hanna"),
            ("brian", "bryan"),
            ("thanh", "thang"),
            ("katherine", "katherine"),
            ("kathrrine", "kathrrinf"),
        ] {
            assert!(!is_slip(a, b), "{a}, {b}");
        }
    }

    #[test]
    fn every_name_of_the_file_stands_there_once_folded_the_commonest_first() {
        let text = include_str!("name_frequencies.csv");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let rows: Vec<Vec<&str>> = lines
            .skip(1)
            .map(|line| line.split(',').collect())
            .collect();
        for (kind, names) in [("family", &*FAMILY), ("given", &*GIVEN)] {
            let of_kind: Vec<&Vec<&str>> = rows.iter().filter(|row| row[0] == kind).collect();
            assert!(of_kind.len() > 400 && of_kind.len() == names.by_name.len());
            assert!(
                of_kind
                    .iter()
                    .all(|row| fold::name(row[1]).joined() == row[1])
            );
            let shares = of_kind.iter().map(|row| -row[2].parse::<f64>().unwrap());
            assert!(shares.is_sorted());
            assert!((-MOST..=MOST).contains(&names.other));
        }
        assert_eq!(rows.len(), FAMILY.by_name.len() + GIVEN.by_name.len());
    }
}
