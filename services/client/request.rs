//! Request ids.

use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;

/// Makes a request id for one change.
pub fn new_request_id() -> String {
    Ids::system(Clock::system()).request_id().to_string()
}
