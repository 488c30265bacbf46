//! What killed processes cost, as it is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::crashes::Measured;

/// Prints it; where somebody was lost or doubled, or too few came through, that is a refusal.
pub fn print(measured: &Measured, format: Format) -> Outcome {
    let kills = counted("killed", &measured.kills);
    let turned_away = counted("turned_away", &measured.turned_away);
    let figures = figures(measured);
    match format {
        Format::Json => {
            let all = json!({ "figures": figures, "kills": kills, "turned_away": turned_away });
            render::json(&all)?;
        }
        Format::Csv => render::one(format, &figures)?,
        Format::Table => {
            render::one(format, &figures)?;
            for list in [kills, turned_away].iter().filter(|list| !list.is_empty()) {
                render::print("")?;
                render::many(format, list, "")?;
            }
        }
    }
    if measured.is_met() {
        return Ok(());
    }
    Err(Problem::refused(
        "not everybody was handed over exactly once and as they were told, too few came through, or too much was sent again",
    ))
}

fn figures(measured: &Measured) -> Record {
    let compared = measured.compared;
    let [answered, settled] = measured.took.map(seconds);
    Record::new()
        .with("database", measured.database)
        .with("kills", measured.kills.values().sum::<usize>())
        .with("called", measured.called)
        .with("enrolled", measured.enrolled)
        .with("withdrawn", measured.withdrawn)
        .with("promised_coverages", compared.promised)
        .with("lost", compared.lost)
        .with("doubled", compared.doubled)
        .with("withdrawn_in_books", compared.withdrawn_in_books)
        .with("unexplained", compared.unexplained)
        .with("otherwise", compared.otherwise)
        .with("dead", measured.dead)
        .with("offers", compared.offers)
        .with("repeated_offers", compared.repeated)
        .with("seconds_until_answered", answered)
        .with("seconds_until_settled", settled)
}

fn counted(name: &'static str, counts: &BTreeMap<impl ToString, usize>) -> Vec<Record> {
    let row = |(what, times): (&_, &usize)| {
        let what = ToString::to_string(what);
        Record::new().with(name, what).with("times", *times)
    };
    counts.iter().map(row).collect()
}

fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 10.0).round() / 10.0
}
