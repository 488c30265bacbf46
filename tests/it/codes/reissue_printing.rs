//! Another letter on its way: printed with others, sealed, and mailed on a day of its own.

use std::time::Duration;

use futures::future::join_all;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1 as wire;

use super::house::House;
use super::waves::date;
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

impl House {
    /// Exports the batch of a code, as the printer's operator does.
    pub async fn print(
        &self,
        campaign: CampaignId,
        code: &wire::LetterCode,
    ) -> Vec<(String, String)> {
        let batch = wire::CodeBatch {
            campaign_id: campaign.to_string(),
            batch_id: code.batch_id.clone(),
            ..Default::default()
        };
        self.export(&batch).await.unwrap()
    }
}

#[apply(both)]
async fn every_code_of_a_sealed_batch_could_be_printed(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    house.export(&batch).await.unwrap();
    let first = house.reissue(people[0]).await.unwrap();
    let second = house.reissue(people[1]).await.unwrap();
    assert_eq!(
        first.batch_id, second.batch_id,
        "reissues are printed together"
    );
    let reissues = wire::CodeBatch {
        batch_id: first.batch_id.clone(),
        ..batch
    };
    let early = house.seal(&reissues).await.unwrap_err();
    assert_eq!(reason_of(&early), Some(Reason::BatchIncomplete));
    let printed = house.print(campaign, &first).await;
    assert_eq!(printed.len(), 2);
    // From now on the next letter goes into the next batch.
    let third = house.reissue(people[2]).await.unwrap();
    assert_ne!(third.batch_id, first.batch_id);
    assert_eq!(house.print(campaign, &first).await, printed);
    house.seal(&reissues).await.unwrap();
    for (_, code) in &printed {
        house.begun(code).await;
    }
    let row = house
        .row("SELECT CAST(sum(codes) AS BIGINT) AS n FROM code_batch")
        .await;
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 6);
    assert_eq!(
        house
            .waves(campaign)
            .await
            .iter()
            .filter(|wave| wave.kind() == wire::WaveKind::Reissue)
            .count(),
        2
    );
}

#[apply(both)]
async fn exports_and_reissues_at_once_lose_no_letter(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 12).await;
    let batch = house.issue(campaign).await;
    house.export(&batch).await.unwrap();
    let first = house.reissue(people[0]).await.unwrap();
    let waiting = join_all(people[1..].iter().map(|person| house.reissue(*person)));
    let (reissued, printed) = tokio::join!(waiting, house.print(campaign, &first));
    let same = reissued
        .iter()
        .filter(|code| code.as_ref().unwrap().batch_id == first.batch_id)
        .count();
    assert_eq!(printed.len(), same + 1);
    assert_eq!(house.print(campaign, &first).await, printed);
}

#[apply(both)]
async fn a_letter_that_waits_takes_the_corrected_address(database: Database) {
    let house = House::open(&database).await;
    let (_, person, _) = house.one_letter().await;
    house.reissue(person).await.unwrap();
    assert_eq!(
        house
            .count("code WHERE generation = 2 AND proof_days = 21")
            .await,
        1
    );
    house.run("UPDATE individual SET region = 'AK'").await;
    house.reissue(person).await.unwrap();
    assert_eq!(
        house
            .count("code WHERE generation = 2 AND proof_days = 30")
            .await,
        1
    );
}

#[apply(both)]
async fn a_reissued_letter_has_its_own_day_of_mailing_and_the_old_last_day(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let person = house.people(campaign, 1).await[0];
    let wave = wire::CreateWaveRequest {
        enroll_by_date: date(2015, 12, 31),
        ..house.wave(campaign, "first")
    };
    let wave = house.plan(wave).await.unwrap();
    let batch = house.issue_wave(&wave).await.unwrap();
    house.export(&batch).await.unwrap();
    house.clock.advance(40 * DAY);
    let code = house.reissue(person).await.unwrap();
    assert_eq!(code.enroll_by_date, date(2015, 12, 31));
    let early = house
        .mailed(campaign, &code.wave_id, date(2015, 8, 26))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&early), Some(Reason::BatchIncomplete));
    let new = house.print(campaign, &code).await.remove(0).1;
    house.clock.advance(2 * DAY);
    house
        .mailed(campaign, &code.wave_id, date(2015, 8, 27))
        .await
        .unwrap();
    let begun = house.begin(&new).await.unwrap();
    let listed = house.lineage(campaign, person).await;
    assert_eq!(listed[0].mailing_date, date(2015, 8, 27));
    assert_eq!(listed[0].proof_expire_time, begun.proof_expire_time);
    assert!(listed[0].printable && listed[1].mailing_date.is_none());
    let told = format!("{listed:?}");
    assert!(!told.contains(&new), "{told}");
}
