//! `redress roster`: the list of affected people.

mod check;
mod imported;
mod people;
mod review;
mod withdraw;

use std::io::{self, BufWriter};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::{ask, progress};
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{date, state, time};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::roster::import::{Imported, Purpose, import};
use crate::client::roster::imports::imports;
use crate::lab::people::roster;
use crate::lab::people::shape::{AS_OF, Shape};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

/// Subcommands of `roster`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a roster of invented people.
    #[command(after_long_help = SYNTHESIZE_HELP)]
    Synthesize(SynthesizeArgs),
    /// Load a roster file; rows that cannot be taken go to FILE.rejects.csv, cells that cannot be read to FILE.warnings.csv, rows that
    /// tell of somebody known to FILE.matches.csv.
    #[command(after_long_help = import_help())]
    Import {
        /// The file has everybody whom its covered entities list: `redress roster missing` then shows whom it lacks. Nobody is removed.
        #[arg(long)]
        complete: bool,
        /// The file, and how it is read.
        #[command(flatten)]
        args: ImportArgs,
    },
    /// Say what a roster file holds and what an import would refuse or warn of, and load nothing.
    #[command(after_long_help = list::FILES)]
    Check(ImportArgs),
    /// List the files that were loaded, newest first, and how far an import has come that broke off.
    Imports(CampaignArg),
    /// Show one import by its id.
    Imported(imported::ImportedArgs),
    /// Count a campaign's roster.
    Stats(CampaignArg),
    /// List the people who may be one person, for somebody to look at.
    #[command(after_long_help = review::LIST_HELP)]
    Reviews(review::ReviewsArgs),
    /// Show two people who may be one person, masked, and how each field agrees; or decide about them.
    #[command(after_long_help = review::HELP)]
    Review(review::ReviewArgs),
    /// List the people whom a complete file lacks, although a covered entity of it listed them before.
    Missing(people::MissingArgs),
    /// Take rows off the list that were on it by mistake, or put them back.
    #[command(after_long_help = withdraw::help())]
    Withdraw(withdraw::WithdrawArgs),
    /// List the people who were taken off the list.
    Withdrawn(CampaignArg),
    /// Write the people whom no letter reaches to a file, with the contacts on record: for the substitute notice.
    #[command(after_long_help = people::UNREACHABLE_HELP)]
    Unreachable(people::UnreachableArgs),
}

const SYNTHESIZE_HELP: &str = "The roster has the shape of a real breach: eleven providers, forty-four radiology centers, names and addresses \
as common as in Indiana, Michigan and Ohio. About 4% of the rows name a person whom another entity lists too, some spelled otherwise; 8% are \
minors, 2% deceased; 9% read Spanish; 6% have no SSN; 2% cannot be reached by post; 0.5% live abroad; 0.5% of the rows are damaged.

All SSNs are of area 666, which was never issued. There are enough for 791,587 people; beyond that the rest have none. One person in 25 has \
an SSN of group 11 to 19, for which the sandbox bureau answers otherwise than \"active\".

Examples:
  redress roster synthesize --people 2000 --seed 1 --out roster.csv
  redress roster synthesize --people 4000000 | zstd > big.csv.zst";

const IMPORT_HELP: &str = "Columns: external_ref, covered_entity, given_name, middle_name, family_name, suffix, date_of_birth, ssn, \
address_line1, address_line2, city, region, postal_code, country, phone, email, population, \
language (or locale: a tag such as es; empty means the campaign's), data_elements, prior_names, prior_addresses, \
confidential_communication (yes or no). phone, email, data_elements, prior_names and prior_addresses take several values, separated by ;.

Loading the same file again changes nothing, so an import that was cut off is resumed by running it again: it goes on after the last line \
whose answer was seen.

A row is refused only where it does not say who is meant: without a known covered entity, a reference, or any name. Such rows are in FILE.rejects.csv \
with line, column, reason and what to do; mend them in a file of their own and import that. The exit code is then 1, with --allow-rejects 0. \
Any other cell that cannot be read is left out, and what a spreadsheet program has spoiled is mended where that is safe; both are in \
FILE.warnings.csv. So are rows without an address that a letter can be sent to.

A row that is certainly of somebody who is known is merged; one that may be is somebody new, with a letter of their own, and `redress roster \
reviews` lists the two. FILE.matches.csv names both kinds by line.";

fn import_help() -> String {
    format!("{IMPORT_HELP}\n\n{}", list::FILES)
}

