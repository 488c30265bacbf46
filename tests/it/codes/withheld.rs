//! What the first export of a batch fixes: codes that were revoked before, and those that came to their end later.

use redress::kernel::caller::Role;
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use sea_orm::{ConnectionTrait, TransactionTrait};
use wire::begin_enrollment_request::Entitlement;
use wire::revoke_codes_request::Target;

use super::house::{House, by};
use crate::harness::{Database, apply, both};

impl House {
    /// A batch as it is now.
    async fn as_it_is(&self, batch: &wire::CodeBatch) -> wire::CodeBatch {
        let message = wire::ListBatchesRequest {
            campaign: batch.campaign_id.clone(),
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

#[apply(both)]
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
    for (at, withheld) in [(2, true), (3, false)] {
        let line = house.lineage(campaign, people[at]).await.remove(0);
        assert_eq!(
            (
                line.withheld,
                line.printable,
                line.proof_expire_time.is_some()
            ),
            (withheld, !withheld, !withheld)
        );
    }
    for (person, code) in codes {
        let is_good = person != people[3].to_string();
        assert_eq!(house.begin(&code).await.is_ok(), is_good);
    }
}

#[apply(both)]
async fn a_wave_and_a_batch_that_are_revoked_have_no_letters(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let ohio = house.person(campaign, "ADULT", "OH", true).await;
    house.people(campaign, 3).await;
    let wave = wire::CreateWaveRequest {
        regions: vec!["OH".into()],
        ..house.wave(campaign, "Ohio")
    };
    let wave = house.plan(wave).await.unwrap();
    let first = house.issue_wave(&wave).await.unwrap();
    let printed = house.issue(campaign).await;
    let codes = house.export(&printed).await.unwrap();
    house.people(campaign, 2).await;
    let last = house.issue(campaign).await;
    for target in [
        Target::WaveId(wave.wave_id.clone()),
        Target::BatchId(printed.batch_id.clone()),
        Target::BatchId(last.batch_id.clone()),
    ] {
        house.revoke(campaign, target).await.unwrap();
    }
    for (batch, withheld) in [(&first, 1), (&printed, 0), (&last, 2)] {
        assert_eq!(house.as_it_is(batch).await.withheld, withheld);
    }
    assert_eq!(house.export(&first).await.unwrap(), []);
    assert_eq!(house.export(&printed).await.unwrap(), codes);
    assert_eq!(house.export(&last).await.unwrap(), []);
    assert_eq!(
        house.lineage(campaign, ohio).await[0].state(),
        wire::CodeState::Revoked
    );
}

#[apply(both)]
async fn no_second_letter_is_made_before_the_first_export_had_the_one(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    let line = house.reissue(people[1]).await.unwrap();
    assert_eq!((line.generation, &line.batch_id), (1, &batch.batch_id));
    house.revoke_person(campaign, people[2]).await;
    let line = house.reissue(people[2]).await.unwrap();
    let codes = house.export(&batch).await.unwrap();
    assert_eq!(holders(&codes), [0, 1].map(|at| people[at].to_string()));
    let reissued = house.print(campaign, &line).await;
    assert_eq!(holders(&reissued), [people[2].to_string()]);
    for (_, code) in codes.iter().chain(&reissued) {
        house.begun(code).await;
    }
    assert_eq!(house.reissue(people[1]).await.unwrap().generation, 2);
    assert_eq!(house.export(&batch).await.unwrap(), codes);
    assert_eq!(house.as_it_is(&batch).await.withheld, 1);
}

#[apply(both)]
async fn a_sealed_batch_prints_nothing_so_that_another_letter_is_made(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    house.seal(&batch).await.unwrap();
    house.export(&batch).await.unwrap_err();
    assert_eq!(house.as_it_is(&batch).await.first_export_time, None);
    assert_eq!(house.reissue(people[0]).await.unwrap().generation, 2);
}

#[apply(both)]
async fn a_code_that_was_used_without_its_letter_keeps_it(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 1).await;
    let batch = house.issue(campaign).await;
    let verification = house.verify(campaign, people[0], None, "VERIFIED").await;
    let entitlement = Entitlement::VerificationId(verification.to_string());
    let begun = house
        .begin_as(&house.request_id(), entitlement)
        .await
        .unwrap();
    let enrollment = begun.enrollment.unwrap().enrollment_id.parse().unwrap();
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 1);
    assert_eq!(
        holders(&house.export(&batch).await.unwrap()),
        [people[0].to_string()]
    );
}

#[apply(both)]
async fn an_export_is_the_same_whatever_ended_beside_its_first_run(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let mut withheld = 0;
    for _ in 0..20 {
        let people = house.people(campaign, 6).await;
        let batch = house.issue(campaign).await;
        let revoked = async { house.revoke_person(campaign, people[0]).await };
        let all = async {
            house
                .revoke(campaign, Target::BatchId(batch.batch_id.clone()))
                .await
                .unwrap();
        };
        let (first, (), (), reissued) =
            tokio::join!(house.export(&batch), revoked, all, house.reissue(people[1]));
        reissued.unwrap();
        let again = house.export(&batch).await.unwrap();
        assert_eq!(first.unwrap(), again);
        let printed = house.as_it_is(&batch).await;
        assert_eq!(
            printed.codes - printed.withheld,
            i64::try_from(again.len()).unwrap()
        );
        withheld += printed.withheld;
    }
    assert_eq!(house.count("code WHERE withheld").await, withheld);
}

/// Shown on PostgreSQL alone: SQLite has one writer anyway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_export_waits_for_whoever_may_be_revoking() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    #[expect(
        clippy::disallowed_methods,
        reason = "a lock is held, and nothing is written"
    )]
    let held = house.owner.begin().await.unwrap();
    let lock = "SELECT 1 FROM campaign FOR NO KEY UPDATE";
    held.execute_unprepared(lock).await.unwrap();
    let let_go = async {
        house.until_somebody_waits().await;
        held.rollback().await.unwrap();
    };
    let (codes, ()) = tokio::join!(house.export(&batch), let_go);
    assert_eq!(codes.unwrap().len(), 2);
}
