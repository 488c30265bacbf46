//! Short forms of given names that people in the U.S. use for one another.
//!
//! `nicknames.csv` has a line for each name: the name and its forms, folded. It is a public fact of the field, not a model. A
//! form stands on every line that it may come from (`al` is Albert, Alan and Alfred).

use std::collections::HashMap;
use std::sync::LazyLock;

static GROUPS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("nicknames.csv").lines();
    lines.map(|line| line.split(',').collect()).collect()
});

/// The lines on which a name stands.
static LINES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut lines: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, group) in GROUPS.iter().enumerate() {
        for name in group {
            lines.entry(name).or_default().push(at);
        }
    }
    lines
});

fn lines_of(name: &str) -> &'static [usize] {
    LINES.get(name).map_or(&[], Vec::as_slice)
}

/// Gives the forms that a folded given name may stand for, itself not among them if it has none.
pub fn forms(name: &str) -> impl Iterator<Item = &'static str> {
    lines_of(name)
        .iter()
        .flat_map(|at| GROUPS[*at].iter().copied())
}

/// Tells whether two folded given names may be forms of one name.
pub fn related(a: &str, b: &str) -> bool {
    let others = lines_of(b);
    lines_of(a).iter().any(|line| others.contains(line))
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
