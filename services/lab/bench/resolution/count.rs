//! Counts pairs of rows: which are of one person, and which of them an import took for one.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::lab::people::labelled::label::{Kind, Label, Relation};

/// A row with the individual whom it went to.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The truth.
    pub label: Label,
    /// The individual.
    pub individual: Uuid,
}

/// What became of the pairs of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pairs of rows of one person.
    pub pairs: usize,
    /// Those that are one individual.
    pub merged: usize,
    /// Those whose two individuals stand on the review list beside each other.
    pub for_review: usize,
}

impl Tally {
    /// Those that are neither.
    pub const fn missed(self) -> usize {
        self.pairs - self.merged - self.for_review
    }
}

/// What was taken for one person and is two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mistaken {
    /// Pairs of rows that are one individual.
    pub merged: usize,
    /// Reviews.
    pub for_review: usize,
}

/// What is wrong with a pair of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One person, and neither merged nor on the review list.
    Missed,
    /// Two people who are one individual.
    WronglyMerged,
    /// Two people who stand on the review list.
    WronglyForReview,
}

/// What all pairs come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People in the roster.
    pub people: usize,
    /// Rows.
    pub rows: usize,
    /// Individuals.
    pub individuals: usize,
    /// Reviews.
    pub reviews: usize,
    /// Pairs of rows of one person, by what tells the two apart.
    pub kinds: BTreeMap<Kind, Tally>,
    /// Two people taken for one, by what they have to do with each other.
    pub relations: BTreeMap<Relation, Mistaken>,
    /// Pairs of rows about which something is wrong, by their places.
    pub wrong: Vec<(Verdict, usize, usize)>,
}

impl Counts {
    /// Gives the sums of all kinds.
    pub fn total(&self) -> Tally {
        let sum = |of: fn(&Tally) -> usize| self.kinds.values().map(of).sum();
        Tally {
            pairs: sum(|tally| tally.pairs),
            merged: sum(|tally| tally.merged),
            for_review: sum(|tally| tally.for_review),
        }
    }

    /// Gives the sums of all that was taken for one person and is two.
    pub fn mistaken(&self) -> Mistaken {
        let sum = |of: fn(&Mistaken) -> usize| self.relations.values().map(of).sum();
        Mistaken {
            merged: sum(|mistaken| mistaken.merged),
            for_review: sum(|mistaken| mistaken.for_review),
        }
    }
}

/// Counts the pairs of all rows. A review names two individuals, in any order.
pub fn count(rows: &[Placed], reviews: &[(Uuid, Uuid)]) -> Counts {
    let by_person = group(rows, |row| row.label.person);
    let by_individual = group(rows, |row| row.individual);
    let reviews: BTreeSet<(Uuid, Uuid)> = reviews.iter().map(|(a, b)| ordered(*a, *b)).collect();
    let mut counts = Counts {
        people: by_person.len(),
        rows: rows.len(),
        individuals: by_individual.len(),
        reviews: reviews.len(),
        ..Counts::default()
    };
    for (a, b) in by_person.values().flat_map(|places| pairs(places)) {
        let (one, other) = (&rows[a], &rows[b]);
        let tally = counts.kinds.entry(Kind::of(&one.label, &other.label));
        let tally = tally.or_default();
        tally.pairs += 1;
        if one.individual == other.individual {
            tally.merged += 1;
        } else if reviews.contains(&ordered(one.individual, other.individual)) {
            tally.for_review += 1;
        } else {
            counts.wrong.push((Verdict::Missed, a, b));
        }
    }
    let mut mistake = |verdict, a: usize, b: usize| {
        let relation = Relation::of(&rows[a].label, &rows[b].label);
        let mistaken = counts.relations.entry(relation).or_default();
        match verdict {
            Verdict::WronglyMerged => mistaken.merged += 1,
            Verdict::WronglyForReview | Verdict::Missed => mistaken.for_review += 1,
        }
        counts.wrong.push((verdict, a, b));
    };
    let is_one = |a: usize, b: usize| rows[a].label.person == rows[b].label.person;
    for (a, b) in by_individual.values().flat_map(|places| pairs(places)) {
        if !is_one(a, b) {
            mistake(Verdict::WronglyMerged, a, b);
        }
    }
    for (one, other) in &reviews {
        let (Some(ones), Some(others)) = (by_individual.get(one), by_individual.get(other)) else {
            continue;
        };
        let is_right = |a: &usize| others.iter().any(|b| is_one(*a, *b));
        if !ones.iter().any(is_right) {
            mistake(Verdict::WronglyForReview, ones[0], others[0]);
        }
    }
    counts
}

