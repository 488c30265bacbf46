//! A handoff as this process knows it.

use uuid::Uuid;

use crate::db;
use crate::db::entities::handoff::{self, CancelReason, Kind};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, CoverageId, EnrollmentId, HandoffId, IndividualId, PartnerId,
};

use super::state::{State, WrongState};

/// One thing to tell one partner. Holds nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The id: the reference that the partner stores.
    pub id: HandoffId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The coverage.
    pub coverage_id: CoverageId,
    /// The person.
    pub individual_id: IndividualId,
    /// The partner.
    pub partner_id: PartnerId,
    /// What is asked.
    pub kind: Kind,
    /// The partner's product code.
    pub product_code: String,
    /// Calendar months of monitoring.
    pub term_months: i32,
    /// The partner's subscriber or contract code.
    pub contract_code: Option<String>,
    /// Which order this is, counted from 1.
    pub order_attempt: i32,
    /// Where it stands.
    pub state: State,
    /// How often it was offered.
    pub attempts: i32,
    /// Waiting: when it is offered. Leased: when the lease ends. Accepted: when the partner is asked.
    pub not_before: Timestamp,
    /// The lease that holds it.
    pub lease_token: Option<Uuid>,
    /// W3C `traceparent` of the call that made it.
    pub trace_context: Option<String>,
    /// The partner's own reference.
    pub partner_reference: Option<String>,
    /// The partner's own code beside the outcome class.
    pub native_code: Option<String>,
    /// The partner's revision of what it reported last; 0 where it gives none.
    pub revision: i64,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was offered last; empty when it was surely never taken.
    pub sent_at: Option<Timestamp>,
    /// When the partner acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
    /// When its outcome became known.
    pub settled_at: Option<Timestamp>,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// When its newest order was given.
    pub ordered_at: Timestamp,
    /// How often the newest order was tried in vain.
    pub tries: i32,
    /// How many of these tries count towards giving up.
    pub failures: i32,
    /// When the partner observed what it reported last, by its own account.
    pub reported_at: Option<Timestamp>,
    /// Why it cancels.
    pub cancel_reason: Option<CancelReason>,
}

impl Handoff {
    /// Tells whether the newest order was offered, and not only one before it.
    pub fn is_offered(&self) -> bool {
        self.sent_at.is_some_and(|at| at >= self.ordered_at)
    }
}

/// The order that a cancellation, an extension or an update of a person is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierOrder {
    /// Its id.
    pub id: HandoffId,
    /// The partner's own reference for it, if it gave one.
    pub partner_reference: Option<String>,
}

impl EarlierOrder {
    /// Gives what a handoff is about. Without an ENROLL there is nothing: it is the handoff's own id, which the partner does not know either.
    pub fn of(later: &Handoff, enroll: Option<&Handoff>) -> Self {
        Self {
            id: enroll.map_or(later.id, |enroll| enroll.id),
            partner_reference: enroll.and_then(|enroll| enroll.partner_reference.clone()),
        }
    }
}

impl TryFrom<handoff::Model> for Handoff {
    type Error = db::Error;

    fn try_from(row: handoff::Model) -> Result<Self, db::Error> {
        Ok(Self {
            state: state(&row)?,
            campaign_id: row.campaign_id,
            id: row.id,
            enrollment_id: row.enrollment_id,
            coverage_id: row.coverage_id,
            individual_id: row.individual_id,
            partner_id: row.partner_id,
            kind: row.kind,
            product_code: row.product_code,
            term_months: row.term_months,
            contract_code: row.contract_code,
            order_attempt: row.order_attempt,
            attempts: row.attempts,
            not_before: row.not_before,
            lease_token: row.lease_token,
            trace_context: row.trace_context,
            partner_reference: row.partner_reference,
            native_code: row.native_code,
            revision: row.revision,
            created_at: row.created_at,
            sent_at: row.sent_at,
            acknowledged_at: row.acknowledged_at,
            settled_at: row.settled_at,
            updated_at: row.updated_at,
            ordered_at: row.ordered_at,
            tries: row.tries,
            failures: row.failures,
            reported_at: row.reported_at,
            cancel_reason: row.cancel_reason,
        })
    }
}

fn state(row: &handoff::Model) -> Result<State, db::Error> {
    let missing = || db::Error::corrupt("a handoff without the reason of its state");
    let class = || row.outcome_class.ok_or_else(missing);
    Ok(match row.state {
        handoff::State::Queued => State::Queued,
        handoff::State::Leased => State::Leased,
        handoff::State::Unsettled => State::Unsettled,
        handoff::State::Accepted => State::Accepted,
        handoff::State::Active => State::Active,
        handoff::State::ActionRequired => State::ActionRequired(class()?),
        handoff::State::Refused => State::Refused(class()?),
        handoff::State::Suspended => State::Suspended,
        handoff::State::Ended => State::Ended,
        handoff::State::Canceled => State::Canceled,
        handoff::State::Dead => State::Dead(row.dead_reason.ok_or_else(missing)?),
    })
}

impl From<WrongState> for Error {
    /// The query before the step rules this state out.
    fn from(_: WrongState) -> Self {
        db::Error::corrupt("a handoff in a state it cannot be in").into()
    }
}
