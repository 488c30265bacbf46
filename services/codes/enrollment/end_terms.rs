//! Ending coverages whose last day has passed. One that the partner has stopped does not end meanwhile: its last day moves.
//!
//! The partner is told by a cancellation that says why, so that nothing is renewed there and nobody is billed for.

use jiff::civil::Date;
use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit::{self, Event};
use crate::db::entities::coverage::{Model as Coverage, State};
use crate::db::entities::enrollment;
use crate::db::entities::handoff::{CancelReason, Kind};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

use super::coverage::standing as standing_of;
use super::coverage_store::{self, CoverageChange, Key};
use super::order::FollowUp;
use super::outcome_store::{self, Change, Standing};
use super::store;

/// Enrollments in one transaction.
const BATCH: i64 = 500;

/// Ends the coverages of a campaign whose last day lies before `today`, and gives their number.
pub async fn end_terms(context: &Context, campaign: CampaignId, today: Date) -> Result<u64, Error> {
    let mut ended = 0;
    loop {
        let db = context.db.read();
        let due = coverage_store::with_ended_terms(db, campaign, today, BATCH).await?;
        if due.is_empty() {
            return Ok(ended);
        }
        let keys: Vec<Key> = due
            .into_iter()
            .map(|id| Key {
                campaign_id: campaign,
                id,
            })
            .collect();
        match end(context, &keys, today).await? {
            // Another instance was faster, or what is due cannot be ended; the next round looks again.
            0 => return Ok(ended),
            some => ended += some,
        }
    }
}

async fn end(context: &Context, keys: &[Key], today: Date) -> Result<u64, Error> {
    let now = context.now();
    let last_day = today.to_string();
    let last_day = last_day.as_str();
    let Some(campaign) = keys.first().map(|key| key.campaign_id) else {
        return Ok(0);
    };
    context
        .db
        .run_tx("end_terms", |tx| {
            Box::pin(async move {
                let standings = outcome_store::standings(tx, keys).await?;
                let mut coverages = coverage_store::coverages(tx, keys).await?;
                let cached = context.campaign_cache.by_id(tx, campaign).await?;
                let (mut ended, mut told) = (Vec::new(), Vec::new());
                for coverage in coverages.iter_mut().filter(|it| is_due(it, last_day)) {
                    let Some(individual) = whose(&standings, coverage) else {
                        continue;
                    };
                    coverage.state = State::Ended;
                    coverage.settled_at = Some(now);
                    ended.push(CoverageChange::from(coverage.clone()));
                    let follow_up = FollowUp {
                        campaign: &cached,
                        individual,
                        at: now,
                    };
                    let reason = CancelReason::TermOver;
                    told.push(follow_up.cancel(coverage, reason, context.ids.next()));
                }
                let changes = standings
                    .iter()
                    .filter_map(|it| changed(it, &coverages, now));
                let changes: Vec<Change> = changes.collect();
                coverage_store::change(tx, &ended).await?;
                outcome_store::change(tx, &changes).await?;
                store::queue(tx, Kind::Cancel, &told).await?;
                let event = Event {
                    id: context.ids.next(),
                    campaign_id: Some(campaign),
                    at: now,
                    actor: "service/enrollment-codes".to_owned(),
                    action: "terms.ended",
                    subject_kind: "campaign",
                    subject_id: Some(campaign.as_uuid()),
                    detail: json!({ "coverages": ended.len(), "enrollments": changes.len() }),
                };
                audit::record(tx, &[event]).await?;
                Ok::<_, Error>(ended.len() as u64)
            })
        })
        .await
}

fn whose(standings: &[Standing], coverage: &Coverage) -> Option<IndividualId> {
    let of = standings
        .iter()
        .find(|it| it.id == coverage.enrollment_id)?;
    Some(of.individual_id)
}

fn is_due(coverage: &Coverage, today: &str) -> bool {
    let over = coverage
        .term_ends_on
        .as_deref()
        .is_some_and(|day| day < today);
    coverage.state == State::Active && over
}

fn changed(standing: &Standing, coverages: &[Coverage], now: Timestamp) -> Option<Change> {
    let own = coverages
        .iter()
        .filter(|it| it.enrollment_id == standing.id);
    let own: Vec<&Coverage> = own.collect();
    let state = standing_of(&own);
    (state != standing.state).then(|| Change {
        campaign_id: standing.campaign_id,
        id: standing.id,
        from_state: standing.state,
        to_state: state,
        settled_at: (!enrollment::State::LIVE.contains(&state)).then_some(now),
        at: now,
    })
}
