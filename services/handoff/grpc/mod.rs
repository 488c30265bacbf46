//! Wire to command and back.

pub(crate) mod convert;

use crate::db::idempotency;
use crate::kernel::caller::Caller;
use crate::kernel::crypto::fingerprint128;
use crate::kernel::fault::Fault;

use tonic::Status;

use super::context::Context;
use super::error::Error;

/// The handlers of every service of this process.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) context: Context,
}

impl Handlers {
    /// Makes the handlers.
    pub fn new(context: Context) -> Self {
        Self { context }
    }
}

/// Names a request for the case that it comes again. Nothing personal is in these requests, so that a plain hash tells them
/// apart; those that hold activation codes are named under a key.
pub(crate) fn request_key<M: prost::Message>(
    caller: &Caller,
    method: &'static str,
    id: uuid::Uuid,
    message: &M,
) -> idempotency::Request {
    idempotency::Request {
        id,
        caller: caller.to_string(),
        method,
        fingerprint: fingerprint128(&message.encode_to_vec()),
    }
}

/// The most rows in a page of this process's lists.
pub(crate) const LONGEST_PAGE: u64 = 500;

pub(crate) fn page_size(wish: i32) -> Result<u64, Fault> {
    Ok(crate::kernel::paging::page_size(wish)?.min(LONGEST_PAGE))
}

impl From<Error> for Status {
    /// Logs once, at the boundary, what only an operator can mend.
    fn from(error: Error) -> Self {
        match &error {
            Error::Storage(storage) => {
                tracing::warn!(class = storage.class(), %storage, "storage error");
            }
            Error::Key(key) => tracing::error!(%key, "a key is missing"),
            _ => {}
        }
        Fault::from(error).into()
    }
}
