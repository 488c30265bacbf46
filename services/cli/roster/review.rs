//! `redress roster reviews` and `redress roster review`: people who may be one person.

use clap::{Args, ValueEnum};
use tonic::transport::Channel;

use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::verification::{NOTHING_COMPARED, bits, levels};
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{parse_value, population, state, time};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::identity::v1 as wire;
use wire::ReviewState;
use wire::get_individual_request::Person;
use wire::review_service_client::ReviewServiceClient;
use wire::roster_service_client::RosterServiceClient;

/// What is to be known about `roster reviews`.
pub(super) const LIST_HELP: &str = "Two rows that are not certainly of one person are two people, each with a letter: one letter too many is cheaper than somebody who is never \
told. They stand here until somebody has looked: a shared number (a guarantor's, a filler), twins, a father and his son of the same name, \
somebody who moved and has no number on record.

Decide before the letters are issued, where you can: then whoever is listed twice gets one letter.

Examples:
  redress roster reviews
  redress roster reviews --state merged --format csv
  redress roster review ID";

/// What is to be known about `roster review`.
pub(super) const HELP: &str = "merge: they are one person. One of the two stays: whoever has an enrollment, or else whoever had a letter, or else whoever was known first; it \
gets what both records had, and the listings of both. Where both have an enrollment, cancel one of them first. A letter that the other one \
had stays good until `redress codes revoke` takes it back.
keep-apart: they are two people; they are not asked about again.
reopen: the decision before was wrong. Listings and counts are as they were before.

Examples:
  redress roster review ID
  redress roster review ID --decide merge --reason \"same patient, confirmed by the north clinic\"
  redress roster review ID --decide reopen --reason \"the clinic wrote again: twins\"";

/// Flags of `roster reviews`.
#[derive(Debug, Args)]
pub struct ReviewsArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Of this state: open, merged or kept-apart.
    #[arg(long, value_name = "STATE", default_value = "open", value_parser = state_of)]
    state: ReviewState,
    /// Only those with this individual.
    #[arg(long, value_name = "ID")]
    individual: Option<String>,
    /// At most this many; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Flags of `roster review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The review's id; `redress roster reviews` shows it.
    review_id: String,
    /// What is decided; without it the two are shown.
    #[arg(long, value_enum, requires = "reason")]
    decide: Option<Decision>,
    /// Why, in your words; no personal data.
    #[arg(long, value_name = "TEXT", requires = "decide")]
    reason: Option<String>,
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// They are one person.
    Merge,
    /// They are two people.
    KeepApart,
    /// Take the decision before back.
    Reopen,
}

/// Lists reviews.
pub(super) async fn list(session: &Session, args: ReviewsArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = client(&channels);
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListReviewsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
            state: args.state.into(),
            individual_id: args.individual.clone().unwrap_or_default(),
        };
        let answer = client.list_reviews(request).await;
        let page = answer.or_problem("list the reviews")?;
        Ok((page.reviews, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(line).collect();
    render::many(session.format, &rows, "no review is in this state")
}

/// Shows or decides a review.
pub(super) async fn run(session: &Session, args: ReviewArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?.campaign_id;
    match args.decide.zip(args.reason) {
        Some((decision, reason)) => {
            let request = wire::DecideReviewRequest {
                request_id: new_request_id(),
                campaign,
                review_id: args.review_id,
                decision: wanted(decision).into(),
                reason,
            };
            decide(session, &channels, request).await
        }
        None => show(session, &channels, campaign, args.review_id).await,
    }
}

async fn show(
    session: &Session,
    channels: &Channels,
    campaign: String,
    review_id: String,
) -> Outcome {
    let request = wire::GetReviewRequest {
        campaign: campaign.clone(),
        review_id,
    };
    let answer = client(channels).get_review(request).await;
    let review = answer.or_problem("show the review")?.review;
    let review = review.unwrap_or_default();
    let later = individual(channels, &campaign, &review.individual_id).await?;
    let earlier = individual(channels, &campaign, &review.other_individual_id).await?;
    let head = record(&review)
        .with("later", later)
        .with("earlier", earlier);
    let waterfall = levels(&review.waterfall);
    render::one_with(
        session.format,
        &head,
        "waterfall",
        &waterfall,
        NOTHING_COMPARED,
    )
}

async fn decide(
    session: &Session,
    channels: &Channels,
    request: wire::DecideReviewRequest,
) -> Outcome {
    let answer = client(channels).decide_review(request).await;
    let decided = answer.or_problem("decide the review")?;
    let review = decided.review.unwrap_or_default();
    render::one(session.format, &record(&review))?;
    if decided.letter_out {
        let gone = if review.kept_individual_id == review.individual_id {
            &review.other_individual_id
        } else {
            &review.individual_id
        };
        ask::note(&format!(
            "a letter of the other one is out and stays good; `redress codes revoke --individual {gone}` takes it back"
        ));
    }
    if review.state() == ReviewState::Open && !decided.record_restored {
        ask::note("the record was corrected since, or nothing was merged: it stays as it is");
    }
    Ok(())
}

/// What is enough to recognise somebody, in one line.
async fn individual(channels: &Channels, campaign: &str, id: &str) -> Result<String, Problem> {
    let request = wire::GetIndividualRequest {
        campaign: campaign.to_owned(),
        person: Some(Person::IndividualId(id.to_owned())),
    };
    let answer = RosterServiceClient::new(channels.identity.clone())
        .get_individual(request)
        .await;
    let found = answer.or_problem("show the individual")?.individual;
    let found = found.unwrap_or_default();
    let born = match found.birth_year {
        0 => "no birth date".to_owned(),
        year => format!("born {year}"),
    };
    let number = if found.has_ssn { "SSN" } else { "no SSN" };
    let listed = found.covered_entity_keys.join(" and ");
    let words = [
        found.masked_name,
        born,
        number.to_owned(),
        found.region,
        population(found.population),
        format!("listed by {listed}"),
    ];
    Ok(words.join(", "))
}

/// A review in one line: the fields that speak for two people stand at its end.
fn line(review: &wire::Review) -> Record {
    let against = review.waterfall.iter().filter(|it| it.weight_centibits < 0);
    let against = against.map(|it| it.field.replace('_', " "));
    record(review).with("against", against.collect::<Vec<_>>())
}

fn record(review: &wire::Review) -> Record {
    Record::new()
        .with("review_id", review.review_id.as_str())
        .with(
            "state",
            state(review.state().as_str_name(), "REVIEW_STATE_"),
        )
        .with("individual_id", review.individual_id.as_str())
        .with("other_individual_id", review.other_individual_id.as_str())
        .with("sum_bits", bits(review.score_centibits))
        .with("opened", time(review.open_time.as_ref()))
        .with("import_id", review.import_id.as_str())
        .with("decided", time(review.decide_time.as_ref()))
        .with("decider", review.decider.as_str())
        .with("reason", review.reason.as_str())
        .with("kept_individual_id", review.kept_individual_id.as_str())
}

const fn wanted(decision: Decision) -> ReviewState {
    match decision {
        Decision::Merge => ReviewState::Merged,
        Decision::KeepApart => ReviewState::KeptApart,
        Decision::Reopen => ReviewState::Open,
    }
}

fn state_of(text: &str) -> Result<ReviewState, String> {
    parse_value(text, ReviewState::as_str_name, "REVIEW_STATE_")
}

fn client(channels: &Channels) -> ReviewServiceClient<Channel> {
    ReviewServiceClient::new(channels.identity.clone())
}
