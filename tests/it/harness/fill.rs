//! A campaign with many people, written by SQL: enough that PostgreSQL's planner cares how a table is read.
//!
//! What is written can be read by every process but for what is sealed. Its ids come before those of everybody else, and
//! grow in the order in which the rows are written, as the product's ids do.

use redress::kernel::ids::{CampaignId, IndividualId, PartnerId};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use uuid::Uuid;

use super::plans::LARGE;

/// Rows of each table; enough that reading all of them costs much more than an index does.
const PEOPLE: u32 = 60_000;
/// An instant that is not reached, in microseconds.
const NEVER: i64 = 4_102_444_800_000_000;

/// What a row is, which makes its id.
#[derive(Clone, Copy)]
enum Kind {
    Person = 1,
    Enrollment,
    Verification,
    Handoff,
    Coverage,
    Confirmation,
    Referral,
    Outcome,
    Event,
    Letters,
    Review,
}

/// Writes the id of the row `n` in SQL.
fn id(kind: Kind) -> String {
    let kind = kind as u8;
    format!("('00000000-000{kind:x}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid")
}

/// The last of the many people.
pub fn last() -> IndividualId {
    let n = u128::from(PEOPLE);
    IndividualId::from_uuid(Uuid::from_u128(
        0x0000_0000_0001_7000_8000_0000_0000_0000 + n,
    ))
}

/// Fills every large table for a campaign and one of its partners, and has PostgreSQL count what is there.
pub async fn fill(owner: &DatabaseConnection, campaign: CampaignId, partner: PartnerId) {
    let mut statements = roster(campaign);
    statements.extend(letters(campaign, partner));
    statements.extend(verifications(campaign));
    statements.push(reviews(campaign));
    statements.extend(handoffs(campaign, partner));
    statements.extend(commons(campaign));
    statements.push("ANALYZE".to_owned());
    run(owner, statements).await;
    for table in LARGE {
        let sql = format!("SELECT count(*) >= {PEOPLE} FROM {table}");
        let statement = Statement::from_string(owner.get_database_backend(), sql);
        let row = owner.query_one_raw(statement).await.unwrap().unwrap();
        assert!(row.try_get_by_index::<bool>(0).unwrap(), "{table}");
    }
}

/// The tables that an import fills.
const ROSTER: [&str; 4] = [
    "individual",
    "individual_entity",
    "individual_index",
    "mail_event",
];

/// Keeps PostgreSQL from counting the roster's tables of its own accord, which it otherwise does a few seconds after a load.
pub async fn keep_uncounted(owner: &DatabaseConnection) {
    let off = |table| format!("ALTER TABLE {table} SET (autovacuum_enabled = false)");
    run(owner, ROSTER.map(off).into()).await;
}

/// Fills the roster's tables, of which PostgreSQL is told nothing: so they are for a while after a load.
///
/// They must be kept so by [`keep_uncounted`] before their first row.
pub async fn just_loaded(owner: &DatabaseConnection, campaign: CampaignId) {
    run(owner, roster(campaign)).await;
    for table in ROSTER {
        let sql = format!("SELECT count(*) FROM pg_stats WHERE tablename = '{table}'");
        let statement = Statement::from_string(owner.get_database_backend(), sql);
        let row = owner.query_one_raw(statement).await.unwrap().unwrap();
        let counted = row.try_get_by_index::<i64>(0).unwrap();
        assert_eq!(counted, 0, "PostgreSQL has counted {table}");
    }
}