/// Gives the places of the rows by a key.
fn group<K: Ord>(rows: &[Placed], key: impl Fn(&Placed) -> K) -> BTreeMap<K, Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        groups.entry(key(row)).or_default().push(at);
    }
    groups
}

fn pairs(places: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let rest = |at: usize| places[at + 1..].iter();
    let firsts = places.iter().enumerate();
    firsts.flat_map(move |(at, a)| rest(at).map(|b| (*a, *b)))
}

fn ordered(a: Uuid, b: Uuid) -> (Uuid, Uuid) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::people::labelled::label::Role;
    use crate::lab::people::labelled::slip::Slip;

    fn placed(person: u64, individual: u128, slips: &[Slip]) -> Placed {
        Placed {
            label: Label {
                covered_entity: "clinic",
                external_ref: String::new(),
                person,
                household: person / 10,
                role: Role::Twin,
                slips: slips.to_vec(),
            },
            individual: Uuid::from_u128(individual),
        }
    }

    fn review(a: u128, b: u128) -> (Uuid, Uuid) {
        (Uuid::from_u128(a), Uuid::from_u128(b))
    }

    #[test]
    fn pairs_of_one_person_are_merged_for_review_or_missed() {
        let rows = [
            placed(1, 1, &[]),
            placed(1, 1, &[Slip::Moved]),
            placed(1, 2, &[Slip::Moved, Slip::Nickname]),
            placed(20, 3, &[]),
            placed(20, 4, &[]),
        ];
        // The same two people stand there once, whoever is named first.
        let counts = count(&rows, &[review(2, 1), review(1, 2)]);
        assert_eq!((counts.people, counts.rows, counts.individuals), (2, 5, 4));
        assert_eq!(counts.reviews, 1);
        let tally = |kind| counts.kinds[&kind];
        let of = |pairs, merged, for_review| Tally {
            pairs,
            merged,
            for_review,
        };
        assert_eq!(tally(Kind::One(Slip::Moved)), of(1, 1, 0));
        assert_eq!(tally(Kind::Two), of(2, 0, 2));
        assert_eq!(tally(Kind::Alike), of(1, 0, 0));
        assert_eq!((counts.total(), counts.total().missed()), (of(4, 1, 2), 1));
        assert_eq!(counts.wrong, [(Verdict::Missed, 3, 4)]);
        assert_eq!(counts.mistaken(), Mistaken::default());
    }

    #[test]
    fn two_people_who_are_taken_for_one_are_counted_by_their_relation() {
        let rows = [
            placed(1, 1, &[]),
            placed(2, 1, &[]),
            placed(30, 1, &[]),
            placed(2, 2, &[]),
            placed(40, 3, &[]),
        ];
        // The first review is right: somebody of the first individual is the second.
        let counts = count(&rows, &[review(1, 2), review(2, 3)]);
        let relations: Vec<_> = counts.relations.into_iter().collect();
        let mistaken = |merged, for_review| Mistaken { merged, for_review };
        assert_eq!(
            relations,
            [
                (Relation::Twins, mistaken(1, 0)),
                (Relation::Strangers, mistaken(2, 1)),
            ]
        );
        assert_eq!(
            counts.wrong,
            [
                (Verdict::WronglyMerged, 0, 1),
                (Verdict::WronglyMerged, 0, 2),
                (Verdict::WronglyMerged, 1, 2),
                (Verdict::WronglyForReview, 3, 4),
            ]
        );
        assert_eq!(counts.kinds[&Kind::Alike].for_review, 1);
    }
}
