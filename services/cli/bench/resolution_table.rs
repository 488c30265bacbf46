//! What a comparison with the truth came to, as it is printed.

use serde_json::json;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::Outcome;
use crate::lab::bench::resolution::Resolved;
use crate::lab::bench::resolution::count::{Counts, Mistaken, Tally};
use crate::lab::people::labelled::label::Relation;

/// Prints it.
pub fn print(resolved: &Resolved, format: Format) -> Outcome {
    let counts = &resolved.counts;
    let figures = figures(resolved);
    let (kinds, relations) = (kinds(counts), relations(counts));
    match format {
        Format::Json => render::json(&json!({
            "figures": figures,
            "one_person": kinds,
            "two_people": relations,
        })),
        Format::Csv => render::many(format, &kinds, ""),
        Format::Table => {
            render::one(format, &figures)?;
            render::print("\nrows of one person, by what tells them apart")?;
            render::many(format, &kinds, "nobody is listed twice")?;
            render::print("\ntwo people taken for one")?;
            render::many(format, &relations, "nobody")
        }
    }
}

fn figures(resolved: &Resolved) -> Record {
    let counts = &resolved.counts;
    let (total, mistaken) = (counts.total(), counts.mistaken());
    let listed = total.merged + total.for_review;
    Record::new()
        .with("people", counts.people)
        .with("rows", counts.rows)
        .with("individuals", counts.individuals)
        .with("database", resolved.database)
        .with("import_seconds", rounded(resolved.import_seconds, 100.0))
        .with("true_pairs", total.pairs)
        .with("merged", total.merged)
        .with("recall_merged", share(total.merged, total.pairs))
        .with("recall_merged_or_for_review", share(listed, total.pairs))
        .with("missed", total.missed())
        .with("wrongly_merged", mistaken.merged)
        .with("reviews", counts.reviews)
        .with(
            "reviews_per_1000_rows",
            rounded(ratio(counts.reviews, counts.rows) * 1_000.0, 10.0),
        )
        .with("wrong_reviews", mistaken.for_review)
}

fn kinds(counts: &Counts) -> Vec<Record> {
    let kinds = counts.kinds.iter();
    let rows = kinds.map(|(kind, tally)| (kind.name(), *tally));
    let total = [("all", counts.total())];
    let record = |(name, tally): (&str, Tally)| {
        Record::new()
            .with("kind", name)
            .with("true_pairs", tally.pairs)
            .with("merged", tally.merged)
            .with("for_review", tally.for_review)
            .with("missed", tally.missed())
    };
    rows.chain(total).map(record).collect()
}

fn relations(counts: &Counts) -> Vec<Record> {
    let record = |(relation, mistaken): (&Relation, &Mistaken)| {
        Record::new()
            .with("kind", relation.name())
            .with("wrongly_merged", mistaken.merged)
            .with("wrongly_for_review", mistaken.for_review)
    };
    counts.relations.iter().map(record).collect()
}

fn share(part: usize, whole: usize) -> f64 {
    rounded(ratio(part, whole), 10_000.0)
}

fn ratio(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(part) / float(whole.max(1))
}

fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
