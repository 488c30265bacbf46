//! Issuing, exporting and sealing.

use std::collections::BTreeSet;
use std::time::Duration;

use redress::codes::batch::issue::{Issue, Progress};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::process::Call;
use redress::process::request::Request;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tokio::sync::mpsc;
use tonic::Code;

use super::house::{House, by};
use crate::harness::{Database, apply, both, poll};

fn request(house: &House) -> Request {
    Request {
        id: house.ids.request_id(),
        caller: "operator/test".into(),
        method: "IssueCodes",
        fingerprint: uuid::Uuid::nil(),
        others: Vec::new(),
    }
}

/// Begins an issue for everybody.
async fn begin(house: &House, request: &Request, campaign: CampaignId) -> Issue {
    let call = Call::plain(Caller::new(Role::Operator, "test").unwrap());
    let issue = Issue::begin(&house.context, &call, request, campaign, None).await;
    issue.unwrap()
}

/// Runs an issue to its end, and gives what it says last.
async fn end_of(issue: Issue) -> Progress {
    let (sender, mut progress) = mpsc::channel(100);
    issue.run(sender).await;
    let mut last = None;
    while let Some(step) = progress.recv().await {
        last = Some(step.unwrap());
    }
    last.unwrap()
}

#[apply(both)]
async fn everybody_who_is_owed_a_letter_gets_one_code(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 7).await;
    house.person(campaign, "DECEASED", "IN", true).await;
    house.person(campaign, "ADULT", "IN", false).await;
    let id = house.request_id();
    let batch = house.issue_as(&id, campaign).await.unwrap();
    assert_eq!(batch.codes, 8);
    assert_eq!(house.issue_as(&id, campaign).await.unwrap(), batch);
    house.people(campaign, 2).await;
    assert_eq!(house.issue(campaign).await.codes, 2);
    assert_eq!(house.count("code WHERE generation > 0").await, 10);
}

#[apply(both)]
async fn where_nobody_is_owed_a_code_no_batch_is_made(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let ohio = wire::CreateWaveRequest {
        regions: vec!["OH".into()],
        ..house.wave(campaign, "Ohio")
    };
    let ohio = house.plan(ohio).await.unwrap();
    let waves = [String::new(), ohio.wave_id];
    let nobody = wire::IssueResult {
        nobody_owed: true,
        ..Default::default()
    };
    let id = house.request_id();
    // An empty roster, and then one on which everybody has a code.
    for people in [0, 5] {
        house.people(campaign, people).await;
        if people > 0 {
            house.person(campaign, "ADULT", "OH", true).await;
            house.issue(campaign).await;
        }
        let (batches, all_waves) = (house.count("code_batch").await, house.count("wave").await);
        for wave in &waves {
            let last = house
                .issue_last(&house.request_id(), campaign, wave.clone())
                .await;
            assert_eq!(last.unwrap(), nobody);
        }
        assert_eq!(
            house
                .issue_last(&id, campaign, String::new())
                .await
                .unwrap(),
            nobody
        );
        assert_eq!(house.count("code_batch").await, batches);
        assert_eq!(house.count("wave").await, all_waves);
    }
    // Nothing was done under the request's id, so that the same request does what is to be done by now.
    house.people(campaign, 2).await;
    let batch = house.issue_as(&id, campaign).await.unwrap();
    assert_eq!(batch.codes, 2);
    assert_eq!(house.issue_as(&id, campaign).await.unwrap(), batch);
}

#[apply(both)]
async fn newcomers_get_codes_beside_people_who_have_theirs(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 10).await;
    house.issue(campaign).await;
    house.people(campaign, 4).await;
    let issue = begin(&house, &request(&house), campaign)
        .await
        .in_chunks_of(3);
    let Progress::Done(batch) = end_of(issue).await else {
        panic!("it did not end")
    };
    assert_eq!(batch.codes, 4);
    assert_eq!(house.count("code WHERE generation > 0").await, 14);
}

