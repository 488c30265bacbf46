//! Who may call what: the one table, deny by default.
//!
//! Every server is built with its part and refuses to start when one of its methods is missing. Health and reflection are open
//! to every caller with a certificate and stand in the server builder. A test calls every method as every role and
//! compares the answers with a snapshot.

mod bureau;
mod codes;
mod handoff;
mod identity;
mod row;

use std::time::Duration;

use crate::kernel::caller::Role::{self, Auditor, CallCenter, Operator, Portal};
use crate::kernel::server::Access;

/// Reading every row of a campaign of millions.
const COUNTING: Duration = Duration::from_mins(1);

/// Who reads what operators see.
const READERS: &[Role] = &[Operator, Auditor];
/// Backends that speak for a person who enrolls.
const FRONT: &[Role] = &[CallCenter, Portal];

pub use bureau::METHODS as BUREAU;
pub use codes::METHODS as CODES;
pub use handoff::METHODS as HANDOFF;
pub use identity::METHODS as IDENTITY;

/// Every method of every service, a part for each process.
pub const TABLE: [&[Access]; 4] = [IDENTITY, CODES, HANDOFF, BUREAU];
