//! What can go wrong with the database, in classes that decide what to do next.
//!
//! Neither `Display` nor `Debug` of [`Error`] shows a value of a row, a statement or a password: drivers put key values
//! into their messages (`Key (email)=(..) already exists`), so those messages stop here.

use std::fmt;

/// A short code from the database that names the error: an SQLSTATE, or SQLite's extended result code.
#[derive(Clone, PartialEq, Eq)]
pub struct SqlState(Box<str>);

impl SqlState {
    pub(super) fn new(code: &str) -> Self {
        Self(code.into())
    }

    /// Gives the code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why the database did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The connection could not be made or broke, or the server is going down: a new connection may find a working server.
    Disconnected(Option<SqlState>),
    /// No connection of the pool came free in time.
    PoolExhausted,
    /// The time limit of the transaction or of the statement passed.
    TimedOut,
    /// The server is starting up, or recovers.
    Starting(SqlState),
    /// The database takes no changes: a standby, or a disk that became read-only.
    ReadOnly(SqlState),
    /// The disk is full.
    Full(SqlState),
    /// The server cannot read or write files of its own: a disk that fails, or programs that were exchanged under it.
    Broken(SqlState),
    /// The server has no memory, locks or connections left.
    Exhausted(SqlState),
    /// The pool was closed: the process is shutting down.
    Closed,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected(None) => f.write_str("disconnected"),
            Self::Disconnected(Some(state)) => write!(f, "disconnected, {state}"),
            Self::PoolExhausted => f.write_str("no free connection"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Starting(state) => write!(f, "its server is starting up, {state}"),
            Self::ReadOnly(state) => write!(f, "it is read-only, {state}"),
            Self::Full(state) => write!(f, "its disk is full, {state}"),
            Self::Exhausted(state) => write!(f, "out of resources, {state}"),
            Self::Broken(state) => write!(f, "its server cannot read or write its files, {state}"),
            Self::Closed => f.write_str("closed"),
        }
    }
}

impl Outage {
    /// Tells whether nothing can be written until somebody mends the cause, though reading may work.
    pub const fn keeps_from_writing(&self) -> bool {
        matches!(self, Self::ReadOnly(_) | Self::Full(_) | Self::Broken(_))
    }

    const fn class(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::ReadOnly(_) => "read_only",
            Self::Full(_) => "disk_full",
            Self::Broken(_) => "io_error",
            Self::Disconnected(_)
            | Self::PoolExhausted
            | Self::TimedOut
            | Self::Exhausted(_)
            | Self::Closed => "unavailable",
        }
    }
}

/// A storage error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database did not answer, or cannot work now. Nothing was committed.
    #[error("the database is unavailable ({0})")]
    Unavailable(Outage),
    /// Others were in the way for as long as it was worth trying. Nothing was committed.
    #[error("the database is contended ({0})")]
    Contended(SqlState),
    /// The commit's answer never came. It may have happened: run again with the same ids.
    #[error("the commit was not confirmed")]
    UnknownCommit,
    /// A unique constraint refused the row. The names are the same on both databases.
    #[error("unique constraint {constraint} refused the row")]
    Unique {
        /// The constraint's name, by the convention of `migrations`.
        constraint: String,
    },
    /// The process's role lacks the right.
    #[error("the database role lacks the right ({0})")]
    Denied(SqlState),
    /// The data or the code breaks a rule of the schema: a defect, not a condition.
    #[error("the database holds or was given something impossible: {what}")]
    Corrupt {
        /// Which rule, with a constraint's name or an SQLSTATE, never a value.
        what: String,
    },
    /// The schema is not the one this program was built for.
    #[error("{message}")]
    Schema {
        /// What is wrong and what to type.
        message: String,
    },
    /// The database cannot be opened with these settings.
    #[error("{message}")]
    Connect {
        /// What is wrong and what to do, without the password.
        message: String,
    },
}

impl Error {
    /// Says that another changed what was read before it could be locked: run again, and it is seen. `what` is a constant.
    pub fn overtaken(what: &'static str) -> Self {
        Self::Contended(SqlState::new(what))
    }

    /// Makes a [`Error::Corrupt`] from a constant description.
    pub fn corrupt(what: &str) -> Self {
        Self::Corrupt {
            what: what.to_owned(),
        }
    }

    /// Tells whether running the same transaction again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Contended(_)
            | Self::UnknownCommit
            | Self::Unavailable(
                Outage::Disconnected(_) | Outage::Starting(_) | Outage::ReadOnly(_),
            ) => true,
            Self::Unavailable(_)
            | Self::Unique { .. }
            | Self::Denied(_)
            | Self::Corrupt { .. }
            | Self::Schema { .. }
            | Self::Connect { .. } => false,
        }
    }

    /// Tells whether what is stored is at fault: the same work meets it again, and other rows do not.
    pub const fn is_of_the_data(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Unique { .. })
    }

    /// Tells whether the connection that gave this error must not be used again.
    pub(super) fn poisons_connection(&self) -> bool {
        matches!(self, Self::UnknownCommit | Self::Unavailable(_))
    }

    /// Tells whether this is the named unique constraint.
    pub fn is_unique(&self, name: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint == name)
    }

    /// Gives a short constant name of the class, for metric and log labels.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Unavailable(outage) => outage.class(),
            Self::Contended(_) => "contended",
            Self::UnknownCommit => "unknown_commit",
            Self::Unique { .. } => "unique",
            Self::Denied(_) => "denied",
            Self::Corrupt { .. } => "corrupt",
            Self::Schema { .. } => "schema",
            Self::Connect { .. } => "connect",
        }
    }
}

/// Lets [`super::Db::run_tx`] see the storage error inside a service's own error.
pub trait Storage {
    /// Gives the storage error, if that is what this is.
    fn storage(&self) -> Option<&Error>;
}

impl Storage for Error {
    fn storage(&self) -> Option<&Error> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(Error::Contended(SqlState::new("40001")).is_transient());
        assert!(Error::UnknownCommit.is_transient());
        assert!(Error::Unavailable(Outage::Disconnected(None)).is_transient());
        assert!(!Error::Unavailable(Outage::TimedOut).is_transient());
        assert!(!Error::corrupt("x").is_transient());
    }
}
