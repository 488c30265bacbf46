//! What a completion orders: a coverage and a handoff for each product of the person's population; and how a coverage is canceled.

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::error::Error;
use crate::codes::law::{Law, Place};
use crate::db::entities::handoff::{CancelReason, Queued};
use crate::db::entities::{coverage, product};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CoverageId, EnrollmentId, HandoffId, IndividualId};

use super::completion::Found;

/// What the orders of one enrollment have in common.
#[derive(Clone, Copy, Debug)]
pub struct Orders<'a> {
    /// The campaign.
    pub campaign: &'a CachedCampaign,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// Ids for as many coverages as the campaign has products.
    pub ids: &'a [(CoverageId, HandoffId)],
    /// W3C `traceparent` of the call.
    pub trace: Option<&'a str>,
}

impl Orders<'_> {
    /// Gives the orders for a person.
    ///
    /// # Errors
    /// [`Error::NotEligible`] where the campaign has no product for the population.
    pub fn of(&self, found: &Found, now: Timestamp) -> Result<Vec<Queued>, Error> {
        let products = self.campaign.products_of(found.population);
        let order =
            |(product, (coverage, handoff)): (&product::Model, &(CoverageId, HandoffId))| Queued {
                campaign_id: self.campaign.id,
                handoff_id: *handoff,
                enrollment_id: self.enrollment,
                coverage_id: *coverage,
                individual_id: found.individual_id,
                partner_id: product.partner_id,
                product_code: product.code.clone(),
                term_months: self.term_months(product, found),
                contract_code: product.contract_code.clone(),
                cancel_reason: None,
                trace: self.trace.map(str::to_owned),
                at: now,
            };
        let orders: Vec<Queued> = products.zip(self.ids).map(order).collect();
        if orders.is_empty() {
            return Err(Error::NotEligible);
        }
        Ok(orders)
    }

    /// Gives the product's term, raised to what the person's state asks for where the campaign says so.
    fn term_months(&self, product: &product::Model, found: &Found) -> i32 {
        let place = Place::of_address(&found.region, &found.country);
        let owed = place.filter(|_| self.campaign.raise_term_by_law);
        let owed = owed.map_or(0, |place| Law::current().months_owed(place));
        product.term_months.max(owed)
    }
}

/// Gives the coverage of an order that was just made.
pub fn coverage_of(order: &Queued) -> coverage::Model {
    coverage::Model {
        campaign_id: order.campaign_id,
        id: order.coverage_id,
        enrollment_id: order.enrollment_id,
        partner_id: order.partner_id,
        product_code: order.product_code.clone(),
        term_months: order.term_months,
        handoff_id: order.handoff_id,
        state: coverage::State::Submitted,
        outcome_class: None,
        native_code: None,
        revision: 0,
        order_attempt: 1,
        activated_at: None,
        term_ends_on: None,
        suspended_at: None,
        settled_at: None,
        replaces_coverage_id: None,
        asked_term_months: None,
    }
}

/// What follows an order to its partner: a cancellation, a longer term, or the person's new data.
#[derive(Clone, Copy, Debug)]
pub struct FollowUp<'a> {
    /// The campaign.
    pub campaign: &'a CachedCampaign,
    /// Whose coverage it is.
    pub individual: IndividualId,
    /// Now.
    pub at: Timestamp,
}

impl FollowUp<'_> {
    /// Gives the cancellation of a coverage.
    pub fn cancel(
        &self,
        coverage: &coverage::Model,
        reason: CancelReason,
        handoff: HandoffId,
    ) -> Queued {
        Queued {
            cancel_reason: Some(reason),
            ..self.about(coverage, handoff)
        }
    }

    /// Gives the extension of a coverage to the term that it has.
    pub fn extend(&self, coverage: &coverage::Model, handoff: HandoffId) -> Queued {
        self.about(coverage, handoff)
    }

    /// Gives what tells a coverage's partner the person's data as they are when it is sent.
    pub fn update_person(&self, coverage: &coverage::Model, handoff: HandoffId) -> Queued {
        self.about(coverage, handoff)
    }

    fn about(&self, coverage: &coverage::Model, handoff: HandoffId) -> Queued {
        Queued {
            campaign_id: coverage.campaign_id,
            handoff_id: handoff,
            enrollment_id: coverage.enrollment_id,
            coverage_id: coverage.id,
            individual_id: self.individual,
            partner_id: coverage.partner_id,
            product_code: coverage.product_code.clone(),
            term_months: coverage.term_months,
            contract_code: self
                .campaign
                .contract_code(coverage.partner_id, &coverage.product_code),
            cancel_reason: None,
            trace: None,
            at: self.at,
        }
    }
}
