//! Completing: everything at once or nothing, once however many ask, and canceling.

use std::time::Duration;

use futures::future::join_all;
use redress::db::Process;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1 as wire;

use sea_orm::{ConnectionTrait, Statement};
use tokio::sync::Notify;

use super::house::House;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

/// What one completion writes.
const WRITTEN: [&str; 7] = [
    "code WHERE state = 'REDEEMED' AND enrollment_id IS NOT NULL",
    "enrollment WHERE state = 'SUBMITTED' AND submitted_at IS NOT NULL",
    "coverage WHERE state = 'SUBMITTED'",
    "consent",
    "handoff WHERE kind = 'ENROLL' AND state = 'QUEUED'",
    "audit_event WHERE action = 'enrollment.completed'",
    "idempotency WHERE method = 'CompleteEnrollment'",
];

#[apply(both)]
async fn a_completion_writes_everything_once(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    assert_eq!(
        house.get(&enrollment.to_string()).await.state(),
        wire::EnrollmentState::Verified
    );
    let message = house.completion(enrollment, verification);
    let first = house.complete(message.clone()).await.unwrap();
    assert_eq!(first.state(), wire::EnrollmentState::Submitted);
    assert_eq!(house.complete(message.clone()).await.unwrap(), first);
    assert_eq!(house.get(&enrollment.to_string()).await, first);
    for written in WRITTEN {
        assert_eq!(house.count(written).await, 1, "{written}");
    }
    let other = house.completion(enrollment, verification);
    assert_eq!(
        reason_of(&house.complete(other.clone()).await.unwrap_err()),
        Some(Reason::EnrollmentState)
    );
    let reused = wire::CompleteEnrollmentRequest {
        request_id: message.request_id,
        verification_id: house.request_id(),
        ..other
    };
    assert_eq!(
        reason_of(&house.complete(reused).await.unwrap_err()),
        Some(Reason::RequestIdReused)
    );
}

#[apply(both)]
async fn sixty_four_callers_on_one_code_complete_once(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let calls = (0..64).map(|_| house.complete(house.completion(enrollment, verification)));
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(reason_of(&refused), Some(Reason::EnrollmentState));
    }
    for written in WRITTEN {
        assert_eq!(house.count(written).await, 1, "{written}");
    }
}

#[apply(both)]
async fn the_same_request_many_times_at_once_has_one_answer(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let message = house.completion(enrollment, verification);
    let answers = join_all((0..64).map(|_| house.complete(message.clone()))).await;
    let first = answers[0].as_ref().unwrap();
    for answer in &answers {
        assert_eq!(answer.as_ref().unwrap(), first);
    }
    assert_eq!(house.count("handoff").await, 1);
}

/// Another worker records the same request id, for another enrollment, between this one's look and its write.
#[apply(both)]
async fn a_request_id_taken_meanwhile_is_told_as_reused(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    let mut messages = Vec::new();
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
        messages.push(house.completion(enrollment, verification));
    }
    house.complete(messages.remove(0)).await.unwrap();
    let message = messages.remove(0);
    let id: uuid::Uuid = message.request_id.parse().unwrap();
    let other = database.open(Process::Codes).await;
    let sql = "INSERT INTO idempotency (request_id, process, caller, method, fingerprint, result, created_at) \
        SELECT $1, process, caller, method, fingerprint, result, created_at FROM idempotency WHERE method = 'CompleteEnrollment'";
    let (inserted, house) = (&Notify::new(), &house);
    let first = other.run_tx("meanwhile", |tx| {
        Box::pin(async move {
            let insert = Statement::from_sql_and_values(tx.backend(), sql, [id.into()]);
            assert_eq!(tx.execute_raw(insert).await?.rows_affected(), 1);
            inserted.notify_one();
            house.until_somebody_waits().await;
            Ok::<_, redress::db::Error>(())
        })
    });
    let second = async {
        inserted.notified().await;
        house.complete(message).await
    };
    let (first, answer) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(
        reason_of(&answer.unwrap_err()),
        Some(Reason::RequestIdReused)
    );
    assert_eq!(house.count("handoff").await, 1);
}

#[apply(both)]
async fn many_complete_together_and_a_poisoned_one_fails_alone(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 30).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let mut messages = Vec::new();
    for (person, code) in &codes {
        let enrollment = house.begun(code).await;
        let verification = house
            .verify(
                campaign,
                person.parse().unwrap(),
                Some(enrollment),
                "VERIFIED",
            )
            .await;
        messages.push(house.completion(enrollment, verification));
    }
    // A consent that should not be there breaks the whole statement of whoever writes the second.
    house.run(
        "INSERT INTO consent (campaign_id, enrollment_id, version, text_sha256, language, channel, given_by, given_at) \
         SELECT campaign_id, id, 'x', 'x', 'x', 'x', 'x', 1 FROM enrollment ORDER BY id LIMIT 1",
    ).await;
    let answers = join_all(messages.into_iter().map(|message| house.complete(message))).await;
    assert_eq!(
        reason_of(answers[0].as_ref().unwrap_err()),
        Some(Reason::Internal)
    );
    assert!(answers[1..].iter().all(Result::is_ok));
    assert_eq!(
        house.count("enrollment WHERE state = 'SUBMITTED'").await,
        29
    );
    assert_eq!(house.count("handoff").await, 29);
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 29);
}

