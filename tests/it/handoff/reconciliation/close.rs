//! Closing a difference, and what opens it again.

use std::time::Duration;

use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::EnrollmentProgress::{Accepted, ActionRequired, Active};
use redress::wire::redress::handoff::v1::{CloseDifferenceRequest, CloseReason, Difference};
use tonic::Status;
use tonic_types::StatusExt;

use super::{entry, words};
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

const HOUR: Duration = Duration::from_hours(1);

impl World {
    fn closing(&self, difference: &Difference, note: &str) -> CloseDifferenceRequest {
        CloseDifferenceRequest {
            request_id: self.request_id(),
            campaign: "B123456".to_owned(),
            difference_id: difference.difference_id.clone(),
            reason: CloseReason::PartnerCorrects.into(),
            note: note.to_owned(),
        }
    }

    async fn close(&self, request: CloseDifferenceRequest) -> Result<Difference, Status> {
        let answer = self.as_operator().close_difference(request).await?;
        Ok(answer.into_inner().difference.unwrap())
    }
}

#[apply(both)]
async fn what_is_closed_stays_so_until_the_fact_changes(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [id] = world.accepted(partner).await;
    world.bureau_reports(&[(id, Active)]).await;
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(id, ActionRequired)]).await;
    let open = world.difference(id).await;
    assert_eq!(words(&open), ["STATES_DIFFER", "OPEN", "ASK_PERSON"]);
    let request = world.closing(&open, "their ticket 4711");
    let closed = world.close(request.clone()).await.unwrap();
    assert_eq!(words(&closed)[1], "CLOSED");
    assert_eq!(
        (closed.close_reason(), closed.close_note.as_str()),
        (CloseReason::PartnerCorrects, "their ticket 4711")
    );
    assert_eq!(closed.closed_by, "operator/one");
    assert_eq!(world.close(request).await.unwrap(), closed, "repeated");
    let again = world.close(world.closing(&open, "")).await.unwrap_err();
    assert_eq!(reason_of(&again), Some(Reason::ReconciliationState));

    // The same fact in the next list.
    world.hand.advance(HOUR);
    let same = world.reconcile(partner, &[entry(id, ActionRequired)]).await;
    assert_eq!((same.closed, same.findings.len()), (1, 0));
    let still = world.difference(id).await;
    assert_eq!(words(&still)[1], "CLOSED");
    assert_eq!(still.close_note, "their ticket 4711");
    assert_eq!(still.difference_id, open.difference_id);

    // Another fact.
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(id, Accepted)]).await;
    let reopened = world.difference(id).await;
    assert_eq!(words(&reopened), ["STATES_DIFFER", "OPEN", "ASK_PARTNER"]);
    assert_eq!(reopened.difference_id, open.difference_id);
    assert_eq!(
        (reopened.close_time, reopened.close_note.as_str()),
        (None, "")
    );

    // None any more, and then the first one again.
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(id, Active)]).await;
    assert_eq!(words(&world.difference(id).await)[1], "RESOLVED");
    let over = world.difference(id).await;
    let over = world.close(world.closing(&over, "")).await.unwrap_err();
    assert_eq!(reason_of(&over), Some(Reason::ReconciliationState));
    world.hand.advance(HOUR);
    world.reconcile(partner, &[entry(id, ActionRequired)]).await;
    assert_eq!(words(&world.difference(id).await)[1], "OPEN");
}

#[apply(both)]
async fn a_note_says_something_and_nothing_personal(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [id] = world.accepted(partner).await;
    world.hand.advance(HOUR);
    world.reconcile(partner, &[]).await;
    let open = world.difference(id).await;
    for note in ["Ada, 666-01-0001 and 666010001", "ada@example.org", "a\nb"] {
        let refused = world.close(world.closing(&open, note)).await.unwrap_err();
        let fields = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, "note", "{note}");
    }
    let unsaid = CloseDifferenceRequest {
        reason: CloseReason::Other.into(),
        ..world.closing(&open, "")
    };
    assert!(world.close(unsaid).await.is_err());
    let no_reason = CloseDifferenceRequest {
        reason: 0,
        ..world.closing(&open, "x")
    };
    assert!(world.close(no_reason).await.is_err());
    let nobody = CloseDifferenceRequest {
        difference_id: world.ids.uuid().to_string(),
        ..world.closing(&open, "")
    };
    let nobody = world.close(nobody).await.unwrap_err();
    assert_eq!(reason_of(&nobody), Some(Reason::DifferenceNotFound));
    assert_eq!(words(&world.difference(id).await)[1], "OPEN");
}
