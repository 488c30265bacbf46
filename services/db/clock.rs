//! The database's clock: the one that every process on it follows.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::kernel::clock::{Clock, Timestamp};

use super::connect::Db;
use super::error::Error;

impl Db {
    /// Reads the database's clock. That of a file is the clock of its machine.
    ///
    /// # Errors
    /// The storage error.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        const SQL: &str =
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint) AS now";
        if self.backend() == DbBackend::Sqlite {
            return Ok(Clock::system().now());
        }
        let statement = Statement::from_string(self.backend(), SQL);
        let row = self.read().query_one_raw(statement).await?;
        let row = row.ok_or_else(|| Error::corrupt("a database without a clock"))?;
        Ok(row.try_get("", "now")?)
    }
}
