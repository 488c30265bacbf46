//! What differs, and what is said to do about it.

use std::time::Duration;

use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::EnrollmentProgress::{
    Accepted, ActionRequired, Active, Canceled, Ended, Refused, Suspended,
};
use redress::wire::redress::handoff::v1::{DifferenceState, GetManifestRequest};

use super::{by_reference, entry, parts};
use crate::handoff::pull::drain;
use crate::handoff::world::World;
use crate::harness::{Database, apply, both};

const HOUR: Duration = Duration::from_hours(1);

/// Three ways: we think that they have it, they have it and we do not think so, both have it and do not agree.
#[apply(both)]
async fn each_difference_is_found_with_what_to_do_about_it(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let ids = world.accepted::<12>(partner).await;
    let [
        agree,
        lost,
        waits,
        later,
        person,
        behind,
        over,
        refused,
        twice,
        named,
        ended,
        rest,
    ] = ids;
    world
        .bureau_reports(&[
            (agree, Active),
            (waits, ActionRequired),
            (person, Active),
            (behind, Active),
            (over, Canceled),
            (refused, Refused),
            (twice, Active),
            (named, Active),
            (ended, Ended),
            (rest, Suspended),
        ])
        .await;
    let never_sent = world.enroll(partner, "666010001").await;
    world.hand.advance(HOUR);
    let unknown: HandoffId = world.ids.next();
    let unknown_and_over: HandoffId = world.ids.next();
    let mut other_reference = entry(twice, Active);
    other_reference.partner_reference = "ANOTHER".to_owned();
    let reference = world.row(named).await.partner_reference.unwrap();
    let entries = [
        entry(agree, Active),
        entry(later, Active),
        entry(person, ActionRequired),
        entry(behind, Accepted),
        entry(over, Active),
        entry(refused, Canceled),
        other_reference,
        by_reference(&reference, Active),
        by_reference("NOBODY", Active),
        entry(ended, Active),
        entry(never_sent, Active),
        entry(unknown, Accepted),
        entry(unknown_and_over, Canceled),
    ];
    let compared = world.reconcile(partner, &entries).await;
    let found = world.found().await;
    let expected: [(String, [&str; 2]); 11] = [
        (lost.to_string(), ["MISSING_THERE", "REPLAY"]),
        (waits.to_string(), ["MISSING_THERE", "ASK_PERSON"]),
        (rest.to_string(), ["MISSING_THERE", "ASK_PARTNER"]),
        (later.to_string(), ["STATES_DIFFER", "CORRECT_HERE"]),
        (person.to_string(), ["STATES_DIFFER", "ASK_PERSON"]),
        (behind.to_string(), ["STATES_DIFFER", "ASK_PARTNER"]),
        (over.to_string(), ["UNEXPECTED_THERE", "CANCEL_THERE"]),
        (ended.to_string(), ["UNEXPECTED_THERE", "CANCEL_THERE"]),
        (twice.to_string(), ["REFERENCES_DIFFER", "ASK_PARTNER"]),
        (never_sent.to_string(), ["UNEXPECTED_THERE", "CORRECT_HERE"]),
        (unknown.to_string(), ["UNKNOWN_HERE", "CANCEL_THERE"]),
    ];
    for (name, [kind, action]) in &expected {
        assert_eq!(found.get(name), Some(&[kind, "OPEN", action]), "{name}");
    }
    let nobody = ["UNKNOWN_HERE", "OPEN", "ASK_PARTNER"];
    assert_eq!(found.get("NOBODY"), Some(&nobody));
    assert_eq!(found.len(), expected.len() + 1, "{found:?}");
    // Agreed: active, refused and canceled, by reference, and what is over there.
    assert_eq!((compared.entries, compared.agreed), (13, 4));
    assert_eq!((compared.pending, compared.closed), (0, 0));
    let counted: i64 = compared.findings.iter().map(|it| it.differences).sum();
    assert_eq!(counted, 12);
    // Age is that of our side: the acknowledgement was an hour ago.
    let acknowledged = world.row(lost).await.acknowledged_at.unwrap().to_proto();
    assert_eq!(world.difference(lost).await.since_time, Some(acknowledged));
    // Nothing is repaired without being asked.
    assert_eq!(world.state(lost).await, "ACCEPTED");
    assert_eq!(world.state(later).await, "ACCEPTED");
    assert_eq!(world.state(never_sent).await, "QUEUED");
}

