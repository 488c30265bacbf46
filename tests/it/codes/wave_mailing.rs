//! When the letters of a wave were mailed, and more time for whoever holds one.

use std::time::Duration;

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::clock::Timestamp;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tonic::Status;

use super::house::{House, by};
use super::waves::{date, wrong};
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl House {
    pub async fn mailed(
        &self,
        campaign: CampaignId,
        wave: &str,
        on: Option<Date>,
    ) -> Result<wire::Wave, Status> {
        let message = wire::RecordWaveMailingRequest {
            request_id: self.request_id(),
            campaign: campaign.to_string(),
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
            campaign: campaign.to_string(),
            wave_id: wave.into(),
            enroll_by_date: on,
            reason: "the mail was late".into(),
        };
        let answer = self.handlers.extend_enroll_by(by(Role::Operator, message));
        Ok(answer.await?.into_inner())
    }
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
        campaign: campaign.to_string(),
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
