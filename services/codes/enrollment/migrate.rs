//! Moving what is alive of a campaign from one partner to another.
//!
//! A coverage is ordered from the new partner and goes on at the old one until the new one has taken it: the outcome that says so cancels
//! the old one (`outcomes`). So nobody is without coverage in between, and whoever the new partner refuses stays where they are.

use jiff::Unit;
use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::codes::campaign::create::PRODUCTS;
use crate::codes::campaign::{store as campaign_store, term};
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::coverage::{Model as Coverage, State};
use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::product;
use crate::db::{self, Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, CoverageId, HandoffId, PartnerId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::coverage_store::Owned;
use super::migrate_store::{self, Count};
use super::order::coverage_of;
use super::store;

/// Coverages in one call.
const BATCH: usize = 1_000;

/// A move from one partner to another.
#[derive(Clone, Debug)]
pub struct Migrate {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner that is left.
    pub from: PartnerId,
    /// The partner that people move to.
    pub to: PartnerId,
    /// What the new partner calls the products.
    pub products: Vec<ProductMove>,
}

/// A product that another partner provides from now on.
#[derive(Clone, Debug)]
pub struct ProductMove {
    /// The code at the partner that is left.
    pub from: String,
    /// The code at the new partner.
    pub to: String,
    /// The new partner's contract code.
    pub contract_code: Option<String>,
}

/// How far a campaign has moved: each coverage that was alive at the partner that is left counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// Not ordered from another partner yet.
    pub unmoved: i64,
    /// Ordered; the new partner has not decided.
    pub ordered: i64,
    /// The new partner did not take it; it goes on where it is.
    pub not_taken: i64,
    /// The new partner has taken it.
    pub moved: i64,
    /// The new partner took it and has taken that back.
    pub uncovered: i64,
}

impl Migration {
    fn of(counts: &[Count]) -> Self {
        let mut all = Self::default();
        for count in counts {
            let place = match (count.state, count.replaced_by) {
                (State::Refused | State::Ended | State::CancelPending, _)
                | (State::Canceled, None) => continue,
                (State::Canceled, Some(new)) => match new {
                    State::Submitted | State::ActionRequired | State::Refused => &mut all.uncovered,
                    State::Active
                    | State::Suspended
                    | State::Ended
                    | State::CancelPending
                    | State::Canceled => &mut all.moved,
                },
                (_, None) => &mut all.unmoved,
                (_, Some(State::Submitted)) => &mut all.ordered,
                (_, Some(_)) => &mut all.not_taken,
            };
            *place += count.coverages;
        }
        all
    }
}

