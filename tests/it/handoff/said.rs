//! What partners say by themselves: known, new, contradicting, not theirs, unreadable.

use redress::db::entities::ClosedSet as _;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{HandoffId, PartnerId};
use redress::wire::redress::bureau::v1::{EnrollmentProgress, EnrollmentStatus};
use redress::wire::redress::handoff::v1::{
    GetHandoffRequest, HandoffState, Partner, PartnerMode, ReportOutcomesRequest,
};
use redress::wire::redress::r#type::v1::{ItemResult, ItemVerdict, OutcomeClass};

use tonic_types::StatusExt;

use super::world::World;
use crate::harness::{Database, apply, both};

pub fn status(id: &str, progress: EnrollmentProgress, class: OutcomeClass) -> EnrollmentStatus {
    EnrollmentStatus {
        handoff_id: id.to_owned(),
        partner_reference: "REF-1".to_owned(),
        progress: progress.into(),
        outcome_class: class.into(),
        ..EnrollmentStatus::default()
    }
}

fn active(id: HandoffId) -> EnrollmentStatus {
    status(
        &id.to_string(),
        EnrollmentProgress::Active,
        OutcomeClass::Unspecified,
    )
}

fn refused(id: HandoffId) -> EnrollmentStatus {
    status(
        &id.to_string(),
        EnrollmentProgress::Refused,
        OutcomeClass::NoHit,
    )
}

/// What became of an item: why it was refused, or else the result.
pub fn word(verdict: &ItemVerdict) -> &'static str {
    let (name, prefix) = match verdict.result() {
        ItemResult::Refused => (verdict.reason().as_str_name(), "ITEM_REASON_"),
        result => (result.as_str_name(), "ITEM_RESULT_"),
    };
    assert!(
        verdict.help.is_empty() == (verdict.result() != ItemResult::Refused),
        "{verdict:?}"
    );
    name.strip_prefix(prefix).unwrap()
}

pub async fn report(
    world: &World,
    name: &str,
    statuses: Vec<EnrollmentStatus>,
) -> Vec<&'static str> {
    let request = ReportOutcomesRequest {
        request_id: world.request_id(),
        statuses,
    };
    let response = world
        .as_partner(name)
        .report_outcomes(request)
        .await
        .unwrap();
    let verdicts = response.into_inner().verdicts;
    verdicts.iter().map(word).collect()
}

pub async fn another_partner(world: &World) -> PartnerId {
    let partner = Partner {
        name: "other".to_owned(),
        mode: PartnerMode::Pull.into(),
        ..Partner::default()
    };
    world.partner(partner).await
}

/// A final outcome stands; what contradicts it is told, audited and changes nothing.
#[apply(both)]
async fn a_partner_that_contradicts_itself_changes_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let verdicts = report(
        &world,
        "sandbox-bureau",
        vec![active(id), active(id), refused(id)],
    )
    .await;
    assert_eq!(verdicts, ["APPLIED", "UNCHANGED", "CONTRADICTS"]);
    let other_reference = EnrollmentStatus {
        partner_reference: "REF-2".to_owned(),
        ..active(id)
    };
    assert_eq!(
        report(&world, "sandbox-bureau", vec![other_reference]).await,
        ["CONTRADICTS"]
    );
    let row = world.row(id).await;
    assert_eq!(
        (row.state.as_str(), row.partner_reference.as_deref()),
        ("ACTIVE", Some("REF-1"))
    );
    assert!(
        row.acknowledged_at.is_some(),
        "an outcome implies the acknowledgement"
    );
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
    let audited = world.audited(id).await;
    assert_eq!(
        audited
            .iter()
            .filter(|action| *action == "handoff.contradicted")
            .count(),
        2
    );
}

/// A freeze that is lifted leads on, and the enrollment hears of both.
#[apply(both)]
async fn an_action_that_was_taken_leads_to_active(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let frozen = status(
        &id.to_string(),
        EnrollmentProgress::ActionRequired,
        OutcomeClass::FileFrozen,
    );
    report(&world, "sandbox-bureau", vec![frozen]).await;
    assert_eq!(
        report(&world, "sandbox-bureau", vec![active(id)]).await,
        ["APPLIED"]
    );
    assert_eq!(
        world.outcomes(id).await,
        ["ACTION_REQUIRED FILE_FROZEN", "ACTIVE"]
    );
    assert_eq!(world.row(id).await.outcome_class, None);
}

/// Another partner's handoff is as unknown as one that never was.
#[apply(both)]
pub async fn another_partners_handoff_does_not_exist(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    another_partner(&world).await;
    let id = world.enroll(partner, "666010001").await;
    assert_eq!(
        report(&world, "other", vec![active(id)]).await,
        ["UNKNOWN_HANDOFF"]
    );
    let get = GetHandoffRequest {
        handoff_id: id.to_string(),
    };
    let refused = world
        .as_partner("other")
        .get_handoff(get.clone())
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::HandoffNotFound));
    let own = world
        .as_partner("sandbox-bureau")
        .get_handoff(get)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(own.handoff.unwrap().state(), HandoffState::Queued);
    assert_eq!(world.state(id).await, "QUEUED");
}

/// One bad item spoils no other; a bad call is told everything that is wrong with it.
#[apply(both)]
async fn items_are_judged_one_by_one(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let malformed = status(
        "canary",
        EnrollmentProgress::Active,
        OutcomeClass::Unspecified,
    );
    let classless = status(
        &id.to_string(),
        EnrollmentProgress::Refused,
        OutcomeClass::Unspecified,
    );
    let no_time = EnrollmentStatus {
        effective_time: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        }),
        ..active(id)
    };
    let verdicts = report(
        &world,
        "sandbox-bureau",
        vec![malformed, classless, no_time, active(id)],
    )
    .await;
    assert_eq!(verdicts, ["MALFORMED", "MALFORMED", "MALFORMED", "APPLIED"]);
    let nothing = ReportOutcomesRequest {
        request_id: "x".to_owned(),
        statuses: Vec::new(),
    };
    let refused = world
        .as_partner("sandbox-bureau")
        .report_outcomes(nothing)
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    assert_eq!(
        refused
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        2
    );
}

/// A request id is for one content.
#[apply(both)]
async fn a_request_id_is_not_for_two_reports(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let request = ReportOutcomesRequest {
        request_id: world.request_id(),
        statuses: vec![active(id)],
    };
    let mut client = world.as_partner("sandbox-bureau");
    client.report_outcomes(request.clone()).await.unwrap();
    let other = ReportOutcomesRequest {
        statuses: vec![refused(id)],
        ..request
    };
    let refused = client.report_outcomes(other).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::RequestIdReused));
}
