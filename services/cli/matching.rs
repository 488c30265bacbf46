//! `redress matching`: how well records are told apart, and weights that tell them apart.

mod row;
mod train;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use csv::StringRecord;
use jiff::civil::Date;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::verification::bits;
use crate::client::problem::{Outcome, Problem};
use crate::client::roster::columns::ROSTER;
use crate::identity::matching::evaluate::{Figures, Pair, curve};
use crate::identity::matching::resolve::{self, Resolution};
use crate::identity::matching::weights::Weights;
use crate::identity::roster::row::Rules;
use crate::lab::people::shape::AS_OF;

/// Subcommands of `matching`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare the pairs of a file of which it is known whether they are one person, and print precision, recall, F1 and the curve.
    #[command(after_long_help = HELP)]
    Evaluate(EvaluateArgs),
    /// Estimate what the levels of the fields weigh from a roster in which nobody knows who is who, and print the table.
    #[command(after_long_help = train::HELP)]
    Train(train::TrainArgs),
}

const HELP: &str = "The file is a CSV in UTF-8 with a pair a line. Each column of a roster stands in it twice, with _a and _b behind its name (or _l and _r, _1 and _2, \
_left and _right); any usual name will do, as in a roster, and none is required. The column `match` (or is_match, label, same) says 1, true, \
yes, or 0, false, no. Columns that nobody knows are passed over.

merged: what a roster import would make one person of. merged_or_reviewed: with what it would put on the review list. The curve is that of the \
sum alone. No service is asked, and nothing is stored.

--weights takes a file as `redress matching train` writes it, and compares by its weights for resolving; without it the built-in ones count.

Example:
  redress matching evaluate pairs.csv --format json
  redress matching evaluate pairs.csv --weights weights.csv";

/// Flags of `matching evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The pairs.
    file: PathBuf,
    /// Weights to compare by, instead of the built-in ones.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Dates such as 03/12/1961 begin with the day.
    #[arg(long)]
    day_first: bool,
    /// The day on which ages are counted.
    #[arg(long, default_value_t = AS_OF, value_name = "DATE")]
    as_of: Date,
    /// How many people the roster has that the pairs are from: the more, the more two records must agree in to be worth a look. A small roster
    /// counts as one of 10,000.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    people: u64,
}

/// Runs a subcommand.
pub fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Evaluate(args) => evaluate(session, &args),
        Command::Train(args) => train::run(session, &args),
    }
}

fn evaluate(session: &Session, args: &EvaluateArgs) -> Outcome {
    let weights = match &args.weights {
        Some(path) => weights_of(path)?,
        None => Weights::built_in().clone(),
    };
    let (pairs, unread) = read(args, &weights)?;
    let picked = |least: Resolution| Figures::of(&pairs, |pair| pair.resolution >= least);
    let curve = curve(&pairs, STEP);
    let best = curve.iter().max_by(|a, b| a.1.f1().total_cmp(&b.1.f1()));
    let head = Record::new()
        .with("weights", weights.version.as_str())
        .with("pairs", pairs.len() as u64)
        .with(
            "of_one_person",
            pairs.iter().filter(|pair| pair.is_same).count() as u64,
        )
        .with("not_read", unread);
    let head = with_figures(head, MERGED, picked(Resolution::Same));
    let head = with_figures(head, MERGED_OR_REVIEWED, picked(Resolution::Doubtful))
        .with("best_f1", best.map(|(_, figures)| rounded(figures.f1())))
        .with("best_f1_from_bits", best.map(|(at, _)| bits(*at)));
    let rows: Vec<Record> = curve
        .iter()
        .map(|(at, figures)| {
            Record::new()
                .with("from_bits", bits(*at))
                .with("right", figures.right)
                .with("wrong", figures.wrong)
                .with("missed", figures.missed)
                .with("precision", rounded(figures.precision()))
                .with("recall", rounded(figures.recall()))
                .with("f1", rounded(figures.f1()))
        })
        .collect();
    render::one_with(session.format, &head, "curve", &rows, "no pair was read")
}

fn weights_of(path: &Path) -> Result<Weights, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
    Weights::parse(&text).map_err(|error| Problem::file(path, &error))
}

/// How far the thresholds of the curve lie apart, in hundredths of a bit.
const STEP: i32 = 200;

