//! What a person mended or chose stands over the roster's record where a partner gets the person.

use redress::db::entities::supplement;
use redress::kernel::person::Person;
use redress::kernel::person_sealer::Place;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::pull::drain;
use super::world::World;
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_partner_gets_the_person_with_the_supplement_over_the_record(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let mended = world.enroll(partner, "666010001").await;
    let plain = world.enroll(partner, "666010002").await;
    let individual = world.row(mended).await.individual_id;
    let over = Person {
        given_name: "Augusta".into(),
        family_name: "King".into(),
        email: Some("own@example.org".into()),
        ..Person::default()
    };
    let salt = world.salt(individual).await;
    let row = supplement::Model {
        campaign_id: world.campaign,
        individual_id: individual,
        sealed: world
            .sealer
            .seal_at(Place::supplement_of(individual), &salt, &over),
        updated_at: world.context.clock.now(),
        updated_by: "portal/one".into(),
    };
    row.into_active_model().insert(&world.owner).await.unwrap();
    let offers = drain(&world, 0).await;
    let subject = |id: redress::kernel::ids::HandoffId| {
        let mut offers = offers.iter();
        let offer = offers.find(|offer| offer.handoff_id == id.to_string());
        offer.unwrap().subject.clone().unwrap()
    };
    let name = subject(mended).name.unwrap();
    assert_eq!(
        (name.given_name.as_str(), name.family_name.as_str()),
        ("Augusta", "King")
    );
    assert_eq!(subject(mended).email, "own@example.org");
    assert_eq!(
        subject(mended).ssn,
        "666010001",
        "what was not mended is the roster's"
    );
    assert_eq!(subject(plain).name.unwrap().family_name, "Lovelace");
}
