//! What a caller is shown of an enrollment. A portal is shown what the person may know.

use crate::codes::convert::{date, time, told_class};
use crate::codes::enrollment::convert::{coverage_to_wire, reason_to_wire, state_to_wire};
use crate::codes::enrollment::store::Enrollment;
use crate::db::entities::coverage;
use crate::db::entities::enrollment::State;
use crate::kernel::caller::Role;
use crate::process::convert::{authority_to_wire, class_to_wire, relationship_to_wire};
use crate::wire::redress::enrollment::v1 as wire;

use super::next_step::next_step;

/// Writes an enrollment for a caller of this role.
pub fn enrollment(found: &Enrollment, role: Role) -> wire::Enrollment {
    let row = &found.row;
    let is_public = role == Role::Portal;
    let relationship = row.relationship.map(relationship_to_wire);
    let authority = row.authority.map(authority_to_wire);
    let coverages = found.coverages.iter();
    wire::Enrollment {
        enrollment_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        state: state_to_wire(row.shown()).into(),
        create_time: time(Some(row.started_at)),
        submit_time: time(row.submitted_at),
        coverages: coverages.map(|it| coverage(it, is_public)).collect(),
        next_step: next_step(found, is_public),
        cancellation: cancellation(found, is_public),
        language_code: row.language.clone(),
        consenter_relationship: relationship.unwrap_or_default().into(),
        consenter_authority: authority.unwrap_or_default().into(),
        individual_id: if is_public {
            String::new()
        } else {
            row.individual_id.to_string()
        },
    }
}

fn coverage(coverage: &coverage::Model, is_public: bool) -> wire::Coverage {
    let internal = |text: String| if is_public { String::new() } else { text };
    let replaces = coverage.replaces_coverage_id.filter(|_| !is_public);
    wire::Coverage {
        coverage_id: coverage.id.to_string(),
        partner_id: internal(coverage.partner_id.to_string()),
        product_code: coverage.product_code.clone(),
        term_months: coverage.term_months,
        handoff_id: internal(coverage.handoff_id.to_string()),
        state: coverage_to_wire(coverage.state).into(),
        outcome_class: class_to_wire(told_class(coverage.outcome_class, is_public)).into(),
        native_code: internal(coverage.native_code.clone().unwrap_or_default()),
        activate_time: time(coverage.activated_at),
        term_end_date: date(coverage.term_ends_on.as_deref()),
        revision: if is_public { 0 } else { coverage.revision },
        attempt: coverage.order_attempt,
        replaces_coverage_id: replaces.map(|id| id.to_string()).unwrap_or_default(),
    }
}

fn cancellation(found: &Enrollment, is_public: bool) -> Option<wire::Cancellation> {
    let row = &found.row;
    let actor = row.canceled_by.clone().filter(|_| !is_public);
    Some(wire::Cancellation {
        reason: reason_to_wire(row.cancel_reason?).into(),
        actor: actor.unwrap_or_default(),
        request_time: time(row.cancel_requested_at),
        confirm_time: time(row.settled_at.filter(|_| row.state == State::Canceled)),
    })
}
