//! Reconciliation as the contract has it: a match for each closed set, and its inverse by trying every value.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sea_orm::Iterable;

use crate::db::entities::reconciliation::{self, State as ListState};
use crate::db::entities::reconciliation_difference::{self, Action, CloseReason, Kind, State};
use crate::db::entities::reconciliation_entry::Progress;
use crate::handoff::queue::convert::state_to_wire as our_state;
use crate::handoff::reconciliation::manifest::Line;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::process::convert::{class_to_wire, date};
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::handoff::v1 as wire;

pub(super) const fn progress_to_wire(progress: Progress) -> EnrollmentProgress {
    match progress {
        Progress::Accepted => EnrollmentProgress::Accepted,
        Progress::Active => EnrollmentProgress::Active,
        Progress::ActionRequired => EnrollmentProgress::ActionRequired,
        Progress::Refused => EnrollmentProgress::Refused,
        Progress::Suspended => EnrollmentProgress::Suspended,
        Progress::Ended => EnrollmentProgress::Ended,
        Progress::Canceled => EnrollmentProgress::Canceled,
    }
}

pub(super) fn progress_of(number: i32) -> Option<Progress> {
    let given = EnrollmentProgress::try_from(number).ok()?;
    Progress::iter().find(|known| progress_to_wire(*known) == given)
}

const fn kind_to_wire(kind: Kind) -> wire::DifferenceKind {
    match kind {
        Kind::MissingThere => wire::DifferenceKind::MissingThere,
        Kind::UnknownHere => wire::DifferenceKind::UnknownHere,
        Kind::UnexpectedThere => wire::DifferenceKind::UnexpectedThere,
        Kind::StatesDiffer => wire::DifferenceKind::StatesDiffer,
        Kind::ReferencesDiffer => wire::DifferenceKind::ReferencesDiffer,
    }
}

const fn state_to_wire(state: State) -> wire::DifferenceState {
    match state {
        State::Pending => wire::DifferenceState::Pending,
        State::Open => wire::DifferenceState::Open,
        State::Repaired => wire::DifferenceState::Repaired,
        State::Closed => wire::DifferenceState::Closed,
        State::Resolved => wire::DifferenceState::Resolved,
    }
}

const fn action_to_wire(action: Action) -> wire::SuggestedAction {
    match action {
        Action::Replay => wire::SuggestedAction::Replay,
        Action::CorrectHere => wire::SuggestedAction::CorrectHere,
        Action::CancelThere => wire::SuggestedAction::CancelThere,
        Action::AskPerson => wire::SuggestedAction::AskPerson,
        Action::AskPartner => wire::SuggestedAction::AskPartner,
        Action::Wait => wire::SuggestedAction::Wait,
    }
}

const fn reason_to_wire(reason: CloseReason) -> wire::CloseReason {
    match reason {
        CloseReason::CanceledThere => wire::CloseReason::CanceledThere,
        CloseReason::PartnerCorrects => wire::CloseReason::PartnerCorrects,
        CloseReason::PersonDecided => wire::CloseReason::PersonDecided,
        CloseReason::NotOurs => wire::CloseReason::NotOurs,
        CloseReason::LeftAsIs => wire::CloseReason::LeftAsIs,
        CloseReason::Other => wire::CloseReason::Other,
    }
}

/// Reads a reason; none where the number is none of the contract.
pub(super) fn reason_of(number: i32) -> Option<CloseReason> {
    let given = wire::CloseReason::try_from(number).ok()?;
    CloseReason::iter().find(|known| reason_to_wire(*known) == given)
}

/// Reads the state that a list is filtered by; `None` lists all.
pub(super) fn state_filter(number: i32) -> Result<Option<State>, ()> {
    if number == 0 {
        return Ok(None);
    }
    let known = State::iter().find(|known| i32::from(state_to_wire(*known)) == number);
    known.map(Some).ok_or(())
}

/// Reads the kind that a list is filtered by; `None` lists all.
pub(super) fn kind_filter(number: i32) -> Result<Option<Kind>, ()> {
    if number == 0 {
        return Ok(None);
    }
    let known = Kind::iter().find(|known| i32::from(kind_to_wire(*known)) == number);
    known.map(Some).ok_or(())
}