#[apply(both)]
async fn two_issues_that_mean_the_same_people_leave_nothing_empty_to_print(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    for round in 0..10 {
        house.people(campaign, 5).await;
        let wave = house
            .plan(house.wave(campaign, &format!("again {round}")))
            .await
            .unwrap();
        let (all, some) = (house.request_id(), house.request_id());
        let (all, some) = tokio::join!(
            house.issue_last(&all, campaign, String::new()),
            house.issue_last(&some, campaign, wave.wave_id)
        );
        let codes = [all, some].map(|last| last.unwrap().batch.map(|batch| batch.codes));
        assert_eq!(codes.iter().flatten().sum::<i64>(), 5);
    }
    assert_eq!(house.count("code WHERE generation > 0").await, 50);
    assert_eq!(
        house
            .count("code_batch WHERE codes = 0 AND state = 'OPEN'")
            .await,
        0
    );
    let sealed = house
        .count("audit_event WHERE action = 'codes.sealed'")
        .await;
    assert_eq!(house.count("code_batch WHERE codes = 0").await, sealed);
}

#[apply(both)]
async fn a_batch_that_was_opened_before_others_were_faster_is_sealed_empty(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 4).await;
    let request = request(&house);
    let again = async || begin(&house, &request, campaign).await.in_chunks_of(1);
    // Nobody takes what it says, so that it stands still with the batch open, before its first code; and there it is killed.
    let (sender, progress) = mpsc::channel(1);
    let running = tokio::spawn(again().await.run(sender));
    let is_open = async || (house.count("code_batch").await == 1).then_some(());
    poll::until("the batch", Duration::from_secs(30), is_open).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    drop(progress);
    let wave = house.plan(house.wave(campaign, "faster")).await.unwrap();
    assert_eq!(house.issue_wave(&wave).await.unwrap().codes, 4);
    assert_eq!(end_of(again().await).await, Progress::Nobody);
    assert_eq!(
        house
            .count("code_batch WHERE codes = 0 AND state = 'SEALED'")
            .await,
        1
    );
    // Nothing was done under the request's id, so that the same request does what is to be done by now.
    house.people(campaign, 2).await;
    let Progress::Done(batch) = end_of(again().await).await else {
        panic!("somebody is owed a code")
    };
    assert_eq!(batch.codes, 2);
    assert_eq!(house.count("code WHERE generation > 0").await, 6);
}

#[apply(both)]
async fn nobody_leaves_a_batch_behind_who_went_before_it_was_opened(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 5).await;
    let issue = begin(&house, &request(&house), campaign).await;
    let (sender, progress) = mpsc::channel(1);
    drop(progress);
    issue.run(sender).await;
    assert_eq!(house.count("code_batch").await, 0);
    assert_eq!(house.issue(campaign).await.codes, 5);
}

#[apply(both)]
async fn a_letter_proves_longer_where_the_mail_takes_longer(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.person(campaign, "ADULT", "IN", true).await;
    house.person(campaign, "ADULT", "AK", true).await;
    house.issue(campaign).await;
    for days in [21, 30] {
        assert_eq!(
            house
                .count(&format!(
                    "code WHERE generation > 0 AND proof_days = {days}"
                ))
                .await,
            1
        );
    }
}

#[apply(both)]
async fn an_issue_that_broke_off_goes_on_with_the_same_codes(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 20).await;
    let request = request(&house);
    let issue = begin(&house, &request, campaign).await.in_chunks_of(3);
    let (sender, mut progress) = mpsc::channel(1);
    let running = tokio::spawn(issue.run(sender));
    while let Some(Ok(Progress::Issued { issued, owed, .. })) = progress.recv().await {
        assert!(
            owed == 20 || owed == 0,
            "all of them, or not known yet: {owed}"
        );
        if issued >= 6 {
            break;
        }
    }
    drop(progress);
    running.await.unwrap();
    let before = house.count("code WHERE generation > 0").await;
    assert!((6..20).contains(&before), "{before}");
    let row = house.row("SELECT codes FROM code_batch").await;
    assert_eq!(row.try_get::<i64>("", "codes").unwrap(), before);
    let again = begin(&house, &request, campaign).await.in_chunks_of(3);
    let Progress::Done(batch) = end_of(again).await else {
        panic!("it did not end")
    };
    assert_eq!(batch.codes, 20);
    assert_eq!(house.count("code_batch").await, 1);
}

