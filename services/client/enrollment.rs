//! Enrolling one person, as a web page or an agent's desk does.
//!
//! A call whose answer is lost is repeated with the same request id; a call that is told to wait waits.

use std::future::Future;
use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::client::connect::Channels;
use crate::client::problem::broke_off;
use crate::client::request::new_request_id;
use crate::kernel::client::{Client, Outgoing, request};
use crate::kernel::crypto;
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1 as identity;
use codes::begin_enrollment_request::Entitlement;
use codes::enrollment_service_client::EnrollmentServiceClient;
use identity::identity_verification_service_client::IdentityVerificationServiceClient;

const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(10);
/// So often a call is made whose connection breaks off.
const BROKEN_OFF: u32 = 3;

/// The calls of one person's enrollment.
#[derive(Clone)]
pub struct EnrollmentClient {
    codes: EnrollmentServiceClient<Client>,
    identity: IdentityVerificationServiceClient<Client>,
    engagement_number: String,
    channel: codes::EnrollmentChannel,
    language: String,
    attempts: u32,
}

impl EnrollmentClient {
    /// Makes the client of one person. `outgoing` carries their network and, on the telephone, the agent; a call that may
    /// work later is made up to `attempts` times.
    pub fn new(
        channels: &Channels,
        outgoing: Outgoing,
        engagement_number: &str,
        channel: codes::EnrollmentChannel,
        attempts: u32,
    ) -> Self {
        let identity = outgoing.clone().on(channels.identity.clone());
        Self {
            codes: EnrollmentServiceClient::new(outgoing.on(channels.codes.clone())),
            identity: IdentityVerificationServiceClient::new(identity),
            engagement_number: engagement_number.to_owned(),
            channel,
            language: String::new(),
            attempts,
        }
    }

    /// Speaks this language, a BCP 47 tag, in place of the campaign's.
    #[must_use]
    pub fn speaking(self, language: &str) -> Self {
        Self {
            language: language.to_owned(),
            ..self
        }
    }

    /// Begins with a letter code.
    pub async fn begin_with_code(
        &self,
        code: &str,
    ) -> Result<codes::BeginEnrollmentResponse, Status> {
        self.begin(Entitlement::Code(code.to_owned())).await
    }

    /// Begins without the letter.
    pub async fn begin_with_verification(
        &self,
        id: &str,
    ) -> Result<codes::BeginEnrollmentResponse, Status> {
        self.begin(Entitlement::VerificationId(id.to_owned())).await
    }

