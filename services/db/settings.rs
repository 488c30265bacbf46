//! What a process must know to open its database.

use std::fmt;
use std::time::Duration;

use clap::Args;

use crate::kernel::secrets::Secret;
use crate::kernel::settings::whole;

use super::faults::FaultHook;

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const TX_TIMEOUT: Duration = Duration::from_secs(5);
const BULK_TIMEOUT: Duration = Duration::from_mins(10);
const STARTUP_TIMEOUT: Duration = Duration::from_mins(1);

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

    /// Gives the name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Identity => "identity-verification",
            Self::Codes => "enrollment-codes",
            Self::Handoff => "bureau-handoff",
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

/// How to reach the database and how long to wait for it. What is no argument is the same for every process.
#[derive(Clone, Debug, Args)]
pub struct DatabaseSettings {
    /// The database: postgres://user:password@host/name or sqlite:path.
    #[arg(id = "database_url", long, value_name = "URL")]
    pub url: Secret<String>,
    /// The PostgreSQL role that every connection takes on; "none" where the login has the grants itself.
    #[arg(id = "database_role", long, value_name = "ROLE")]
    pub role: Option<String>,
    /// The most connections to the database.
    #[arg(id = "database_connections", long, default_value = "10", value_parser = whole(2..=1_000_u32))]
    pub max_connections: u32,
    /// How long to wait for a connection. Below the deadline of every method.
    #[arg(skip = ACQUIRE_TIMEOUT)]
    pub acquire_timeout: Duration,
    /// How long a transaction may take, all its attempts together.
    #[arg(skip = TX_TIMEOUT)]
    pub tx_timeout: Duration,
    /// How long a bulk transaction may take, all its attempts together.
    #[arg(skip = BULK_TIMEOUT)]
    pub bulk_timeout: Duration,
    /// How long a process that starts waits for a PostgreSQL that is starting up.
    #[arg(skip = STARTUP_TIMEOUT)]
    pub startup_timeout: Duration,
    /// Faults to play at commits; tests set them, an operator cannot.
    #[arg(skip)]
    pub faults: FaultHook,
}

impl DatabaseSettings {
    /// Makes settings with defaults for everything but the address.
    pub fn new(url: impl Into<Secret<String>>, process: Process) -> Self {
        Self {
            url: url.into(),
            role: Some(process.role().to_owned()),
            max_connections: 10,
            acquire_timeout: ACQUIRE_TIMEOUT,
            tx_timeout: TX_TIMEOUT,
            bulk_timeout: BULK_TIMEOUT,
            startup_timeout: STARTUP_TIMEOUT,
            faults: FaultHook::default(),
        }
    }

    /// Gives the role to take on with `SET ROLE`, unless the login role is to be left: for poolers that do not keep sessions.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref().filter(|role| *role != "none")
    }
}
