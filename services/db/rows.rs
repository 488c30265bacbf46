//! Many rows as one bound value.
//!
//! A statement over n rows would have n forms, each parsed and planned anew. Instead the rows travel as one JSON text, which
//! both databases turn into a table: one form whatever n is. Only ids, states, instants and words go this way.

use data_encoding::HEXLOWER;
use sea_orm::{DbBackend, EntityTrait, IdenStatic as _, Iterable as _, Statement, Value};
use serde::{Serialize, Serializer};

use crate::kernel::clock::Timestamp;

/// What a column of the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// A UUID.
    Uuid,
    /// Text.
    Text,
    /// A 64-bit number.
    Big,
    /// A 32-bit number.
    Int,
    /// A truth value.
    Bool,
    /// Bytes, which travel as [`hex`] writes them.
    Bytes,
}

/// Lists the columns of a table by their names, under an alias. Never `*`: PostgreSQL keeps the plan of a statement, and refuses it
/// once a later release has added a column.
pub fn columns<E: EntityTrait>(alias: &str) -> String {
    let columns = E::Column::iter().map(|column| format!("{alias}.{}", column.as_str()));
    columns.collect::<Vec<_>>().join(", ")
}

/// Writes `v AS (..)` for a WITH clause: the rows of the JSON text `$1` with these columns.
pub fn table(backend: DbBackend, columns: &[(&str, Is)]) -> String {
    table_as(backend, ("v", 1), columns)
}

/// Writes a table as [`table`] does, under a name of its own and from the value with this number.
pub fn table_as(
    backend: DbBackend,
    (name, value): (&str, usize),
    columns: &[(&str, Is)],
) -> String {
    if backend == DbBackend::Postgres {
        let typed = columns
            .iter()
            .map(|(name, is)| format!("{name} {}", postgres_type(*is)));
        let typed: Vec<String> = typed.collect();
        return format!(
            "{name} AS MATERIALIZED (SELECT * FROM json_to_recordset(${value}::json) AS r({}))",
            typed.join(", ")
        );
    }
    let read: Vec<String> = columns
        .iter()
        .map(|(name, is)| sqlite_column(name, *is))
        .collect();
    format!(
        "{name} AS MATERIALIZED (SELECT {} FROM json_each(${value}))",
        read.join(", ")
    )
}

fn postgres_type(is: Is) -> &'static str {
    match is {
        Is::Uuid => "uuid",
        Is::Text => "text",
        Is::Big => "bigint",
        Is::Int => "integer",
        Is::Bool => "boolean",
        Is::Bytes => "bytea",
    }
}

fn sqlite_column(name: &str, is: Is) -> String {
    match is {
        Is::Uuid => format!("unhex(value ->> '{name}', '-') AS {name}"),
        Is::Bytes => format!("unhex(substr(value ->> '{name}', 3)) AS {name}"),
        Is::Text | Is::Big | Is::Int | Is::Bool => format!("value ->> '{name}' AS {name}"),
    }
}

/// Writes a condition: whatever stands before it is one of the values of the JSON list `$1`. Both databases look up one value after the
/// other by an index.
pub fn among(backend: DbBackend, is: Is) -> String {
    if backend == DbBackend::Postgres {
        let to = postgres_type(is);
        return format!("= ANY (ARRAY(SELECT json_array_elements_text($1::json)::{to}))");
    }
    let value = match is {
        Is::Uuid => "unhex(value, '-')",
        Is::Bytes => "unhex(substr(value, 3))",
        Is::Text | Is::Big | Is::Int | Is::Bool => "value",
    };
    format!("IN (SELECT {value} FROM json_each($1))")
}

/// Writes `v AS (..)` for a WITH clause: the values of the JSON list `$1` as a table of one column.
pub fn list(backend: DbBackend, column: &str, is: Is) -> String {
    if backend == DbBackend::Postgres {
        let to = postgres_type(is);
        return format!(
            "v AS MATERIALIZED (SELECT json_array_elements_text($1::json)::{to} AS {column})"
        );
    }
    format!("v AS MATERIALIZED (SELECT value AS {column} FROM json_each($1))")
}

/// Gives the clause that locks rows of a table until the transaction ends; SQLite has one writer anyway.
pub fn lock(backend: DbBackend, table: &str) -> String {
    if backend == DbBackend::Postgres {
        format!(" FOR NO KEY UPDATE OF {table}")
    } else {
        String::new()
    }
}

/// Binds rows to a statement as its only value.
pub fn bind<T: Serialize>(backend: DbBackend, sql: String, rows: &[T]) -> Statement {
    bind_with(backend, sql, rows, [])
}

/// Binds rows to a statement as its first value, and others after it.
pub fn bind_with<T: Serialize>(
    backend: DbBackend,
    sql: String,
    rows: &[T],
    rest: impl IntoIterator<Item = Value>,
) -> Statement {
    let values = std::iter::once(json(rows).into()).chain(rest);
    Statement::from_sql_and_values(backend, sql, values)
}

/// Writes rows as the text that [`table`] reads.
pub fn json<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("ids, words, numbers and hex serialize")
}

/// Binds ids as the table `v`, whose one column is `id`, and values after it.
pub fn bind_ids<T: Serialize>(
    backend: DbBackend,
    query: &str,
    ids: &[T],
    rest: impl IntoIterator<Item = Value>,
) -> Statement {
    #[derive(Serialize)]
    struct Row<'a, T> {
        id: &'a T,
    }
    let sql = format!("WITH {} {query}", table(backend, &[("id", Is::Uuid)]));
    let rows: Vec<Row<'_, T>> = ids.iter().map(|id| Row { id }).collect();
    bind_with(backend, sql, &rows, rest)
}

/// Writes bytes as PostgreSQL does: `\x` and two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    format!("\\x{}", HEXLOWER.encode(bytes))
}

/// Serializes an instant, or none, as a column holds it: in microseconds.
pub fn micros<S: Serializer>(
    at: &(impl Copy + Into<Option<Timestamp>>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let at: Option<Timestamp> = (*at).into();
    at.map(Timestamp::as_micros).serialize(serializer)
}
