//! Codes taken back: one person's, a wave's, a batch's, in spite of kills and beside people who enroll.

use futures::TryStreamExt;
use futures::future::join_all;
use redress::codes::letter::revoke::{Progress, Revoke, Target};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::process::Call;
use redress::process::request::Request;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tokio::sync::mpsc;
use tonic::Status;
use wire::revoke_codes_request::Target as WireTarget;

use super::house::{House, by};
use crate::harness::{Database, apply, both};

impl House {
    fn revocation(&self, campaign: CampaignId, target: WireTarget) -> wire::RevokeCodesRequest {
        wire::RevokeCodesRequest {
            request_id: self.request_id(),
            campaign: campaign.to_string(),
            reason: "the van was stolen".into(),
            target: Some(target),
        }
    }

    async fn revoke_as(
        &self,
        message: wire::RevokeCodesRequest,
    ) -> Result<wire::RevokeResult, Status> {
        let answers = self.handlers.revoke_codes(by(Role::Operator, message));
        let answers: Vec<_> = answers.await?.into_inner().try_collect().await?;
        match answers.last().unwrap().step {
            Some(wire::revoke_codes_response::Step::Result(result)) => Ok(result),
            other => panic!("{other:?}"),
        }
    }

    pub async fn revoke(
        &self,
        campaign: CampaignId,
        target: WireTarget,
    ) -> Result<wire::RevokeResult, Status> {
        self.revoke_as(self.revocation(campaign, target)).await
    }
}

fn ended(codes: i64, revoked: i64) -> wire::RevokeResult {
    wire::RevokeResult { codes, revoked }
}

const REVOKED: &str = "code WHERE state = 'REVOKED' AND settled_at IS NOT NULL";

#[apply(both)]
async fn one_persons_codes_are_revoked_and_nobody_elses(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let enrollment = house.begun(&codes[1].1).await;
    let verification = house
        .verify(campaign, people[1], Some(enrollment), "VERIFIED")
        .await;
    let target = WireTarget::IndividualId(people[1].to_string());
    assert_eq!(
        house.revoke(campaign, target.clone()).await.unwrap(),
        ended(1, 1)
    );
    assert_eq!(house.revoke(campaign, target).await.unwrap(), ended(1, 1));
    assert_eq!(house.count(REVOKED).await, 1);
    let refused = house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::EnrollmentState));
    let ended = house.get(&enrollment.to_string()).await;
    assert_eq!(ended.state(), wire::EnrollmentState::Canceled);
    assert_eq!(
        reason_of(&house.begin(&codes[1].1).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    house.begun(&codes[0].1).await;
    let message = wire::ListRevocationsRequest {
        campaign: campaign.to_string(),
        ..Default::default()
    };
    let kept = house
        .handlers
        .list_revocations(by(Role::Auditor, message.clone()))
        .await
        .unwrap()
        .into_inner()
        .revocations;
    assert_eq!(kept.len(), 2, "each call is kept");
    assert_ne!(kept[0].revocation_id, kept[1].revocation_id);
    for kept in kept {
        let whose = wire::revocation::Target::IndividualId(people[1].to_string());
        assert_eq!(kept.target, Some(whose));
        assert_eq!((kept.codes, kept.revoked), (1, 1));
        assert_eq!(kept.actor, "operator/test");
        assert!(kept.finish_time.is_some());
    }
    let first = wire::ListRevocationsRequest {
        page_size: 1,
        ..message
    };
    let page = house.handlers.list_revocations(by(Role::Operator, first));
    let page = page.await.unwrap().into_inner();
    assert_eq!(page.revocations.len(), 1);
    assert!(!page.next_page_token.is_empty());
    let nobody = house
        .revoke(campaign, WireTarget::IndividualId(house.request_id()))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&nobody), Some(Reason::IndividualNotFound));
}

