//! A partner reaches its own books, and nobody else's.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::EnrollmentProgress::Active;
use redress::wire::redress::handoff::v1::{
    GetManifestRequest, ListDifferencesRequest, ListHeader, ListReconciliationsRequest,
    ReconcileRequest, Reconciliation,
};
use tonic::Status;

use super::{BUREAU, entry, parts, words};
use crate::handoff::said::another_partner;
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

impl World {
    async fn send_as(
        &self,
        name: &str,
        parts: Vec<ReconcileRequest>,
    ) -> Result<Reconciliation, Status> {
        let mut client = self.reconciling(Role::Partner, name);
        let answer = client.reconcile(tokio_stream::iter(parts)).await?;
        Ok(answer.into_inner().reconciliation.unwrap())
    }
}

#[apply(both)]
async fn a_partner_reaches_its_own_books_and_no_others(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    another_partner(&world).await;
    let [id, lost] = world.accepted(partner).await;
    world.bureau_reports(&[(id, Active), (lost, Active)]).await;
    world.hand.advance(Duration::from_hours(1));
    let own = |world: &World| ListHeader {
        partner_id: String::new(),
        ..world.header(partner, world.context.clock.now())
    };
    // What belongs to another one is unknown to it, whatever it lists.
    let entries = [entry(id, Active)];
    let foreign = world
        .send_as("other", parts(own(&world), &entries, 1))
        .await;
    let foreign = foreign.unwrap();
    assert_eq!((foreign.agreed, foreign.findings.len()), (0, 1));
    let mine = world.send_as(BUREAU, parts(own(&world), &entries, 1)).await;
    let mine = mine.unwrap();
    assert_eq!((mine.agreed, mine.findings.len()), (1, 1));
    assert_ne!(mine.partner_id, foreign.partner_id);

    let wanted = ListDifferencesRequest {
        campaign: "B123456".to_owned(),
        ..ListDifferencesRequest::default()
    };
    for (name, expected) in [
        (BUREAU, (lost, ["MISSING_THERE", "OPEN", "REPLAY"])),
        ("other", (id, ["UNKNOWN_HERE", "OPEN", "CANCEL_THERE"])),
    ] {
        let mut client = world.reconciling(Role::Partner, name);
        let found = client.list_differences(wanted.clone()).await.unwrap();
        let found = found.into_inner().differences;
        assert_eq!(found.len(), 1);
        let (id, expected) = expected;
        assert_eq!(found[0].handoff_id, id.to_string());
        assert_eq!(words(&found[0]), expected);
    }
    let mut other = world.reconciling(Role::Partner, "other");
    let lists = ListReconciliationsRequest {
        campaign: "B123456".to_owned(),
        ..ListReconciliationsRequest::default()
    };
    let lists = other.list_reconciliations(lists).await.unwrap();
    assert_eq!(lists.into_inner().reconciliations, [foreign]);

    // Naming another one is no way around.
    let header = world.header(partner, world.context.clock.now());
    let refused = world.send_as("other", parts(header, &[], 0)).await;
    let manifest = GetManifestRequest {
        campaign: "B123456".to_owned(),
        partner_id: partner.to_string(),
        date: None,
    };
    let manifest = other.get_manifest(manifest).await.map(drop);
    let listed = ListDifferencesRequest {
        partner_id: partner.to_string(),
        ..wanted
    };
    let listed = other.list_differences(listed).await.map(drop);
    for refused in [refused.map(drop), manifest, listed] {
        let refused = refused.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::PartnerNotFound));
    }
}
