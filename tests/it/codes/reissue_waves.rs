//! Reissues know the wave whose letters they replace, and get the time that it gets.

use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;

use super::house::House;
use super::waves::date;
use crate::harness::{Database, apply, both};

impl House {
    /// A wave for a state, printed, with two people.
    async fn printed_wave(
        &self,
        campaign: CampaignId,
        region: &str,
    ) -> (String, Vec<IndividualId>) {
        let people = vec![
            self.person(campaign, "ADULT", region, true).await,
            self.person(campaign, "ADULT", region, true).await,
        ];
        let wave = wire::CreateWaveRequest {
            regions: vec![region.into()],
            enroll_by_date: date(2015, 12, 31),
            ..self.wave(campaign, region)
        };
        let wave = self.plan(wave).await.unwrap();
        let batch = self.issue_wave(&wave).await.unwrap();
        self.export(&batch).await.unwrap();
        (wave.wave_id, people)
    }

    async fn wave_named(&self, campaign: CampaignId, id: &str) -> wire::Wave {
        let waves = self.waves(campaign).await.into_iter();
        waves.into_iter().find(|wave| wave.wave_id == id).unwrap()
    }
}

#[apply(both)]
async fn more_time_for_a_wave_is_more_time_for_the_reissues_of_its_letters(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let (ohio, ohioans) = house.printed_wave(campaign, "OH").await;
    let (_, hoosiers) = house.printed_wave(campaign, "IN").await;
    let first = house.reissue(ohioans[0]).await.unwrap();
    let other = house.reissue(hoosiers[0]).await.unwrap();
    assert_ne!(first.batch_id, other.batch_id);
    assert_eq!(
        house.reissue(ohioans[1]).await.unwrap().batch_id,
        first.batch_id
    );
    let codes = house.print(campaign, &first).await;
    // A reissue of a reissue replaces the same letters.
    let again = house.reissue(ohioans[0]).await.unwrap();
    for letter in [&first, &again] {
        let wave = house.wave_named(campaign, &letter.wave_id).await;
        assert_eq!(wave.reissue_of_wave_id, ohio);
    }
    let code = |person: IndividualId| {
        let person = person.to_string();
        let found = codes.iter().find(|(whose, _)| *whose == person);
        found.unwrap().1.clone()
    };
    house.begun(&code(ohioans[1])).await;
    let until = "enrollment WHERE complete_by_at =";
    let new_end: redress::kernel::clock::Timestamp = "2016-04-08T04:00:00Z".parse().unwrap();
    let until = format!("{until} {}", new_end.as_micros());
    assert_eq!(house.count(&until).await, 0);
    house
        .extended(campaign, &ohio, date(2016, 3, 31))
        .await
        .unwrap();
    for letter in [&first, &again] {
        let wave = house.wave_named(campaign, &letter.wave_id).await;
        assert_eq!(wave.enroll_by_date, date(2016, 3, 31));
    }
    let indiana = house.wave_named(campaign, &other.wave_id).await;
    assert_eq!(indiana.enroll_by_date, date(2015, 12, 31));
    assert_eq!(house.count(&until).await, 1);
    // The next one goes into the batch that still waits, with the new day.
    let next = house.reissue(ohioans[1]).await.unwrap();
    assert_eq!(next.batch_id, again.batch_id);
}

#[apply(both)]
async fn a_reissue_from_before_is_found_by_its_last_day(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let (ohio, ohioans) = house.printed_wave(campaign, "OH").await;
    let old = house.reissue(ohioans[0]).await.unwrap();
    house.run("UPDATE wave SET reissue_of = NULL").await;
    let next = house.reissue(ohioans[1]).await.unwrap();
    assert_eq!(next.batch_id, old.batch_id);
    let wave = house.wave_named(campaign, &old.wave_id).await;
    assert_eq!(wave.reissue_of_wave_id, "");
    // A letter of it that is replaced again is known by the one that it replaced.
    house.print(campaign, &old).await;
    let second = house.reissue(ohioans[0]).await.unwrap();
    let wave = house.wave_named(campaign, &second.wave_id).await;
    assert_eq!(wave.reissue_of_wave_id, ohio);
}
