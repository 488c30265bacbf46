//! The words that a column may hold stand twice: in the enum beside its entity, and in the CHECK that a migration wrote. They are the same.

use std::collections::BTreeSet;

use redress::db::entities::{
    ClosedSet, activation_code, campaign, code, code_batch, confirmation_code, covered_entity,
    enrollment, handoff, individual, invoice_check, invoice_line, mail_event, outcome, partner,
    product, reconciliation, reconciliation_difference, reconciliation_entry, referral,
    representative, review, revocation, roster_import, verification, wave,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Iterable, Statement};

use crate::harness::{Database, apply, both};

/// The words of a column's CHECK, which is named after its table and its column.
async fn checked(owner: &DatabaseConnection, table: &str, column: &str) -> BTreeSet<String> {
    let backend = owner.get_database_backend();
    let name = format!("{table}_{column}_check");
    let sql = match backend {
        DbBackend::Postgres => format!(
            "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = '{name}'"
        ),
        _ => format!("SELECT sql AS text FROM sqlite_master WHERE name = '{table}'"),
    };
    let row = owner.query_one_raw(Statement::from_string(backend, sql));
    let text: String = row
        .await
        .unwrap()
        .expect(&name)
        .try_get("", "text")
        .unwrap();
    // SQLite gives the whole table: the rule begins after its name and ends with its list.
    let rule = text.split(name.as_str()).last().unwrap();
    let rule = if backend == DbBackend::Postgres {
        rule
    } else {
        rule.split_inclusive(')').next().unwrap()
    };
    let words = rule.split('\'').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

fn words<E: ClosedSet + Iterable>() -> BTreeSet<String> {
    E::iter().map(|value| value.as_str().to_owned()).collect()
}

#[apply(both)]
async fn a_column_takes_the_words_of_its_enum_and_no_others(database: Database) {
    let columns = [
        (
            "activation_code",
            "state",
            words::<activation_code::State>(),
        ),
        ("campaign", "state", words::<campaign::State>()),
        ("code", "state", words::<code::State>()),
        ("code_batch", "state", words::<code_batch::State>()),
        (
            "confirmation_code",
            "channel",
            words::<confirmation_code::Channel>(),
        ),
        (
            "confirmation_code",
            "state",
            words::<confirmation_code::State>(),
        ),
        (
            "covered_entity",
            "notifier",
            words::<covered_entity::Notifier>(),
        ),
        ("enrollment", "state", words::<enrollment::State>()),
        ("handoff", "kind", words::<handoff::Kind>()),
        ("handoff", "state", words::<handoff::State>()),
        (
            "individual",
            "population",
            words::<individual::Population>(),
        ),
        ("invoice_check", "state", words::<invoice_check::State>()),
        ("invoice_line", "verdict", words::<invoice_line::Verdict>()),
        ("invoice_line", "reason", words::<invoice_line::Reason>()),
        ("mail_event", "kind", words::<mail_event::Kind>()),
        ("outcome", "result", words::<outcome::OutcomeResult>()),
        ("partner", "mode", words::<partner::Mode>()),
        ("partner", "state", words::<partner::State>()),
        ("product", "population", words::<product::Population>()),
        ("reconciliation", "state", words::<reconciliation::State>()),
        (
            "reconciliation_entry",
            "progress",
            words::<reconciliation_entry::Progress>(),
        ),
        (
            "reconciliation_difference",
            "kind",
            words::<reconciliation_difference::Kind>(),
        ),
        (
            "reconciliation_difference",
            "state",
            words::<reconciliation_difference::State>(),
        ),
        (
            "reconciliation_difference",
            "action",
            words::<reconciliation_difference::Action>(),
        ),
        (
            "reconciliation_difference",
            "close_reason",
            words::<reconciliation_difference::CloseReason>(),
        ),
        (
            "referral",
            "decision_reason",
            words::<referral::DecisionReason>(),
        ),
        ("referral", "state", words::<referral::State>()),
        ("verification", "notice", words::<verification::Notice>()),
        ("review", "state", words::<review::State>()),
        ("revocation", "target", words::<revocation::Target>()),
        ("roster_import", "state", words::<roster_import::State>()),
        (
            "verification",
            "representative_authority",
            words::<representative::Authority>(),
        ),
        (
            "verification",
            "representative_relationship",
            words::<representative::Relationship>(),
        ),
        ("verification", "path", words::<verification::Path>()),
        ("verification", "state", words::<verification::State>()),
        ("wave", "kind", words::<wave::Kind>()),
    ];
    let owner = database.owner().await;
    for (table, column, words) in columns {
        assert_eq!(
            checked(&owner, table, column).await,
            words,
            "{table}.{column}"
        );
    }
}
