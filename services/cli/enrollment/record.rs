//! Enrollments and coverages as they are shown.

use crate::cli::render::Record;
use crate::client::convert::{date, given, outcome_class, state, time};
use crate::wire::redress::enrollment::v1 as wire;

/// An enrollment in one line.
pub(super) fn row(enrollment: &wire::Enrollment) -> Record {
    let coverages = enrollment.coverages.iter().map(coverage_words);
    let step = enrollment.next_step.clone().unwrap_or_default();
    Record::new()
        .with("enrollment_id", enrollment.enrollment_id.as_str())
        .with("state", state_of(enrollment))
        .with("begun", time(enrollment.create_time.as_ref()))
        .with("submitted", time(enrollment.submit_time.as_ref()))
        .with("coverages", coverages.collect::<Vec<_>>())
        .with("who_acts", given(step.actor().as_str_name(), "NEXT_ACTOR_"))
        .with(
            "next_action",
            given(step.action().as_str_name(), "NEXT_ACTION_"),
        )
}

/// All of an enrollment but its coverages.
pub(super) fn head(enrollment: &wire::Enrollment) -> Record {
    let step = enrollment.next_step.clone().unwrap_or_default();
    let cancellation = enrollment.cancellation.clone().unwrap_or_default();
    let relationship = enrollment.consenter_relationship();
    Record::new()
        .with("enrollment_id", enrollment.enrollment_id.as_str())
        .with("individual_id", enrollment.individual_id.as_str())
        .with("state", state_of(enrollment))
        .with("language", enrollment.language_code.as_str())
        .with("begun", time(enrollment.create_time.as_ref()))
        .with("submitted", time(enrollment.submit_time.as_ref()))
        .with(
            "consent_by",
            given(relationship.as_str_name(), "RELATIONSHIP_"),
        )
        .with(
            "authority",
            given(enrollment.consenter_authority().as_str_name(), "AUTHORITY_"),
        )
        .with("who_acts", given(step.actor().as_str_name(), "NEXT_ACTOR_"))
        .with(
            "next_action",
            given(step.action().as_str_name(), "NEXT_ACTION_"),
        )
        .with("what_to_do", step.agent_text)
        .with(
            "cancel_reason",
            given(cancellation.reason().as_str_name(), "CANCEL_REASON_"),
        )
        .with("cancel_asked_by", cancellation.actor.as_str())
        .with("cancel_asked", time(cancellation.request_time.as_ref()))
        .with("cancel_confirmed", time(cancellation.confirm_time.as_ref()))
}

/// A coverage. In a line of CSV it stands beside its enrollment, so its state has a name of its own.
pub(super) fn coverage(coverage: &wire::Coverage) -> Record {
    Record::new()
        .with("coverage_id", coverage.coverage_id.as_str())
        .with("product", coverage.product_code.as_str())
        .with(
            "coverage_state",
            state(coverage.state().as_str_name(), "COVERAGE_STATE_"),
        )
        .with("outcome_class", outcome_class(coverage.outcome_class))
        .with("native_code", coverage.native_code.as_str())
        .with("attempt", coverage.attempt)
        .with("term_months", coverage.term_months)
        .with("active_since", time(coverage.activate_time.as_ref()))
        .with("ends", date(coverage.term_end_date.as_ref()))
        .with("partner_id", coverage.partner_id.as_str())
        .with("handoff_id", coverage.handoff_id.as_str())
}

/// One coverage in a few words: the product, where it stands, why, and until when.
pub fn coverage_words(coverage: &wire::Coverage) -> String {
    let state = state(coverage.state().as_str_name(), "COVERAGE_STATE_");
    let mut words = format!("{} {state}", coverage.product_code);
    if coverage.outcome_class != 0 {
        words = format!("{words} ({})", outcome_class(coverage.outcome_class));
    }
    if let Some(day) = date(coverage.term_end_date.as_ref()) {
        words = format!("{words} until {day}");
    }
    words
}

/// What the person is told to do next.
pub fn next_step(enrollment: &wire::Enrollment) -> &str {
    let step = enrollment.next_step.as_ref();
    step.map_or("", |step| step.person_text.as_str())
}

fn state_of(enrollment: &wire::Enrollment) -> String {
    state(enrollment.state().as_str_name(), "ENROLLMENT_STATE_")
}
