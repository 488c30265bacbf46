//! What can go wrong in every process, and the one map from it to what callers see.

use std::time::Duration;

use tonic::Status;

use crate::db::{self, Outage, Storage};
use crate::kernel::combine::Rejected;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::keyring::KeyError;

use super::throttle::Refusal;

/// Why a command of any process did not happen. It shows nothing personal, no code and no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Storage(#[from] db::Error),
    /// The request breaks rules; the fault names all of them.
    #[error(transparent)]
    Request(#[from] Fault),
    /// A key is not in the keyring, or does not decrypt what is stored.
    #[error("{0}")]
    Key(String),
    /// The request id was used before with other content.
    #[error("the request id was used before with other content")]
    RequestIdReused,
    /// There is no such campaign.
    #[error("no such campaign")]
    CampaignNotFound,
    /// A limit was reached.
    #[error("throttled")]
    Throttled {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The process is stopping.
    #[error("shutting down")]
    ShuttingDown,
    /// The transaction that should have held this item did not take it.
    #[error(transparent)]
    Combined(#[from] Rejected),
}

impl Error {
    /// Says that a key does not decrypt what is stored under its version: the keyring is another one.
    pub fn wrong_key() -> Self {
        Self::Key(
            "a key of the keyring does not decrypt what is stored under its version".to_owned(),
        )
    }

    /// Names a field of the request and the rule that it breaks.
    pub fn field(path: impl Into<std::borrow::Cow<'static, str>>, rule: &'static str) -> Self {
        Fault::new(Reason::InvalidRequest).field(path, rule).into()
    }
}

impl Storage for Error {
    fn storage(&self) -> Option<&db::Error> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Storage(error.into())
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Throttled { retry_after, .. } => Self::Throttled { retry_after },
            Refusal::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) => storage_fault(&error),
            Error::Request(fault) => fault,
            Error::Key(_) => Self::new(Reason::KeyUnavailable),
            Error::RequestIdReused => Self::new(Reason::RequestIdReused),
            Error::CampaignNotFound => Self::new(Reason::CampaignNotFound),
            Error::Throttled { retry_after } => {
                Self::new(Reason::Throttled).retry_after(retry_after)
            }
            Error::ShuttingDown => Self::new(Reason::ShuttingDown),
            Error::Combined(rejected) => rejected.into(),
        }
    }
}

/// A commit whose answer is unknown is UNAVAILABLE, as a database that does not answer is: the same call again finds out.
fn storage_fault(error: &db::Error) -> Fault {
    const SOON: Duration = Duration::from_secs(1);
    match error {
        db::Error::Unavailable(outage) => Fault::new(reason_of(outage)).retry_after(SOON),
        db::Error::UnknownCommit | db::Error::Connect { .. } | db::Error::Schema { .. } => {
            Fault::new(Reason::StorageUnavailable).retry_after(SOON)
        }
        db::Error::Contended(_) => Fault::new(Reason::StorageContended).retry_after(SOON),
        db::Error::Corrupt { .. } => Fault::new(Reason::DataCorrupt),
        db::Error::Unique { .. } | db::Error::Denied(_) => Fault::new(Reason::Internal),
    }
}

fn reason_of(outage: &Outage) -> Reason {
    match outage {
        Outage::Full(_) => Reason::StorageFull,
        Outage::Broken(_) => Reason::StorageBroken,
        Outage::ReadOnly(_) => Reason::StorageReadOnly,
        Outage::Starting(_) => Reason::StorageStarting,
        Outage::Disconnected(_)
        | Outage::PoolExhausted
        | Outage::TimedOut
        | Outage::Exhausted(_)
        | Outage::Closed => Reason::StorageUnavailable,
    }
}

/// A service's error: facts of its own, and what can go wrong everywhere.
pub trait Failure: Into<Fault> {
    /// Gives the error that is not the service's own, if that is what this is.
    fn common(&self) -> Option<&Error>;
}

impl Failure for Error {
    fn common(&self) -> Option<&Error> {
        Some(self)
    }
}

/// Makes of an error what the caller gets. What an operator must mend is logged, here and nowhere else.
pub fn status(error: impl Failure) -> Status {
    match error.common() {
        Some(Error::Storage(error)) => {
            tracing::warn!(class = error.class(), %error, "database error");
        }
        Some(Error::Key(message)) => tracing::error!(%message, "key unavailable"),
        _ => {}
    }
    error.into().into()
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_storage_error_is_the_same_to_every_caller() {
        let message = String::new;
        let cases = [
            (db::Error::Unavailable(Outage::TimedOut), Code::Unavailable),
            (db::Error::UnknownCommit, Code::Unavailable),
            (db::Error::Connect { message: message() }, Code::Unavailable),
            (db::Error::Schema { message: message() }, Code::Unavailable),
            (db::Error::overtaken("row"), Code::Aborted),
            (db::Error::corrupt("column"), Code::DataLoss),
            (
                db::Error::Unique {
                    constraint: message(),
                },
                Code::Internal,
            ),
        ];
        for (error, code) in cases {
            let name = error.class();
            assert_eq!(status(Error::from(error)).code(), code, "{name}");
        }
    }
}
