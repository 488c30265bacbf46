//! Giving the coverages of a product a longer term, such as a settlement promises.
//!
//! What runs has the longer term from now on, and its partner is asked for it by a handoff of its own. What does not run yet is promised it,
//! and its partner is asked once it runs (`outcomes`): until then the order that it has is under way. What a partner refuses stays promised,
//! and stands in the counts until an operator has settled it with the partner.

use serde_json::json;

use crate::codes::campaign::{store as campaign_store, term};
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::coverage::Model as Coverage;
use crate::db::entities::handoff::{Kind, State};
use crate::db::{self, Tx, audit};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, HandoffId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::coverage::{is_over, runs};
use super::coverage_store::{self, CoverageChange, Key, Owned};
use super::extend_store::{self, Count, Extend};
use super::order::FollowUp;
use super::store;

/// Coverages in one call.
const BATCH: usize = 1_000;

/// How far the extension of a product's coverages has come. Each coverage that is alive counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// With a shorter term.
    pub shorter: i64,
    /// Promised; the partner is asked once it runs.
    pub promised: i64,
    /// The partner was asked.
    pub asked: i64,
    /// The partner did not give it.
    pub not_given: i64,
    /// With this term or a longer one.
    pub given: i64,
}

impl Extension {
    fn of(counts: &[Count]) -> Self {
        let mut all = Self::default();
        for count in counts {
            let place = match (count.is_shorter, count.is_promised, count.extension) {
                (true, ..) => &mut all.shorter,
                (false, true, _) => &mut all.promised,
                (false, false, None) => &mut all.given,
                (false, false, Some(state)) => match state {
                    State::Queued | State::Leased | State::Unsettled | State::Accepted => {
                        &mut all.asked
                    }
                    State::Active => &mut all.given,
                    State::ActionRequired
                    | State::Refused
                    | State::Suspended
                    | State::Ended
                    | State::Canceled
                    | State::Dead => &mut all.not_given,
                },
            };
            *place += count.coverages;
        }
        all
    }
}

/// Gives at most [`BATCH`] coverages the longer term, and what is ordered from now on; gives how the product stands then.
pub async fn extend_coverages(
    context: &Context,
    call: &Call,
    request: &Request,
    extend: &Extend,
) -> Result<Extension, Error> {
    let now = context.now();
    // A coverage that moves to another partner is extended at both.
    let ids: Vec<[HandoffId; 2]> = (0..BATCH)
        .map(|_| [context.ids.next(), context.ids.next()])
        .collect();
    let (ids, id) = (&ids, extend.campaign);
    let read = context.db.read();
    let campaign = context.campaign_cache.by_id(read, id).await?;
    let campaign = &campaign;
    let act = Act::of("coverages.extended", ("campaign", Some(id.as_uuid())));
    let done = context.db.run_tx("extend_coverages", |tx| {
        Box::pin(async move {
            // Asked under the lock: two calls would otherwise extend the same coverages.
            campaign_store::lock(tx, id).await?;
            if request::answered::<CampaignId>(tx, request)
                .await?
                .is_some()
            {
                return Ok(());
            }
            raise(tx, extend).await?;
            let shorter = extend_store::shorter(tx, extend, BATCH).await?;
            let keys = shorter.iter().map(|one| Key {
                campaign_id: id,
                id: one.coverage.enrollment_id,
            });
            let others = coverage_store::coverages(tx, &keys.collect::<Vec<_>>()).await?;
            let (mut changes, mut asked) = (Vec::new(), Vec::new());
            for (one, handoff) in shorter.iter().zip(ids) {
                let follow_up = FollowUp {
                    campaign,
                    individual: one.individual_id,
                    at: now,
                };
                let gained = extend.term_months - one.coverage.term_months;
                let own = std::iter::once(&one.coverage);
                for (coverage, handoff) in own.chain(replacing(&others, one)).zip(handoff) {
                    let longer = longer(coverage, coverage.term_months + gained)?;
                    if has_begun(&longer) {
                        asked.push(follow_up.extend(&longer, *handoff));
                    }
                    changes.push(CoverageChange::from(longer));
                }
            }
            coverage_store::change(tx, &changes).await?;
            store::queue(tx, Kind::Extend, &asked).await?;
            let detail = json!({
                "term_months": extend.term_months, "partner": extend.partner, "product": extend.product,
                "coverages": changes.len(), "asked": asked.len(),
            });
            let event = call.event(context, Some(id), act, detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await?;
    // Other instances go on ordering the shorter term until they read the campaign again; the next call extends that.
    context.campaign_cache.forget();
    context.forget_campaigns();
    let counts = extend_store::count(read, extend).await?;
    Ok(Extension::of(&counts))
}

/// Has the longer term ordered from now on.
async fn raise(tx: &Tx<'_>, extend: &Extend) -> Result<(), Error> {
    if !extend_store::has_product(tx, extend).await? {
        let text = "must be a product that the campaign has of this partner";
        let fault = Fault::new(Reason::InvalidRequest).field("product_code", text);
        return Err(fault.into());
    }
    Ok(extend_store::raise_product(tx, extend).await?)
}

/// Gives a coverage with a longer term: what runs ends later by the months that it gains. What the partner gives until it has given that is
/// remembered.
fn longer(coverage: &Coverage, term_months: i32) -> Result<Coverage, Error> {
    let given = coverage.asked_term_months.unwrap_or(coverage.term_months);
    let mut longer = Coverage {
        term_months,
        asked_term_months: Some(given),
        ..coverage.clone()
    };
    if let Some(day) = coverage
        .term_ends_on
        .as_ref()
        .filter(|_| has_begun(coverage))
    {
        let gained = term_months - coverage.term_months;
        let moved = term::moved_by_months(day, gained);
        let moved = moved.map_err(|_| db::Error::corrupt("coverage.term_ends_on"))?;
        longer.term_ends_on = Some(moved.to_string());
    }
    Ok(longer)
}

fn has_begun(coverage: &Coverage) -> bool {
    runs(coverage.state) && coverage.term_ends_on.is_some()
}

/// Gives the coverage at another partner that takes the place of this one, as long as it has not come to its end.
fn replacing<'c>(others: &'c [Coverage], one: &Owned) -> Option<&'c Coverage> {
    let place = Some(one.coverage.id);
    let mut others = others.iter();
    others.find(|it| it.replaces_coverage_id == place && !is_over(it.state))
}