/// Flags of `roster synthesize`.
#[derive(Debug, Args)]
pub struct SynthesizeArgs {
    /// How many people.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    people: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The day on which ages are counted.
    #[arg(long, default_value_t = AS_OF, value_name = "DATE")]
    as_of: Date,
    /// Where to; without it standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Flags of `roster import` and `roster check`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    list: ListArgs,
    /// The roster: a text or a workbook with a header.
    file: PathBuf,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Synthesize(args) => synthesize(session, &args),
        Command::Import { complete, args } => {
            let channels = session.connect(ClientRole::Operator)?;
            let imported = read(&channels, &args, Purpose::Load { complete }).await?;
            list::tell(&imported.survey.detected, &imported.survey.notes);
            render::one(session.format, &import_record(&imported))?;
            if complete {
                let id = &imported.import_id;
                ask::note(&format!(
                    "`redress roster missing {id}` shows whom the file lacks"
                ));
            }
            args.list.judge(
                imported.totals.rejected.max(imported.file.rejected),
                imported.listed.rejects.as_deref(),
            )
        }
        Command::Check(args) => {
            let channels = session.connect(ClientRole::Operator)?;
            let checked = read(&channels, &args, Purpose::Check).await?;
            check::print(session.format, &args.file, &checked)?;
            args.list
                .judge(checked.totals.rejected, checked.listed.rejects.as_deref())
        }
        Command::Imports(campaign) => {
            let channels = session.connect(ClientRole::Operator)?;
            let campaign = campaign.find(&channels.codes).await?;
            let imports = imports(&channels, &campaign.campaign_id).await?;
            let records: Vec<Record> = imports.iter().map(file_record).collect();
            let nothing = "nothing was loaded yet; `redress roster import FILE` does it";
            render::many(session.format, &records, nothing)
        }
        Command::Imported(args) => {
            let import = imported::get(session, args).await?;
            render::one(session.format, &file_record(&import))
        }
        Command::Stats(campaign) => {
            let channels = session.connect(ClientRole::Operator)?;
            let campaign = campaign.find(&channels.codes).await?;
            let stats = statistics(&channels, &campaign.campaign_id).await?;
            render::one(session.format, &statistics_record(&stats))
        }
        Command::Reviews(args) => review::list(session, args).await,
        Command::Review(args) => review::run(session, args).await,
        Command::Missing(args) => people::missing(session, args).await,
        Command::Withdraw(args) => withdraw::run(session, &args).await,
        Command::Withdrawn(campaign) => people::withdrawn(session, campaign).await,
        Command::Unreachable(args) => people::unreachable(session, args).await,
    }
}

async fn read(
    channels: &Channels,
    args: &ImportArgs,
    purpose: Purpose,
) -> Result<Imported, Problem> {
    let options = args.list.options()?;
    let campaign = args.campaign.find(&channels.codes).await?;
    import(
        channels,
        &campaign.campaign_id,
        &args.file,
        &options,
        purpose,
        progress::show,
    )
    .await
}

fn synthesize(session: &Session, args: &SynthesizeArgs) -> Outcome {
    let shape = Shape {
        people: args.people,
        seed: args.seed,
        as_of: args.as_of,
    };
    let Some(path) = &args.out else {
        let out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
        return match roster::write(&shape, out, |_| ()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Problem::usage(format!("standard output: {error}")))
            }
            _ => Ok(()),
        };
    };
    let written = roster::write_file(&shape, path, progress::show)?;
    let record = Record::new()
        .with("file", path.display().to_string())
        .with("people", args.people)
        .with("rows", written.rows)
        .with("second_listings", written.second_listings)
        .with("damaged_rows", written.damaged);
    render::one(session.format, &record)
}

fn import_record(imported: &Imported) -> Record {
    let listed = &imported.listed;
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let mut record = Record::new().with("import_id", imported.import_id.as_str());
    if imported.after_line > 1 {
        record = record
            .with("went_on_after_line", imported.after_line)
            .with("rows_of_the_file", imported.file.rows)
            .with("rejected_of_the_file", imported.file.rejected);
    }
    with_totals(record, &imported.totals)
        .with("rejects_file", path(&listed.rejects))
        .with("warnings_file", path(&listed.warnings))
        .with("matches_file", path(&listed.matches))
}

fn with_totals(record: Record, totals: &wire::ImportTotals) -> Record {
    record
        .with("rows", totals.rows)
        .with("accepted", totals.accepted)
        .with("merged", totals.merged)
        .with("corrected", totals.corrected)
        .with("unchanged", totals.unchanged)
        .with("rejected", totals.rejected)
        .with("warned", totals.warned)
        .with("unmailable", totals.unmailable)
        .with("for_review", totals.for_review)
}

fn file_record(import: &wire::Import) -> Record {
    let record = Record::new()
        .with("import_id", import.import_id.as_str())
        .with(
            "state",
            state(import.state().as_str_name(), "IMPORT_STATE_"),
        );
    with_totals(record, &import.totals.unwrap_or_default())
        .with("complete", import.complete)
        .with("durable_line", import.durable_line)
        .with("started", time(import.start_time.as_ref()))
        .with("finished", time(import.finish_time.as_ref()))
        .with("file_sha256", import.file_sha256.as_str())
}

/// Counts a campaign's roster.
async fn statistics(
    channels: &Channels,
    campaign_id: &str,
) -> Result<wire::GetRosterStatisticsResponse, Problem> {
    let request = wire::GetRosterStatisticsRequest {
        campaign: campaign_id.to_owned(),
    };
    let response = RosterServiceClient::new(channels.identity.clone())
        .get_roster_statistics(request)
        .await;
    response.or_problem("count the roster")
}

fn statistics_record(stats: &wire::GetRosterStatisticsResponse) -> Record {
    let populations = stats.populations.iter().map(|count| {
        let name = state(count.population().as_str_name(), "POPULATION_").to_lowercase();
        format!("{} {name}", count.individuals)
    });
    let undeliverable = stats.undeliverable.clone().unwrap_or_default();
    let by_entity = stats.undeliverable_by_covered_entity.iter().map(|count| {
        let notice = state(
            count.substitute_notice().as_str_name(),
            "SUBSTITUTE_NOTICE_",
        );
        format!(
            "{} {} ({notice})",
            count.individuals, count.covered_entity_key
        )
    });
    Record::new()
        .with("rows", stats.rows)
        .with("rejected", stats.rejected)
        .with("merged", stats.merged)
        .with("individuals", stats.individuals)
        .with("mailable", stats.mailable)
        .with("populations", populations.collect::<Vec<_>>())
        .with("last_import", date(stats.last_import_date.as_ref()))
        .with("withdrawn", stats.withdrawn)
        .with("undeliverable", undeliverable.individuals)
        .with("of_them_deceased", undeliverable.deceased)
        .with("substitute_notice", undeliverable.substitute_notice_text)
        .with("undeliverable_by_entity", by_entity.collect::<Vec<_>>())
}
