//! What a process does at its start with a key that is not the one of the database.

use redress::db::entities::key_fingerprint;
use redress::kernel::keyring::{Keyring, Purpose};
use redress::wire::redress::handoff::v1::PartnerMode;
use sea_orm::EntityTrait;

use super::{campaign_of, fingerprint};
use crate::harness::processes::{House, Service};
use crate::harness::roster::Roster;
use crate::harness::{Database, apply, both, walk};
use crate::settings::{refusal, says};

#[apply(both)]
async fn a_process_with_another_key_than_its_peer_does_not_start_and_names_it(database: Database) {
    let house = House::new(database);
    house.start(Service::Identity).await;
    let (right, wrong) = (
        house.keyring(Service::Identity),
        house.keyring(Service::Handoff),
    );
    let print = |path| fingerprint(path, Purpose::Person, 1);
    Keyring::generate(&[Purpose::Person])
        .save(&wrong)
        .expect("another keyring");
    let told = refusal(&house, house.command(Service::Handoff)).await;
    says(
        &told,
        &["person key", "version 1", &print(&right), &print(&wrong)],
    );
    says(&told, &["identity-verification", "redress keys copy"]);
    // As the message says.
    house.move_away();
    house.share_person_key().fine();
    house.start(Service::Handoff).await;
}

#[apply(both)]
async fn two_keyrings_that_were_rotated_apart_are_told_at_the_start(database: Database) {
    let house = House::new(database);
    for service in [Service::Identity, Service::Handoff] {
        let rotated = house.keys("rotate", service, &["--purpose", "person"]);
        rotated.fine();
    }
    house.start(Service::Identity).await;
    let prints = [Service::Identity, Service::Handoff]
        .map(|service| fingerprint(&house.keyring(service), Purpose::Person, 2));
    let prints = [prints[0].as_str(), prints[1].as_str()];
    let told = refusal(&house, house.command(Service::Handoff)).await;
    says(&told, &["person key of version 2"]);
    says(&told, &prints);
    // The keys are not mixed.
    let told = house.share_person_key().refused(2);
    says(
        &told,
        &["person key of version 2", "move the wrong file away"],
    );
    says(&told, &prints);
    house.move_away();
    house.share_person_key().fine();
    house.start(Service::Handoff).await;
}

/// A database of before fingerprints were noted, and a process with the wrong key that starts first.
#[apply(both)]
async fn a_key_that_opens_nothing_of_what_is_there_is_not_noted(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    campaign_of(&house, &partner, (&roster, "B100200")).await;
    house.stop(Service::Handoff).await;
    let owner = house.database().owner().await;
    let forget = key_fingerprint::Entity::delete_many().exec(&owner).await;
    forget.expect("what older programs left");
    house.move_away();
    let wrong = house.keyring(Service::Handoff);
    Keyring::generate(&[Purpose::Person])
        .save(&wrong)
        .expect("another keyring");
    let told = refusal(&house, house.command(Service::Handoff)).await;
    says(
        &told,
        &[
            "person key of version 1",
            "opens no campaign",
            &fingerprint(&wrong, Purpose::Person, 1),
        ],
    );
    let noted = key_fingerprint::Entity::find().all(&owner).await.unwrap();
    assert_eq!(noted, []);
    house.move_away();
    house.share_person_key().fine();
    house.start(Service::Handoff).await;
}
