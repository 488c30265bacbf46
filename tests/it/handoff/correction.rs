//! What a partner takes back: reports with revisions, and the words of partners newer than this server.

use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::{EnrollmentProgress, EnrollmentStatus};
use redress::wire::redress::r#type::v1::OutcomeClass;

use super::said::{report, status};
use super::world::World;
use crate::harness::{Database, apply, both};

async fn say(
    world: &World,
    id: HandoffId,
    (progress, class): (EnrollmentProgress, OutcomeClass),
    revision: i64,
) -> &'static str {
    let said = EnrollmentStatus {
        revision,
        ..status(&id.to_string(), progress, class)
    };
    report(world, "sandbox-bureau", vec![said]).await[0]
}

const ACTIVE: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::Active, OutcomeClass::Unspecified);
const NO_HIT: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::Refused, OutcomeClass::NoHit);
const FROZEN: (EnrollmentProgress, OutcomeClass) =
    (EnrollmentProgress::ActionRequired, OutcomeClass::FileFrozen);

/// A higher revision takes back what was said; an older one that comes late, and one without a number, do not.
#[apply(both)]
async fn a_higher_revision_corrects(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    assert_eq!(say(&world, id, NO_HIT, 1).await, "APPLIED");
    assert_eq!(say(&world, id, ACTIVE, 0).await, "CONTRADICTS");
    assert_eq!(say(&world, id, ACTIVE, 1).await, "CONTRADICTS");
    assert_eq!(say(&world, id, ACTIVE, 2).await, "APPLIED");
    assert_eq!(say(&world, id, NO_HIT, 1).await, "UNCHANGED");
    assert_eq!(world.state(id).await, "ACTIVE");
    // The same again, newer: its dates may differ, and what is between the two is old now.
    assert_eq!(say(&world, id, ACTIVE, 9).await, "APPLIED");
    assert_eq!(say(&world, id, FROZEN, 5).await, "UNCHANGED");
    assert_eq!(say(&world, id, FROZEN, 10).await, "APPLIED");
    assert_eq!(
        world.outcomes(id).await,
        [
            "REFUSED NO_HIT",
            "ACTIVE",
            "ACTIVE",
            "ACTION_REQUIRED FILE_FROZEN"
        ]
    );
    assert_eq!(world.row(id).await.revision, 10);
}

/// A coverage is stopped, goes on, and its term ends; canceled is never taken back.
#[apply(both)]
async fn a_coverage_is_stopped_and_goes_on_and_ends(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let suspended = (EnrollmentProgress::Suspended, OutcomeClass::Unspecified);
    let ended = (EnrollmentProgress::Ended, OutcomeClass::Unspecified);
    let canceled = (EnrollmentProgress::Canceled, OutcomeClass::Unspecified);
    for said in [ACTIVE, suspended, ACTIVE, ended] {
        assert_eq!(say(&world, id, said, 0).await, "APPLIED");
    }
    assert_eq!(say(&world, id, ACTIVE, 0).await, "CONTRADICTS");
    assert_eq!(say(&world, id, ACTIVE, 1).await, "APPLIED");
    assert_eq!(say(&world, id, canceled, 2).await, "APPLIED");
    assert_eq!(say(&world, id, ACTIVE, 3).await, "CONTRADICTS");
    assert_eq!(
        world.outcomes(id).await,
        [
            "ACTIVE",
            "SUSPENDED",
            "ACTIVE",
            "ENDED",
            "ACTIVE",
            "CANCELED"
        ]
    );
}

/// A partner that is newer than this server says what this server does not know: an operator looks, and the native code tells.
#[apply(both)]
async fn what_this_server_does_not_know_is_kept_as_other(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let class = world.enroll(partner, "666010001").await;
    let progress = world.enroll(partner, "666010002").await;
    let newer_class = EnrollmentStatus {
        outcome_class: 99,
        native_code: "SC999".to_owned(),
        progress: EnrollmentProgress::Refused.into(),
        ..EnrollmentStatus::default()
    };
    let newer_class = EnrollmentStatus {
        handoff_id: class.to_string(),
        ..newer_class
    };
    let newer_progress = EnrollmentStatus {
        handoff_id: progress.to_string(),
        progress: 42,
        ..EnrollmentStatus::default()
    };
    let verdicts = report(&world, "sandbox-bureau", vec![newer_class, newer_progress]).await;
    assert_eq!(verdicts, ["APPLIED", "APPLIED"]);
    assert_eq!(world.outcomes(class).await, ["REFUSED OTHER"]);
    assert_eq!(world.outcomes(progress).await, ["ACTION_REQUIRED OTHER"]);
    let kept = [class, progress].map(async |id| world.row(id).await.native_code);
    let kept = futures::future::join_all(kept).await;
    assert_eq!(
        kept,
        [Some("SC999".to_owned()), Some("PROGRESS_42".to_owned())]
    );
}