/// The names of the six figures.
type Names = [&'static str; 6];

const MERGED: Names = [
    "merged_right",
    "merged_wrong",
    "merged_missed",
    "merged_precision",
    "merged_recall",
    "merged_f1",
];

const MERGED_OR_REVIEWED: Names = [
    "merged_or_reviewed_right",
    "merged_or_reviewed_wrong",
    "merged_or_reviewed_missed",
    "merged_or_reviewed_precision",
    "merged_or_reviewed_recall",
    "merged_or_reviewed_f1",
];

fn with_figures(record: Record, names: Names, figures: Figures) -> Record {
    let [right, wrong, missed, precision, recall, f1] = names;
    record
        .with(right, figures.right)
        .with(wrong, figures.wrong)
        .with(missed, figures.missed)
        .with(precision, rounded(figures.precision()))
        .with(recall, rounded(figures.recall()))
        .with(f1, rounded(figures.f1()))
}

fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

/// Where the columns of a pair stand.
struct Places {
    label: usize,
    /// For each cell, whether it is of the second record, and which of the roster's columns it is.
    columns: Vec<Option<(bool, &'static str)>>,
}

impl Places {
    fn find(header: &StringRecord, path: &Path) -> Result<Self, Problem> {
        const LABELS: [&str; 5] = ["match", "is_match", "label", "same", "ismatch"];
        const ENDINGS: [(&str, &str); 4] = [
            ("_a", "_b"),
            ("_l", "_r"),
            ("_1", "_2"),
            ("_left", "_right"),
        ];
        let names: Vec<String> = header
            .iter()
            .map(|name| name.trim().to_lowercase())
            .collect();
        let label = names
            .iter()
            .position(|name| LABELS.contains(&name.as_str()));
        let label = label.ok_or_else(|| {
            Problem::usage(format!(
                "{}: one column must be called match, and say 1 or 0",
                path.display()
            ))
        })?;
        let columns = names.iter().map(|name| {
            ENDINGS.iter().find_map(|(first, second)| {
                let of = |ending: &str| {
                    let at = ROSTER.find(name.strip_suffix(ending)?)?;
                    Some(ROSTER.columns[at].name)
                };
                of(first)
                    .map(|name| (false, name))
                    .or_else(|| of(second).map(|name| (true, name)))
            })
        });
        let columns: Vec<_> = columns.collect();
        if columns.iter().all(Option::is_none) {
            return Err(Problem::usage(format!(
                "{}: no column is known; call them as in a roster, with _a and _b behind their names",
                path.display()
            )));
        }
        Ok(Self { label, columns })
    }
}

/// Reads and compares the pairs; gives how many could not be read.
fn read(args: &EvaluateArgs, weights: &Weights) -> Result<(Vec<Pair>, u64), Problem> {
    let path = &args.file;
    let failed = |error: csv::Error| Problem::usage(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let places = Places::find(reader.headers().map_err(failed)?, path)?;
    let rules = row::rules(args.as_of, args.day_first);
    let (mut pairs, mut unread) = (Vec::new(), 0);
    for record in reader.records() {
        match pair(
            &record.map_err(failed)?,
            &places,
            (&rules, weights),
            args.people,
        ) {
            Some(pair) => pairs.push(pair),
            None => unread += 1,
        }
    }
    Ok((pairs, unread))
}

/// Compares a pair; nothing where the label or one of the names is missing.
fn pair(
    record: &StringRecord,
    places: &Places,
    (rules, weights): (&Rules, &Weights),
    people: u64,
) -> Option<Pair> {
    let is_same = match record.get(places.label)?.trim().to_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" | "1.0" => true,
        "0" | "false" | "no" | "n" | "f" | "0.0" => false,
        _ => return None,
    };
    let side = |second: bool| {
        let cells = record.iter().zip(&places.columns);
        let cells = cells.filter_map(|(cell, place)| {
            let (is_second, name) = (*place)?;
            (is_second == second).then_some((name, cell))
        });
        row::read(cells, rules).ok()
    };
    let (one, other) = (side(false)?, side(true)?);
    let (resolution, waterfall) = resolve::resolve_by(&weights.resolving, (&one, &other), people);
    Some(Pair {
        is_same,
        resolution,
        score: waterfall.score(),
    })
}