async fn run(owner: &DatabaseConnection, statements: Vec<String>) {
    for sql in statements {
        let done = owner.execute_unprepared(&sql).await;
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
}

fn insert(table: &str, columns: &str, values: &str) -> String {
    format!(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM (SELECT n, gen_random_uuid() AS mac \
         FROM generate_series(1, {PEOPLE}) AS n) AS many"
    )
}

/// Like [`insert`], in the order of the keyed hashes, as bulk loads come.
fn insert_sorted(table: &str, columns: &str, values: &str) -> String {
    insert(table, columns, values) + " ORDER BY mac"
}

fn roster(campaign: CampaignId) -> Vec<String> {
    let person = id(Kind::Person);
    let import = id(Kind::Letters);
    let entity = format!(
        "COALESCE((SELECT id FROM covered_entity WHERE campaign_id = '{campaign}' LIMIT 1), '{campaign}')"
    );
    let keys: Vec<String> = (1..=11)
        .map(|key| format!("hashint8extended(n, {key})"))
        .collect();
    vec![
        insert(
            "individual",
            "campaign_id, id, salt, sealed, key_version, population, region, country, mailable, has_contact, created_at",
            &format!(
                "'{campaign}', {person}, '\\x01', '\\x02', 1, 'ADULT', 'IN', 'US', n % 10 > 0, false, 0"
            ),
        ),
        insert_sorted(
            "individual_entity",
            "campaign_id, covered_entity_id, ref_mac, individual_id, row_mac, import_id",
            &format!("'{campaign}', {entity}, mac, {person}, gen_random_uuid(), {import}"),
        ),
        insert(
            "individual_index",
            "campaign_id, individual_id, made_by, ssn, name_dob, name_postal, dob_postal, last4_dob, given_dob, last4_family, last4_given, \
             last4_postal, phone, email",
            &format!("'{campaign}', {person}, 2, {}", keys.join(", ")),
        ),
        insert(
            "mail_event",
            "campaign_id, individual_id, happened_on, kind, generation, recorded_by, recorded_at",
            &format!("'{campaign}', {person}, '2015-07-01', 'MAILED', 1, 'x', 0"),
        ),
    ]
}

fn letters(campaign: CampaignId, partner: PartnerId) -> Vec<String> {
    let (person, enrollment) = (id(Kind::Person), id(Kind::Enrollment));
    // A wave and its batch, of whom the many are.
    let wave = id(Kind::Letters).replace("to_hex(n)", "'0'");
    let states = "CASE n % 5 WHEN 0 THEN 'STARTED' WHEN 1 THEN 'SUBMITTED' WHEN 2 THEN 'ACTIVE' \
        WHEN 3 THEN 'ACTION_REQUIRED' ELSE 'REFUSED' END";
    let covered = "CASE n % 5 WHEN 2 THEN 'ACTIVE' WHEN 3 THEN 'ACTION_REQUIRED' WHEN 4 THEN 'REFUSED' ELSE 'SUBMITTED' END";
    let coverage = id(Kind::Coverage);
    let (verification, handoff) = (id(Kind::Verification), id(Kind::Handoff));
    vec![
        format!(
            "INSERT INTO wave (campaign_id, id, name, kind, entities, regions, populations, members, enroll_by, enroll_by_at, \
             created_at) VALUES ('{campaign}', {wave}, 'many', 'PLANNED', '[]', '[]', '[]', {PEOPLE}, '2016-01-31', {NEVER}, 0)"
        ),
        format!(
            "INSERT INTO code_batch (campaign_id, id, state, key_version, codes, created_at, sealed_at, wave_id, completed_at) \
             VALUES ('{campaign}', {wave}, 'SEALED', 1, {PEOPLE}, 0, 0, {wave}, 0)"
        ),
        insert(
            "wave_member",
            "campaign_id, wave_id, individual_id",
            &format!("'{campaign}', {wave}, {person}"),
        ),
        insert_sorted(
            "code",
            "campaign_id, mac, individual_id, batch_id, generation, state, settled_at, enrollment_id",
            &format!(
                "'{campaign}', mac, {person}, {wave}, 1, CASE WHEN n % 2 = 0 THEN 'ISSUED' ELSE 'REDEEMED' END, \
                 CASE WHEN n % 2 > 0 THEN 0 END, CASE WHEN n % 2 > 0 THEN {enrollment} END"
            ),
        ),
        insert(
            "enrollment",
            "campaign_id, id, individual_id, state, language, code_mac, verification_id, started_by, channel, started_at, \
             submitted_at, settled_at, complete_by_at",
            &format!(
                "'{campaign}', {enrollment}, {person}, {states}, 'en', mac, {verification}, 'portal/x', 'WEB', 0, 0, \
                 CASE n % 5 WHEN 4 THEN 0 END, {NEVER}"
            ),
        ),
        insert(
            "coverage",
            "campaign_id, id, enrollment_id, partner_id, product_code, term_months, handoff_id, state, outcome_class, revision, \
             activated_at, term_ends_on, settled_at",
            &format!(
                "'{campaign}', {coverage}, {enrollment}, '{partner}', 'GOLD', 24, {handoff}, {covered}, \
                 CASE WHEN n % 5 > 2 THEN 'THIN_FILE' END, 0, 0, '2099-12-31', CASE n % 5 WHEN 4 THEN 0 END"
            ),
        ),
        insert(
            "consent",
            "campaign_id, enrollment_id, language, version, text_sha256, channel, given_by, given_at",
            &format!("'{campaign}', {enrollment}, 'en', '1', 'x', 'WEB', 'portal/x', 0"),
        ),
    ]
}

fn verifications(campaign: CampaignId) -> Vec<String> {
    let (person, enrollment) = (id(Kind::Person), id(Kind::Enrollment));
    let verification = id(Kind::Verification);
    let (confirmation, referral) = (id(Kind::Confirmation), id(Kind::Referral));
    vec![
        insert(
            "verification",
            "campaign_id, id, individual_id, enrollment_id, path, state, score_centibits, waterfall, requested_by, created_at, \
             decided_at, expires_at",
            &format!(
                "'{campaign}', {verification}, {person}, {enrollment}, 'LETTER', 'VERIFIED', 2000, '[]', 'portal/x', 0, 0, 0"
            ),
        ),
        insert(
            "confirmation_code",
            "campaign_id, id, verification_id, channel, mac, attempts, state, sent_at, expires_at",
            &format!("'{campaign}', {confirmation}, {verification}, 'SMS', mac, 0, 'SPENT', 0, 0"),
        ),
        insert(
            "referral",
            "campaign_id, id, verification_id, state, opened_at, due_at, opened_by, decided_by, decided_at, reason, decision_reason",
            &format!(
                "'{campaign}', {referral}, {verification}, CASE n % 20 WHEN 0 THEN 'OPEN' ELSE 'APPROVED' END, 0, 0, 'portal/x', \
                 CASE WHEN n % 20 > 0 THEN 'ann' END, CASE WHEN n % 20 > 0 THEN 0 END, 'SCORE_BETWEEN_THRESHOLDS', CASE WHEN n % 20 > 0 THEN 'OTHER' END"
            ),
        ),
    ]
}

/// Each of the many people beside the one before. Few are open.
fn reviews(campaign: CampaignId) -> String {
    let (review, person) = (id(Kind::Review), id(Kind::Person));
    let other = person.replace("to_hex(n)", "to_hex(n - 1)");
    insert(
        "review",
        "campaign_id, id, individual_id, other_id, state, score, waterfall, import_id, opened_at, decided_at, decided_by",
        &format!(
            "'{campaign}', {review}, {person}, {other}, CASE n % 20 WHEN 0 THEN 'OPEN' ELSE 'KEPT_APART' END, 3000, '[]', \
             {review}, 0, CASE WHEN n % 20 > 0 THEN 0 END, CASE WHEN n % 20 > 0 THEN 'ann' END"
        ),
    )
}

/// None of the handoffs is due, and few withdrawals are under way. The codes that are left come last.
fn handoffs(campaign: CampaignId, partner: PartnerId) -> Vec<String> {
    let (person, enrollment) = (id(Kind::Person), id(Kind::Enrollment));
    let coverage = id(Kind::Coverage);
    let (handoff, outcome) = (id(Kind::Handoff), id(Kind::Outcome));
    let states = "CASE n % 10 WHEN 0 THEN CASE n % 100 WHEN 0 THEN 'ACCEPTED' ELSE 'CANCELED' END WHEN 1 THEN 'QUEUED' WHEN 2 THEN 'ACCEPTED' WHEN 3 THEN 'ACTION_REQUIRED' \
        WHEN 4 THEN 'REFUSED' ELSE 'ACTIVE' END";
    vec![
        insert(
            "handoff",
            "campaign_id, id, enrollment_id, coverage_id, individual_id, partner_id, kind, product_code, term_months, order_attempt, \
             state, attempts, not_before, outcome_class, revision, created_at, acknowledged_at, settled_at",
            &format!(
                "'{campaign}', {handoff}, {enrollment}, {coverage}, {person}, '{partner}', CASE n % 10 WHEN 0 THEN 'CANCEL' ELSE 'ENROLL' END, \
                 'GOLD', 24, 1, {states}, 1, {NEVER}, CASE WHEN n % 10 IN (3, 4) THEN 'THIN_FILE' END, 0, 0, 0, 0"
            ),
        ),
        insert(
            "handoff_attempt",
            "campaign_id, handoff_id, attempt, started_at, ended_at, result, detail",
            &format!("'{campaign}', {handoff}, 1, 0, 0, 'ANSWERED', ''"),
        ),
        insert(
            "outcome",
            "campaign_id, id, enrollment_id, coverage_id, handoff_id, result, outcome_class, revision, effective_at, created_at",
            &format!(
                "'{campaign}', {outcome}, {enrollment}, {coverage}, {handoff}, 'ACTIVE', NULL, 0, 0, n"
            ),
        ),
        format!(
            "INSERT INTO activation_pool (campaign_id, partner_id, low_water, created_at) VALUES ('{campaign}', '{partner}', 0, 0)"
        ),
        insert(
            "activation_code",
            "campaign_id, partner_id, mac, sealed, state, handoff_id, imported_at, assigned_at",
            &format!(
                "'{campaign}', '{partner}', CASE WHEN n % 2 > 0 THEN mac ELSE \
                 ('ffffffff-ffff-ffff-8000-' || lpad(to_hex(n), 12, '0'))::uuid END, '\\x01', \
                 CASE n % 2 WHEN 0 THEN 'AVAILABLE' ELSE 'ASSIGNED' END, CASE WHEN n % 2 > 0 THEN {handoff} END, 0, \
                 CASE WHEN n % 2 > 0 THEN 0 END"
            ),
        ),
    ]
}

fn commons(campaign: CampaignId) -> Vec<String> {
    let (event, enrollment) = (id(Kind::Event), id(Kind::Enrollment));
    let process = "(ARRAY['identity', 'codes', 'handoff'])[n % 3 + 1]";
    vec![
        insert(
            "audit_event",
            "id, process, campaign_id, at, actor, action, subject_kind, subject_id, detail",
            &format!("{event}, {process}, '{campaign}', 0, 'x', 'x', 'x', {enrollment}, '{{}}'"),
        ),
        insert(
            "throttle",
            "key, process, tat",
            &format!("mac, {process}, 0"),
        ),
        insert(
            "idempotency",
            "request_id, process, caller, method, fingerprint, result, created_at",
            &format!("mac, {process}, 'x', 'x', mac, '', 0"),
        ),
    ]
}
