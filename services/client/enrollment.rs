//! A caller's line to the services: a web page or an agent, with the patience that a good client has.
//!
//! A call whose answer is lost is repeated with the same request id; a call that is told to wait waits.

use std::future::Future;
use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::cli::connect::Channels;
use crate::cli::enroll::consent;
use crate::cli::new_request_id;
use crate::kernel::caller::Agent;
use crate::kernel::client::{Client, Outgoing, request};
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1 as identity;
use codes::begin_enrollment_request::Entitlement;
use codes::enrollment_service_client::EnrollmentServiceClient;
use identity::identity_verification_service_client::IdentityVerificationServiceClient;

const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(10);

/// Channels in the two roles that speak for people.
#[derive(Clone)]
pub struct Fronts {
    /// An enrollment page's backend.
    pub portal: Channels,
    /// A call center's backend.
    pub desk: Channels,
    /// The campaign's engagement number, as it stands in the letter.
    pub engagement_number: String,
}

/// One caller's line.
#[derive(Clone)]
pub struct Line {
    codes: EnrollmentServiceClient<Client>,
    identity: IdentityVerificationServiceClient<Client>,
    engagement_number: String,
    channel: codes::Channel,
}

impl Fronts {
    /// Opens a line: two of five callers use the telephone. Each comes from a network of their own.
    pub fn line(&self, caller: usize) -> Line {
        let network = format!("10.{}.{}.0/24", caller / 250 % 250, caller % 250);
        let outgoing = Outgoing::new().network(&network);
        let by_phone = caller % 5 < 2;
        let (channels, outgoing, channel) = if by_phone {
            let agent = Agent {
                agent: format!("agent-{:04}", caller / 4),
                case: format!("case-{caller:06}"),
                reason: "enrollment".to_owned(),
            };
            (&self.desk, outgoing.agent(&agent), codes::Channel::Phone)
        } else {
            (&self.portal, outgoing, codes::Channel::Web)
        };
        Line {
            codes: EnrollmentServiceClient::new(outgoing.clone().on(channels.codes.clone())),
            identity: IdentityVerificationServiceClient::new(
                outgoing.on(channels.identity.clone()),
            ),
            engagement_number: self.engagement_number.clone(),
            channel,
        }
    }
}

impl Line {
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

    async fn begin(
        &self,
        entitlement: Entitlement,
    ) -> Result<codes::BeginEnrollmentResponse, Status> {
        let message = codes::BeginEnrollmentRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            entitlement: Some(entitlement),
            channel: self.channel.into(),
        };
        patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.begin_enrollment(request(message, DEADLINE)).await }
        })
        .await
    }

    /// Says who one is.
    pub async fn verify(
        &self,
        enrollment_id: &str,
        claims: identity::Claims,
    ) -> Result<identity::Verification, Status> {
        let message = identity::VerifyIdentityRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            enrollment_id: enrollment_id.to_owned(),
            claims: Some(claims),
        };
        let answer = patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.verify_identity(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Looks at a verification.
    pub async fn verification(&self, id: &str) -> Result<identity::Verification, Status> {
        let message = identity::GetVerificationRequest {
            engagement_number: self.engagement_number.clone(),
            verification_id: id.to_owned(),
        };
        let answer = patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.get_verification(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Asks for a code to a contact on record.
    pub async fn send_code(&self, verification_id: &str, channel: i32) -> Result<(), Status> {
        let message = identity::SendConfirmationCodeRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            verification_id: verification_id.to_owned(),
            channel,
        };
        let answer = patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move {
                client
                    .send_confirmation_code(request(message, DEADLINE))
                    .await
            }
        });
        answer.await.map(drop)
    }

    /// Says the digits that were received.
    pub async fn confirm(
        &self,
        verification_id: &str,
        code: &str,
    ) -> Result<identity::Verification, Status> {
        let message = identity::ConfirmCodeRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            verification_id: verification_id.to_owned(),
            code: code.to_owned(),
        };
        let answer = patiently(|| {
            let (mut client, message) = (self.identity.clone(), message.clone());
            async move { client.confirm_code(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.verification.unwrap_or_default())
    }

    /// Prepares the last step, so that it can be made again with the same request id.
    pub fn completion(
        &self,
        begun: &codes::BeginEnrollmentResponse,
        verification_id: &str,
    ) -> codes::CompleteEnrollmentRequest {
        codes::CompleteEnrollmentRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            enrollment_id: enrollment_id(begun).to_owned(),
            verification_id: verification_id.to_owned(),
            consent: Some(consent(begun)),
        }
    }

    /// Gives an enrollment up.
    pub async fn cancel(&self, enrollment_id: &str) -> Result<(), Status> {
        let message = codes::CancelEnrollmentRequest {
            request_id: new_request_id(),
            engagement_number: self.engagement_number.clone(),
            enrollment_id: enrollment_id.to_owned(),
        };
        let answer = patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.cancel_enrollment(request(message, DEADLINE)).await }
        });
        answer.await.map(drop)
    }

    /// Makes the last step.
    pub async fn complete(
        &self,
        message: &codes::CompleteEnrollmentRequest,
    ) -> Result<codes::Enrollment, Status> {
        let answer = patiently(|| {
            let (mut client, message) = (self.codes.clone(), message.clone());
            async move { client.complete_enrollment(request(message, DEADLINE)).await }
        });
        Ok(answer.await?.enrollment.unwrap_or_default())
    }
}

/// Gives the enrollment that was begun.
pub fn enrollment_id(begun: &codes::BeginEnrollmentResponse) -> &str {
    begun
        .enrollment
        .as_ref()
        .map_or("", |enrollment| &enrollment.enrollment_id)
}

/// Repeats a call while the answer is that it may work later.
async fn patiently<T, Fut>(mut call: impl FnMut() -> Fut) -> Result<T, Status>
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
        if attempt >= TRIES || !may_work_later(status.code()) {
            return Err(status);
        }
        let told = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        tokio::time::sleep(told.unwrap_or(PAUSE * attempt).min(LONGEST_PAUSE)).await;
    }
}

fn may_work_later(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Cancelled
    )
}
