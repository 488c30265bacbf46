//! `redress mailing record`: what the mail house says, from its file to the server.

use std::path::PathBuf;

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::progress;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::state;
use crate::client::mailing::events::{self, EventReader, Line};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::Unit;
use crate::client::request::new_request_id;
use crate::client::roster::rejects::{REASON, Rejects};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemResult, ItemVerdict};
use wire::roster_service_client::RosterServiceClient;

/// The most events of one call.
const MOST: usize = 1_000;

const HELP: &str = "Columns: letter (the id that the print file has in this column), event (MAILED, RETURNED, ADDRESS_CORRECTED or \
REMAILED), date; with RETURNED reason (NOT_DELIVERABLE_AS_ADDRESSED, MOVED_LEFT_NO_ADDRESS, VACANT, DECEASED, REFUSED, UNCLAIMED or OTHER, or as the postal service stamps it: ANK, NO SUCH STREET, UTF); with \
ADDRESS_CORRECTED source (USPS_NCOA, MAIL_HOUSE or COVERED_ENTITY), address_line1, address_line2, city, region, postal_code, country.

Whoever's letter came back gets no further one until the address is corrected; a code that went to the old address must then be reissued. \
Recording the same file again changes nothing, so what was cut off is resumed by running it again. Rows that could not be taken are in \
FILE.rejects.csv with line, column, reason and what to do. An address that somebody gives while enrolling does not belong here.";

/// The long help.
pub(super) fn help() -> String {
    format!("{HELP}\n\n{}", list::FILES)
}

/// Flags of `mailing record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Who knew the better addresses of rows that do not say: USPS_NCOA, MAIL_HOUSE or COVERED_ENTITY.
    #[arg(long, value_name = "WORD", value_parser = events::source)]
    source: Option<wire::AddressSource>,
    #[command(flatten)]
    list: ListArgs,
    /// The events: a text or a workbook with a header.
    file: PathBuf,
}

/// What a file came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    events: u64,
    recorded: u64,
    known_before: u64,
}

/// Sends the file in calls of many events; each event is judged by itself.
pub async fn run(session: &Session, args: &RecordArgs) -> Outcome {
    let path = &args.file;
    let mut reader = EventReader::open(path, &args.list.options()?, args.source)?;
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = RosterServiceClient::new(channels.identity.clone());
    let mut rejects = Rejects::create(path)?;
    let mut tally = Tally::default();
    let bar = progress::show("recording mail events", Unit::Bytes);
    loop {
        let lines = reader.next_lines(MOST)?;
        if lines.is_empty() {
            break;
        }
        tally.events += lines.len() as u64;
        let (sent, events) = sendable(lines, &mut rejects)?;
        if !events.is_empty() {
            let request = wire::RecordMailEventsRequest {
                request_id: new_request_id(),
                campaign: campaign.campaign_id.clone(),
                events,
            };
            let answer = client.record_mail_events(request).await;
            let answer = answer.or_problem("record the mail events")?;
            take(&sent, &answer.verdicts, &mut tally, &mut rejects)?;
        }
        let (done, all) = reader.table().progress();
        bar.set(done, all);
    }
    drop(bar);
    let table = reader.table();
    list::tell(table.detected(), &table.notes());
    let listed = rejects.finish()?;
    let record = Record::new()
        .with("events", tally.events)
        .with("recorded", tally.recorded)
        .with("known_before", tally.known_before)
        .with("rejected", listed.rejected)
        .with(
            "rejects_file",
            listed
                .rejects
                .as_ref()
                .map(|path| path.display().to_string()),
        );
    render::one(session.format, &record)?;
    let rejected = i64::try_from(listed.rejected).unwrap_or(i64::MAX);
    args.list.judge(rejected, listed.rejects.as_deref())
}

/// Parts what can be sent, with its lines, from what cannot.
fn sendable(
    lines: Vec<Line>,
    rejects: &mut Rejects,
) -> Result<(Vec<i64>, Vec<wire::MailEvent>), Problem> {
    let (mut sent, mut events) = (Vec::new(), Vec::new());
    for Line { line, event } in lines {
        match event {
            Ok(event) => {
                sent.push(line);
                events.push(event);
            }
            Err(misfit) => rejects.note(line, misfit.column, "MALFORMED", &misfit.help)?,
        }
    }
    Ok((sent, events))
}

fn take(
    lines: &[i64],
    verdicts: &[ItemVerdict],
    tally: &mut Tally,
    rejects: &mut Rejects,
) -> Result<(), Problem> {
    if lines.len() != verdicts.len() {
        return Err(Problem::usage(
            "identity-verification answered with another number of verdicts than events",
        ));
    }
    for (line, verdict) in lines.iter().zip(verdicts) {
        match verdict.result() {
            ItemResult::Applied => tally.recorded += 1,
            ItemResult::Unchanged => tally.known_before += 1,
            ItemResult::Refused | ItemResult::Unspecified => {
                let column = events::column_of(&verdict.field);
                let reason = state(verdict.reason().as_str_name(), REASON);
                rejects.note(*line, column, &reason, &verdict.help)?;
            }
        }
    }
    Ok(())
}
