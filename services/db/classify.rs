//! From a driver's error to the class that decides what to do.
//!
//! PostgreSQL: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
//! SQLite: <https://www.sqlite.org/rescode.html>.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

use super::error::{Error, Outage, SqlState};
use super::names;

/// Said when a table or a column is missing.
const UNFIT: &str = "the database has no or an older schema: type `redress migrate --database-url ...` as its owner";

/// Puts a driver's error into its class.
pub(super) fn driver(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => postgres(error.code(), error.constraint()),
            None => sqlite(error.as_ref()),
        },
        sqlx::Error::PoolTimedOut => Error::Unavailable(Outage::PoolExhausted),
        sqlx::Error::PoolClosed => Error::Unavailable(Outage::Closed),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Error::Unavailable(Outage::Disconnected(None)),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::TypeNotFound { .. } => Error::corrupt("a column of another type"),
        sqlx::Error::RowNotFound => Error::corrupt("a row that should be there is missing"),
        _ => Error::corrupt("a statement that cannot be run"),
    }
}

fn postgres(code: &str, constraint: Option<&str>) -> Error {
    let state = SqlState::new(code);
    match code {
        "40001" | "40P01" | "55P03" => Error::Contended(state),
        // 0A000 is a plan that a later schema has made void, 26000 a prepared statement that a pooler has lost: another connection has
        // neither.
        "57P01" | "57P02" | "57P05" | "53300" | "0A000" | "26000" => disconnected(state),
        "57P03" => Error::Unavailable(Outage::Starting(state)),
        "25006" => Error::Unavailable(Outage::ReadOnly(state)),
        "53100" => Error::Unavailable(Outage::Full(state)),
        "57014" | "25P03" | "25P04" => Error::Unavailable(Outage::TimedOut),
        "42501" => Error::Denied(state),
        "23505" => Error::Unique {
            constraint: constraint.unwrap_or("unknown").to_owned(),
        },
        "42P01" | "42703" | "3F000" => Error::Schema {
            message: UNFIT.to_owned(),
        },
        _ if code.starts_with("08") => disconnected(state),
        _ if code.starts_with("53") => Error::Unavailable(Outage::Exhausted(state)),
        _ if code.starts_with("58") => Error::Unavailable(Outage::Broken(state)),
        _ => Error::Corrupt {
            what: describe(code, constraint),
        },
    }
}

fn disconnected(state: SqlState) -> Error {
    Error::Unavailable(Outage::Disconnected(Some(state)))
}

fn describe(code: &str, constraint: Option<&str>) -> String {
    match constraint {
        Some(name) => format!("{code}, constraint {name}"),
        None => code.to_owned(),
    }
}

const SQLITE_CONSTRAINT_PRIMARYKEY: i32 = 1555;
const SQLITE_CONSTRAINT_UNIQUE: i32 = 2067;

fn sqlite(error: &dyn DatabaseError) -> Error {
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(1);
    let state = SqlState::new(&code.to_string());
    // The low byte is the primary code; SQLITE_BUSY is 5 and SQLITE_BUSY_SNAPSHOT 517.
    match (code, code & 0xff) {
        (SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE, _) => Error::Unique {
            constraint: unique_name(code, error.message()),
        },
        (_, 5 | 6) => Error::Contended(state),
        (_, 10) => Error::Unavailable(Outage::Broken(state)),
        (_, 14) => disconnected(state),
        (_, 8) => Error::Unavailable(Outage::ReadOnly(state)),
        (_, 13) => Error::Unavailable(Outage::Full(state)),
        (_, 7) => Error::Unavailable(Outage::Exhausted(state)),
        (_, 1) if error.message().starts_with("no such") => Error::Schema {
            message: UNFIT.to_owned(),
        },
        (_, 19) => Error::Corrupt {
            what: describe(state.as_str(), check_name(error.message())),
        },
        _ => Error::Corrupt {
            what: describe(state.as_str(), None),
        },
    }
}

