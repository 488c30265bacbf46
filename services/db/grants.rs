//! Who may touch what on PostgreSQL: each process has a role of its own, and this table is what it may do.
//!
//! A process writes its own tables and reads of the others' what it needs, by column where only some are its business.
//! The rows of the shared tables are kept apart by row-level security on their column `process`. SQLite has no roles:
//! there only the keys separate the processes.

use sea_orm::ConnectionTrait;

use super::error::Error;
use super::migrations::{SUPPORT, VERSIONS};
use super::settings::Process::{self, Codes, Handoff, Identity};

/// What one process may do with one table.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The table.
    pub table: &'static str,
    /// Who may.
    pub process: Process,
    /// Which statements, as SQL names them.
    pub rights: &'static str,
    /// Which columns; none means all.
    pub columns: &'static [&'static str],
}

const fn all(table: &'static str, process: Process, rights: &'static str) -> Grant {
    Grant {
        table,
        process,
        rights,
        columns: &[],
    }
}

const fn columns(table: &'static str, process: Process, columns: &'static [&'static str]) -> Grant {
    Grant {
        table,
        process,
        rights: "SELECT",
        columns,
    }
}

const KEEP: &str = "SELECT, INSERT";
const CHANGE: &str = "SELECT, INSERT, UPDATE";
const CHANGE_AND_DELETE: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Every grant there is.
pub const GRANTS: &[Grant] = &[
    all("campaign", Codes, CHANGE),
    all("campaign", Identity, "SELECT"),
    all("campaign", Handoff, "SELECT"),
    all("covered_entity", Codes, CHANGE),
    all("covered_entity", Identity, "SELECT"),
    all("covered_entity", Handoff, "SELECT"),
    all("product", Codes, CHANGE),
    all("product", Identity, "SELECT"),
    all("code_batch", Codes, CHANGE),
    columns(
        "code_batch",
        Identity,
        &["campaign_id", "id", "wave_id", "first_exported_at"],
    ),
    all("wave", Codes, CHANGE),
    columns("wave", Identity, &["campaign_id", "id", "mailed_on"]),
    all("wave_member", Codes, KEEP),
    all("code", Codes, CHANGE),
    columns(
        "code",
        Identity,
        &[
            "campaign_id",
            "individual_id",
            "batch_id",
            "generation",
            "withheld",
        ],
    ),
    all("export_approval", Codes, CHANGE),
    all("consent_text", Codes, CHANGE),
    all("coverage", Codes, CHANGE),
    // From when to when each one ran, for what a partner may bill.
    columns(
        "coverage",
        Handoff,
        &[
            "campaign_id",
            "id",
            "state",
            "activated_at",
            "term_ends_on",
            "suspended_at",
            "settled_at",
        ],
    ),
    all("enrollment", Codes, CHANGE),
    all("restoration", Codes, CHANGE),
    all("term_notice", Codes, KEEP),
    all("term_notice", Identity, "SELECT, UPDATE"),
    all("enrollment", Identity, "SELECT"),
    all("enrollment", Handoff, "SELECT"),
    all("consent", Codes, KEEP),
    all("consent", Handoff, "SELECT"),
    all("campaign_key", Identity, CHANGE),
    all("campaign_key", Handoff, "SELECT"),
    all("roster_import", Identity, CHANGE),
    all("roster_import", Codes, "SELECT"),
    all("individual", Identity, CHANGE),
    columns(
        "individual",
        Codes,
        &[
            "campaign_id",
            "id",
            "population",
            "region",
            "country",
            "mailable",
            "erased_at",
            "withdrawn_at",
        ],
    ),
    all("individual", Handoff, "SELECT"),
    all("individual_entity", Identity, CHANGE_AND_DELETE),
    columns(
        "individual_entity",
        Codes,
        &[
            "campaign_id",
            "covered_entity_id",
            "individual_id",
            "withdrawn",
        ],
    ),
    all("individual_index", Identity, CHANGE_AND_DELETE),
    all("individual_history", Identity, KEEP),
    all("complete_row", Identity, KEEP),
    all("mail_event", Identity, KEEP),
    columns(
        "mail_event",
        Codes,
        &["campaign_id", "individual_id", "kind"],
    ),
    all("verification", Identity, CHANGE),
    all("verification", Codes, "SELECT"),
    columns(
        "verification",
        Handoff,
        &[
            "campaign_id",
            "id",
            "decided_at",
            "evidence",
            "representative_relationship",
            "representative_authority",
            "representative_evidence",
        ],
    ),
    all("supplement", Identity, CHANGE),
    all("supplement", Handoff, "SELECT"),
    all("confirmation_code", Identity, CHANGE),
    all("referral", Identity, CHANGE),
    all("review", Identity, CHANGE),
    all("partner", Handoff, CHANGE),
    columns("partner", Codes, &["id", "name", "state", "mode"]),
    all("handoff", Handoff, "SELECT, UPDATE"),
    all("handoff", Codes, KEEP),
    all("handoff_attempt", Handoff, CHANGE_AND_DELETE),
    all("open_circuit", Handoff, CHANGE_AND_DELETE),
    all("handoff_file", Handoff, CHANGE_AND_DELETE),
    all("handoff_projection", Handoff, CHANGE),
    all("activation_pool", Handoff, CHANGE),
    columns(
        "activation_pool",
        Codes,
        &["campaign_id", "partner_id", "low_water"],
    ),
    all("activation_code", Handoff, CHANGE),
    columns(
        "activation_code",
        Codes,
        &["campaign_id", "partner_id", "state"],
    ),
    all("reconciliation", Handoff, CHANGE_AND_DELETE),
    all("reconciliation_entry", Handoff, CHANGE_AND_DELETE),
    all("reconciliation_difference", Handoff, CHANGE_AND_DELETE),
    all("manifest", Handoff, KEEP),
    all("invoice_check", Handoff, CHANGE_AND_DELETE),
    all("invoice_line", Handoff, CHANGE_AND_DELETE),
    all("resubmission", Codes, CHANGE),
    all("resubmission", Handoff, "SELECT, UPDATE, DELETE"),
    all("letter_order", Identity, CHANGE),
    all("letter_order", Codes, "SELECT, UPDATE, DELETE"),
    all("revocation", Codes, CHANGE),
    all("outcome", Handoff, KEEP),
    all("outcome", Codes, "SELECT, UPDATE, DELETE"),
    all("audit_event", Identity, KEEP),
    all("audit_event", Codes, KEEP),
    all("audit_event", Handoff, KEEP),
    all("throttle", Identity, CHANGE_AND_DELETE),
    all("throttle", Codes, CHANGE_AND_DELETE),
    all("throttle", Handoff, CHANGE_AND_DELETE),
    all("idempotency", Identity, "SELECT, INSERT, DELETE"),
    all("idempotency", Codes, "SELECT, INSERT, DELETE"),
    all("idempotency", Handoff, "SELECT, INSERT, DELETE"),
    all("key_fingerprint", Identity, KEEP),
    all("key_fingerprint", Codes, KEEP),
    all("key_fingerprint", Handoff, KEEP),
    all(VERSIONS, Identity, "SELECT"),
    all(VERSIONS, Codes, "SELECT"),
    all(VERSIONS, Handoff, "SELECT"),
    all(SUPPORT, Identity, "SELECT"),
    all(SUPPORT, Codes, "SELECT"),
    all(SUPPORT, Handoff, "SELECT"),
];

/// The tables whose rows belong to one process each.
pub const PER_PROCESS: [&str; 3] = ["audit_event", "throttle", "idempotency"];

/// Makes the roles if they are missing and gives them exactly these grants.
pub(super) async fn apply(connection: &impl ConnectionTrait) -> Result<(), Error> {
    connection.execute_unprepared(&sql()).await?;
    Ok(())
}

fn sql() -> String {
    let statements = roles()
        .chain(revoke())
        .chain(grants())
        .chain(row_security())
        .chain(policies());
    statements.collect::<Vec<_>>().join(";\n")
}

/// Roles belong to the whole cluster: a migrator of another database may be making the same one at this moment.
fn roles() -> impl Iterator<Item = String> {
    Process::ALL.into_iter().map(|process| {
        let role = process.role();
        format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN \
             CREATE ROLE {role} NOLOGIN; END IF; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    })
}

/// Starts from nothing, so that a right taken out of the table is taken from the role too.
fn revoke() -> impl Iterator<Item = String> {
    let roles = Process::ALL.map(Process::role).join(", ");
    [
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}"),
        "REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned(),
        format!("GRANT USAGE ON SCHEMA public TO {roles}"),
        format!(
            "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); \
             EXECUTE format('GRANT CONNECT ON DATABASE %I TO {roles}', current_database()); END $$"
        ),
    ]
    .into_iter()
}

fn grants() -> impl Iterator<Item = String> {
    GRANTS.iter().map(|grant| {
        let role = grant.process.role();
        let Grant { table, rights, .. } = grant;
        if grant.columns.is_empty() {
            format!("GRANT {rights} ON {table} TO {role}")
        } else {
            format!(
                "GRANT {rights} ({}) ON {table} TO {role}",
                grant.columns.join(", ")
            )
        }
    })
}

/// Keeps each process to its own rows. Only what is missing is made, here and below: both statements lock the table.
fn row_security() -> impl Iterator<Item = String> {
    PER_PROCESS.iter().map(|table| {
        format!(
            "DO $$ BEGIN IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = '{table}'::regclass) THEN \
             ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; END IF; END $$"
        )
    })
}

fn policies() -> impl Iterator<Item = String> {
    let pairs = PER_PROCESS
        .iter()
        .flat_map(|table| Process::ALL.map(|process| (table, process)));
    pairs.map(|(table, process)| {
        let role = process.role();
        format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = '{table}'::regclass \
             AND polname = 'own_{process}') THEN CREATE POLICY own_{process} ON {table} TO {role} \
             USING (process = '{process}') WITH CHECK (process = '{process}'); END IF; END $$"
        )
    })
}
