//! Typed queries. Whatever changes a row names the state it must come from, and demands that exactly one row was changed.

use std::str::FromStr;

use crate::db::idempotency::{self, Known, Request};
use crate::db::{self, Tx};

pub use crate::db::rows;

use super::error::Error;

/// Demands that one row was changed. The rows are locked before, so another number is a defect.
pub(crate) fn exactly_one(changed: u64, what: &'static str) -> Result<(), db::Error> {
    if changed == 1 {
        Ok(())
    } else {
        Err(db::Error::corrupt(what))
    }
}

/// Gives the id that a request was answered with before, if it was.
pub async fn answered<T: FromStr>(tx: &Tx<'_>, request: &Request) -> Result<Option<T>, Error> {
    match idempotency::look_up(tx, request).await? {
        Known::New => Ok(None),
        Known::Conflict => Err(Error::RequestIdReused),
        Known::Done(id) => {
            let id = id
                .parse()
                .map_err(|_| db::Error::corrupt("idempotency.result"))?;
            Ok(Some(id))
        }
    }
}
