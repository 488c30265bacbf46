//! A database that an older program left, with its rows, brought up to date.

use redress::db::entities::enrollment::State::{Active, Canceled, Started};
use redress::db::entities::front_ends::FrontEnds;
use redress::db::entities::{campaign, consent, consent_text, coverage, enrollment};
use redress::db::entities::{handoff, individual, mail_event, outcome, product, referral};
use redress::db::migrate;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait};
use uuid::Uuid;

use crate::harness::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rows_of_the_first_schema_are_kept_on_sqlite() {
    the_rows_are_kept(Database::sqlite_without_file()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rows_of_the_first_schema_are_kept_on_postgres() {
    let Some(database) = Database::postgres_without_schema().await else {
        return;
    };
    the_rows_are_kept(database).await;
}

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Writes `#7` in a statement as the id of that number.
fn with_ids(backend: DbBackend, sql: &str) -> String {
    let mut parts = sql.split('#');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: u128 = part[..digits].parse().expect("a number after #");
        let literal = match backend {
            DbBackend::Sqlite => format!("X'{}'", id(number).simple()),
            _ => format!("'{}'", id(number)),
        };
        text.push_str(&literal);
        text.push_str(&part[digits..]);
    }
    text
}

/// Campaign 1 with an adult product of 24 months. Person 11 is active, 12 left after the partner had them, 13 left before they
/// finished, 14 has begun.
const ROWS: &[&str] = &[
    "INSERT INTO campaign (id, engagement_number, name, state, breach_on, discovered_on, enroll_by, zone, enroll_by_at, \
     term_months, letter_url, letter_phone, consent_version, consent_text, policy, code_key_version, created_at, grace_days, \
     two_operators, locale) VALUES (#1, 'B123456', 'Test', 'OPEN', '2015-05-07', '2015-05-26', '2016-01-31', 'America/Boise', \
     9000, 24, 'https://example.org', '+1 800 555 0100', 'v1', 'I agree.', '{}', 1, 1, 0, FALSE, 'en')",
    "INSERT INTO covered_entity (campaign_id, id, entity_key, name, kind) VALUES (#1, #2, 'one', 'One', 'PROVIDER')",
    "INSERT INTO partner (id, name, mode, state, max_in_flight, projection, breaker, created_at) \
     VALUES (#3, 'sandbox-pull', 'PULL', 'ACTIVE', 1, '{}', '{}', 1)",
    "INSERT INTO product (campaign_id, population, code, partner_id) VALUES (#1, 'ADULT', 'TRIPLE-24', #3)",
    "INSERT INTO individual (campaign_id, id, key_version, population, region, country, mailable, has_contact, created_at, \
     erased_at, locale, returned) VALUES (#1, #11, 1, 'ADULT', 'IN', 'US', TRUE, FALSE, 1, 5, 'es-MX', TRUE)",
    "INSERT INTO mail_event (campaign_id, individual_id, happened_on, kind, recorded_by, recorded_at) \
     VALUES (#1, #11, '2015-07-01', 'MAILED', 'operator/one', 1)",
    "INSERT INTO enrollment (campaign_id, id, individual_id, state, verification_id, handoff_id, product_code, partner_id, \
     started_by, channel, started_at, submitted_at, activated_at, term_ends_on, outcome_class, settled_at, complete_by_at) VALUES \
     (#1, #21, #11, 'ACTIVE', #31, #41, 'TRIPLE-24', #3, 'portal/one', 'WEB', 1, 2, 3, '2017-07-01', NULL, NULL, 9000), \
     (#1, #22, #12, 'CANCELED', #32, #42, 'TRIPLE-24', #3, 'portal/one', 'WEB', 1, 2, NULL, NULL, NULL, 4, 9000), \
     (#1, #23, #13, 'CANCELED', NULL, NULL, NULL, NULL, 'call-center/one', 'PHONE', 1, NULL, NULL, NULL, NULL, 4, 9000), \
     (#1, #24, #14, 'STARTED', NULL, NULL, NULL, NULL, 'portal/one', 'WEB', 1, NULL, NULL, NULL, NULL, NULL, 9000)",
    "INSERT INTO consent (campaign_id, enrollment_id, version, text_sha256, locale, channel, given_by, given_at) \
     VALUES (#1, #21, 'v1', 'aa', 'en', 'WEB', 'portal/one', 2)",
    "INSERT INTO handoff (campaign_id, id, enrollment_id, individual_id, partner_id, kind, product_code, term_months, state, \
     attempts, not_before, created_at, sent_at, acknowledged_at, settled_at) VALUES \
     (#1, #41, #21, #11, #3, 'ENROLL', 'TRIPLE-24', 24, 'ACTIVE', 1, 1, 1, 1, 2, 3), \
     (#1, #42, #22, #12, #3, 'ENROLL', 'TRIPLE-24', 24, 'CANCELED', 1, 1, 1, 1, 2, 3), \
     (#1, #43, #22, #12, #3, 'CANCEL', 'TRIPLE-24', 24, 'CANCELED', 1, 1, 1, 1, 2, 3)",
    "INSERT INTO handoff_attempt (campaign_id, handoff_id, attempt, started_at, result, detail) \
     VALUES (#1, #41, 1, 1, 'ANSWERED', 'ACTIVE')",
    "INSERT INTO verification (campaign_id, id, individual_id, path, state, score_centibits, waterfall, requested_by, created_at, \
     decided_at, expires_at) VALUES (#1, #61, #11, 'LOOKUP', 'VERIFIED', 900, '[]', 'portal/one', 1, 2, 9)",
    "INSERT INTO referral (campaign_id, id, verification_id, state, opened_at, due_at, opened_by, decided_by, decided_at, reason) \
     VALUES (#1, #71, #61, 'APPROVED', 1, 9, 'portal/one', 'operator/one', 2, 'MINOR')",
    "INSERT INTO outcome (campaign_id, id, enrollment_id, handoff_id, result, effective_at, created_at) \
     VALUES (#1, #51, #22, #43, 'CANCELED', 4, 4)",
];

/// Everything that stood there stands there again, and one coverage has taken the place of what an enrollment ordered.
async fn the_rows_are_kept(database: Database) {
    let first = migrate::up_to(&database.url(), Some(1)).await.unwrap();
    assert_eq!(first, ["0001_baseline"]);
    let owner = database.owner().await;
    let backend = owner.get_database_backend();
    for sql in ROWS {
        let done = owner.execute_unprepared(&with_ids(backend, sql)).await;
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    owner.close().await.unwrap();
    let others = migrate::up(&database.url()).await.unwrap();
    let steps = migrate::status(&database.url()).await.unwrap();
    let later: Vec<_> = steps.into_iter().skip(1).map(|step| step.name).collect();
    assert_eq!(others, later);
    let owner = database.owner().await;
    campaign_is_kept(&owner).await;
    enrollments_are_kept(&owner).await;
    handoffs_are_kept(&owner).await;
    let row = referral::Entity::find().one(&owner).await.unwrap().unwrap();
    assert_eq!(
        (row.id.as_uuid(), row.state, row.decided_by.as_deref()),
        (id(71), referral::State::Approved, Some("operator/one"))
    );
}

async fn campaign_is_kept(owner: &DatabaseConnection) {
    let row = campaign::Entity::find().one(owner).await.unwrap().unwrap();
    assert_eq!(
        (row.engagement_number.as_str(), row.language.as_str()),
        ("B123456", "en")
    );
    assert!(!row.raise_term_by_law);
    assert_eq!(row.front_ends(), Ok(FrontEnds::default()));
    let text = consent_text::Entity::find().one(owner).await.unwrap();
    let text = text.unwrap();
    assert_eq!(
        (
            text.language.as_str(),
            text.version.as_str(),
            text.text.as_str()
        ),
        ("en", "v1", "I agree.")
    );
    let product = product::Entity::find().one(owner).await.unwrap().unwrap();
    assert_eq!(
        (product.code.as_str(), product.term_months),
        ("TRIPLE-24", 24)
    );
    let person = individual::Entity::find().one(owner).await.unwrap();
    let person = person.unwrap();
    assert_eq!((person.language.as_str(), person.returned), ("es-MX", true));
    let event = mail_event::Entity::find().one(owner).await.unwrap();
    let event = event.unwrap();
    assert_eq!(
        (event.kind, event.generation),
        (mail_event::Kind::Mailed, 0)
    );
}

async fn enrollments_are_kept(owner: &DatabaseConnection) {
    let rows = enrollment::Entity::find().all(owner).await.unwrap();
    let mut said: Vec<_> = rows
        .iter()
        .map(|row| (row.id.as_uuid(), row.state, row.cancel_reason.is_some()))
        .collect();
    said.sort_unstable_by_key(|(id, ..)| *id);
    assert_eq!(
        said,
        [
            (id(21), Active, false),
            (id(22), Canceled, true),
            (id(23), Canceled, true),
            (id(24), Started, false)
        ]
    );
    let consent = consent::Entity::find().one(owner).await.unwrap().unwrap();
    assert_eq!(
        (consent.language.as_str(), consent.relationship),
        ("en", None)
    );
    let mut rows = coverage::Entity::find().all(owner).await.unwrap();
    rows.sort_unstable_by_key(|row| row.enrollment_id);
    let said: Vec<_> = rows
        .iter()
        .map(|row| (row.enrollment_id.as_uuid(), row.handoff_id.as_uuid()))
        .collect();
    assert_eq!(said, [(id(21), id(41)), (id(22), id(42))]);
    assert_eq!(rows[0].term_ends_on.as_deref(), Some("2017-07-01"));
    assert!(rows.iter().all(|row| row.order_attempt == 1));
}

async fn handoffs_are_kept(owner: &DatabaseConnection) {
    let rows = handoff::Entity::find().all(owner).await.unwrap();
    let mut said: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.id.as_uuid(),
                row.coverage_id.as_uuid(),
                row.order_attempt,
                row.updated_at.as_micros(),
            )
        })
        .collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            (id(41), id(41), 1, 3),
            (id(42), id(42), 1, 3),
            (id(43), id(42), 1, 3)
        ]
    );
    let row = outcome::Entity::find().one(owner).await.unwrap().unwrap();
    assert_eq!(row.coverage_id.as_uuid(), id(42));
}