#[apply(both)]
async fn two_issues_at_once_give_nobody_two_codes(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 60).await;
    let mut running = Vec::new();
    for _ in 0..4 {
        let request = request(&house);
        let issue = begin(&house, &request, campaign).await.in_chunks_of(7);
        let (sender, mut progress) = mpsc::channel(100);
        running.push(tokio::spawn(issue.run(sender)));
        tokio::spawn(async move { while progress.recv().await.is_some() {} });
    }
    for issue in running {
        issue.await.unwrap();
    }
    assert_eq!(house.count("code WHERE generation > 0").await, 60);
    let holders = house
        .row("SELECT count(DISTINCT individual_id) AS n FROM code WHERE generation > 0")
        .await;
    assert_eq!(holders.try_get::<i64>("", "n").unwrap(), 60);
    let row = house
        .row("SELECT CAST(sum(codes) AS BIGINT) AS n FROM code_batch")
        .await;
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 60);
}

#[apply(both)]
async fn an_export_is_the_same_until_its_batch_is_sealed(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 12).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    let order: Vec<String> = people.iter().map(ToString::to_string).collect();
    assert_eq!(
        codes
            .iter()
            .map(|(person, _)| person.clone())
            .collect::<Vec<_>>(),
        order
    );
    assert_eq!(
        codes
            .iter()
            .map(|(_, code)| code)
            .collect::<BTreeSet<_>>()
            .len(),
        12
    );
    house.begun(&codes[3].1).await;
    assert_eq!(house.export(&batch).await.unwrap(), codes);
    assert_eq!(
        house
            .count("audit_event WHERE action = 'codes.exported'")
            .await,
        2
    );
    let sealed = house.seal(&batch).await.unwrap();
    assert_eq!(sealed.state(), wire::BatchState::Sealed);
    assert_eq!(
        house
            .count("code_batch WHERE wrapped_secret IS NOT NULL")
            .await,
        0
    );
    let refused = house.export(&batch).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::BatchSealed));
    assert_eq!(
        reason_of(&house.seal(&batch).await.unwrap_err()),
        Some(Reason::BatchSealed)
    );
    // The letters go on working.
    house.begun(&codes[4].1).await;
}

#[apply(both)]
async fn a_sealed_batch_takes_no_further_codes(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 1).await;
    let id = house.request_id();
    let batch = house.issue_as(&id, campaign).await.unwrap();
    house.seal(&batch).await.unwrap();
    house.people(campaign, 2).await;
    assert_eq!(house.issue_as(&id, campaign).await.unwrap().codes, 1);
    assert_eq!(house.issue(campaign).await.codes, 2);
    let message = wire::ListBatchesRequest {
        campaign: campaign.to_string(),
        page_size: 0,
        page_token: String::new(),
    };
    let batches = house
        .handlers
        .list_batches(by(Role::Operator, message))
        .await
        .unwrap()
        .into_inner()
        .batches;
    assert_eq!(
        batches.iter().map(|batch| batch.codes).collect::<Vec<_>>(),
        [2, 1]
    );
}

#[apply(both)]
async fn no_plain_code_is_at_rest_anywhere(database: Database) {
    let house = House::open(&database).await;
    let (_, _, code) = house.one_letter().await;
    house.begun(&code).await;
    for (table, columns) in [
        ("audit_event", "detail, actor"),
        ("idempotency", "result, caller"),
        ("enrollment", "started_by, channel"),
    ] {
        for column in columns.split(", ") {
            assert_eq!(
                house
                    .count(&format!("{table} WHERE {column} LIKE '%{code}%'"))
                    .await,
                0
            );
        }
    }
}

#[apply(both)]
async fn an_unknown_batch_is_not_found(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let batch = wire::CodeBatch {
        batch_id: house.ids.uuid().to_string(),
        campaign_id: campaign.to_string(),
        ..Default::default()
    };
    assert_eq!(
        house.export(&batch).await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(house.seal(&batch).await.unwrap_err().code(), Code::NotFound);
}
