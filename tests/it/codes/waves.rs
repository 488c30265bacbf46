//! Waves: whom they select, when their letters were mailed, and more time.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use redress::db::entities::individual_entity;
use redress::kernel::caller::Role;
use redress::kernel::clock::Timestamp;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{House, by};
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is written as the wire's fields are"
)]
pub fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl House {
    /// A wave that selects everybody, to be narrowed.
    pub fn wave(&self, campaign: CampaignId, name: &str) -> wire::CreateWaveRequest {
        wire::CreateWaveRequest {
            request_id: self.request_id(),
            campaign_id: campaign.to_string(),
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

    pub async fn mailed(
        &self,
        campaign: CampaignId,
        wave: &str,
        on: Option<Date>,
    ) -> Result<wire::Wave, Status> {
        let message = wire::RecordWaveMailingRequest {
            request_id: self.request_id(),
            campaign_id: campaign.to_string(),
            wave_id: wave.into(),
            mailing_date: on,
        };
        let answer = self
            .handlers
            .record_wave_mailing(by(Role::Operator, message));
        Ok(answer.await?.into_inner().wave.unwrap())
    }

    pub async fn extended(
        &self,
        campaign: CampaignId,
        wave: &str,
        on: Option<Date>,
    ) -> Result<wire::ExtendEnrollByResponse, Status> {
        let message = wire::ExtendEnrollByRequest {
            request_id: self.request_id(),
            campaign_id: campaign.to_string(),
            wave_id: wave.into(),
            enroll_by_date: on,
            reason: "the mail was late".into(),
        };
        let answer = self.handlers.extend_enroll_by(by(Role::Operator, message));
        Ok(answer.await?.into_inner())
    }

    pub async fn waves(&self, campaign: CampaignId) -> Vec<wire::Wave> {
        let mut waves = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = wire::ListWavesRequest {
                campaign_id: campaign.to_string(),
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
        };
        let row = individual_entity::ActiveModel::from(row).reset_all();
        let insert = individual_entity::Entity::insert(row);
        insert.exec_without_returning(&self.owner).await.unwrap();
    }
}

fn ids(people: &[IndividualId]) -> BTreeSet<String> {
    people.iter().map(ToString::to_string).collect()
}

fn wrong(status: &Status) -> BTreeSet<String> {
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
        it.populations = vec!["MINOR".into()];
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
        it.covered_entities = vec!["lakeside".into()];
    })
    .await
    .unwrap();
    assert_eq!(by_entity.covered_entities, ["lakeside"]);
    assert_eq!(
        house
            .holders(&house.issue_wave(&by_entity).await.unwrap())
            .await,
        ids(&[indiana[0]])
    );
    let by_region = of("ohio", |it| it.regions = vec!["OH".into()])
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
        covered_entities: vec!["concentra".into(), "nobody".into(), "concentra".into()],
        regions: vec!["IN".into(), "in".into(), String::new()],
        populations: vec!["PETS".into()],
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
        "covered_entities[1]",
        "covered_entities[2]",
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
        campaign_id: house.request_id(),
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

#[apply(both)]
async fn the_proof_of_address_counts_from_the_end_of_the_day_of_mailing(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.person(campaign, "ADULT", "IN", true).await;
    house.person(campaign, "ADULT", "AK", true).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let proof = async |code: &str| {
        let begun = house.begin(code).await.unwrap();
        Timestamp::from_proto(&begun.proof_expire_time.unwrap()).unwrap()
    };
    let made = house.now();
    assert_eq!(proof(&codes[0].1).await, made + 21 * DAY);
    assert_eq!(proof(&codes[1].1).await, made + 30 * DAY);
    house.clock.advance(10 * DAY);
    house
        .mailed(campaign, &batch.wave_id, date(2015, 7, 20))
        .await
        .unwrap();
    let ended = at("2015-07-21T04:00:00Z");
    // Those who had begun have it too.
    assert_eq!(proof(&codes[0].1).await, ended + 21 * DAY);
    assert_eq!(proof(&codes[1].1).await, ended + 30 * DAY);
    let wave = house
        .mailed(campaign, &batch.wave_id, date(2015, 7, 22))
        .await
        .unwrap();
    assert_eq!(wave.mailing_date, date(2015, 7, 22));
    assert_eq!(proof(&codes[0].1).await, ended + 23 * DAY);
    assert_eq!(house.count("audit_event WHERE action = 'wave.mailed' AND detail LIKE '%\"from\":\"2015-07-20\"%'").await, 1);
}

#[apply(both)]
async fn letters_are_mailed_on_a_day_on_which_they_were_there(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 2).await;
    let wave = house.plan(house.wave(campaign, "first")).await.unwrap();
    let early = house
        .mailed(campaign, &wave.wave_id, date(2015, 7, 17))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&early), Some(Reason::WaveEmpty));
    let batch = house.issue_wave(&wave).await.unwrap();
    let forgotten = house
        .mailed(campaign, &wave.wave_id, date(2015, 7, 17))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&forgotten), Some(Reason::BatchNotExported));
    house.export(&batch).await.unwrap();
    for day in [date(2015, 7, 16), date(2015, 7, 18), None] {
        let told = house
            .mailed(campaign, &wave.wave_id, day)
            .await
            .unwrap_err();
        assert_eq!(wrong(&told), ["mailing_date".to_owned()].into());
    }
    // The day is that of the campaign: at this instant it is the 18th in Greenwich.
    house.clock.set(at("2015-07-18T03:59:59Z"));
    house
        .mailed(campaign, &wave.wave_id, date(2015, 7, 18))
        .await
        .unwrap_err();
    house
        .mailed(campaign, &wave.wave_id, date(2015, 7, 17))
        .await
        .unwrap();
    let nobody = house
        .mailed(campaign, &house.request_id(), date(2015, 7, 17))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&nobody), Some(Reason::WaveNotFound));
    house.people(campaign, 1).await;
    assert_eq!(
        reason_of(&house.issue_wave(&wave).await.unwrap_err()),
        Some(Reason::WaveMailed)
    );
}

