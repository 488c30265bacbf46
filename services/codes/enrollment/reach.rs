//! Which enrollments a caller reaches.
//!
//! A portal or a call center speaks for whoever is in front of it, so it reaches the enrollments that it began, or went on with by
//! showing the code, and those of a person whom it has verified. For anything else the answer is the one for an enrollment that does
//! not exist.

use sea_orm::ConnectionTrait;

use crate::codes::error::Error;
use crate::codes::letter::whose;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::VerificationId;
use crate::process::Call;

use super::store::Row;

/// Demands that the caller reaches an enrollment, by itself or by a good verification of the person that it shows.
pub async fn demand(
    connection: &impl ConnectionTrait,
    call: &Call,
    row: &Row,
    shown: Option<VerificationId>,
    now: Timestamp,
) -> Result<(), Error> {
    match shown {
        Some(verification) => is_of(connection, call, row, verification, now).await,
        None if row.is_reached_by(call) => Ok(()),
        None => Err(Error::EnrollmentNotFound),
    }
}

/// Demands a good verification, asked for by this caller, of the person whose enrollment it is.
pub async fn is_of(
    connection: &impl ConnectionTrait,
    call: &Call,
    row: &Row,
    verification: VerificationId,
    now: Timestamp,
) -> Result<(), Error> {
    let individual =
        whose::verified(connection, row.campaign_id, verification, (call, now)).await?;
    (individual == row.individual_id)
        .then_some(())
        .ok_or(Error::NotVerified)
}
