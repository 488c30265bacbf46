//! Somebody enrolls with their letter, and says everything right.

use tonic::Status;

use super::subject::Subject;
use crate::client::enrollment::{EnrollmentClient, enrollment_id};
use crate::wire::redress::enrollment::v1::Enrollment;
use crate::wire::redress::identity::v1::VerificationState;

/// Somebody who is enrolled.
pub struct Enrolled {
    /// The enrollment.
    pub enrollment: Enrollment,
    /// What they are verified by.
    pub verification_id: String,
}

/// Begins, verifies and completes. Whoever is not verified is given the state in which they are.
pub async fn enroll(
    client: &EnrollmentClient,
    subject: &Subject,
) -> Result<Result<Enrolled, VerificationState>, Status> {
    let begun = client.begin_with_code(&subject.code).await?;
    let claims = subject.person.claims();
    let verification = client.verify(enrollment_id(&begun), claims).await?;
    if verification.state() != VerificationState::Verified {
        return Ok(Err(verification.state()));
    }
    let completion = client.completion(&begun, &verification.verification_id);
    Ok(Ok(Enrolled {
        enrollment: client.complete(&completion).await?,
        verification_id: verification.verification_id,
    }))
}
