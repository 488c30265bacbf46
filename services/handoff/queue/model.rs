//! Handoffs and partners as this process knows them.

use uuid::Uuid;

use crate::db::entities::{handoff, partner};
use crate::handoff::error::Error;
use crate::handoff::person::projection::Projection;
use crate::handoff::push::circuit_breaker::BreakerRules;
use crate::handoff::vocabulary::{DeadReason, Kind, Mode, OutcomeClass, PartnerState, Stage};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId};

use super::state::State;

/// One thing to tell one partner. Holds nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The id: the reference that the partner stores.
    pub id: HandoffId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
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
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was offered last; empty when it was surely never taken.
    pub sent_at: Option<Timestamp>,
    /// When the partner acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
    /// When its outcome became known.
    pub settled_at: Option<Timestamp>,
}

impl TryFrom<handoff::Model> for Handoff {
    type Error = Error;

    fn try_from(row: handoff::Model) -> Result<Self, Error> {
        Ok(Self {
            state: state(&row)?,
            campaign_id: row.campaign_id,
            id: row.id,
            enrollment_id: row.enrollment_id,
            individual_id: row.individual_id,
            partner_id: row.partner_id,
            kind: Kind::parse(&row.kind)?,
            product_code: row.product_code,
            term_months: row.term_months,
            attempts: row.attempts,
            not_before: row.not_before,
            lease_token: row.lease_token,
            trace_context: row.trace_context,
            partner_reference: row.partner_reference,
            created_at: row.created_at,
            sent_at: row.sent_at,
            acknowledged_at: row.acknowledged_at,
            settled_at: row.settled_at,
        })
    }
}

fn state(row: &handoff::Model) -> Result<State, Error> {
    let class = || {
        let class = row.outcome_class.as_deref().unwrap_or_default();
        OutcomeClass::parse(class)
    };
    let not_before = row.not_before;
    Ok(match Stage::parse(&row.state)? {
        Stage::Queued => State::Queued { not_before },
        Stage::Leased => State::Leased {
            expires_at: not_before,
        },
        Stage::Unsettled => State::Unsettled { not_before },
        Stage::Accepted => State::Accepted {
            at: row.acknowledged_at.unwrap_or(row.created_at),
        },
        Stage::Active => State::Active,
        Stage::ActionRequired => State::ActionRequired(class()?),
        Stage::Refused => State::Refused(class()?),
        Stage::Canceled => State::Canceled,
        Stage::Dead => State::Dead(DeadReason::parse(
            row.dead_reason.as_deref().unwrap_or_default(),
        )?),
    })
}

/// A bureau or reseller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The id.
    pub id: PartnerId,
    /// The name in its certificate.
    pub name: String,
    /// Who calls whom.
    pub mode: Mode,
    /// Where a PUSH partner listens.
    pub endpoint: Option<String>,
    /// Whether handoffs are offered.
    pub state: PartnerState,
    /// The most handoffs under way at once, when we call.
    pub max_in_flight: u16,
    /// What its fields take.
    pub projection: Projection,
    /// When we stop calling it.
    pub breaker: BreakerRules,
    /// When it was created.
    pub created_at: Timestamp,
}

impl TryFrom<partner::Model> for Partner {
    type Error = Error;

    fn try_from(row: partner::Model) -> Result<Self, Error> {
        let corrupt = || crate::db::Error::corrupt("a partner's rules cannot be read");
        Ok(Self {
            id: row.id,
            name: row.name,
            mode: Mode::parse(&row.mode)?,
            endpoint: row.endpoint,
            state: PartnerState::parse(&row.state)?,
            max_in_flight: u16::try_from(row.max_in_flight).map_err(|_| corrupt())?,
            projection: serde_json::from_str(&row.projection).map_err(|_| corrupt())?,
            breaker: serde_json::from_str(&row.breaker).map_err(|_| corrupt())?,
            created_at: row.created_at,
        })
    }
}
