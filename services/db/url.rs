//! Where the database is.

use std::path::PathBuf;
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;

use super::error::Error;

/// A database's address, read from its URL.
pub(super) enum Address {
    Postgres(Box<PgConnectOptions>),
    Sqlite(PathBuf),
}

const WRONG: &str = "the database URL cannot be read: write postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:PATH";
const IN_MEMORY: &str =
    "the database URL names no file: an SQLite database needs one, as in sqlite:redress.db";

impl FromStr for Address {
    type Err = Error;

    /// Reads a URL. The error never repeats it: it holds a password.
    fn from_str(url: &str) -> Result<Self, Error> {
        let wrong = |message: &str| Error::Connect {
            message: message.to_owned(),
        };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = url.parse().map_err(|_| wrong(WRONG))?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let path = url.strip_prefix("sqlite:").ok_or_else(|| wrong(WRONG))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or(path);
        if path.is_empty() || path.starts_with(':') {
            return Err(wrong(IN_MEMORY));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite_path(url: &str) -> Option<String> {
        match url.parse() {
            Ok(Address::Sqlite(path)) => Some(path.to_string_lossy().into_owned()),
            Ok(Address::Postgres(_)) | Err(_) => None,
        }
    }

    #[test]
    fn sqlite_urls_come_with_and_without_slashes() {
        assert_eq!(
            sqlite_path("sqlite:redress.db").as_deref(),
            Some("redress.db")
        );
        assert_eq!(
            sqlite_path("sqlite://data/redress.db?mode=rwc").as_deref(),
            Some("data/redress.db")
        );
        assert_eq!(
            sqlite_path("sqlite:///var/redress.db").as_deref(),
            Some("/var/redress.db")
        );
        assert_eq!(sqlite_path("sqlite::memory:"), None);
        assert_eq!(sqlite_path("sqlite:"), None);
    }

    #[test]
    fn a_wrong_url_is_not_repeated() {
        for url in [
            "mysql://canary@host/x",
            "canary",
            "postgres://user:canary@host:port/db",
        ] {
            let Err(error) = url.parse::<Address>() else {
                panic!("{url} was read")
            };
            assert!(!error.to_string().contains("canary"));
        }
    }
}
