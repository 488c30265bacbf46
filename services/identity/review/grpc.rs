//! The RPCs of reviews.

use tonic::Request;

use crate::db;
use crate::db::entities::ClosedSet;
use crate::db::entities::review::{Model, State};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::verification::grpc::agreement;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::IndividualId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::identity::v1 as wire;

use super::decide::{self, Decide};
use super::list;
use super::state::Decision;
use super::store::Filter;

/// The most reviews on one page.
const PAGE: u64 = 500;
/// The longest reason, in characters.
const REASON: usize = 500;

/// ListReviews.
pub async fn list_reviews(
    context: &Context,
    request: &Request<wire::ListReviewsRequest>,
) -> Result<wire::ListReviewsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let individual: Option<IndividualId> = fields.maybe_id("individual_id", &message.individual_id);
    let state = match wire::ReviewState::try_from(message.state) {
        Ok(wire::ReviewState::Unspecified | wire::ReviewState::Open) => State::Open,
        Ok(wire::ReviewState::Merged) => State::Merged,
        Ok(wire::ReviewState::KeptApart) => State::KeptApart,
        Err(_) => {
            fields.wrong("state", "must be OPEN, MERGED or KEPT_APART, or empty");
            State::Open
        }
    };
    fields.finish()?;
    let of = individual.map_or([0; 16], |id| *id.as_bytes());
    let filter: [&[u8]; 4] = [
        b"reviews",
        campaign.as_bytes(),
        state.as_str().as_bytes(),
        &of,
    ];
    let size = paging::page_size(message.page_size)?.min(PAGE);
    let after = paging::page_after(&filter, &message.page_token)?;
    let only = Filter { state, individual };
    let found = list::list_reviews(context, campaign, only, (after, size)).await?;
    let entries = found.iter().map(|row| Ok((row.id, review(row)?)));
    let entries: Vec<_> = entries.collect::<Result<_, Error>>()?;
    let room = Room {
        rows: size,
        bytes: largest_of(request),
        filter: &filter,
    };
    let (reviews, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListReviewsResponse {
        reviews,
        next_page_token,
    })
}

/// GetReview.
pub async fn get_review(
    context: &Context,
    request: &Request<wire::GetReviewRequest>,
) -> Result<wire::GetReviewResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id = fields.id("review_id", &message.review_id);
    fields.finish()?;
    let found = list::get_review(context, campaign, id).await?;
    Ok(wire::GetReviewResponse {
        review: Some(review(&found)?),
    })
}

/// DecideReview.
pub async fn decide_review(
    context: &Context,
    request: &Request<wire::DecideReviewRequest>,
) -> Result<wire::DecideReviewResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let review_id = fields.id("review_id", &message.review_id);
    let decision = match message.decision() {
        wire::ReviewState::Merged => Some(Decision::Merge),
        wire::ReviewState::KeptApart => Some(Decision::KeepApart),
        wire::ReviewState::Open => Some(Decision::Reopen),
        wire::ReviewState::Unspecified => None,
    };
    fields.demand(
        decision.is_some(),
        "decision",
        "must be MERGED or KEPT_APART, or OPEN to take a decision back",
    );
    let reason = fields.text("reason", &message.reason, REASON).clone();
    fields.finish()?;
    let command = Decide {
        request: call.request(context, id, "DecideReview", message)?,
        campaign,
        review: review_id,
        decision: decision.unwrap_or(Decision::KeepApart),
        reason,
    };
    let (row, effect) = decide::decide_review(context, &call, &command).await?;
    Ok(wire::DecideReviewResponse {
        review: Some(review(&row)?),
        letter_out: effect.letter_out,
        record_restored: effect.record_restored,
    })
}

fn review(row: &Model) -> Result<wire::Review, Error> {
    let state = match row.state {
        State::Open => wire::ReviewState::Open,
        State::Merged => wire::ReviewState::Merged,
        State::KeptApart => wire::ReviewState::KeptApart,
    };
    let waterfall: Waterfall =
        serde_json::from_str(&row.waterfall).map_err(|_| db::Error::corrupt("review.waterfall"))?;
    Ok(wire::Review {
        review_id: row.id.to_string(),
        individual_id: row.individual_id.to_string(),
        other_individual_id: row.other_id.to_string(),
        state: state.into(),
        score_centibits: row.score,
        waterfall: waterfall.0.into_iter().map(agreement).collect(),
        import_id: row.import_id.to_string(),
        open_time: Some(row.opened_at.to_proto()),
        decide_time: row.decided_at.map(Timestamp::to_proto),
        decider: row.decided_by.clone().unwrap_or_default(),
        reason: row.reason.clone().unwrap_or_default(),
        kept_individual_id: row.kept_id.map(|id| id.to_string()).unwrap_or_default(),
    })
}
