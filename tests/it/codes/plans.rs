//! Every statement that answers a person goes through an index. PostgreSQL says so itself, with enough rows that its planner
//! cares, and for the plan that it keeps for a prepared statement.

use std::collections::BTreeSet;

use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use super::house::House;
use crate::harness::Database;

/// People in the campaign; enough that reading all of them costs much more than an index does.
const PEOPLE: u32 = 60_000;

/// The tables that grow with the people.
const LARGE: [&str; 8] = [
    "individual",
    "individual_entity",
    "individual_index",
    "code",
    "enrollment",
    "verification",
    "handoff",
    "audit_event",
];

/// Fills the campaign with people, their codes, and what some of them have done.
async fn fill(house: &House, campaign: CampaignId) {
    let batch = house.issue(campaign).await.batch_id;
    let partner = house.partner;
    for sql in [
        format!(
            "INSERT INTO individual (campaign_id, id, salt, sealed, key_version, population, region, country, mailable, \
             has_contact, created_at) SELECT '{campaign}', gen_random_uuid(), '\\x01', '\\x02', 1, 'ADULT', 'IN', 'US', true, \
             false, 0 FROM generate_series(1, {PEOPLE})"
        ),
        format!(
            "INSERT INTO code (campaign_id, mac, individual_id, batch_id, generation, state) SELECT campaign_id, \
             gen_random_uuid(), id, '{batch}', 2, 'ISSUED' FROM individual WHERE created_at = 0"
        ),
        format!(
            "INSERT INTO enrollment (campaign_id, id, individual_id, state, code_mac, verification_id, handoff_id, product_code, \
             partner_id, started_by, channel, started_at, submitted_at, complete_by_at) SELECT campaign_id, gen_random_uuid(), \
             individual_id, 'SUBMITTED', mac, gen_random_uuid(), gen_random_uuid(), 'GOLD', '{partner}', 'portal/x', 'WEB', 0, \
             0, 0 FROM code WHERE generation = 2"
        ),
        "INSERT INTO verification (campaign_id, id, individual_id, enrollment_id, path, state, score_centibits, waterfall, \
         requested_by, created_at, decided_at, expires_at) SELECT campaign_id, verification_id, individual_id, id, 'LETTER', \
         'VERIFIED', 2000, '[]', 'portal/x', 0, 0, 0 FROM enrollment"
            .to_owned(),
        format!(
            "INSERT INTO handoff (campaign_id, id, enrollment_id, individual_id, partner_id, kind, product_code, term_months, \
             state, attempts, not_before, created_at) SELECT campaign_id, handoff_id, id, individual_id, '{partner}', 'ENROLL', \
             'GOLD', 24, 'QUEUED', 0, 0, 0 FROM enrollment"
        ),
        "INSERT INTO audit_event (id, process, campaign_id, at, actor, action, subject_kind, subject_id, detail) SELECT \
         gen_random_uuid(), 'codes', campaign_id, 0, 'x', 'x', 'x', id, '{}' FROM enrollment"
            .to_owned(),
        "ANALYZE".to_owned(),
    ] {
        house.run(&sql).await;
    }
}

/// Asks for the plan of a statement, as it is kept for every value.
async fn plan(house: &House, sql: &str) -> String {
    let parameters = (1..20)
        .take_while(|n| sql.contains(&format!("${n}")))
        .count();
    let arguments = vec!["NULL"; parameters].join(", ");
    let execute = if parameters == 0 {
        "EXPLAIN EXECUTE asked".to_owned()
    } else {
        format!("EXPLAIN EXECUTE asked({arguments})")
    };
    // Numbers whose type nothing else tells are instants.
    let typed = (1..20).fold(sql.to_owned(), |sql, n| {
        sql.replace(&format!("${n} +"), &format!("${n}::bigint +"))
            .replace(&format!("+ ${n}"), &format!("+ ${n}::bigint"))
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "a prepared statement lives in one session, and nothing is written"
    )]
    let tx = house.owner.begin().await.unwrap();
    tx.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let prepared = tx
        .execute_unprepared(&format!("PREPARE asked AS {typed}"))
        .await;
    prepared.unwrap_or_else(|error| panic!("{error}: {typed}"));
    let rows = tx
        .query_all_raw(Statement::from_string(tx.get_database_backend(), execute))
        .await
        .unwrap();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    tx.execute_unprepared("DEALLOCATE asked").await.unwrap();
    tx.rollback().await.unwrap();
    lines.join("\n")
}

/// The tables of [`LARGE`] that a plan reads from end to end.
fn read_whole(plan: &str) -> Vec<&'static str> {
    let whole = |table: &&&str| {
        plan.lines().any(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "Scan");
            line.contains("Seq Scan on ") && words.nth(2).is_some_and(|name| name == **table)
        })
    };
    LARGE.iter().filter(whole).copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_that_answers_a_person_goes_through_an_index() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let other = house.people(campaign, 1).await[0];
    fill(&house, campaign).await;

    let statements = house.ctx.db.statements().clone();
    statements.watch();
    house.check(&code).await.unwrap();
    let unknown = "0000-0000-0000-0000";
    house.check(unknown).await.unwrap_err();
    let enrollment = house.begun(&code).await;
    house.begun(&code).await;
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
    let seen: BTreeSet<String> = statements
        .seen()
        .into_iter()
        .filter(|sql| {
            ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"]
                .iter()
                .any(|verb| sql.starts_with(verb))
        })
        .collect();
    assert!(seen.len() > 12, "{seen:#?}");
    for sql in &seen {
        let plan = plan(&house, sql).await;
        assert_eq!(read_whole(&plan), Vec::<&str>::new(), "{sql}\n{plan}");
    }
    // The check itself can fail.
    let bad = plan(&house, "SELECT id FROM enrollment WHERE outcome_class = $1").await;
    assert_eq!(read_whole(&bad), ["enrollment"]);
}
