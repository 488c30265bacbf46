use proptest::prelude::*;

use crate::kernel::ids::CoveredEntityId;

use super::super::plan::{Known, Link, Stored, plan, tests::judged, tests::keys, tests::row};
use super::*;

/// References, given names and SSNs of a batch: few of each, so that rows meet.
fn batches() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
    prop::collection::vec((0..2_u8, 0..6_u8, 0..3_u8, 0..6_u8), 0..24)
}

fn rows_of(batch: &[(u8, u8, u8, u8)]) -> Vec<Judged> {
    let rows = (2_i64..)
        .zip(batch)
        .map(|(line, (entity, reference, given, ssn))| {
            let entity = ["one", "two"][usize::from(*entity)];
            let (given, born) = [
                ("Ada", "1961-03-12"),
                ("Robert", "1990-01-01"),
                ("", "1961-03-12"),
            ][usize::from(*given)];
            let ssn = match ssn {
                0 => String::new(),
                ssn => format!("666-01-000{ssn}"),
            };
            row(line, entity, &format!("R{reference}"), given, born, &ssn)
        });
    judged(&rows.collect::<Vec<_>>(), &[4, 3])
}

fn sorted(batch: &[(u8, u8, u8, u8)], seen: &mut Seen) -> Sorted {
    let rows = rows_of(batch);
    Sorted::of(rows.len(), rows.into_iter(), seen, &keys(&[4, 3])).unwrap()
}

/// What stands in the table of references afterwards, but for the random ids.
fn links<'l>(links: impl IntoIterator<Item = &'l Link>) -> Vec<(CoveredEntityId, Uuid, Uuid)> {
    let links = links
        .into_iter()
        .map(|link| (link.entity, link.macs.reference, link.macs.content));
    let mut links: Vec<_> = links.collect();
    links.sort_unstable();
    links
}

/// What the roster answers once these are written.
fn known(newcomers: &[&NewIndividual]) -> Known {
    let keys = keys(&[4, 3]);
    let mut known = Known::default();
    for row in newcomers {
        let written = row.macs[0];
        known.references.insert(written.reference, written.content);
        let person = || keys.sealer.open(row.individual, &row.salt, &row.sealed);
        let people = row.keys.ssn.map(|key| {
            let stored = Stored {
                individual: row.individual,
                person: person().unwrap(),
                population: row.population,
                locale: row.locale,
                salt: row.salt.to_vec(),
            };
            (key, stored)
        });
        known.people.extend(people);
    }
    known
}

fn all(whole: &[Judged], outcomes: &[Outcome]) -> Vec<(i64, Outcome)> {
    let lines = whole.iter().map(|judged| judged.line);
    lines.zip(outcomes.iter().copied()).collect()
}

proptest! {
    /// Newcomers by themselves and the others planned come to what planning the whole batch comes to.
    #[test]
    fn a_batch_in_two_parts_comes_to_the_same(batch in batches()) {
        let nothing = Known::default();
        let judged = rows_of(&batch);
        let whole = plan(&judged, &nothing);
        let sorted = sorted(&batch, &mut Seen::default());
        let rest = plan(&sorted.others, &nothing);
        prop_assert_eq!(sorted.outcomes(rest.outcomes.iter().copied()), all(&judged, &whole.outcomes));
        let newcomers = sorted.newcomers.iter().map(|row| Link::of(row, row.individual));
        let newcomers: Vec<Link> = newcomers.collect();
        prop_assert_eq!(links(newcomers.iter().chain(&rest.links)), links(&whole.links));
    }

    /// Pieces sorted one after the other and written as one batch come to what the whole comes to, although the roster does not
    /// hold the newcomers of the last one when it is asked.
    #[test]
    fn a_batch_of_pieces_comes_to_the_same(batch in batches(), cuts in [0..12_usize, 0..12_usize]) {
        let (judged, nothing) = (rows_of(&batch), Known::default());
        let whole = plan(&judged, &nothing);
        let (mut rows, mut seen) = (rows_of(&batch).into_iter(), Seen::default());
        let pieces = [cuts[0], cuts[1], batch.len()].map(|length| {
            let piece = rows.by_ref().take(length);
            Sorted::of(length, piece, &mut seen, &keys(&[4, 3])).unwrap()
        });
        let met: Vec<&NewIndividual> = pieces[..2].iter().flat_map(|piece| &piece.newcomers).collect();
        let known = known(&met);
        let rest = plan(pieces.iter().flat_map(|piece| &piece.others), &known);
        let mut planned = rest.outcomes.iter().copied();
        let outcomes: Vec<_> = pieces.iter().flat_map(|piece| piece.outcomes(&mut planned)).collect();
        prop_assert_eq!(outcomes, all(&judged, &whole.outcomes));
        let newcomers = pieces.iter().flat_map(|piece| &piece.newcomers);
        let newcomers: Vec<Link> = newcomers.map(|row| Link::of(row, row.individual)).collect();
        prop_assert_eq!(links(newcomers.iter().chain(&rest.links)), links(&whole.links));
    }

    /// Nobody is a newcomer whose reference or SSN was read before, under whichever version of the index key; and what the
    /// roster may hold of them is asked for.
    #[test]
    fn whoever_may_be_known_is_no_newcomer(before in batches(), batch in batches()) {
        let mut seen = Seen::default();
        drop(sorted(&before, &mut seen));
        let sorted = sorted(&batch, &mut seen);
        let before = rows_of(&before);
        let others = sorted.others.iter().flat_map(|judged| &judged.verdict).count();
        prop_assert!(others > 0 || sorted.asked.is_empty());
        for known in before.iter().flat_map(|judged| &judged.verdict) {
            for row in &sorted.newcomers {
                prop_assert!(row.macs.iter().all(|macs| !known.new.macs.contains(macs)));
                prop_assert!(row.ssn_keys.iter().all(|key| !known.new.ssn_keys.contains(key)));
            }
        }
    }

    /// A batch that was sorted by a roster of the past is planned as if it had never been sorted.
    #[test]
    fn a_reopened_batch_is_the_batch_that_it_was(batch in batches()) {
        let judged = rows_of(&batch);
        let sorted = sorted(&batch, &mut Seen::default());
        let sorted = sorted.reopened(&keys(&[4, 3])).unwrap();
        prop_assert!(sorted.newcomers.is_empty());
        let nothing = Known::default();
        let (whole, again) = (plan(&judged, &nothing), plan(&sorted.others, &nothing));
        prop_assert_eq!(sorted.outcomes(again.outcomes.iter().copied()), all(&judged, &whole.outcomes));
        prop_assert_eq!(links(&again.links), links(&whole.links));
        let sound = judged.iter().flat_map(|judged| &judged.verdict).count();
        prop_assert!(sound == 0 || !sorted.asked.is_empty(), "everything is asked for");
    }
}

#[test]
fn rows_of_which_nothing_is_known_are_newcomers() {
    let batch = [
        (0, 0, 0, 1),
        (0, 1, 0, 0),
        (1, 0, 1, 2),
        (1, 1, 0, 2),
        (0, 2, 2, 3),
    ];
    let sorted = sorted(&batch, &mut Seen::default());
    assert_eq!(
        sorted.newcomers.len(),
        2,
        "two share an SSN, one has no name"
    );
    assert_eq!(sorted.others.len(), 3);
    assert!(
        sorted.asked.is_empty(),
        "an empty roster is asked for nothing"
    );
}
