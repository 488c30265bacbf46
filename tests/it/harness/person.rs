//! One person's way through an enrollment.

use redress::client::enrollment::EnrollmentClient;
use redress::kernel::caller::{Agent, Role};
use redress::kernel::client::Outgoing;
use redress::kernel::crypto::sha256_hex;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::{
    BeginEnrollmentResponse, CompleteEnrollmentRequest, Consent, Enrollment, EnrollmentChannel,
    EnrollmentState,
};
use redress::wire::redress::identity::v1::{Claims, Verification, VerificationState};
use tonic::Status;

use super::clients::{network, request_id};
use super::poll;
use super::processes::House;
use super::walk::{CONSENT, SETTLED};

/// How often somebody calls who does not give up: it takes a good minute.
const PATIENCE: u32 = 22;

/// One person with a number of their own, calling through a role.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub house: &'a House,
    pub engagement: &'a str,
    pub role: Role,
    pub number: usize,
    /// Asks again, with the same request, when nobody answers or the answer says that it may work later.
    pub patient: bool,
}

impl Person<'_> {
    /// The calls of this person, each with the metadata that the role owes.
    pub fn client(self) -> EnrollmentClient {
        let mut outgoing = Outgoing::new();
        if self.role == Role::CallCenter {
            outgoing = outgoing.agent(&Agent {
                agent: format!("agent-{}", self.number),
                case: format!("case-{}", self.number),
                reason: "enrollment".into(),
            });
        }
        EnrollmentClient::new(
            &self.house.channels(self.role),
            outgoing.network(&network(self.number)),
            self.engagement,
            EnrollmentChannel::Web,
            if self.patient { PATIENCE } else { 1 },
        )
    }

    /// The whole way with a letter: begin, verify, complete.
    pub async fn enroll(self, code: &str, claims: Claims) -> Result<Enrollment, Status> {
        let begun = self.begin(Entitlement::Code(code.into())).await?;
        let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
        let verification = self.verify(&enrollment, claims).await?;
        assert_eq!(verification.state(), VerificationState::Verified);
        self.complete(&enrollment, &verification.verification_id)
            .await
    }

    pub async fn begin(self, what: Entitlement) -> Result<BeginEnrollmentResponse, Status> {
        self.client().begin(what).await
    }

    /// With an empty enrollment: the letter was lost.
    pub async fn verify(self, enrollment: &str, claims: Claims) -> Result<Verification, Status> {
        self.client().verify(enrollment, claims).await
    }

    pub async fn complete(
        self,
        enrollment: &str,
        verification: &str,
    ) -> Result<Enrollment, Status> {
        self.complete_as(completion(self.engagement, enrollment, verification))
            .await
    }

    pub async fn complete_as(
        self,
        request: CompleteEnrollmentRequest,
    ) -> Result<Enrollment, Status> {
        self.client().complete(&request).await
    }

    pub async fn enrollment(self, enrollment: &str) -> Result<Enrollment, Status> {
        self.client().enrollment(enrollment).await
    }

    /// Waits until the bureau's outcome has come back.
    pub async fn settled(self, enrollment: &str) -> Enrollment {
        poll::until("an enrollment to settle", SETTLED, async || {
            let now = self.enrollment(enrollment).await.ok()?;
            (now.state() != EnrollmentState::Submitted).then_some(now)
        })
        .await
    }
}

/// A completion with a request id of its own.
pub fn completion(
    engagement: &str,
    enrollment: &str,
    verification: &str,
) -> CompleteEnrollmentRequest {
    CompleteEnrollmentRequest {
        request_id: request_id(),
        campaign: engagement.into(),
        enrollment_id: enrollment.into(),
        verification_id: verification.into(),
        consent: Some(Consent {
            version: "2026-01".into(),
            text_sha256: sha256_hex(CONSENT.as_bytes()),
            agreed: true,
            language_code: "en".into(),
            ..Consent::default()
        }),
    }
}