#[apply(both)]
async fn nobody_completes_without_a_good_verification_of_their_own(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let stranger = house.person(campaign, "ADULT", "IN", false).await;
    let enrollment = house.begun(&code).await;
    let refused = async |verification| {
        let refused = house
            .complete(house.completion(enrollment, verification))
            .await
            .unwrap_err();
        reason_of(&refused).unwrap()
    };
    assert_eq!(refused(house.ids.next()).await, Reason::NotVerified);
    for state in ["CONFIRMATION_REQUIRED", "REFERRED", "REFUSED"] {
        let verification = house
            .verify(campaign, person, Some(enrollment), state)
            .await;
        assert_eq!(refused(verification).await, Reason::NotVerified, "{state}");
    }
    let verification = house.verify(campaign, stranger, None, "VERIFIED").await;
    assert_eq!(refused(verification).await, Reason::NotVerified);
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(refused(verification).await, Reason::VerificationExpired);
    assert_eq!(house.count("handoff").await, 0);
}

#[apply(both)]
async fn consent_is_to_the_current_text_or_it_is_none(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let refused = async |change: fn(&mut wire::Consent)| {
        let mut message = house.completion(enrollment, verification);
        change(message.consent.as_mut().unwrap());
        reason_of(&house.complete(message).await.unwrap_err()).unwrap()
    };
    assert_eq!(
        refused(|consent| consent.version = "2014-01".into()).await,
        Reason::ConsentOutdated
    );
    assert_eq!(
        refused(|consent| consent.text_sha256 = "0".repeat(64)).await,
        Reason::ConsentOutdated
    );
    assert_eq!(
        refused(|consent| consent.agreed = false).await,
        Reason::InvalidRequest
    );
}

#[apply(both)]
async fn nobody_completes_after_the_days_of_grace(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let enrollment = house.begun(&code).await;
    // The last day is the end of January; whoever began has seven days more.
    house.clock.set("2016-02-08T04:59:59Z".parse().unwrap());
    assert_eq!(
        house.begun(&code).await,
        enrollment,
        "whoever began goes on"
    );
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let message = house.completion(enrollment, verification);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(
        reason_of(&house.complete(message.clone()).await.unwrap_err()),
        Some(Reason::EnrollmentExpired)
    );
    assert_eq!(
        reason_of(&house.begin(&code).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    house.clock.set("2016-02-08T04:59:59Z".parse().unwrap());
    house.complete(message).await.unwrap();
}

#[apply(both)]
async fn nobody_begins_after_the_last_day(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    house.clock.set("2016-02-01T05:00:00Z".parse().unwrap());
    assert_eq!(
        reason_of(&house.begin(&code).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    house.clock.set("2016-02-01T04:59:59Z".parse().unwrap());
    house.begun(&code).await;
}

#[apply(both)]
async fn a_canceled_beginning_leaves_the_code_good(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    let first = house.begun(&code).await.to_string();
    assert_eq!(
        house.cancel(&first).await.unwrap().state(),
        wire::EnrollmentState::Canceled
    );
    assert_eq!(
        reason_of(&house.cancel(&first).await.unwrap_err()),
        Some(Reason::EnrollmentState)
    );
    assert_ne!(house.begun(&code).await.to_string(), first);
    assert_eq!(house.count("handoff").await, 0);
}

#[apply(both)]
async fn a_canceled_submission_is_withdrawn_at_the_partner(database: Database) {
    let house = House::open(&database).await;
    let (_, enrollment) = house.submitted().await;
    let canceled = house.cancel(&enrollment.enrollment_id).await.unwrap();
    assert_eq!(canceled.state(), wire::EnrollmentState::CancelPending);
    let coverage = canceled.coverage();
    assert_eq!(coverage.state(), wire::CoverageState::CancelPending);
    assert_eq!(coverage.handoff_id, enrollment.handoff());
    let cancellation = canceled.cancellation.clone().unwrap();
    assert_eq!(cancellation.reason(), wire::CancelReason::PersonAsked);
    assert_eq!(cancellation.confirm_time, None);
    assert_eq!(
        house
            .count("handoff WHERE kind = 'CANCEL' AND state = 'QUEUED' AND product_code = 'GOLD'")
            .await,
        1
    );
    assert_eq!(house.count("code WHERE state = 'REDEEMED'").await, 1);
}
