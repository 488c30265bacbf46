//! Kills one process after the other, and connections of the database.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{self, Connection as _};

use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::databases::{Databases, Side, failed};
use crate::lab::people::dice::Dice;
use crate::lab::processes::stack::Stack;

/// What a connection of the database is called.
const CONNECTION: &str = "database connection";
/// So many processes run: three services and two bureaus.
const PROCESSES: u32 = 5;
/// The stream of draws.
const STREAM: u64 = u64::MAX;

/// Ends what works in the database, if something does, and otherwise a connection that waits.
const END_ONE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY state = 'idle', random() LIMIT 1";

/// Kills.
pub struct Killer<'a> {
    stack: &'a mut Stack,
    server: Option<&'a PgConnectOptions>,
    dice: Dice,
    kills: BTreeMap<&'static str, usize>,
}

impl<'a> Killer<'a> {
    /// Takes the processes and their database.
    pub fn new(stack: &'a mut Stack, databases: &'a Databases, seed: u64) -> Self {
        let server = match databases {
            Databases::Postgres(server) => Some(server.as_ref()),
            Databases::Sqlite(_) => None,
        };
        Self {
            stack,
            server,
            dice: Dice::new(seed, STREAM),
            kills: BTreeMap::new(),
        }
    }

    /// Draws how long to wait until the next one: from half of the mean time to half more.
    pub fn pause(&mut self, mean: Duration) -> Duration {
        mean * self.dice.between(500, 1_500) / 1_000
    }

    /// Kills a process and starts it again, or ends a connection of the database.
    pub async fn kill_one(&mut self) -> Outcome {
        let of_database = u32::from(self.server.is_some());
        let drawn = self.dice.below(PROCESSES + of_database);
        let killed = match self.server {
            Some(server) if drawn == PROCESSES => end_connection(server).await?,
            _ => self.stack.crash(drawn as usize).await?,
        };
        *self.kills.entry(killed).or_default() += 1;
        Ok(())
    }

    /// Gives what was killed, and how often.
    pub fn kills(self) -> BTreeMap<&'static str, usize> {
        self.kills
    }
}

async fn end_connection(server: &PgConnectOptions) -> Result<&'static str, Problem> {
    let mut connection = Databases::connect(server, Side::System).await?;
    let ended = sqlx::query(END_ONE).execute(&mut connection).await;
    ended.map_err(|error| failed(&error))?;
    connection.close().await.map_err(|error| failed(&error))?;
    Ok(CONNECTION)
}