#[apply(both)]
async fn a_wave_and_a_batch_are_revoked_but_for_what_is_used(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 5).await;
    let ohio = house.person(campaign, "ADULT", "OH", true).await;
    let wave = wire::CreateWaveRequest {
        regions: vec!["OH".into()],
        ..house.wave(campaign, "ohio")
    };
    let wave = house.plan(wave).await.unwrap();
    house.issue_wave(&wave).await.unwrap();
    let rest = house.issue(campaign).await;
    let codes = house.export(&rest).await.unwrap();
    let person: IndividualId = codes[0].0.parse().unwrap();
    let enrollment = house.begun(&codes[0].1).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
    assert_eq!(
        house
            .revoke(campaign, WireTarget::WaveId(wave.wave_id))
            .await
            .unwrap(),
        ended(1, 1)
    );
    assert_eq!(
        house.lineage(campaign, ohio).await[0].state(),
        wire::CodeState::Revoked
    );
    assert_eq!(house.count(REVOKED).await, 1);
    assert_eq!(
        house
            .revoke(campaign, WireTarget::BatchId(rest.batch_id))
            .await
            .unwrap(),
        ended(5, 4)
    );
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 1);
    // Whoever uses a honey code is to be noticed.
    assert_eq!(
        house
            .count("code WHERE generation = 0 AND state <> 'ISSUED'")
            .await,
        0
    );
    for action in ["codes.revoking", "codes.revoked"] {
        assert_eq!(
            house
                .count(&format!(
                    "audit_event WHERE action = '{action}' AND detail LIKE '%van%'"
                ))
                .await,
            2
        );
    }
    assert_eq!(
        house
            .count("audit_event WHERE action = 'codes.revoked' AND detail LIKE '%\"revoked\":4%'")
            .await,
        1
    );
    for target in [
        WireTarget::WaveId(house.request_id()),
        WireTarget::BatchId(house.request_id()),
    ] {
        let refused = house.revoke(campaign, target).await.unwrap_err();
        assert!(matches!(
            reason_of(&refused),
            Some(Reason::WaveNotFound | Reason::BatchNotFound)
        ));
    }
}

#[apply(both)]
async fn a_revocation_that_broke_off_goes_on_and_ends_the_same(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 20).await;
    let batch = house.issue(campaign).await;
    let call = Call::plain(Caller::new(Role::Operator, "test").unwrap());
    let request = Request {
        id: house.ids.request_id(),
        caller: "operator/test".into(),
        method: "RevokeCodes",
        fingerprint: uuid::Uuid::nil(),
        others: Vec::new(),
    };
    let target = (campaign, Target::Batch(batch.batch_id.parse().unwrap()));
    let begin = async || {
        Revoke::begin(&house.context, &call, &request, target, "stolen")
            .await
            .unwrap()
            .in_chunks_of(3)
    };
    let (sender, mut progress) = mpsc::channel(1);
    let running = tokio::spawn(begin().await.run(sender));
    let step = progress.recv().await.unwrap().unwrap();
    assert!(!step.done && step.codes == 20);
    drop(progress);
    running.await.unwrap();
    let before = house.count(REVOKED).await;
    assert!((1..20).contains(&before), "{before}");
    assert_eq!(house.count("revocation WHERE finished_at IS NULL").await, 1);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'codes.revoked'")
            .await,
        0
    );
    for _ in 0..2 {
        let (sender, mut progress) = mpsc::channel(100);
        begin().await.run(sender).await;
        let mut last: Option<Progress> = None;
        while let Some(step) = progress.recv().await {
            last = Some(step.unwrap());
        }
        let last = last.unwrap();
        assert!(last.done);
        assert_eq!((last.found.seen, last.found.revoked), (20, 20));
    }
    assert_eq!(house.count(REVOKED).await, 20);
    let ended = "revocation WHERE codes = 20 AND revoked = 20 AND finished_at IS NOT NULL";
    assert_eq!(house.count(ended).await, 1);
    assert_eq!(house.count("revocation").await, 1);
    for action in ["codes.revoking", "codes.revoked"] {
        assert_eq!(
            house
                .count(&format!("audit_event WHERE action = '{action}'"))
                .await,
            1,
            "{action}"
        );
    }
}

