//! One refusal for every cause: the same bytes after the same statements, at CheckCode and at BeginEnrollment.

use std::time::Duration;

use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use sea_orm::DbBackend;
use tonic::Status;

use super::house::{House, NUMBER};
use crate::harness::{Database, apply, both};

/// A code with good check symbols that nobody has.
pub const STRANGER: &str = "0000-0000-0000-0168";
/// The number of another campaign, and one that no campaign has.
const OTHER: &str = "B654321";
const NOWHERE: &str = "Z999999";

/// All that a caller sees of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    code: tonic::Code,
    message: String,
    details: Vec<u8>,
    metadata: String,
}

pub fn seen(status: &Status) -> Seen {
    Seen {
        code: status.code(),
        message: status.message().to_owned(),
        details: status.details().to_vec(),
        metadata: format!("{:?}", status.metadata()),
    }
}

/// What a cause is called in the audit log, and what to type for it.
type Case = (&'static str, &'static str, String);

/// One code for every cause that a code can have.
async fn cases(house: &House) -> Vec<Case> {
    let campaign = house.campaign().await;
    let people = house.people(campaign, 7).await;
    let (codes, honey) = letters(house, campaign).await;
    let [
        redeemed,
        superseded,
        revoked,
        good,
        deceased,
        minor,
        not_given,
    ] = codes.try_into().unwrap();
    // What was known only after the letters were printed.
    house.becomes(people[4], "DECEASED").await;
    house.becomes(people[5], "MINOR").await;
    set(house, &not_given, "without_code = TRUE").await;
    redeem(house, campaign, &redeemed).await;
    for (state, letter) in [("SUPERSEDED", &superseded), ("REVOKED", &revoked)] {
        set(house, letter, &format!("state = '{state}', settled_at = 1")).await;
    }
    let other = wire::Campaign {
        engagement_number: OTHER.into(),
        ..house.wanted()
    };
    let other: CampaignId = house
        .create(other)
        .await
        .unwrap()
        .campaign_id
        .parse()
        .unwrap();
    house.people(other, 1).await;
    let foreign = letters(house, other).await.0.remove(0);
    vec![
        ("UNKNOWN", NUMBER, STRANGER.to_owned()),
        ("UNKNOWN", NUMBER, foreign.code),
        ("UNKNOWN", OTHER, good.code.clone()),
        ("UNKNOWN_CAMPAIGN", NOWHERE, good.code),
        ("REDEEMED", NUMBER, redeemed.code),
        ("SUPERSEDED", NUMBER, superseded.code),
        ("REVOKED", NUMBER, revoked.code),
        ("HONEY", NUMBER, honey),
        ("DECEASED", NUMBER, deceased.code),
        ("NO_PRODUCT", NUMBER, minor.code),
        ("NOT_GIVEN", NUMBER, not_given.code),
    ]
}

#[derive(Debug)]
struct Letter {
    person: String,
    code: String,
}

/// The people's letters, and a code that belongs to nobody.
async fn letters(house: &House, campaign: CampaignId) -> (Vec<Letter>, String) {
    let batch = house.issue(campaign).await;
    let codes = house.export_all(&batch).await.unwrap().into_iter();
    let (honey, letters): (Vec<_>, Vec<_>) = codes.partition(|plain| plain.seed);
    let letter = |plain: wire::PlainCode| Letter {
        person: plain.individual_id,
        code: plain.code,
    };
    let letters = letters.into_iter().map(letter).collect();
    (letters, honey[0].code.clone())
}

async fn redeem(house: &House, campaign: CampaignId, letter: &Letter) {
    let enrollment = house.begun(&letter.code).await;
    let person = letter.person.parse().unwrap();
    let verification = house
        .verify(campaign, person, Some(enrollment), "VERIFIED")
        .await;
    house
        .complete(house.completion(enrollment, verification))
        .await
        .unwrap();
}

async fn set(house: &House, letter: &Letter, change: &str) {
    let person = match house.owner.get_database_backend() {
        DbBackend::Postgres => format!("'{}'", letter.person),
        _ => format!("x'{}'", letter.person.replace('-', "")),
    };
    house
        .run(&format!(
            "UPDATE code SET {change} WHERE individual_id = {person}"
        ))
        .await;
}

#[apply(both)]
async fn every_refusal_has_the_same_bytes_after_the_same_statements(database: Database) {
    let house = House::open(&database).await;
    let cases = cases(&house).await;
    let statements = house.context.db.statements();
    let (mut checks, mut begins) = (Vec::new(), Vec::new());
    for (cause, number, code) in &cases {
        house.ask_of(number).await;
        statements.watch();
        let refused = house.check_in(number, code).await.unwrap_err();
        checks.push((cause, seen(&refused), statements.seen()));
        statements.watch();
        let refused = house.begin_in(number, code).await.unwrap_err();
        assert_eq!(
            reason_of(&refused),
            Some(Reason::CodeNotAccepted),
            "{cause}"
        );
        begins.push((cause, seen(&refused), statements.seen()));
    }
    for (asked, count) in [(&checks, 8), (&begins, 9)] {
        assert_eq!(asked[0].2.len(), count, "{:?}", asked[0].2);
        for (cause, seen, sent) in asked {
            assert_eq!(*seen, checks[0].1, "{cause}");
            assert_eq!(*sent, asked[0].2, "{cause}");
        }
    }
    // Reviewers see the causes, and who uses a code that is nobody's is told apart.
    for (cause, _, _) in &cases {
        let found = house
            .count(&format!(
                "audit_event WHERE action LIKE 'code.%' AND detail LIKE '%\"{cause}\"%'"
            ))
            .await;
        assert!(found >= 2, "{cause}");
    }
    assert_eq!(house.count("audit_event WHERE action = 'code.honey_used' AND subject_kind = 'code_batch' AND subject_id IS NOT NULL").await, 2);
}

#[apply(both)]
async fn a_verification_that_is_none_and_a_time_that_has_passed_are_refused_alike(
    database: Database,
) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let refusal = seen(&house.begin(STRANGER).await.unwrap_err());
    let statements = house.context.db.statements();
    let pending = house
        .verify(campaign, person, None, "CONFIRMATION_REQUIRED")
        .await;
    for verification in [house.request_id(), pending.to_string()] {
        let entitlement = Entitlement::VerificationId(verification);
        let refused = house
            .begin_as(&house.request_id(), entitlement)
            .await
            .unwrap_err();
        assert_eq!(seen(&refused), refusal);
    }
    statements.watch();
    house.check(STRANGER).await.unwrap_err();
    let sent = statements.seen();
    house.clock.advance(Duration::from_hours(24 * 365));
    house.ask_of(NUMBER).await;
    statements.watch();
    assert_eq!(seen(&house.check(&code).await.unwrap_err()), refusal);
    assert_eq!(statements.seen(), sent);
    assert_eq!(seen(&house.begin(&code).await.unwrap_err()), refusal);
    house
        .run("UPDATE campaign SET state = 'CLOSED', closed_at = 1")
        .await;
    assert_eq!(seen(&house.check(&code).await.unwrap_err()), refusal);
}
