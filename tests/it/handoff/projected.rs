//! What a partner's fields cannot take is not sent.

use redress::db::entities::partner as partner_entity;
use redress::kernel::ids::HandoffId;
use redress::kernel::person::Person;
use redress::wire::redress::handoff::v1::{
    FieldProjection, GetCampaignHandoffRequest, Partner, PartnerMode,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

use super::pull::drain;
use super::running::Running;
use super::seed::push;
use super::world::{LEASE, World, ada};
use crate::harness::{Database, apply, both};

fn plain_names() -> FieldProjection {
    FieldProjection {
        ascii_names: true,
        ..FieldProjection::default()
    }
}

fn named(given: &str, family: &str) -> Person {
    Person {
        given_name: given.into(),
        family_name: family.into(),
        ..ada("666010001")
    }
}

impl World {
    /// The fields that were changed when a handoff was offered last, as an operator sees them.
    async fn changed(&self, id: HandoffId) -> Vec<String> {
        let request = GetCampaignHandoffRequest {
            campaign: "B123456".to_owned(),
            handoff_id: id.to_string(),
        };
        let answer = self.admin().get_campaign_handoff(request).await;
        let changes = answer.unwrap().into_inner().projection_changes;
        changes.into_iter().map(|it| it.field).collect()
    }
}

/// A name that has no plain letters is not folded to nothing and sent: somebody gives its spelling first.
#[apply(both)]
async fn a_name_without_plain_letters_is_asked_for_and_not_sent(database: Database) {
    let world = World::new(database).await;
    let endpoint = format!("https://localhost:{}", world.bureau_at.port());
    let partner = Partner {
        projection: Some(plain_names()),
        ..push("sandbox-bureau", &endpoint)
    };
    let partner = world.partner(partner).await;
    let family = world.enroll_person(partner, &named("Ivan", "Петров")).await;
    let given = world.enroll_person(partner, &named("小明", "Wang")).await;
    let plain = named("Zoë", "Łukasz");
    let middle = Person {
        middle_name: Some("Ильич".into()),
        ..plain.clone()
    };
    let sent = [
        world.enroll_person(partner, &plain).await,
        world.enroll_person(partner, &middle).await,
    ];
    let running = Running::of(world.worker());
    let minute = std::time::Duration::from_mins(1);
    world
        .pass_until(minute, async || world.all_are(&sent, "ACCEPTED").await)
        .await;
    running.stop().await;
    let folded = ["name.given_name", "name.family_name"];
    assert_eq!(world.changed(sent[0]).await, folded);
    let middle = ["name.given_name", "name.family_name", "name.middle_name"];
    assert_eq!(world.changed(sent[1]).await, middle);
    assert!(world.changed(family).await.is_empty(), "it was not sent");
    for (id, field) in [(family, "name.family_name"), (given, "name.given_name")] {
        let expected = ["ACTION_REQUIRED INVALID_INPUT"];
        assert_eq!(world.outcomes(id).await, expected);
        let row = world.row(id).await;
        let code = format!("CANNOT_PROJECT {field}");
        assert_eq!(row.native_code, Some(code));
        assert_eq!((row.sent_at, row.acknowledged_at), (None, None));
        let audited = world.audited(id).await;
        assert_eq!(audited, ["handoff.action_required"]);
    }
    assert_eq!(world.booked().len(), 2);
}

/// By pull, too.
#[apply(both)]
async fn a_name_without_plain_letters_is_not_offered(database: Database) {
    let world = World::new(database).await;
    let partner = Partner {
        name: "sandbox-bureau".to_owned(),
        mode: PartnerMode::Pull.into(),
        projection: Some(plain_names()),
        ..Partner::default()
    };
    let partner = world.partner(partner).await;
    let id = world.enroll_person(partner, &named("Ivan", "Петров")).await;
    assert!(drain(&world, 0).await.is_empty());
    let expected = ["ACTION_REQUIRED INVALID_INPUT"];
    assert_eq!(world.outcomes(id).await, expected);
}

/// What was changed is told of the newest offer: once the person fits, nothing is.
#[apply(both)]
async fn what_was_changed_is_told_of_the_newest_offer(database: Database) {
    let world = World::new(database).await;
    let partner = Partner {
        name: "sandbox-bureau".to_owned(),
        mode: PartnerMode::Pull.into(),
        projection: Some(FieldProjection {
            family_name_max: 4,
            ..FieldProjection::default()
        }),
        ..Partner::default()
    };
    let partner = world.partner(partner).await;
    let id = world
        .enroll_person(partner, &named("Ada", "Lovelace"))
        .await;
    assert!(world.changed(id).await.is_empty(), "it was not offered yet");
    assert_eq!(drain(&world, 0).await.len(), 1);
    assert_eq!(world.changed(id).await, ["name.family_name"]);
    world.hand.advance(LEASE);
    let row = partner_entity::Entity::find_by_id(partner);
    let row = row.one(&world.owner).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.projection = Set("{}".to_owned());
    row.update(&world.owner).await.unwrap();
    assert_eq!(drain(&world, 0).await.len(), 1);
    assert!(world.changed(id).await.is_empty());
}