#[apply(both)]
async fn a_revocation_and_completions_at_once_never_both_win(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 12).await;
    let batch = house.issue(campaign).await;
    let mut completions = Vec::new();
    for (person, code) in house.export(&batch).await.unwrap() {
        let enrollment = house.begun(&code).await;
        let verification = house
            .verify(
                campaign,
                person.parse().unwrap(),
                Some(enrollment),
                "VERIFIED",
            )
            .await;
        completions.push(house.completion(enrollment, verification));
    }
    let completions = join_all(
        completions
            .into_iter()
            .map(|message| house.complete(message)),
    );
    let revocation = house.revoke(campaign, WireTarget::BatchId(batch.batch_id));
    let (completed, revoked) = tokio::join!(completions, revocation);
    let won = completed.iter().filter(|answer| answer.is_ok()).count();
    let won = i64::try_from(won).unwrap();
    for refused in completed.into_iter().filter_map(Result::err) {
        // Whoever comes after the revocation finds the enrollment canceled, whoever meets it the code revoked.
        let lost = [Reason::CodeState, Reason::EnrollmentState].map(Some);
        assert!(lost.contains(&reason_of(&refused)), "{refused:?}");
    }
    assert_eq!(revoked.unwrap(), ended(12, 12 - won));
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, won);
    assert_eq!(
        house.count("enrollment WHERE state = 'SUBMITTED'").await,
        won
    );
    assert_eq!(house.count("handoff").await, won);
}

#[apply(both)]
async fn a_revocation_and_a_reissue_of_one_person_leave_nothing_half_done(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 8).await;
    let batch = house.issue(campaign).await;
    house.export(&batch).await.unwrap();
    let races = people.iter().map(async |person| {
        let target = WireTarget::IndividualId(person.to_string());
        tokio::join!(house.revoke(campaign, target), house.reissue(*person))
    });
    for (revoked, reissued) in join_all(races).await {
        revoked.unwrap();
        // An operator may give again what was just revoked.
        reissued.unwrap();
    }
    for person in &people {
        let lineage = house.lineage(campaign, *person).await;
        assert_eq!(lineage.len(), 2);
        let good = lineage
            .iter()
            .filter(|code| code.state() == wire::CodeState::Issued)
            .count();
        assert!(good <= 1, "{lineage:?}");
        assert_ne!(lineage[1].state(), wire::CodeState::Issued);
    }
}

#[apply(both)]
async fn codes_under_way_are_not_revoked_behind_their_issue(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let person = house.people(campaign, 3).await[0];
    let batch = house.issue(campaign).await;
    house.export(&batch).await.unwrap();
    house.run("UPDATE code_batch SET completed_at = NULL").await;
    let refused = house
        .revoke(campaign, WireTarget::BatchId(batch.batch_id.clone()))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::BatchIncomplete));
    house.run("UPDATE code_batch SET completed_at = 1").await;
    // A batch of reissues takes no more codes once it is to be revoked.
    let code = house.reissue(person).await.unwrap();
    assert_eq!(
        house
            .revoke(campaign, WireTarget::BatchId(code.batch_id.clone()))
            .await
            .unwrap(),
        ended(1, 1)
    );
    let again = house.reissue(person).await.unwrap();
    assert_ne!(again.batch_id, code.batch_id);
    let told = house.revoke_as(wire::RevokeCodesRequest {
        target: None,
        reason: String::new(),
        ..house.revocation(campaign, WireTarget::BatchId(String::new()))
    });
    assert_eq!(
        reason_of(&told.await.unwrap_err()),
        Some(Reason::InvalidRequest)
    );
}
