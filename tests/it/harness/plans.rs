//! What PostgreSQL means to do with a statement: the plan that it keeps for a prepared one, whatever its values are.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};

/// The tables that grow with the people and with what they do.
pub const LARGE: [&str; 19] = [
    "individual",
    "individual_entity",
    "individual_index",
    "mail_event",
    "wave_member",
    "code",
    "enrollment",
    "consent",
    "verification",
    "confirmation_code",
    "referral",
    "review",
    "handoff",
    "handoff_attempt",
    "outcome",
    "activation_code",
    "audit_event",
    "throttle",
    "idempotency",
];

/// Demands that none of these statements reads a large table from end to end, and that at least `least` of them are there.
///
/// `known` holds a part of each statement that may, and the table it reads; where it is named stands why.
pub async fn expect_indexes(
    owner: &DatabaseConnection,
    sent: Vec<String>,
    least: usize,
    known: &[(&str, &str)],
) {
    let sent = hot(sent);
    assert!(sent.len() >= least, "{} of {least}: {sent:#?}", sent.len());
    let mut bad = Vec::new();
    for sql in &sent {
        let plan = plan(owner, sql).await;
        let mut tables = read_whole(&plan);
        tables.retain(|table| {
            !known
                .iter()
                .any(|(part, read)| read == table && sql.contains(part))
        });
        if !tables.is_empty() {
            bad.push(format!("{tables:?}\n{sql}\n{plan}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
    it_can_fail(owner).await;
}

/// Demands that the statements which hold a part go through an index of that name.
pub async fn expect_index(
    owner: &DatabaseConnection,
    sent: &[String],
    (part, index): (&str, &str),
) {
    let asked: Vec<&String> = sent.iter().filter(|sql| sql.contains(part)).collect();
    assert!(!asked.is_empty(), "{part}: {sent:#?}");
    for sql in asked {
        let plan = plan(owner, sql).await;
        assert!(plan.contains(index), "{sql}\n{plan}");
    }
}

/// Demands that none of these statements, about tables just loaded, reads a campaign from end to end through an index, and that at least
/// `least` of them are there.
pub async fn expect_whole_keys(owner: &DatabaseConnection, sent: Vec<String>, least: usize) {
    let sent = hot(sent);
    assert!(sent.len() >= least, "{} of {least}: {sent:#?}", sent.len());
    for sql in &sent {
        let plan = plan(owner, sql).await;
        assert!(!reads_a_campaign(&plan), "{sql}\n{plan}");
    }
    let bad = "SELECT salt FROM individual WHERE campaign_id = $1";
    assert!(reads_a_campaign(&plan(owner, bad).await));
}

/// Tells whether a plan goes through a large table's index by nothing but the campaign.
fn reads_a_campaign(plan: &str) -> bool {
    let lines: Vec<&str> = plan.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| {
        let is_large = |table: &&str| pair[0].contains(&format!(" on {table}"));
        let value = pair[1].strip_prefix("Index Cond: (campaign_id = $");
        let value = value.and_then(|rest| rest.strip_suffix(')'));
        LARGE.iter().any(is_large) && value.is_some_and(|n| n.parse::<u32>().is_ok())
    })
}

/// Proves the check itself: every large table is large enough that the planner cares, and is seen where it is read whole.
async fn it_can_fail(owner: &DatabaseConnection) {
    for table in LARGE {
        let all = plan(owner, &format!("SELECT * FROM {table}")).await;
        assert_eq!(read_whole(&all), [table]);
    }
    let bad = plan(owner, "SELECT id FROM enrollment WHERE started_by = $1").await;
    assert_eq!(read_whole(&bad), ["enrollment"]);
}

/// Leaves out what has no plan.
fn hot(sent: Vec<String>) -> BTreeSet<String> {
    let has_plan = |sql: &String| {
        ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| sql.starts_with(verb))
    };
    sent.into_iter().filter(has_plan).collect()
}

/// Asks for the plan of a statement, as it is kept for every value.
async fn plan(owner: &DatabaseConnection, sql: &str) -> String {
    let types = types(sql);
    let arguments = vec!["NULL"; types.len()].join(", ");
    let [prepare, execute] = if types.is_empty() {
        ["", ""].map(str::to_owned)
    } else {
        [format!("({})", types.join(", ")), format!("({arguments})")]
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a prepared statement lives in one session, and nothing is written"
    )]
    let tx = owner.begin().await.unwrap();
    let set = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL random_page_cost = 1.1";
    tx.execute_unprepared(set).await.unwrap();
    let prepared = tx
        .execute_unprepared(&format!("PREPARE asked{prepare} AS {sql}"))
        .await;
    prepared.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let execute = format!("EXPLAIN EXECUTE asked{execute}");
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

/// Gives the types of a statement's parameters as far as PostgreSQL cannot tell them: the driver says them, a PREPARE by
/// hand must.
fn types(sql: &str) -> Vec<&'static str> {
    let mut types = Vec::new();
    for (at, _) in sql.match_indices('$') {
        let rest = &sql[at + 1..];
        let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let Ok(n) = rest[..rest.len() - after.len()].parse::<usize>() else {
            continue;
        };
        types.resize(types.len().max(n), "unknown");
        // Numbers whose type nothing else tells are instants.
        if sql[..at].ends_with("+ ") || after.starts_with(" +") {
            types[n - 1] = "bigint";
        }
    }
    for (place, column) in types.iter_mut().zip(listed(sql)) {
        *place = type_of(column);
    }
    types
}

/// Gives the columns of a list of rows that a statement begins with. Its first row gives the others their types.
fn listed(sql: &str) -> impl Iterator<Item = &str> {
    let list = sql.strip_prefix("WITH new(").unwrap_or_default();
    let columns = list.split_once(") AS (VALUES").unwrap_or_default().0;
    columns.split(", ").filter(|column| !column.is_empty())
}

fn type_of(column: &str) -> &'static str {
    match column {
        "id" | "mac" => "uuid",
        "not_before" => "bigint",
        _ if column.ends_with("_id") => "uuid",
        _ if column.ends_with("_at") => "bigint",
        _ => "text",
    }
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
