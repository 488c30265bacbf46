//! `redress matching train`: weights from a sample in which nobody knows who is who.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::row;
use crate::cli::ask;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::client::roster::reader::{COLUMNS, RosterReader, field_of};
use crate::client::table::Options;
use crate::identity::matching::resolve;
use crate::identity::matching::train::{Draw, Trained, train};
use crate::identity::roster::row::Rules;
use crate::lab::people::shape::AS_OF;
use crate::wire::redress::identity::v1::RosterRow;

/// What the long help says.
pub const HELP: &str = "SAMPLE is a roster as `redress roster import` takes it, in which many people stand twice, such as the lists of several clinics together; nobody needs to \
have said who is who. It should be as large as the rosters that are meant, for how often two strangers agree is counted in it. Rows that an import would \
refuse are passed over and counted.

For each level of each field the chance m that two records of one person reach it is estimated by expectation-maximisation from pairs that agree in family name, birth \
date, number or street, and the chance u that those of two people do from a million pairs drawn at random; the weight is log2(m / u), in hundredths of a bit. A level that was \
seen in one kind of pair only counts in the other as half a pair; what was seen in neither keeps the built-in weight, with m and u empty, and so does a \
field that fewer than 20 pairs of one person have. The weights for deciding are not statistical and stay as they are. Names that are common or rare \
weigh less or more than the table says, by how many people bear them.

The same sample and seed give the same file. Nothing that was loaded changes by it: `redress matching evaluate --weights FILE` shows what it is worth.

Example:
  redress matching train lists.csv --out weights.csv
  redress matching evaluate pairs.csv --weights weights.csv";

/// Flags of `matching train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The sample: a roster.
    sample: PathBuf,
    /// Where to; without it standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draws the same random pairs.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// Dates such as 03/12/1961 begin with the day.
    #[arg(long)]
    day_first: bool,
    /// The day on which ages are counted.
    #[arg(long, default_value_t = AS_OF, value_name = "DATE")]
    as_of: Date,
}

/// With fewer rows nothing is estimated.
const FEWEST_ROWS: usize = 100;

/// So many pairs are drawn at random.
const RANDOM_PAIRS: usize = 1_000_000;

/// Trains weights and writes them.
pub fn run(session: &Session, args: &TrainArgs) -> Outcome {
    let sample = Sample::read(args)?;
    let rows = sample.records.len();
    if rows < FEWEST_ROWS {
        let first = sample.first_refused;
        let first = first.map_or_else(String::new, |first| format!("; {first}"));
        return Err(Problem::usage(format!(
            "{}: {rows} rows could be read, and {FEWEST_ROWS} are needed{first}",
            args.sample.display()
        )));
    }
    let draw = Draw {
        seed: args.seed,
        pairs: RANDOM_PAIRS,
    };
    let mut trained = train(&sample.records, draw);
    trained.weights.version = format!("trained-{rows}-rows-seed-{}", args.seed);
    let text = trained.weights.to_csv();
    let Some(path) = &args.out else {
        ask::note(&format!(
            "{rows} rows, {} not read, {:.0} pairs of one person expected in {} rounds",
            sample.refused, trained.expected, trained.rounds
        ));
        return render::print(text.trim_end());
    };
    std::fs::write(path, text).map_err(|error| Problem::file(path, &error))?;
    render::one(session.format, &record(path, &sample, &trained))
}

fn record(path: &std::path::Path, sample: &Sample, trained: &Trained) -> Record {
    Record::new()
        .with("file", path.display().to_string())
        .with("version", trained.weights.version.as_str())
        .with("rows", sample.records.len() as u64)
        .with("not_read", sample.refused)
        .with("random_pairs", trained.random_pairs as u64)
        .with("similar_pairs", trained.similar_pairs as u64)
        .with("expected_of_one_person", trained.expected.round())
        .with("rounds", trained.rounds as u64)
}

/// The rows of a sample, ready to be compared.
struct Sample {
    records: Vec<resolve::Record>,
    refused: u64,
    /// Which row was refused first, and why.
    first_refused: Option<String>,
}

impl Sample {
    fn read(args: &TrainArgs) -> Result<Self, Problem> {
        let options = Options {
            ignore_unknown: true,
            ..Options::default()
        };
        let mut reader = RosterReader::open(&args.sample, &options)?;
        let rules = row::rules(args.as_of, args.day_first);
        let mut sample = Self {
            records: Vec::new(),
            refused: 0,
            first_refused: None,
        };
        while let Some(chunk) = reader.next_chunk()? {
            for row in &chunk.rows {
                let read = match chunk.misshapen.get(&row.line) {
                    Some(trouble) => Err(format!("line {}: {trouble}", row.line)),
                    None => record_of(row, &rules),
                };
                match read {
                    Ok(record) => sample.records.push(record),
                    Err(why) => {
                        sample.refused += 1;
                        sample.first_refused.get_or_insert(why);
                    }
                }
            }
        }
        Ok(sample)
    }
}

fn record_of(row: &RosterRow, rules: &Rules) -> Result<resolve::Record, String> {
    let cells = COLUMNS.map(|column| (column, field_of(row, column)));
    row::read(cells.into_iter(), rules).map_err(|reject| {
        let (line, column) = (row.line, reject.column.as_str());
        format!("line {line}, column {column}: {}", reject.help())
    })
}