/// Gives a manifest; `day` where it was kept of one.
pub(super) fn manifest(
    (campaign, partner): (CampaignId, PartnerId),
    (as_of, day): (Timestamp, Option<Date>),
    lines: Vec<Line>,
) -> wire::Manifest {
    wire::Manifest {
        campaign_id: campaign.to_string(),
        partner_id: partner.to_string(),
        as_of_time: Some(as_of.to_proto()),
        states: lines.into_iter().map(line).collect(),
        date: day.map(date),
    }
}

fn line(line: Line) -> wire::ManifestState {
    wire::ManifestState {
        state: our_state(line.state).into(),
        handoffs: line.handoffs,
        sha256: line.sha256,
    }
}

pub(super) fn reconciliation(list: &reconciliation::Model) -> wire::Reconciliation {
    let state = match list.state {
        ListState::Incomplete => wire::ReconciliationState::Incomplete,
        ListState::Compared => wire::ReconciliationState::Compared,
    };
    // Written by this process from the same type.
    let findings: BTreeMap<Kind, i64> = serde_json::from_str(&list.findings).unwrap_or_default();
    let count = |(kind, differences)| wire::DifferenceCount {
        kind: kind_to_wire(kind).into(),
        differences,
    };
    wire::Reconciliation {
        reconciliation_id: list.id.to_string(),
        campaign_id: list.campaign_id.to_string(),
        partner_id: list.partner_id.to_string(),
        state: state.into(),
        as_of_time: Some(list.as_of_at.to_proto()),
        entries: list.entries,
        agreed: list.agreed,
        pending: list.pending,
        closed: list.closed,
        findings: findings.into_iter().map(count).collect(),
        start_time: Some(list.started_at.to_proto()),
        finish_time: list.finished_at.map(Timestamp::to_proto),
    }
}

pub(super) fn difference(difference: &reconciliation_difference::Model) -> wire::Difference {
    let it = difference;
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_proto);
    wire::Difference {
        difference_id: it.id.to_string(),
        campaign_id: it.campaign_id.to_string(),
        partner_id: it.partner_id.to_string(),
        handoff_id: it.handoff_id.map(|id| id.to_string()).unwrap_or_default(),
        partner_reference: it.partner_reference.clone().unwrap_or_default(),
        kind: kind_to_wire(it.kind).into(),
        state: state_to_wire(it.state).into(),
        our_state: it.our_state.map(our_state).unwrap_or_default().into(),
        their_progress: it
            .their_progress
            .map(progress_to_wire)
            .unwrap_or_default()
            .into(),
        their_outcome_class: class_to_wire(it.their_class).into(),
        their_effective_time: time(it.their_effective_at),
        suggested_action: action_to_wire(it.action).into(),
        since_time: time(Some(it.since_at)),
        find_time: time(Some(it.found_at)),
        reconciliation_id: it.reconciliation_id.to_string(),
        repair_time: time(it.repaired_at),
        close_time: time(it.closed_at),
        closed_by: it.closed_by.clone().unwrap_or_default(),
        close_reason: it
            .close_reason
            .map(reason_to_wire)
            .unwrap_or_default()
            .into(),
        close_note: it.close_note.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_contract_is_read_and_no_other() {
        for progress in Progress::iter() {
            let number = progress_to_wire(progress).into();
            assert_eq!(progress_of(number), Some(progress));
        }
        for reason in CloseReason::iter() {
            assert_eq!(reason_of(reason_to_wire(reason).into()), Some(reason));
        }
        for state in State::iter() {
            assert_eq!(state_filter(state_to_wire(state).into()), Ok(Some(state)));
        }
        for kind in Kind::iter() {
            assert_eq!(kind_filter(kind_to_wire(kind).into()), Ok(Some(kind)));
        }
        assert_eq!((progress_of(0), reason_of(0)), (None, None));
        assert_eq!(state_filter(0), Ok(None));
        assert!(state_filter(99).is_err() && kind_filter(99).is_err());
    }
}