#[apply(both)]
async fn more_time_reaches_whoever_has_begun_and_whoever_has_not(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let enrollment = house.begun(&codes[0].1).await;
    for day in [date(2016, 1, 30), date(2016, 1, 31)] {
        let told = house.extended(campaign, "", day).await.unwrap_err();
        assert_eq!(wrong(&told), ["enroll_by_date".to_owned()].into());
    }
    let answer = house
        .extended(campaign, "", date(2016, 2, 29))
        .await
        .unwrap();
    assert_eq!(answer.campaign.unwrap().enroll_by_date, date(2016, 2, 29));
    assert_eq!(
        house.waves(campaign).await[0].enroll_by_date,
        date(2016, 2, 29)
    );
    let extended = "audit_event WHERE action = 'campaign.extended' AND";
    let one = format!("{extended} detail LIKE '%late%2016-01-31%'");
    let other = format!("{extended} detail LIKE '%2016-01-31%late%'");
    assert_eq!(house.count(&one).await + house.count(&other).await, 1);
    // The first instant after the new last day: nobody begins, but seven days of grace are left.
    house.clock.set(at("2016-03-01T05:00:00Z"));
    assert_eq!(
        reason_of(&house.begin(&codes[1].1).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    house.clock.set(at("2016-03-01T04:59:59Z"));
    house.begun(&codes[1].1).await;
    house.clock.set(at("2016-03-08T04:59:59Z"));
    let person: IndividualId = codes[0].0.parse().unwrap();
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let message = house.completion(enrollment, verification);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(
        reason_of(&house.complete(message.clone()).await.unwrap_err()),
        Some(Reason::EnrollmentExpired)
    );
    house.clock.set(at("2016-03-08T04:59:59Z"));
    house.complete(message).await.unwrap();
}

#[apply(both)]
async fn more_time_for_one_wave_is_for_its_letters_alone(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 2).await;
    house.person(campaign, "ADULT", "OH", true).await;
    let wave = wire::CreateWaveRequest {
        regions: vec!["OH".into()],
        enroll_by_date: date(2015, 12, 31),
        ..house.wave(campaign, "ohio")
    };
    let wave = house.plan(wave).await.unwrap();
    let ohio = house
        .export(&house.issue_wave(&wave).await.unwrap())
        .await
        .unwrap();
    let rest = house.export(&house.issue(campaign).await).await.unwrap();
    house.begun(&ohio[0].1).await;
    house.begun(&rest[0].1).await;
    let ends = async |end: &str| {
        house
            .count(&format!(
                "enrollment WHERE complete_by_at = {}",
                at(end).as_micros()
            ))
            .await
    };
    assert_eq!(
        (
            ends("2016-01-08T05:00:00Z").await,
            ends("2016-02-08T05:00:00Z").await
        ),
        (1, 1)
    );
    let answer = house
        .extended(campaign, &wave.wave_id, date(2016, 3, 31))
        .await
        .unwrap();
    assert_eq!(answer.wave.unwrap().enroll_by_date, date(2016, 3, 31));
    assert_eq!(answer.campaign.unwrap().enroll_by_date, date(2016, 1, 31));
    assert_eq!(
        (
            ends("2016-04-08T04:00:00Z").await,
            ends("2016-02-08T05:00:00Z").await
        ),
        (1, 1)
    );
    // The campaign's own date does not take a wave's away.
    house
        .extended(campaign, "", date(2016, 2, 29))
        .await
        .unwrap();
    assert_eq!(
        (
            ends("2016-04-08T04:00:00Z").await,
            ends("2016-03-08T05:00:00Z").await
        ),
        (1, 1)
    );
    house.clock.set(at("2016-03-31T23:00:00Z"));
    house.begun(&ohio[0].1).await;
    assert_eq!(
        reason_of(&house.begin(&rest[1].1).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
}

#[apply(both)]
async fn the_same_wish_for_more_time_is_granted_once(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let message = wire::ExtendEnrollByRequest {
        request_id: house.request_id(),
        campaign_id: campaign.to_string(),
        wave_id: String::new(),
        enroll_by_date: date(2016, 2, 29),
        reason: "late".into(),
    };
    let answers = join_all((0..8).map(|_| {
        house
            .handlers
            .extend_enroll_by(by(Role::Operator, message.clone()))
    }))
    .await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(
        house
            .count("audit_event WHERE action = 'campaign.extended'")
            .await,
        1
    );
    let empty = wire::ExtendEnrollByRequest {
        request_id: house.request_id(),
        reason: " ".into(),
        ..message
    };
    let told = house
        .handlers
        .extend_enroll_by(by(Role::Operator, empty))
        .await
        .unwrap_err();
    assert_eq!(wrong(&told), ["reason".to_owned()].into());
}
