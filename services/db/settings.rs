//! What a process must know to open its database.

use std::fmt;
use std::time::Duration;

use crate::kernel::secrets::Secret;
use crate::kernel::settings::ProcessSettings;

use super::error::Error;
use super::faults::{FaultRates, InvalidFaultRates};

/// The process that uses the database. Its name marks the rows that each process keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    /// `identity-verification`: the roster and who is who.
    Identity,
    /// `enrollment-codes`: campaigns, codes, enrollments.
    Codes,
    /// `bureau-handoff`: partners and what was handed to them.
    Handoff,
}

impl Process {
    /// Every process.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Codes, Self::Handoff];

    /// Gives the name stored in the column `process`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Codes => "codes",
            Self::Handoff => "handoff",
        }
    }

    /// Gives the PostgreSQL group role that holds this process's grants.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Identity => "redress_identity",
            Self::Codes => "redress_codes",
            Self::Handoff => "redress_handoff",
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How to reach the database and how long to wait for it.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/database` or `sqlite:path`.
    pub url: Secret<String>,
    /// The PostgreSQL role that every connection takes on with `SET ROLE`. `None` leaves the login role, for poolers
    /// that do not keep sessions: then that login must have the role's grants by itself.
    pub role: Option<String>,
    /// The most connections this process opens; on SQLite the most that read, beside the one that writes.
    pub max_connections: u32,
    /// How long to wait for a connection. Below the deadline of every method.
    pub acquire_timeout: Duration,
    /// How long a transaction may take, all its attempts together.
    pub tx_timeout: Duration,
    /// How long a bulk transaction may take, all its attempts together.
    pub bulk_timeout: Duration,
    /// Faults to play, in tests only.
    pub faults: Option<FaultRates>,
}

impl DatabaseSettings {
    /// Makes settings with defaults for everything but the address.
    pub fn new(url: impl Into<Secret<String>>, process: Process) -> Self {
        Self {
            url: url.into(),
            role: Some(process.role().to_owned()),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            tx_timeout: Duration::from_secs(5),
            bulk_timeout: Duration::from_mins(10),
            faults: None,
        }
    }

    /// Takes over what a process was told at its start.
    ///
    /// # Errors
    /// [`Error::Connect`] where the faults to play cannot be read.
    pub fn of(settings: &ProcessSettings, process: Process) -> Result<Self, Error> {
        let faults = settings
            .database_faults
            .as_deref()
            .map(str::parse)
            .transpose();
        let faults = faults.map_err(|error: InvalidFaultRates| Error::Connect {
            message: error.to_string(),
        })?;
        Ok(Self {
            role: settings.database_role.clone(),
            max_connections: settings.database_connections,
            faults,
            ..Self::new(settings.database_url.clone(), process)
        })
    }
}