/// Rebuilds the name of a unique constraint from SQLite's message, which lists columns instead:
/// `UNIQUE constraint failed: handoff.campaign_id, handoff.enrollment_id`.
fn unique_name(code: i32, message: &str) -> String {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    let mut table = "unknown";
    let mut names = Vec::new();
    for column in columns.split(", ") {
        if let Some((of, name)) = column.split_once('.') {
            table = of;
            names.push(name);
        }
    }
    if code == SQLITE_CONSTRAINT_PRIMARYKEY {
        names::primary_key_name(table)
    } else {
        names::unique_name(table, &names)
    }
}

/// Takes the name of a CHECK constraint from SQLite's message; it never holds a value.
fn check_name(message: &str) -> Option<&str> {
    message.strip_prefix("CHECK constraint failed: ")
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
                Self::Unavailable(Outage::PoolExhausted)
            }
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => {
                Self::Unavailable(Outage::Closed)
            }
            DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error) => error.into(),
            DbErr::Type(_) | DbErr::TryIntoErr { .. } | DbErr::Json(_) => {
                Self::corrupt("a column of another type")
            }
            DbErr::RecordNotInserted | DbErr::RecordNotUpdated | DbErr::RecordNotFound(_) => {
                Self::corrupt("a row that should be there is missing")
            }
            _ => Self::corrupt("a statement that cannot be run"),
        }
    }
}

impl From<RuntimeErr> for Error {
    fn from(error: RuntimeErr) -> Self {
        match error {
            RuntimeErr::SqlxError(error) => driver(&error),
            RuntimeErr::Internal(_) => Self::corrupt("a statement that cannot be run"),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        driver(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_columns_become_the_name_that_postgresql_gives() {
        let message =
            "UNIQUE constraint failed: handoff.campaign_id, handoff.enrollment_id, handoff.kind";
        assert_eq!(
            unique_name(SQLITE_CONSTRAINT_UNIQUE, message),
            "handoff_enrollment_id_kind_key"
        );
        let message = "UNIQUE constraint failed: code.campaign_id, code.mac";
        assert_eq!(
            unique_name(SQLITE_CONSTRAINT_PRIMARYKEY, message),
            "code_pkey"
        );
    }

    #[test]
    fn failover_codes_mean_a_new_connection() {
        for code in [
            "25006", "57P01", "57P02", "57P03", "08006", "08P01", "53300",
        ] {
            assert!(postgres(code, None).is_transient(), "{code}");
            assert!(postgres(code, None).poisons_connection(), "{code}");
        }
        for code in ["57014", "42501", "23505", "53100", "23514"] {
            assert!(!postgres(code, None).is_transient(), "{code}");
        }
    }

    #[test]
    fn a_server_without_its_files_is_not_one_without_room() {
        for code in ["58030", "58P01"] {
            let told = postgres(code, None).to_string();
            assert!(told.contains("its files") && told.contains(code), "{told}");
        }
        assert!(postgres("53200", None).to_string().contains("resources"));
    }

    #[test]
    fn what_keeps_a_database_from_writing_is_told_apart() {
        for (code, class, words) in [
            ("53100", "disk_full", "disk is full"),
            ("58030", "io_error", "its files"),
            ("25006", "read_only", "read-only"),
            ("57P03", "starting", "starting up"),
            ("57P01", "unavailable", "disconnected"),
        ] {
            let error = postgres(code, None);
            assert_eq!(error.class(), class, "{code}");
            assert!(error.to_string().contains(words), "{error}");
            let Error::Unavailable(outage) = error else {
                panic!("{code}")
            };
            let writes = !matches!(class, "disk_full" | "io_error" | "read_only");
            assert_eq!(outage.keeps_from_writing(), !writes, "{code}");
        }
    }

    #[test]
    fn a_constraint_is_named_without_its_row() {
        assert_eq!(
            postgres("23514", Some("code_settled_check"))
                .to_string()
                .matches("code_settled_check")
                .count(),
            1
        );
    }

    #[test]
    fn driver_text_never_gets_through() {
        let errors = [
            DbErr::Custom("canary".to_owned()),
            DbErr::Type("canary".to_owned()),
            DbErr::Query(RuntimeErr::Internal("canary".to_owned())),
            DbErr::RecordNotFound("canary".to_owned()),
        ];
        for error in errors.map(Error::from) {
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}
