//! Waves: whom they select, and what is wrong with one.

use std::collections::BTreeSet;

use futures::future::join_all;
use redress::db::entities::individual_entity;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::r#type::v1::Population;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{House, by};
use crate::harness::{Database, apply, both};

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is written as the wire's fields are"
)]
pub fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

impl House {
    /// A wave that selects everybody, to be narrowed.
    pub fn wave(&self, campaign: CampaignId, name: &str) -> wire::CreateWaveRequest {
        wire::CreateWaveRequest {
            request_id: self.request_id(),
            campaign: campaign.to_string(),
            name: name.into(),
            ..Default::default()
        }
    }

    pub async fn plan(&self, message: wire::CreateWaveRequest) -> Result<wire::Wave, Status> {
        let answer = self.handlers.create_wave(by(Role::Operator, message));
        Ok(answer.await?.into_inner().wave.unwrap())
    }

    pub async fn issue_wave(&self, wave: &wire::Wave) -> Result<wire::CodeBatch, Status> {
        let campaign = wave.campaign_id.parse().unwrap();
        let (id, wave) = (self.request_id(), wave.wave_id.clone());
        let last = self.issue_last(&id, campaign, wave).await?;
        Ok(last.batch.unwrap())
    }

    pub async fn waves(&self, campaign: CampaignId) -> Vec<wire::Wave> {
        let mut waves = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = wire::ListWavesRequest {
                campaign: campaign.to_string(),
                page_size: 2,
                page_token,
            };
            let answer = self.handlers.list_waves(by(Role::Operator, message));
            let page = answer.await.unwrap().into_inner();
            waves.extend(page.waves);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return waves;
            }
        }
    }

    /// Whose codes a batch holds.
    async fn holders(&self, batch: &wire::CodeBatch) -> BTreeSet<String> {
        let codes = self.export(batch).await.unwrap();
        codes.into_iter().map(|(person, _)| person).collect()
    }

    async fn belongs(&self, campaign: CampaignId, entity: CoveredEntityId, person: IndividualId) {
        let row = individual_entity::Model {
            campaign_id: campaign,
            covered_entity_id: entity,
            ref_mac: self.ids.uuid(),
            individual_id: person,
            row_mac: self.ids.uuid(),
            import_id: self.ids.next(),
            withdrawn: false,
        };
        let row = individual_entity::ActiveModel::from(row).reset_all();
        let insert = individual_entity::Entity::insert(row);
        insert.exec_without_returning(&self.owner).await.unwrap();
    }
}

fn ids(people: &[IndividualId]) -> BTreeSet<String> {
    people.iter().map(ToString::to_string).collect()
}

pub fn wrong(status: &Status) -> BTreeSet<String> {
    assert_eq!(reason_of(status), Some(Reason::InvalidRequest));
    let fields = status.get_details_bad_request().unwrap().field_violations;
    fields.into_iter().map(|it| it.field).collect()
}

#[apply(both)]
async fn a_wave_selects_exactly_whom_it_names(database: Database) {
    let house = House::open(&database).await;
    let mut wanted = house.wanted();
    wanted.covered_entities.push(wire::CoveredEntity {
        key: "lakeside".into(),
        name: "Lakeside".into(),
        ..Default::default()
    });
    let campaign: CampaignId = house
        .create(wanted)
        .await
        .unwrap()
        .campaign_id
        .parse()
        .unwrap();
    let lakeside = house
        .row("SELECT id FROM covered_entity WHERE entity_key = 'lakeside'")
        .await
        .try_get("", "id")
        .unwrap();
    let concentra = house
        .row("SELECT id FROM covered_entity WHERE entity_key = 'concentra'")
        .await
        .try_get("", "id")
        .unwrap();
    let indiana = house.people(campaign, 3).await;
    let ohio = house.person(campaign, "ADULT", "OH", true).await;
    let minor = house.person(campaign, "MINOR", "OH", true).await;
    let listed = house.people(campaign, 4).await;
    house.person(campaign, "MINOR", "OH", false).await;
    for person in [indiana[0], minor] {
        house.belongs(campaign, lakeside, person).await;
        house.belongs(campaign, concentra, person).await;
    }
    let of = |name: &str, change: fn(&mut wire::CreateWaveRequest)| {
        let mut message = house.wave(campaign, name);
        change(&mut message);
        house.plan(message)
    };
    let minors = of("minors of Ohio", |it| {
        it.populations = vec![Population::Minor.into()];
        it.regions = vec!["oh".into()];
    })
    .await
    .unwrap();
    assert_eq!(minors.regions, ["OH"]);
    assert_eq!(
        house
            .holders(&house.issue_wave(&minors).await.unwrap())
            .await,
        ids(&[minor])
    );
    let by_entity = of("lakeside", |it| {
        it.covered_entity_keys = vec!["lakeside".into()];
    })
    .await
    .unwrap();
    assert_eq!(by_entity.covered_entity_keys, ["lakeside"]);
    assert_eq!(
        house
            .holders(&house.issue_wave(&by_entity).await.unwrap())
            .await,
        ids(&[indiana[0]])
    );
    let by_region = of("ohio", |it| it.regions = vec!["Ohio".into()])
        .await
        .unwrap();
    assert_eq!(
        house
            .holders(&house.issue_wave(&by_region).await.unwrap())
            .await,
        ids(&[ohio])
    );
    let list = wire::CreateWaveRequest {
        individual_ids: listed[1..3].iter().rev().map(ToString::to_string).collect(),
        ..house.wave(campaign, "list")
    };
    let by_list = house.plan(list).await.unwrap();
    assert_eq!(by_list.members, 2);
    assert_eq!(
        house
            .holders(&house.issue_wave(&by_list).await.unwrap())
            .await,
        ids(&listed[1..3])
    );
    let rest = house.issue(campaign).await;
    assert_eq!(
        house.holders(&rest).await,
        ids(&[indiana[1], indiana[2], listed[0], listed[3]])
    );
    let names: Vec<String> = house
        .waves(campaign)
        .await
        .into_iter()
        .map(|wave| wave.name)
        .collect();
    assert_eq!(
        names,
        ["batch 5", "list", "ohio", "lakeside", "minors of Ohio"]
    );
}

