//! Who may call what of `sandbox-bureau`. Its deadline is longer than its caller's, so that it can answer too late on purpose.

use crate::kernel::caller::Role::{Operator, Service};
use crate::kernel::server::Access;

use super::row::{prompt, slow};

/// Every method of the process.
pub const METHODS: &[Access] = &[
    slow(
        "/redress.bureau.v1.BureauEnrollmentService/SubmitEnrollment",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/GetEnrollmentStatus",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/CancelEnrollment",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/ListEnrollmentStatuses",
        &[Service],
    ),
    prompt(
        "/redress.sandbox.v1.SandboxService/ListBookEntries",
        &[Operator],
    ),
    prompt("/redress.sandbox.v1.SandboxService/GetBookKey", &[Operator]),
];
