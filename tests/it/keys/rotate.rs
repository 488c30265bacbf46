//! A new key while calls run.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use redress::db::entities::{campaign, campaign_key, handoff_attempt};
use redress::kernel::keyring::{KeyProvider as _, Purpose};
use redress::wire::redress::handoff::v1::{Partner, PartnerMode};
use sea_orm::EntityTrait;

use super::{OURS, campaign_of, ring, wrapped_anew};
use crate::faults::{assert_stand_once_in_the_book, enroll_all, patient};
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::processes::{House, Service};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED};
use crate::harness::{Database, apply, both, poll};

#[apply(both)]
async fn keys_are_rotated_while_people_enroll(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(60);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let (walk, batch) = campaign_of(&house, &partner, (&roster, "B100200")).await;
    let done = AtomicUsize::new(0);
    let enrolling = enroll_all(&house, &roster, &walk, &done);
    let (enrolled, ()) = tokio::join!(enrolling, rotate(&house, &done));
    let mut coverages = BTreeSet::new();
    for (number, enrollment) in enrolled {
        let caller = patient(&house, &walk, number);
        caller.settled(&enrollment.enrollment_id).await;
        coverages.insert(enrollment.coverage().coverage_id.clone());
    }
    assert_eq!(coverages.len(), roster.adults.len());
    assert_stand_once_in_the_book(&house, &coverages).await;
    let owner = house.database().owner().await;
    wrapped_anew(&owner).await;
    // The batch still gives the codes that were printed.
    let codes = walk::plain_codes(&house, &walk.campaign, &batch).await;
    for letter in &walk.letters {
        assert_eq!(codes[&letter.individual_id], letter.code);
    }
    assert_new_campaigns_use_the_new_keys(&house, &partner, &roster).await;
}

/// The recipe of `redress keys rotate --help`, each step when some people are through. Afterwards the first instances use the new
/// keys, and second ones, which the portal calls, have them on standby.
async fn rotate(house: &House, done: &AtomicUsize) {
    for (step, verb) in ["rotate", "promote"].into_iter().enumerate() {
        poll::until("people to enroll", SETTLED, async || {
            (done.load(Ordering::Relaxed) > step * 4).then_some(())
        })
        .await;
        for service in [Service::Identity, Service::Codes] {
            house.keys(verb, service, &[]).fine();
        }
        house.share_person_key().fine();
        for service in OURS {
            house.crash(service).await;
            if verb == "rotate" {
                let second = house.start_second(service).await;
                house.share(service, second);
            }
        }
    }
}

/// Creates a campaign at the first instances and enrolls somebody at the second ones.
async fn assert_new_campaigns_use_the_new_keys(house: &House, partner: &Partner, roster: &Roster) {
    let (walk, _) = campaign_of(house, partner, (roster, "B100299")).await;
    let owner = house.database().owner().await;
    let campaigns = campaign::Entity::find().all(&owner).await.unwrap();
    let campaigns = campaigns.into_iter();
    let mut versions: Vec<_> = campaigns
        .map(|row| (row.engagement_number, row.code_key_version))
        .collect();
    versions.sort();
    assert_eq!(versions, [("B100200".into(), 1), ("B100299".into(), 2)]);
    wrapped_anew(&owner).await;
    let keys = ring(&house.keyring(Service::Handoff));
    assert_eq!(keys.current(Purpose::Person).expect("a key").0, 2);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    caller.settled(&enrolled.enrollment_id).await;
}

/// The operator forgets the second keyring: nobody is given up on, and who waits goes on once the key is there.
#[apply(both)]
async fn handoffs_wait_for_a_key_that_was_not_copied(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let (walk, _) = campaign_of(&house, &partner, (&roster, "B100200")).await;
    for verb in ["rotate", "promote"] {
        let only_here = house.keys(verb, Service::Identity, &["--purpose", "person"]);
        only_here.fine();
    }
    house.crash(Service::Identity).await;
    let owner = house.database().owner().await;
    poll::until("the pass that wraps anew", SETTLED, async || {
        let keys = campaign_key::Entity::find().all(&owner).await.ok()?;
        keys.iter().all(|row| row.key_version == 2).then_some(())
    })
    .await;
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let caller = patient(&house, &walk, 0);
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    poll::until("the alarm", SETTLED, async || {
        let log = house.log(Service::Handoff);
        log.contains("a queue stands still").then_some(())
    })
    .await;
    // Without the key nothing is leased, tried or counted.
    let tried = handoff_attempt::Entity::find().all(&owner).await.unwrap();
    assert!(tried.is_empty(), "{} attempts", tried.len());
    house.share_person_key().fine();
    house.crash(Service::Handoff).await;
    caller.settled(&enrolled.enrollment_id).await;
    assert_eq!(walk::funnel(&house, &walk.campaign).await.dead, 0);
}
