//! What the features read from a call before they act: the request's key and the size of a page.

use crate::db::idempotency;
use crate::kernel::caller::Caller;
use crate::kernel::crypto::fingerprint128;
use crate::kernel::fault::Fault;
use crate::kernel::paging;

/// The most rows in a page of this process's lists.
const LONGEST_PAGE: u64 = 500;

/// Identifies a request, so that its repetition is recognized.
///
/// Nothing personal is in these requests, so a plain hash is enough; the import of activation codes uses a keyed one.
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

/// Reads the size of a page.
pub(crate) fn page_size(wish: i32) -> Result<u64, Fault> {
    Ok(paging::page_size(wish)?.min(LONGEST_PAGE))
}
