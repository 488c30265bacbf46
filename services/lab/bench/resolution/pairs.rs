//! Writes down the pairs about which something is wrong, row below row, for whoever mends the matching.

use std::path::Path;

use super::count::{Placed, Verdict};
use crate::client::problem::{Outcome, Problem};
use crate::client::roster::reader::COLUMNS;
use crate::lab::people::labelled::label::{Relation, slips};
use crate::lab::people::labelled::slip::Slip;

/// Writes the pairs with their rows as they stand in the roster.
pub fn write(
    path: &Path,
    roster: &Path,
    rows: &[Placed],
    wrong: &[(Verdict, usize, usize)],
) -> Outcome {
    let unreadable = |error: csv::Error| Problem::file(roster, &error);
    let mut reader = csv::Reader::from_path(roster).map_err(unreadable)?;
    let records: Vec<csv::StringRecord> = reader
        .records()
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    let failed = |error: csv::Error| Problem::file(path, &error);
    let mut out = csv::Writer::from_path(path).map_err(failed)?;
    let header = ["pair", "verdict", "kind", "person", "individual"].into_iter();
    out.write_record(header.chain(COLUMNS)).map_err(failed)?;
    for (number, (verdict, a, b)) in wrong.iter().enumerate() {
        let number = number.to_string();
        let kind = kind(*verdict, &rows[*a], &rows[*b]);
        for at in [*a, *b] {
            let person = rows[at].label.person.to_string();
            let individual = rows[at].individual.to_string();
            let begin = [&number, name(*verdict), &kind, &person, &individual];
            let cells = begin.into_iter().chain(&records[at]);
            out.write_record(cells).map_err(failed)?;
        }
    }
    out.flush().map_err(|error| Problem::file(path, &error))
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Missed => "missed",
        Verdict::WronglyMerged => "wrongly merged",
        Verdict::WronglyForReview => "wrongly for review",
    }
}

/// Names all slips of a pair that is missed, and the relation of two people.
fn kind(verdict: Verdict, a: &Placed, b: &Placed) -> String {
    if verdict == Verdict::Missed {
        let names = slips(&a.label, &b.label).into_iter().map(Slip::name);
        names.collect::<Vec<_>>().join("; ")
    } else {
        Relation::of(&a.label, &b.label).name().to_owned()
    }
}
