//! How a person asks to be verified.

use redress::kernel::caller::Role;
use redress::kernel::ids::EnrollmentId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use tonic::{Request, Status};

use super::house::{House, NUMBER, agent, by};

impl House {
    pub fn asked(
        &self,
        enrollment: Option<EnrollmentId>,
        claims: wire::Claims,
    ) -> wire::VerifyIdentityRequest {
        wire::VerifyIdentityRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.map(|id| id.to_string()).unwrap_or_default(),
            claims: Some(claims),
            language_code: String::new(),
        }
    }

    /// By a portal alone.
    pub async fn verify_as(
        &self,
        message: wire::VerifyIdentityRequest,
    ) -> Result<wire::Verification, Status> {
        self.verify_by(by(Role::Portal, message)).await
    }

    async fn verify_by(
        &self,
        request: Request<wire::VerifyIdentityRequest>,
    ) -> Result<wire::Verification, Status> {
        let answer = self.handlers.verify_identity(request).await?;
        Ok(answer.into_inner().verification.unwrap())
    }

    /// With a letter alone; without one before an agent of the same front end.
    pub async fn verify_with_help(
        &self,
        message: wire::VerifyIdentityRequest,
    ) -> Result<wire::Verification, Status> {
        let alone = !message.enrollment_id.is_empty();
        let mut request = by(Role::Portal, message);
        if !alone {
            request.extensions_mut().insert(agent());
        }
        self.verify_by(request).await
    }

    /// With a letter alone; without one before an agent of the same front end.
    pub async fn verify(
        &self,
        enrollment: Option<EnrollmentId>,
        claims: wire::Claims,
    ) -> Result<wire::Verification, Status> {
        self.verify_with_help(self.asked(enrollment, claims)).await
    }

    /// Without a letter and without an agent.
    pub async fn verify_alone(&self, claims: wire::Claims) -> Result<wire::Verification, Status> {
        self.verify_as(self.asked(None, claims)).await
    }
}
