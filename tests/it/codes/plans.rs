//! Every statement about one person goes through an index. PostgreSQL says so itself, with enough rows that its planner
//! cares, and for the plan that it keeps for a prepared statement.

use redress::codes::enrollment::outcomes;
use redress::codes::housekeeping;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::process;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use wire::EnrollmentState as State;
use wire::begin_enrollment_request::Entitlement;
use wire::revoke_codes_request::Target;

use super::house::{House, by};
use crate::harness::{Database, fill, plans};

/// What is known to read a large table.
const KNOWN: [(&str, &str); 6] = [
    // Housekeeping, for each campaign: codes/enrollment/store.rs, any_to_end and end_terms. At last most are ACTIVE.
    ("SELECT 1 AS one FROM enrollment", "enrollment"),
    ("UPDATE enrollment SET state = 'ENDED'", "enrollment"),
    // codes/enrollment/outcome_store.rs, any and take: what is taken is gone, so that few are there; any stops at the first.
    (
        "SELECT 1 AS one FROM outcome WHERE set_aside_at IS NULL LIMIT 1",
        "outcome",
    ),
    ("DELETE FROM outcome", "outcome"),
    // IssueCodes counts once whom it will write to: codes/batch/code_store.rs, count.
    ("SELECT count(*) AS n FROM individual i", "individual"),
    ("SELECT count(*) AS n FROM individual i", "code"),
];

/// A letter's way, and that of somebody who lost it.
async fn enroll(house: &House, campaign: CampaignId, person: IndividualId, code: &str) {
    let other = house.people(campaign, 1).await[0];
    house.check(code).await.unwrap();
    let unknown = "0000-0000-0000-0000";
    house.check(unknown).await.unwrap_err();
    let enrollment = house.begun(code).await;
    house.begun(code).await;
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house.get(&enrollment.to_string()).await;
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
    house.cancel(&enrollment.to_string()).await.unwrap();
    let lost = house.verify(campaign, other, None, "VERIFIED").await;
    let entitlement = Entitlement::VerificationId(lost.to_string());
    house
        .begin_as(&house.request_id(), entitlement)
        .await
        .unwrap();
}

/// A first letter for somebody who came later, and who has come how far.
async fn issue(house: &House, campaign: CampaignId) {
    house.people(campaign, 1).await;
    let batch = house.issue(campaign).await;
    assert!(batch.codes > 0);
    for state in [
        State::Unspecified,
        State::Started,
        State::Verified,
        State::Active,
    ] {
        let mut message = wire::ListEnrollmentsRequest {
            campaign: campaign.to_string(),
            state: state.into(),
            page_size: 2,
            ..Default::default()
        };
        for _ in 0..2 {
            let asked = by(Role::Operator, message.clone());
            let page = house.handlers.list_enrollments(asked).await.unwrap();
            message.page_token = page.into_inner().next_page_token;
        }
    }
}

/// Letters after the first one, as many as a person gets, and the end of all of them.
async fn reissue(house: &House, campaign: CampaignId, person: IndividualId) {
    for _ in 0..3 {
        let code = house.reissue(person).await.unwrap();
        house.reissue(person).await.unwrap();
        house.print(campaign, &code).await;
    }
    let refused = house.reissue(person).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::ReissueLimit));
    assert_eq!(house.lineage(campaign, person).await.len(), 4);
    let target = Target::IndividualId(person.to_string());
    house.revoke(campaign, target).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_about_one_person_reads_a_large_table_whole() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 2).await;
    let batch = house.issue(campaign).await;
    let code = house.export(&batch).await.unwrap().remove(0).1;
    fill::fill(&house.owner, campaign, house.partner).await;

    let statements = house.context.db.statements().clone();
    statements.watch();
    enroll(&house, campaign, people[0], &code).await;
    reissue(&house, campaign, people[1]).await;
    issue(&house, campaign).await;
    assert_eq!(outcomes::step(&house.context).await.unwrap(), 256);
    // Some of those terms began long ago.
    assert!(housekeeping::step(&house.context).await.unwrap() > 0);
    process::housekeeping::prune(&house.context).await.unwrap();
    let sent = statements.seen();
    plans::expect_indexes(&house.owner, sent, 55, &KNOWN).await;
}
