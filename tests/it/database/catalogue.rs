//! What the databases say about the schema: it shards, and it is the same on both.

use std::collections::BTreeSet;

use redress::db::Process;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::harness::Database;

async fn texts(connection: &DatabaseConnection, backend: DbBackend, sql: &str) -> Vec<Vec<String>> {
    let rows = connection
        .query_all_raw(Statement::from_string(backend, sql))
        .await
        .unwrap();
    let columns = |row: &sea_orm::QueryResult| row.column_names().len();
    rows.iter()
        .map(|row| {
            (0..columns(row))
                .map(|at| row.try_get_by_index(at).unwrap_or_default())
                .collect()
        })
        .collect()
}

/// Unique indexes and foreign keys of tables with a campaign, as name and first column.
const KEYS: &str = "
    SELECT key.name, first.attname::text FROM (
        SELECT indexrelid::regclass::text AS name, indrelid AS relation, indkey[0] AS number
        FROM pg_index WHERE indisunique
        UNION ALL
        SELECT conname::text, conrelid, conkey[1] FROM pg_constraint WHERE contype = 'f'
    ) AS key
    JOIN pg_attribute AS first ON first.attrelid = key.relation AND first.attnum = key.number
    JOIN pg_class ON pg_class.oid = key.relation AND relnamespace = 'public'::regnamespace
    WHERE EXISTS (SELECT FROM pg_attribute WHERE attrelid = key.relation AND attname = 'campaign_id' AND attnotnull)";

#[tokio::test]
async fn the_campaign_comes_first_in_every_key() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    let keys = texts(&owner, DbBackend::Postgres, KEYS).await;
    assert!(keys.len() > 25, "{keys:?}");
    for key in keys {
        assert_eq!(key[1], "campaign_id", "{}", key[0]);
    }
}

#[tokio::test]
async fn nothing_in_the_schema_keeps_it_from_sharding() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    for sql in [
        "SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace",
        "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT attname::text FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid \
         WHERE relnamespace = 'public'::regnamespace AND attidentity <> ''",
    ] {
        assert_eq!(
            texts(&owner, DbBackend::Postgres, sql).await,
            Vec::<Vec<String>>::new(),
            "{sql}"
        );
    }
}

/// Bulk loads pay for every key: these tables have the primary key and what their look-ups need.
#[tokio::test]
async fn bulk_loaded_tables_have_no_foreign_keys() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    let sql = "SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text \
               IN ('code', 'individual', 'individual_entity', 'individual_index', 'enrollment', 'handoff')";
    assert_eq!(
        texts(&owner, DbBackend::Postgres, sql).await,
        Vec::<Vec<String>>::new()
    );
}

#[tokio::test]
async fn both_databases_have_the_same_columns_and_indexes() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let postgres = database.owner().await;
    let file = Database::sqlite().await;
    let sqlite = file.open(Process::Codes).await;
    for (on_postgres, on_sqlite) in [
        (
            "SELECT table_name::text, column_name::text, (is_nullable = 'NO')::int::text \
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT tables.name, columns.name, CAST(columns.\"notnull\" AS TEXT) FROM sqlite_schema AS tables, \
             pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'",
        ),
        (
            "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' \
             AND indexname LIKE '%_idx'",
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE '%_idx'",
        ),
    ] {
        let on_postgres = texts(&postgres, DbBackend::Postgres, on_postgres).await;
        let on_sqlite = texts(sqlite.read(), DbBackend::Sqlite, on_sqlite).await;
        let on_postgres: BTreeSet<_> = on_postgres.into_iter().collect();
        let on_sqlite: BTreeSet<_> = on_sqlite.into_iter().collect();
        assert_eq!(on_postgres, on_sqlite);
    }
}

/// SQLite names the columns of a constraint and PostgreSQL its name: the one must follow from the other.
#[tokio::test]
async fn unique_constraints_are_named_after_their_columns() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let owner = database.owner().await;
    let sql = "SELECT index.relname::text, relation.relname::text, string_agg(attname, ',' ORDER BY at), \
               indisprimary::int::text \
               FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid \
               JOIN pg_class AS relation ON relation.oid = indrelid AND relation.relnamespace = 'public'::regnamespace \
               CROSS JOIN LATERAL unnest(indkey) WITH ORDINALITY AS key (number, at) \
               JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number \
               WHERE indisunique GROUP BY 1, 2, 4";
    for row in texts(&owner, DbBackend::Postgres, sql).await {
        let [name, table, columns, primary] = row.as_slice() else {
            panic!("four columns")
        };
        let columns: Vec<&str> = columns
            .split(',')
            .filter(|column| *column != "campaign_id")
            .collect();
        let expected = if primary == "1" {
            format!("{table}_pkey")
        } else {
            format!("{table}_{}_key", columns.join("_"))
        };
        assert_eq!(*name, expected);
    }
}
