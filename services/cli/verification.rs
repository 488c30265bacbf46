//! `redress verification`: how somebody was verified, field by field.

use clap::{Args, Subcommand};

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{evidence, given, state, time};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::wire::redress::enrollment::v1::Campaign;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::Representative;
use wire::identity_verification_service_client::IdentityVerificationServiceClient;

/// Said in the place of a comparison that there is none of.
pub(super) const NOTHING_COMPARED: &str = "nothing was compared";

/// Subcommands of `verification`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show one verification: its state, what it rests on, and how each field agreed. Looking is audited.
    Show(ShowArgs),
    /// List the verifications that people repudiated after they were told of them: somebody enrolled in their name.
    Repudiations(RepudiationsArgs),
}

/// Flags of `verification repudiations`.
#[derive(Debug, Args)]
pub struct RepudiationsArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Flags of `verification show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The verification's id.
    verification_id: String,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Show(args) => show(session, args).await,
        Command::Repudiations(args) => repudiations(session, args).await,
    }
}

async fn repudiations(session: &Session, args: RepudiationsArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = IdentityVerificationServiceClient::new(channels.identity);
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListRepudiationsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_repudiations(request).await;
        let page = answer.or_problem("list the repudiations")?;
        Ok((page.repudiations, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(repudiation).collect();
    render::many(session.format, &rows, "nobody repudiated a verification")
}

fn repudiation(it: &wire::Repudiation) -> Record {
    Record::new()
        .with("verification_id", it.verification_id.as_str())
        .with("individual_id", it.individual_id.as_str())
        .with("enrollment_id", it.enrollment_id.as_str())
        .with("enrollment_state", it.enrollment_state.as_str())
        .with("verified_by", it.verified_by.as_str())
        .with("repudiated", time(it.repudiate_time.as_ref()))
        .with("repudiated_through", it.repudiated_through.as_str())
}

async fn show(session: &Session, args: ShowArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let found = get(&channels, &campaign, args.verification_id).await?;
    render::one_with(
        session.format,
        &with_sum(head(&found), &found, &campaign),
        "waterfall",
        &waterfall(&found),
        NOTHING_COMPARED,
    )
}

/// Gets a verification.
pub(super) async fn get(
    channels: &Channels,
    campaign: &Campaign,
    verification_id: String,
) -> Result<wire::Verification, Problem> {
    let request = wire::GetVerificationRequest {
        campaign: campaign.campaign_id.clone(),
        verification_id,
    };
    let answer = IdentityVerificationServiceClient::new(channels.identity.clone())
        .get_verification(request)
        .await;
    let found = answer.or_problem("show the verification")?.verification;
    Ok(found.unwrap_or_default())
}

fn head(found: &wire::Verification) -> Record {
    let contacts = found.contacts.iter();
    let contacts = contacts.map(|contact| contact.masked.clone());
    let steps = found.next_steps.iter().map(|step| step.agent_text.clone());
    let decided = found.decision_reason().as_str_name();
    let word = state(found.state().as_str_name(), "VERIFICATION_STATE_");
    Record::new()
        .with("verification_id", found.verification_id.as_str())
        .with("enrollment_id", found.enrollment_id.as_str())
        .with("individual_id", found.individual_id.as_str())
        .with("state", word)
        .with("made", time(found.create_time.as_ref()))
        .with("good_until", time(found.expire_time.as_ref()))
        .with("review_due", time(found.due_time.as_ref()))
        .with("attempts_left", found.attempts_left)
        .with("evidence", evidence(&found.evidence))
        .with("decision_reason", given(decided, "DECISION_REASON_"))
        .with("contacts", contacts.collect::<Vec<_>>())
        .with("next_steps", steps.collect::<Vec<_>>())
        .with(
            "representative",
            found.representative.as_ref().map(representative),
        )
}

/// Who acts for the person, in words.
pub(super) fn representative(who: &Representative) -> String {
    let name = who.name.clone().unwrap_or_default();
    let relationship = state(who.relationship().as_str_name(), "RELATIONSHIP_");
    let authority = state(who.authority().as_str_name(), "AUTHORITY_");
    let words = [
        name.given_name,
        name.family_name,
        format!("({relationship}, {authority})"),
    ];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Adds what the comparison came to, and the campaign's thresholds, in bits.
pub(super) fn with_sum(record: Record, found: &wire::Verification, campaign: &Campaign) -> Record {
    let sum: i32 = found.waterfall.iter().map(|it| it.weight_centibits).sum();
    let compared = !found.waterfall.is_empty();
    let policy = campaign.verification_policy.unwrap_or_default();
    record
        .with("sum_bits", compared.then(|| bits(sum)))
        .with("accepted_from_bits", bits(policy.accept_centibits))
        .with("referred_from_bits", bits(policy.refer_centibits))
}

/// Each field with the level of its agreement and its weight.
pub(super) fn waterfall(found: &wire::Verification) -> Vec<Record> {
    levels(&found.waterfall)
}

/// Each field with the level of its agreement and its weight.
pub(super) fn levels(waterfall: &[wire::FieldAgreement]) -> Vec<Record> {
    let fields = waterfall.iter().map(|it| {
        let level = state(it.level().as_str_name(), "AGREEMENT_LEVEL_");
        Record::new()
            .with("field", it.field.as_str())
            .with("level", level)
            .with("weight_bits", bits(it.weight_centibits))
    });
    fields.collect()
}

/// Gives a weight in bits.
pub(super) fn bits(centibits: i32) -> f64 {
    f64::from(centibits) / 100.0
}
