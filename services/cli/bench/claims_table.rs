//! What claims came to, as it is printed.

use serde_json::{Value, json};

use crate::cli::render::{self, Format, Record};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::claims::Measured;
use crate::lab::bench::claims::line::{Asked, Line};

/// Prints it; it is a failure where what is asked was not seen.
pub fn print(measured: &Measured, format: Format) -> Outcome {
    let lines: Vec<Record> = measured.lines.iter().map(line).collect();
    match format {
        Format::Json => render::json(&json!({ "figures": figures(measured), "lines": lines }))?,
        Format::Csv => render::many(format, &lines, "")?,
        Format::Table => {
            render::one(format, &figures(measured))?;
            render::print("")?;
            render::many(format, &lines, "")?;
        }
    }
    let missed = measured.lines.iter().filter(|line| !line.is_met());
    let missed: Vec<String> = missed
        .map(|line| {
            let rows = line.rows.iter().map(|row| format!("\n    {row}"));
            format!("{}, {}{}", line.who, line.kind, rows.collect::<String>())
        })
        .collect();
    if missed.is_empty() {
        return Ok(());
    }
    let names = missed.join("\n  ");
    Err(Problem::refused(format!("not as asked:\n  {names}")))
}

fn figures(measured: &Measured) -> Record {
    Record::new()
        .with("people", measured.people)
        .with("database", measured.database)
        .with("most_tries_with_one_letter", measured.tries.of_letter)
        .with("most_look_ups_of_one_victim", measured.tries.of_look_up)
}

fn line(line: &Line) -> Record {
    let tally = &line.tally;
    let is_met = (line.asked != Asked::Nothing).then(|| line.is_met());
    Record::new()
        .with("who", line.who)
        .with("claim", line.kind)
        .with("claims", tally.claims)
        .with("verified", tally.verified)
        .with("confirmation", tally.confirmation)
        .with("referred", tally.referred)
        .with("refused", tally.refused)
        .with("asked", asked(line.asked))
        .with("seen", seen(line))
        .with("met", is_met.map_or(Value::Null, Value::Bool))
}

fn asked(asked: Asked) -> String {
    match asked {
        Asked::Nothing => String::new(),
        Asked::Served(share) => {
            let whole = u32::try_from(share).unwrap_or(u32::MAX);
            format!("verified or referred >= {:.1} %", f64::from(whole) / 10.0)
        }
        Asked::NobodyRefused => "0 refused".to_owned(),
        Asked::NobodyVerified => "0 verified".to_owned(),
        Asked::VerifiedOneIn(most) => format!("verified <= 1 in {most}"),
    }
}

fn seen(line: &Line) -> String {
    let tally = &line.tally;
    match line.asked {
        Asked::Nothing => String::new(),
        Asked::Served(_) => percent(tally.verified + tally.referred, tally.claims),
        Asked::NobodyRefused => tally.refused.to_string(),
        Asked::NobodyVerified => tally.verified.to_string(),
        Asked::VerifiedOneIn(_) => percent(tally.verified, tally.claims),
    }
}

fn percent(part: usize, whole: usize) -> String {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    format!("{:.2} %", float(part) / float(whole.max(1)) * 100.0)
}
