//! `redress individual`: what is on record of a person, masked.

use clap::{Args, Subcommand};

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::{population, state, time};
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::DataElement;
use wire::get_individual_request::Person;
use wire::roster_service_client::RosterServiceClient;

/// Subcommands of `individual`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show one individual: enough to recognise, not enough to use.
    Show(ShowArgs),
    /// List what files corrected of an individual's record: when, by whom, which fields; never the values.
    History(HistoryArgs),
}

/// Flags of `individual history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The individual's id, as `redress find` gives it.
    individual_id: String,
}

/// Flags of `individual show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    whom: Whom,
}

/// Names an individual.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The individual's id, as the print file has it.
    individual_id: Option<String>,
    /// The person of this enrollment.
    #[arg(long, value_name = "ID")]
    enrollment: Option<String>,
    /// The person whom this verification found.
    #[arg(long, value_name = "ID")]
    verification: Option<String>,
}

impl From<Whom> for Person {
    fn from(whom: Whom) -> Self {
        if let Some(id) = whom.enrollment {
            Self::EnrollmentId(id)
        } else if let Some(id) = whom.verification {
            Self::VerificationId(id)
        } else {
            Self::IndividualId(whom.individual_id.unwrap_or_default())
        }
    }
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let args = match command {
        Command::Show(args) => args,
        Command::History(args) => return history(session, args).await,
    };
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::GetIndividualRequest {
        campaign: campaign.campaign_id,
        person: Some(args.whom.into()),
    };
    let answer = RosterServiceClient::new(channels.identity.clone())
        .get_individual(request)
        .await;
    let individual = answer.or_problem("show the individual")?.individual;
    render::one(session.format, &record(&individual.unwrap_or_default()))
}

async fn history(session: &Session, args: HistoryArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = RosterServiceClient::new(channels.identity.clone());
    let corrections = read_all(async |page_token| {
        let request = wire::ListCorrectionsRequest {
            campaign: campaign.campaign_id.clone(),
            individual_id: args.individual_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_corrections(request).await;
        let page = answer.or_problem("list the corrections")?;
        Ok((page.corrections, page.next_page_token))
    });
    let records = corrections.await?;
    let records = records.iter().map(|correction| {
        Record::new()
            .with("corrected", time(correction.correct_time.as_ref()))
            .with("by", correction.actor.as_str())
            .with("fields", correction.fields.as_slice())
            .with("import_id", correction.import_id.as_str())
    });
    let records: Vec<Record> = records.collect();
    render::many(
        session.format,
        &records,
        "no file has corrected this record",
    )
}

fn record(individual: &wire::MaskedIndividual) -> Record {
    let contacts = individual.contacts.iter();
    let contacts = contacts.map(|contact| contact.masked.clone());
    let elements = individual.data_elements();
    let elements = elements.map(|it: DataElement| state(it.as_str_name(), "DATA_ELEMENT_"));
    let year = individual.birth_year;
    Record::new()
        .with("individual_id", individual.individual_id.as_str())
        .with("name", individual.masked_name.as_str())
        .with("birth_year", (year != 0).then_some(year))
        .with("has_ssn", individual.has_ssn)
        .with("region", individual.region.as_str())
        .with("population", population(individual.population))
        .with("mailable", individual.mailable)
        .with("language", individual.language_code.as_str())
        .with(
            "confidential_communication",
            individual.confidential_communication,
        )
        .with("contacts", contacts.collect::<Vec<_>>())
        .with(
            "covered_entities",
            individual.covered_entity_keys.as_slice(),
        )
        .with("data_elements", elements.collect::<Vec<_>>())
}