    /// Begins with a code or a verification.
    pub async fn begin(
        &self,
        entitlement: Entitlement,
    ) -> Result<codes::BeginEnrollmentResponse, Status> {
        let message = codes::BeginEnrollmentRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            entitlement: Some(entitlement),
            channel: self.channel.into(),
            language_code: self.language.clone(),
        };
        self.patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.begin_enrollment(request(message, DEADLINE)).await }
        })
        .await
    }

    /// Sends what the person says about themself.
    pub async fn verify(
        &self,
        enrollment_id: &str,
        claims: identity::Claims,
    ) -> Result<identity::Verification, Status> {
        let message = identity::VerifyIdentityRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            enrollment_id: enrollment_id.to_owned(),
            claims: Some(claims),
            language_code: self.language.clone(),
        };
        let answer = self.patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.verify_identity(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Gets a verification.
    pub async fn verification(&self, id: &str) -> Result<identity::Verification, Status> {
        let message = identity::GetVerificationRequest {
            campaign: self.engagement_number.clone(),
            verification_id: id.to_owned(),
        };
        let answer = self.patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.get_verification(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Asks for a code to a contact on record.
    pub async fn send_code(
        &self,
        verification_id: &str,
        contact: &identity::MaskedContact,
    ) -> Result<(), Status> {
        let message = identity::SendConfirmationCodeRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            verification_id: verification_id.to_owned(),
            contact_id: contact.contact_id.clone(),
            channel: contact.channel,
        };
        self.send(message).await
    }

    /// Asks for a code to whatever contact this channel reaches, where the contacts are not shown.
    pub async fn send_code_by(
        &self,
        verification_id: &str,
        channel: identity::ContactChannel,
    ) -> Result<(), Status> {
        let message = identity::SendConfirmationCodeRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            verification_id: verification_id.to_owned(),
            contact_id: String::new(),
            channel: channel.into(),
        };
        self.send(message).await
    }

    async fn send(&self, message: identity::SendConfirmationCodeRequest) -> Result<(), Status> {
        let answer = self.patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move {
                client
                    .send_confirmation_code(request(message, DEADLINE))
                    .await
            }
        });
        answer.await.map(drop)
    }

    /// Sends the confirmation code that the person received.
    pub async fn confirm(
        &self,
        verification_id: &str,
        code: &str,
    ) -> Result<identity::Verification, Status> {
        let message = identity::ConfirmCodeRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            verification_id: verification_id.to_owned(),
            code: code.to_owned(),
        };
        let answer = self.patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.confirm_code(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Prepares the completion, so that it can be repeated with the same request id.
    pub fn completion(
        &self,
        begun: &codes::BeginEnrollmentResponse,
        verification_id: &str,
    ) -> codes::CompleteEnrollmentRequest {
        codes::CompleteEnrollmentRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            enrollment_id: enrollment_id(begun).to_owned(),
            verification_id: verification_id.to_owned(),
            consent: Some(consent(begun)),
        }
    }

    /// Cancels an enrollment, as the person asked. One that was completed needs a verification of the person; for one that was begun here
    /// and not completed it is empty.
    pub async fn cancel(&self, enrollment_id: &str, verification_id: &str) -> Result<(), Status> {
        let message = codes::CancelEnrollmentRequest {
            request_id: new_request_id(),
            campaign: self.engagement_number.clone(),
            enrollment_id: enrollment_id.to_owned(),
            reason: codes::CancelReason::PersonAsked.into(),
            verification_id: verification_id.to_owned(),
        };
        let answer = self.patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.cancel_enrollment(request(message, DEADLINE)).await }
        });
        answer.await.map(drop)
    }

    /// Gets an enrollment.
    pub async fn enrollment(&self, enrollment_id: &str) -> Result<codes::Enrollment, Status> {
        let message = codes::GetEnrollmentRequest {
            campaign: self.engagement_number.clone(),
            which: Some(codes::get_enrollment_request::Which::EnrollmentId(
                enrollment_id.to_owned(),
            )),
        };
        let answer = self.patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.get_enrollment(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.enrollment.unwrap_or_default())
    }

    /// Completes the enrollment.
    pub async fn complete(
        &self,
        message: &codes::CompleteEnrollmentRequest,
    ) -> Result<codes::Enrollment, Status> {
        let answer = self.patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.complete_enrollment(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.enrollment.unwrap_or_default())
    }

    /// Makes a call, and repeats it while it may work later.
    async fn patiently<T, Fut>(&self, mut call: impl FnMut() -> Fut) -> Result<T, Status>
    where
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let status = match call().await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => status,
            };
            // Where the connection broke off nobody has answered: the same request is made again, whoever makes it.
            let most = if broke_off(&status) {
                self.attempts.max(BROKEN_OFF)
            } else {
                self.attempts
            };
            if attempt >= most || !may_work_later(&status) {
                return Err(status);
            }
            let told = status
                .get_details_retry_info()
                .and_then(|info| info.retry_delay);
            tokio::time::sleep(told.unwrap_or(PAUSE * attempt).min(LONGEST_PAUSE)).await;
        }
    }
}

/// Gives the id of the enrollment that was begun.
pub fn enrollment_id(begun: &codes::BeginEnrollmentResponse) -> &str {
    begun
        .enrollment
        .as_ref()
        .map_or("", |enrollment| &enrollment.enrollment_id)
}

/// Gives the consent to the text that was shown.
pub fn consent(begun: &codes::BeginEnrollmentResponse) -> codes::Consent {
    let text = begun.consent_text.clone().unwrap_or_default();
    codes::Consent {
        language_code: text.language_code,
        version: text.version,
        text_sha256: crypto::sha256_hex(text.text.as_bytes()),
        agreed: true,
        ..codes::Consent::default()
    }
}

fn may_work_later(status: &Status) -> bool {
    let told = matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Cancelled
    );
    told || broke_off(status)
}
