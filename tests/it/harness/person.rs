//! One person's way through an enrollment.

use redress::kernel::caller::Role;
use redress::kernel::crypto::sha256_hex;
use redress::kernel::fault::reason_of;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::{
    BeginEnrollmentRequest, BeginEnrollmentResponse, Channel, CompleteEnrollmentRequest, Consent,
    Enrollment, EnrollmentState, GetEnrollmentRequest,
};
use redress::wire::redress::identity::v1::{
    Claims, VerificationState, VerifyIdentityRequest, VerifyIdentityResponse,
};
use tonic::{Code, Request, Response, Status};

use super::clients::{by, request_id};
use super::poll;
use super::processes::House;
use super::walk::{CONSENT, SETTLED};

/// One person with a number of their own, calling through a role.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub house: &'a House,
    pub engagement: &'a str,
    pub role: Role,
    pub number: usize,
    /// Asks again, with the same request, when nobody answers or the answer says so.
    pub patient: bool,
}

impl Person<'_> {
    /// The whole way with a letter: begin, verify, complete.
    pub async fn enroll(self, code: &str, claims: Claims) -> Result<Enrollment, Status> {
        let begun = self.begin(Entitlement::Code(code.into())).await?;
        let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
        let verified = self.verify(&enrollment, claims).await?;
        let verification = verified.verification.expect("a verification");
        assert_eq!(verification.state(), VerificationState::Verified);
        self.complete(&enrollment, &verification.verification_id)
            .await
    }

    pub async fn begin(self, what: Entitlement) -> Result<BeginEnrollmentResponse, Status> {
        let request = BeginEnrollmentRequest {
            request_id: request_id(),
            engagement_number: self.engagement.into(),
            channel: Channel::Web.into(),
            entitlement: Some(what),
        };
        self.ask(request, async |request| {
            self.house
                .enrollments(self.role)
                .begin_enrollment(request)
                .await
        })
        .await
    }

    /// With an empty enrollment: the letter was lost.
    pub async fn verify(
        self,
        enrollment: &str,
        claims: Claims,
    ) -> Result<VerifyIdentityResponse, Status> {
        let request = VerifyIdentityRequest {
            request_id: request_id(),
            engagement_number: self.engagement.into(),
            enrollment_id: enrollment.into(),
            claims: Some(claims),
        };
        self.ask(request, async |request| {
            self.house
                .verifications(self.role)
                .verify_identity(request)
                .await
        })
        .await
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
        let answer = self
            .ask(request, async |request| {
                self.house
                    .enrollments(self.role)
                    .complete_enrollment(request)
                    .await
            })
            .await?;
        Ok(answer.enrollment.expect("an enrollment"))
    }

    pub async fn enrollment(self, enrollment: &str) -> Result<Enrollment, Status> {
        let request = GetEnrollmentRequest {
            engagement_number: self.engagement.into(),
            enrollment_id: enrollment.into(),
        };
        let mut client = self.house.enrollments(self.role);
        let answer = client.get_enrollment(by(self.role, self.number, request));
        Ok(answer
            .await?
            .into_inner()
            .enrollment
            .expect("an enrollment"))
    }

    async fn ask<T: Clone, A>(
        self,
        message: T,
        call: impl AsyncFn(Request<T>) -> Result<Response<A>, Status>,
    ) -> Result<A, Status> {
        poll::until("an answer", SETTLED, async || {
            let answer = call(by(self.role, self.number, message.clone())).await;
            match answer {
                Err(status) if self.patient && may_be_asked_again(&status) => None,
                answer => Some(answer.map(Response::into_inner)),
            }
        })
        .await
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

/// Nobody answered, or whether it took effect is unknown: the same request asks again.
pub fn may_be_asked_again(status: &Status) -> bool {
    let codes = [
        Code::Unavailable,
        Code::Aborted,
        Code::DeadlineExceeded,
        Code::Cancelled,
    ];
    codes.contains(&status.code()) || reason_of(status).is_none()
}

/// A completion with a request id of its own.
pub fn completion(
    engagement: &str,
    enrollment: &str,
    verification: &str,
) -> CompleteEnrollmentRequest {
    CompleteEnrollmentRequest {
        request_id: request_id(),
        engagement_number: engagement.into(),
        enrollment_id: enrollment.into(),
        verification_id: verification.into(),
        consent: Some(Consent {
            version: "2026-01".into(),
            text_sha256: sha256_hex(CONSENT.as_bytes()),
            agreed: true,
            locale: "en-US".into(),
        }),
    }
}