#[apply(both)]
async fn newcomers_of_a_later_roster_get_codes_and_only_they(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let old = house.people(campaign, 6).await;
    assert_eq!(house.issue(campaign).await.codes, 6);
    house.run("UPDATE code SET state = 'REVOKED', settled_at = 1 WHERE generation > 0 AND individual_id = \
        (SELECT individual_id FROM code WHERE generation > 0 ORDER BY individual_id LIMIT 1)").await;
    let new = house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    assert_eq!(house.holders(&batch).await, ids(&new));
    let everybody = house.plan(house.wave(campaign, "once more")).await.unwrap();
    // An operator who plans a wave may mean whoever's code was revoked.
    assert_eq!(
        house
            .holders(&house.issue_wave(&everybody).await.unwrap())
            .await,
        ids(&old[..1])
    );
}

#[apply(both)]
async fn everything_wrong_with_a_wave_is_told_at_once(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 2).await;
    let message = wire::CreateWaveRequest {
        request_id: "x".into(),
        covered_entity_keys: vec!["concentra".into(), "nobody".into(), "concentra".into()],
        regions: vec!["IN".into(), "in".into(), String::new()],
        populations: vec![99],
        individual_ids: vec![
            people[0].to_string(),
            "x".into(),
            people[0].to_string(),
            house.request_id(),
            people[1].to_string(),
        ],
        enroll_by_date: date(2015, 7, 16),
        ..house.wave(campaign, "Batch 7")
    };
    let told = wrong(&house.plan(message).await.unwrap_err());
    let expected = [
        "request_id",
        "name",
        "covered_entity_keys[1]",
        "covered_entity_keys[2]",
        "regions[1]",
        "regions[2]",
        "populations[0]",
        "individual_ids[1]",
        "individual_ids[2]",
        "individual_ids[3]",
        "enroll_by_date",
    ];
    assert_eq!(told, expected.map(String::from).into());
    assert_eq!(house.count("wave").await, 0);
    let nowhere = wire::CreateWaveRequest {
        campaign: house.request_id(),
        ..house.wave(campaign, "x")
    };
    assert_eq!(
        reason_of(&house.plan(nowhere).await.unwrap_err()),
        Some(Reason::CampaignNotFound)
    );
}

#[apply(both)]
async fn a_wave_is_made_once_and_its_name_is_its_own(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let message = house.wave(campaign, "first");
    let answers = join_all((0..8).map(|_| house.plan(message.clone()))).await;
    let first = answers[0].as_ref().unwrap();
    assert_eq!(first.enroll_by_date, date(2016, 1, 31));
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == first)
    );
    let refused = house.plan(house.wave(campaign, "first")).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::WaveExists));
    let other = wire::CreateWaveRequest {
        name: "second".into(),
        ..message
    };
    assert_eq!(
        reason_of(&house.plan(other).await.unwrap_err()),
        Some(Reason::RequestIdReused)
    );
    assert_eq!(house.count("wave").await, 1);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'wave.created'")
            .await,
        1
    );
}
