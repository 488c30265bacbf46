//! Codes that came to their end before their batch was first printed, and those that came to it later.

use futures::future::join_all;
use redress::kernel::caller::Role;
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use wire::revoke_codes_request::Target;

use super::house::{House, by};
use crate::harness::both;

impl House {
    /// A batch as it is now.
    async fn as_it_is(&self, batch: &wire::CodeBatch) -> wire::CodeBatch {
        let message = wire::ListBatchesRequest {
            campaign_id: batch.campaign_id.clone(),
            ..Default::default()
        };
        let all = self.handlers.list_batches(by(Role::Operator, message));
        let all = all.await.unwrap().into_inner().batches;
        all.into_iter()
            .find(|found| found.batch_id == batch.batch_id)
            .unwrap()
    }

    async fn revoke_person(&self, campaign: CampaignId, person: IndividualId) {
        let target = Target::IndividualId(person.to_string());
        self.revoke(campaign, target).await.unwrap();
    }
}

fn holders(codes: &[(String, String)]) -> Vec<&str> {
    codes.iter().map(|(person, _)| person.as_str()).collect()
}

both! {
    async fn whoever_is_revoked_before_the_first_export_gets_no_letter(database: Database) {
        let house = House::open(&database).await;
        let campaign = house.campaign().await;
        let people = house.people(campaign, 5).await;
        let batch = house.issue(campaign).await;
        assert_eq!((batch.withheld, &batch.first_export_time), (0, &None));
        house.revoke_person(campaign, people[2]).await;
        house.revoke_person(campaign, people[2]).await;
        let all = house.export_all(&batch).await.unwrap();
        assert_eq!(all.iter().filter(|code| code.seed).count(), 5);
        let codes = house.export(&batch).await.unwrap();
        let left = [0, 1, 3, 4].map(|at| people[at].to_string());
        assert_eq!(holders(&codes), left);
        let printed = house.as_it_is(&batch).await;
        assert!(printed.first_export_time.is_some());
        assert_eq!((printed.codes, printed.withheld), (5, 1));
        // The letter may be on its way by now.
        house.revoke_person(campaign, people[3]).await;
        assert_eq!(house.export_all(&batch).await.unwrap(), all);
        assert_eq!(house.as_it_is(&batch).await, printed);
        let withheld = [2, 3].map(async |at| house.lineage(campaign, people[at]).await[0].withheld);
        assert_eq!(join_all(withheld).await, [true, false]);
        for (person, code) in codes {
            let is_good = person != people[3].to_string();
            assert_eq!(house.begin(&code).await.is_ok(), is_good);
        }
    }

    async fn a_wave_and_a_batch_that_are_revoked_have_no_letters(database: Database) {
        let house = House::open(&database).await;
        let campaign = house.campaign().await;
        let ohio = house.person(campaign, "ADULT", "OH", true).await;
        house.people(campaign, 3).await;
        let wave = wire::CreateWaveRequest { regions: vec!["OH".into()], ..house.wave(campaign, "Ohio") };
        let wave = house.plan(wave).await.unwrap();
        let first = house.issue_wave(&wave).await.unwrap();
        let printed = house.issue(campaign).await;
        let codes = house.export(&printed).await.unwrap();
        house.people(campaign, 2).await;
        let last = house.issue(campaign).await;
        for target in [Target::WaveId(wave.wave_id.clone()), Target::BatchId(printed.batch_id.clone()), Target::BatchId(last.batch_id.clone())] {
            house.revoke(campaign, target).await.unwrap();
        }
        for (batch, withheld) in [(&first, 1), (&printed, 0), (&last, 2)] {
            assert_eq!(house.as_it_is(batch).await.withheld, withheld);
        }
        assert_eq!(house.export(&first).await.unwrap(), []);
        assert_eq!(house.export(&printed).await.unwrap(), codes);
        assert_eq!(house.export(&last).await.unwrap(), []);
        assert_eq!(house.lineage(campaign, ohio).await[0].state(), wire::CodeState::Revoked);
    }

    async fn another_code_before_the_first_export_is_the_only_letter(database: Database) {
        let house = House::open(&database).await;
        let campaign = house.campaign().await;
        let people = house.people(campaign, 3).await;
        let batch = house.issue(campaign).await;
        let line = house.reissue(people[1]).await.unwrap();
        let codes = house.export(&batch).await.unwrap();
        assert_eq!(holders(&codes), [0, 2].map(|at| people[at].to_string()));
        assert_eq!(house.as_it_is(&batch).await.withheld, 1);
        let reissued = wire::CodeBatch { batch_id: line.batch_id.clone(), ..batch.clone() };
        let again = house.export(&reissued).await.unwrap();
        assert_eq!(holders(&again), [people[1].to_string()]);
        house.begun(&again[0].1).await;
        // After it both letters are written.
        let line = house.reissue(people[2]).await.unwrap();
        assert!(line.generation == 2 && !line.withheld);
        assert_eq!(house.export(&batch).await.unwrap(), codes);
        assert_eq!(house.as_it_is(&batch).await.withheld, 1);
    }

    async fn an_export_is_the_same_whatever_ended_beside_its_first_run(database: Database) {
        let house = House::open(&database).await;
        let campaign = house.campaign().await;
        let mut withheld = 0;
        for _ in 0..6 {
            let people = house.people(campaign, 6).await;
            let batch = house.issue(campaign).await;
            let revoked = async { house.revoke_person(campaign, people[0]).await };
            let all = async {
                house.revoke(campaign, Target::BatchId(batch.batch_id.clone())).await.unwrap();
            };
            let (first, (), (), reissued) = tokio::join!(
                house.export(&batch), revoked, all, house.reissue(people[1])
            );
            reissued.unwrap();
            let again = house.export(&batch).await.unwrap();
            assert_eq!(first.unwrap(), again);
            let printed = house.as_it_is(&batch).await;
            assert_eq!(printed.codes - printed.withheld, i64::try_from(again.len()).unwrap());
            withheld += printed.withheld;
        }
        assert_eq!(house.count("code WHERE withheld").await, withheld);
    }
}