/// Moves at most [`BATCH`] coverages, and gives how the campaign stands then.
pub async fn migrate_coverages(
    context: &Context,
    call: &Call,
    request: &Request,
    migrate: &Migrate,
) -> Result<Migration, Error> {
    let now = context.now();
    let ids: Vec<(CoverageId, HandoffId)> = (0..BATCH)
        .map(|_| (context.ids.next(), context.ids.next()))
        .collect();
    let (ids, id) = (&ids, migrate.campaign);
    let read = context.db.read();
    let campaign = context.campaign_cache.by_id(read, id).await?;
    let zone = &campaign.zone;
    let act = Act::of("coverages.migrated", ("campaign", Some(id.as_uuid())));
    let done = context.db.run_tx("migrate_coverages", |tx| {
        Box::pin(async move {
            // Asked under the lock: two calls would otherwise order the same coverages.
            campaign_store::lock(tx, id).await?;
            if request::answered::<CampaignId>(tx, request)
                .await?
                .is_some()
            {
                return Ok(());
            }
            let products = move_products(tx, migrate, now).await?;
            let unmoved = migrate_store::unmoved(tx, (id, migrate.from), BATCH).await?;
            let orders = orders(zone, (&products, ids), &unmoved, now)?;
            order(tx, &orders).await?;
            let detail = json!({
                "from": migrate.from, "to": migrate.to, "coverages": orders.len(),
            });
            let event = call.event(context, Some(id), act, detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await?;
    // Other instances go on ordering from the old partner until they read the campaign again; the next call moves that.
    context.campaign_cache.forget();
    context.forget_campaigns();
    let counts = migrate_store::count(read, (id, migrate.from)).await?;
    Ok(Migration::of(&counts))
}

/// A product at the partner that is left, and what takes its place.
struct Replaced {
    from: String,
    to: product::Model,
}

/// Retires the products of the partner that is left, and gives the campaign those of the new one.
async fn move_products(
    tx: &Tx<'_>,
    migrate: &Migrate,
    now: Timestamp,
) -> Result<Vec<Replaced>, Error> {
    let known = migrate_store::products(tx, migrate.campaign).await?;
    let left = known.iter().filter(|it| it.partner_id == migrate.from);
    let left: Vec<&product::Model> = left.collect();
    check(migrate, &left)?;
    let mut replaced = Vec::new();
    for old in left {
        let named = migrate.products.iter().find(|it| it.from == old.code);
        let new = product::Model {
            partner_id: migrate.to,
            code: named.map_or(&old.code, |it| &it.to).clone(),
            contract_code: named.and_then(|it| it.contract_code.clone()),
            retired_at: None,
            ..old.clone()
        };
        if old.retired_at.is_none() {
            migrate_store::retire(tx, old, now).await?;
            migrate_store::put(tx, &new).await?;
        } else if !known.iter().any(|it| is_same(it, &new)) {
            let text = "the products were moved already, to other codes or another partner";
            return Err(wrong("product_moves", text));
        }
        replaced.push(Replaced {
            from: old.code.clone(),
            to: new,
        });
    }
    let there = known
        .iter()
        .filter(|it| it.partner_id != migrate.to)
        .count();
    if there + replaced.len() > 2 * PRODUCTS {
        return Err(wrong(
            "to_partner_id",
            "the campaign would have too many products",
        ));
    }
    Ok(replaced)
}

fn is_same(one: &product::Model, other: &product::Model) -> bool {
    let key = |it: &product::Model| (it.population, it.partner_id);
    key(one) == key(other) && one.code == other.code
}

fn check(migrate: &Migrate, left: &[&product::Model]) -> Result<(), Error> {
    if left.is_empty() {
        let text = "must be a partner of which the campaign has products";
        return Err(wrong("from_partner_id", text));
    }
    for (at, named) in migrate.products.iter().enumerate() {
        if !left.iter().any(|it| it.code == named.from) {
            let path = format!("product_moves[{at}].from_product_code");
            return Err(wrong(path, "must be a product of the partner that is left"));
        }
    }
    Ok(())
}

fn wrong(path: impl Into<Cow<'static, str>>, text: &'static str) -> Error {
    Fault::new(Reason::InvalidRequest).field(path, text).into()
}

/// A coverage at the new partner.
struct Order {
    queued: Queued,
    replaces: CoverageId,
}

fn orders(
    zone: &TimeZone,
    (products, ids): (&[Replaced], &[(CoverageId, HandoffId)]),
    unmoved: &[Owned],
    now: Timestamp,
) -> Result<Vec<Order>, Error> {
    let mut orders = Vec::with_capacity(unmoved.len());
    for (one, (coverage, handoff)) in unmoved.iter().zip(ids) {
        let old = &one.coverage;
        let product = products.iter().find(|it| it.from == old.product_code);
        let product = &product
            .ok_or_else(|| db::Error::corrupt("coverage.product_code"))?
            .to;
        let months = months_left(old, zone, now)
            .ok_or_else(|| db::Error::corrupt("coverage.term_ends_on"))?;
        orders.push(Order {
            replaces: old.id,
            queued: Queued {
                campaign_id: old.campaign_id,
                handoff_id: *handoff,
                enrollment_id: old.enrollment_id,
                coverage_id: *coverage,
                individual_id: one.individual_id,
                partner_id: product.partner_id,
                product_code: product.code.clone(),
                term_months: months,
                contract_code: product.contract_code.clone(),
                cancel_reason: None,
                trace: None,
                at: now,
            },
        });
    }
    Ok(orders)
}

async fn order(tx: &Tx<'_>, orders: &[Order]) -> Result<(), Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let coverages = orders.iter().map(|order| Coverage {
        replaces_coverage_id: Some(order.replaces),
        ..coverage_of(&order.queued)
    });
    migrate_store::insert(tx, coverages).await?;
    let queued: Vec<Queued> = orders.iter().map(|order| order.queued.clone()).collect();
    Ok(store::queue(tx, Kind::Enroll, &queued).await?)
}

/// Gives the months of a term that are left, begun ones whole and at least one; what has not begun has all of them.
fn months_left(coverage: &Coverage, zone: &TimeZone, now: Timestamp) -> Option<i32> {
    let Some(last_day) = &coverage.term_ends_on else {
        return Some(coverage.term_months);
    };
    let last_day: Date = match coverage.suspended_at {
        Some(since) => term::moved_by_pause(last_day, (since, now), zone).ok()?,
        None => last_day.parse().ok()?,
    };
    let today = now.date_in(zone).ok()?;
    let left = today.until((Unit::Month, last_day)).ok()?;
    let begun = i32::from(left.get_days() > 0);
    Some((left.get_months() + begun).clamp(1, coverage.term_months.max(1)))
}
