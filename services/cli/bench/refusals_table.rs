//! How refusals compare, as they are printed.

use serde_json::json;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::refusals::{FAR, Measured, Pair};

/// Prints it; it is a failure where two of them can be told apart.
pub fn print(measured: &Measured, grid: &str, format: Format) -> Outcome {
    let pairs: Vec<Record> = measured.pairs.iter().map(pair).collect();
    let figures = Record::new()
        .with("database", measured.database)
        .with("grid", grid)
        .with("seconds", measured.seconds.round());
    match format {
        Format::Json => render::json(&json!({ "figures": figures, "pairs": pairs }))?,
        Format::Csv => render::many(format, &pairs, "")?,
        Format::Table => {
            render::one(format, &figures)?;
            render::print("")?;
            render::many(format, &pairs, "")?;
        }
    }
    let told_apart = measured.pairs.iter().filter(|pair| !pair.is_met()).count();
    if told_apart == 0 {
        return Ok(());
    }
    Err(Problem::refused(format!(
        "{told_apart} pairs of refusals can be told apart: their answers differ, or |t| is {FAR} or more"
    )))
}

fn pair(pair: &Pair) -> Record {
    let [(one, a), (other, b)] = &pair.sides;
    Record::new()
        .with("refused", pair.group.name())
        .with("one", one.name())
        .with("other", other.name())
        .with("calls", a.count.min(b.count))
        .with("one_us", a.mean.round())
        .with("other_us", b.mean.round())
        .with("t", (pair.distance * 100.0).round() / 100.0)
        .with("same_answer", pair.same_answer)
        .with("met", pair.is_met())
}
