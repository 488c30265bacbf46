//! `redress roster withdrawn`, `missing` and `unreachable`: people of one kind.

use std::path::PathBuf;

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::find;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::time;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::roster::unreachable;
use crate::wire::redress::identity::v1 as wire;
use wire::list_individuals_request::List;
use wire::roster_service_client::RosterServiceClient;

/// Flags of `roster missing`.
#[derive(Debug, Args)]
pub struct MissingArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The import of a complete file; `redress roster imports` shows it.
    import_id: String,
}

/// What is to be known about `roster unreachable`.
pub(super) const UNREACHABLE_HELP: &str = "These are people without an address that a letter can be sent to, and people whose last letter came back. Fewer than ten of a covered entity's: \
another written notice, telephone or other means; ten or more: 90 days on the home page or in major media (45 CFR 164.404(d)(2)). `redress \
roster stats` counts them by covered entity. None is owed for the deceased.

The file has names, telephone numbers and e-mail addresses. It is readable by you alone; destroy it when the notice is out. A better address \
comes back with `redress mailing record`, or in a corrected roster.";

/// Flags of `roster unreachable`.
#[derive(Debug, Args)]
pub struct UnreachableArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Where to: the file is there whole or not at all.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Lists who was taken off the list.
pub(super) async fn withdrawn(session: &Session, campaign: CampaignArg) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = campaign.find(&channels.codes).await?.campaign_id;
    let list = List::Withdrawn(wire::WithdrawnList {});
    let people = individuals(&channels, &campaign, list).await?;
    let records: Vec<Record> = people
        .iter()
        .map(|one| find::record(one).with("withdrawn", time(one.withdraw_time.as_ref())))
        .collect();
    render::many(session.format, &records, "nobody was taken off the list")
}

/// Lists whom a complete file lacks.
pub(super) async fn missing(session: &Session, args: MissingArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?.campaign_id;
    let list = List::Missing(wire::MissingList {
        import_id: args.import_id,
    });
    let people = individuals(&channels, &campaign, list).await?;
    let records: Vec<Record> = people.iter().map(find::record).collect();
    let nothing = "the file has everybody whom its covered entities listed before";
    render::many(session.format, &records, nothing)
}

async fn individuals(
    channels: &Channels,
    campaign: &str,
    list: List,
) -> Result<Vec<wire::MaskedIndividual>, Problem> {
    let mut client = RosterServiceClient::new(channels.identity.clone());
    read_all(async |page_token| {
        let request = wire::ListIndividualsRequest {
            campaign: campaign.to_owned(),
            list: Some(list.clone()),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_individuals(request).await;
        let page = answer.or_problem("list the individuals")?;
        Ok((page.individuals, page.next_page_token))
    })
    .await
}

/// Writes the file of people whom no letter reaches.
pub(super) async fn unreachable(session: &Session, args: UnreachableArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?.campaign_id;
    let written = unreachable::write(&channels, &campaign, &args.out).await?;
    let record = Record::new()
        .with("file", args.out.display().to_string())
        .with("individuals", written.individuals)
        .with("letter_came_back", written.returned)
        .with("with_a_contact", written.with_contact)
        .with("of_them_deceased", written.deceased);
    render::one(session.format, &record)
}
