//! `redress mailing history`: what happened to one individual's letters.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::{date, state, time};
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::identity::v1 as wire;
use wire::list_mail_events_request::Person;
use wire::roster_service_client::RosterServiceClient;

/// Flags of `mailing history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The individual's id, as the print file has it.
    individual_id: String,
}

/// Lists the events, oldest first.
pub async fn run(session: &Session, args: &HistoryArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = RosterServiceClient::new(channels.identity.clone());
    let events = read_all(async |page_token| {
        let request = wire::ListMailEventsRequest {
            campaign: campaign.campaign_id.clone(),
            person: Some(Person::IndividualId(args.individual_id.clone())),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_mail_events(request).await;
        let page = answer.or_problem("list the mail events")?;
        Ok((page.events, page.next_page_token))
    });
    let records: Vec<Record> = events.await?.iter().map(record).collect();
    render::many(
        session.format,
        &records,
        "Nothing is recorded of this individual's letters.",
    )
}

fn record(event: &wire::RecordedMailEvent) -> Record {
    let given = |name: &str, prefix: &str| {
        let word = state(name, prefix);
        (word != "UNSPECIFIED").then_some(word)
    };
    Record::new()
        .with("date", date(event.event_date.as_ref()))
        .with(
            "event",
            state(event.kind().as_str_name(), "MAIL_EVENT_KIND_"),
        )
        .with(
            "reason",
            given(event.return_reason().as_str_name(), "RETURN_REASON_"),
        )
        .with(
            "source",
            given(event.address_source().as_str_name(), "ADDRESS_SOURCE_"),
        )
        .with("recorded", time(event.record_time.as_ref()))
}
