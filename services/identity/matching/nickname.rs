//! Short forms of given names that people in the U.S. use for one another.
//!
//! `nicknames.csv` has a line for each name: the name and its forms, folded. It is a public fact of the field, not a model. A
//! form stands on every line that it may come from (`al` is Albert, Alan and Alfred).

use std::sync::LazyLock;

static GROUPS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("nicknames.csv").lines();
    lines.map(|line| line.split(',').collect()).collect()
});

/// Gives the forms that a folded given name may stand for, itself not among them if it has none.
pub fn forms(name: &str) -> impl Iterator<Item = &'static str> {
    let groups = GROUPS.iter().filter(move |group| group.contains(&name));
    groups.flatten().copied()
}

/// Tells whether two folded given names may be forms of one name.
pub fn related(a: &str, b: &str) -> bool {
    GROUPS
        .iter()
        .any(|group| group.contains(&a) && group.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_meet_within_a_name_and_not_across() {
        assert!(related("william", "bill"));
        assert!(related("bill", "william"));
        assert!(related("al", "albert") && related("al", "alan"));
        assert!(!related("albert", "alan"));
        assert!(!related("bill", "bob"));
    }

    #[test]
    fn every_line_has_a_name_and_forms_of_it_folded_and_without_doubles() {
        assert!(GROUPS.is_sorted() && GROUPS.len() > 100);
        for group in GROUPS.iter() {
            assert!(group.len() > 1, "{group:?}");
            for (at, name) in group.iter().enumerate() {
                let folded = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
                assert!(folded, "{name:?} of {group:?}");
                assert!(!group[..at].contains(name), "{name}");
            }
        }
    }
}
