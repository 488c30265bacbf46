//! `redress matching`: how well records are told apart.

use std::collections::HashMap;
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
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::row::{Rules, parse_row};
use crate::kernel::dates::DateOrder;
use crate::kernel::ids::CoveredEntityId;
use crate::lab::people::shape::AS_OF;

/// Subcommands of `matching`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare the pairs of a file of which it is known whether they are one person, and print precision, recall, F1 and the curve.
    #[command(after_long_help = HELP)]
    Evaluate(EvaluateArgs),
}

const HELP: &str = "The file is a CSV in UTF-8 with a pair a line. Each column of a roster stands in it twice, with _a and _b behind its name (or _l and _r, _1 and _2, \
_left and _right); any usual name will do, as in a roster, and none is required. The column `match` (or is_match, label, same) says 1, true, \
yes, or 0, false, no. Columns that nobody knows are passed over.

merged: what a roster import would make one person of. merged_or_reviewed: with what it would put on the review list. The curve is that of the \
sum alone. No service is asked, and nothing is stored.

Example:
  redress matching evaluate pairs.csv --format json";

/// Flags of `matching evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The pairs.
    file: PathBuf,
    /// Dates such as 03/12/1961 begin with the day.
    #[arg(long)]
    day_first: bool,
    /// The day on which ages are counted.
    #[arg(long, default_value_t = AS_OF, value_name = "DATE")]
    as_of: Date,
}

/// Runs a subcommand.
pub fn run(session: &Session, command: Command) -> Outcome {
    let Command::Evaluate(args) = command;
    let (pairs, unread) = read(&args)?;
    let picked = |least: Resolution| Figures::of(&pairs, |pair| pair.resolution >= least);
    let curve = curve(&pairs, STEP);
    let best = curve.iter().max_by(|a, b| a.1.f1().total_cmp(&b.1.f1()));
    let head = Record::new()
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
fn read(args: &EvaluateArgs) -> Result<(Vec<Pair>, u64), Problem> {
    let path = &args.file;
    let failed = |error: csv::Error| Problem::usage(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let places = Places::find(reader.headers().map_err(failed)?, path)?;
    let rules = Rules {
        entities: HashMap::from([(
            ANY.to_owned(),
            CoveredEntityId::from_uuid(uuid::Uuid::nil()),
        )]),
        today: args.as_of,
        // Test data has numbers that were never issued.
        sandbox_ssn: true,
        date_order: if args.day_first {
            DateOrder::DayFirst
        } else {
            DateOrder::MonthFirst
        },
    };
    let (mut pairs, mut unread) = (Vec::new(), 0);
    for record in reader.records() {
        match pair(&record.map_err(failed)?, &places, &rules) {
            Some(pair) => pairs.push(pair),
            None => unread += 1,
        }
    }
    Ok((pairs, unread))
}

/// Stands for the reference and the covered entity, which a pair needs not have.
const ANY: &str = "any";

/// Compares a pair; nothing where the label or one of the names is missing.
fn pair(record: &StringRecord, places: &Places, rules: &Rules) -> Option<Pair> {
    let is_same = match record.get(places.label)?.trim().to_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" | "1.0" => true,
        "0" | "false" | "no" | "n" | "f" | "0.0" => false,
        _ => return None,
    };
    let mut sides = [RawColumns::default(), RawColumns::default()];
    for (cell, place) in record.iter().zip(&places.columns) {
        if let Some((is_second, name)) = place {
            set(&mut sides[usize::from(*is_second)], name, cell);
        }
    }
    let [a, b] = sides.map(|mut side| {
        side.external_ref = ANY.into();
        ANY.clone_into(&mut side.covered_entity);
        let row = parse_row(&side, rules).ok()?;
        Some(resolve::Record::of(&row.person))
    });
    let (resolution, waterfall) = resolve::resolve(&a?, &b?);
    Some(Pair {
        is_same,
        resolution,
        score: waterfall.score(),
    })
}

fn set(raw: &mut RawColumns, name: &str, cell: &str) {
    let column = match name {
        "given_name" => &mut raw.given_name,
        "middle_name" => &mut raw.middle_name,
        "family_name" => &mut raw.family_name,
        "suffix" => &mut raw.suffix,
        "date_of_birth" => &mut raw.date_of_birth,
        "ssn" => &mut raw.ssn,
        "address_line1" => &mut raw.address_line1,
        "address_line2" => &mut raw.address_line2,
        "city" => &mut raw.city,
        "region" => &mut raw.region,
        "postal_code" => &mut raw.postal_code,
        "country" => &mut raw.country,
        "phone" => &mut raw.phone,
        "email" => &mut raw.email,
        "prior_names" => &mut raw.prior_names,
        "prior_addresses" => &mut raw.prior_addresses,
        _ => return,
    };
    *column = cell.into();
}
