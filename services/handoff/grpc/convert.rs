//! This process's words on the wire.

use crate::handoff::outcome::apply_status::Verdict;
use crate::handoff::outcome::convert::class_to;
use crate::handoff::person::decrypt::Ask;
use crate::handoff::person::projection::Projection;
use crate::handoff::person::subject::subject;
use crate::handoff::pull::stream::Offer;
use crate::handoff::queue::model::{Handoff, Partner};
use crate::handoff::queue::state::State;
use crate::handoff::vocabulary::{Kind, Mode, PartnerState, Stage};
use crate::kernel::clock::Timestamp;
use crate::wire::redress::handoff::v1 as wire;

pub(crate) fn kind(kind: Kind) -> wire::HandoffKind {
    match kind {
        Kind::Enroll => wire::HandoffKind::Enroll,
        Kind::Cancel => wire::HandoffKind::Cancel,
    }
}

pub(crate) fn stage(stage: Stage) -> wire::HandoffState {
    match stage {
        Stage::Queued => wire::HandoffState::Queued,
        Stage::Leased => wire::HandoffState::Leased,
        Stage::Unsettled => wire::HandoffState::Unsettled,
        Stage::Accepted => wire::HandoffState::Accepted,
        Stage::Active => wire::HandoffState::Active,
        Stage::ActionRequired => wire::HandoffState::ActionRequired,
        Stage::Refused => wire::HandoffState::Refused,
        Stage::Canceled => wire::HandoffState::Canceled,
        Stage::Dead => wire::HandoffState::Dead,
    }
}

/// Reads a state that a list is filtered by; `None` lists all.
pub(crate) fn stage_filter(state: i32) -> Result<Option<Stage>, ()> {
    let state = wire::HandoffState::try_from(state).map_err(drop)?;
    if state == wire::HandoffState::Unspecified {
        return Ok(None);
    }
    let found = Stage::ALL
        .iter()
        .copied()
        .find(|known| stage(*known) == state);
    found.map(Some).ok_or(())
}

pub(crate) fn verdict(verdict: Verdict) -> wire::ItemVerdict {
    match verdict {
        Verdict::Recorded => wire::ItemVerdict::Recorded,
        Verdict::Unchanged => wire::ItemVerdict::Unchanged,
        Verdict::Unknown => wire::ItemVerdict::Unknown,
        Verdict::Contradicts => wire::ItemVerdict::Contradicts,
        Verdict::Malformed => wire::ItemVerdict::Malformed,
    }
}

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(Timestamp::to_proto)
}

pub(crate) fn handoff(handoff: &Handoff) -> wire::Handoff {
    let waits = matches!(
        handoff.state,
        State::Queued { .. } | State::Leased { .. } | State::Unsettled { .. }
    );
    let dead_reason = match handoff.state {
        State::Dead(reason) => reason.as_str(),
        _ => "",
    };
    wire::Handoff {
        handoff_id: handoff.id.to_string(),
        campaign_id: handoff.campaign_id.to_string(),
        enrollment_id: handoff.enrollment_id.to_string(),
        partner_id: handoff.partner_id.to_string(),
        kind: kind(handoff.kind).into(),
        state: stage(handoff.state.stage()).into(),
        attempts: handoff.attempts,
        partner_reference: handoff.partner_reference.clone().unwrap_or_default(),
        outcome_class: class_to(handoff.state.class()).into(),
        create_time: time(Some(handoff.created_at)),
        acknowledge_time: time(handoff.acknowledged_at),
        settle_time: time(handoff.settled_at),
        next_attempt_time: time(waits.then_some(handoff.not_before)),
        dead_reason: dead_reason.to_owned(),
    }
}

pub(crate) fn offer(offer: &Offer) -> wire::HandoffOffer {
    let handoff = &offer.opened.leased.handoff;
    let (subject, withdraws) = match &offer.ask {
        Ask::Enroll(enrollee) => (Some(subject(enrollee)), String::new()),
        Ask::Withdraw(enroll) => (None, enroll.to_string()),
    };
    wire::HandoffOffer {
        handoff_id: handoff.id.to_string(),
        kind: kind(handoff.kind).into(),
        engagement_number: offer.opened.engagement_number.clone(),
        product_code: handoff.product_code.clone(),
        term_months: handoff.term_months,
        subject,
        lease_expire_time: time(Some(handoff.not_before)),
        withdraws_handoff_id: withdraws,
    }
}

pub(crate) fn partner(partner: &Partner) -> wire::Partner {
    let mode = match partner.mode {
        Mode::Push => wire::PartnerMode::Push,
        Mode::Pull => wire::PartnerMode::Pull,
    };
    let state = match partner.state {
        PartnerState::Active => wire::PartnerState::Active,
        PartnerState::Paused => wire::PartnerState::Paused,
    };
    wire::Partner {
        partner_id: partner.id.to_string(),
        name: partner.name.clone(),
        mode: mode.into(),
        endpoint: partner.endpoint.clone().unwrap_or_default(),
        max_in_flight: partner.max_in_flight.into(),
        state: state.into(),
        create_time: time(Some(partner.created_at)),
        projection: (partner.projection != Projection::default())
            .then(|| projection(partner.projection)),
    }
}

fn projection(rules: Projection) -> wire::FieldProjection {
    wire::FieldProjection {
        given_name_max: rules.given_name_max.into(),
        family_name_max: rules.family_name_max.into(),
        city_max: rules.city_max.into(),
        ascii_names: rules.ascii_names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_be_asked_for() {
        for known in Stage::ALL {
            assert_eq!(stage_filter(stage(*known).into()), Ok(Some(*known)));
        }
        assert_eq!(stage_filter(0), Ok(None));
        assert_eq!(stage_filter(99), Err(()));
    }
}