/// What is under way, or younger than the list, is no finding; once it should be over, it is.
#[apply(both)]
async fn what_is_under_way_is_pending_and_no_finding(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let [withdrawn, active] = world.accepted(partner).await;
    world
        .bureau_reports(&[(withdrawn, Active), (active, Active)])
        .await;
    let books = world.context.clock.now();
    world.hand.advance(HOUR);
    let [young] = world.accepted(partner).await;
    let leased = world.enroll(partner, "666010001").await;
    assert_eq!(drain(&world, 0).await.len(), 1);
    world.cancel(withdrawn).await;
    let entries = [entry(withdrawn, Active), entry(leased, Active)];
    let header = world.header(partner, books);
    let compared = world.send(parts(header, &entries, 2)).await.unwrap();
    let found = world.found().await;
    let pending = |kind| [kind, "PENDING", "WAIT"];
    assert_eq!(
        found.get(&young.to_string()),
        Some(&pending("MISSING_THERE"))
    );
    assert_eq!(
        found.get(&leased.to_string()),
        Some(&pending("STATES_DIFFER"))
    );
    assert_eq!(
        found.get(&withdrawn.to_string()),
        Some(&pending("UNEXPECTED_THERE"))
    );
    let missing = ["MISSING_THERE", "OPEN", "REPLAY"];
    assert_eq!(found.get(&active.to_string()), Some(&missing));
    assert_eq!((found.len(), compared.pending), (4, 3));
    // A list of now no longer waits for what was young, and what is there again is resolved.
    world.hand.advance(HOUR);
    let entries = [entry(withdrawn, Canceled), entry(active, Active)];
    world.reconcile(partner, &entries).await;
    let found = world.found().await;
    assert_eq!(found.get(&young.to_string()), Some(&missing));
    for over in [active, leased, withdrawn] {
        assert_eq!(found[&over.to_string()][1], "RESOLVED", "{over}");
    }
    let open = world.differences(DifferenceState::Open).await;
    assert_eq!(open.len(), 1);
}

/// Seven lines that a partner computes by sort and sha256sum.
#[apply(both)]
async fn a_manifest_is_what_sort_and_sha256sum_give(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let ids = world.accepted::<5>(partner).await;
    world
        .bureau_reports(&[(ids[0], Active), (ids[1], Active), (ids[2], Canceled)])
        .await;
    let unsent = world.enroll(partner, "666010001").await;
    let request = GetManifestRequest {
        campaign: "B123456".to_owned(),
        ..GetManifestRequest::default()
    };
    let mut client = world.reconciling(redress::kernel::caller::Role::Partner, super::BUREAU);
    let answer = client.get_manifest(request.clone()).await.unwrap();
    let manifest = answer.into_inner().manifest.unwrap();
    let line = |of: &[HandoffId]| {
        let mut ids: Vec<String> = of.iter().map(|id| format!("{id}\n")).collect();
        ids.sort();
        let text = ids.concat();
        let count = i64::try_from(of.len()).unwrap();
        (count, redress::kernel::crypto::sha256_hex(text.as_bytes()))
    };
    let lines = manifest.states.iter().map(|it| {
        let state = it
            .state()
            .as_str_name()
            .trim_start_matches("HANDOFF_STATE_");
        (state, (it.handoffs, it.sha256.clone()))
    });
    let expected = [
        ("ACCEPTED", line(&ids[3..])),
        ("ACTIVE", line(&ids[..2])),
        ("ACTION_REQUIRED", line(&[])),
        ("REFUSED", line(&[])),
        ("SUSPENDED", line(&[])),
        ("ENDED", line(&[])),
        ("CANCELED", line(&ids[2..3])),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    assert_eq!(world.state(unsent).await, "QUEUED");
    let unnamed = world.as_operator().get_manifest(request).await;
    assert_eq!(unnamed.unwrap_err().code(), tonic::Code::InvalidArgument);
}
