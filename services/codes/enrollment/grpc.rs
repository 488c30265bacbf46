//! EnrollmentService.

use tonic::{Request, Response, Status};

use crate::codes::campaign::grpc::MAX_PAGE;
use crate::codes::code::Code;
use crate::codes::error::Error;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, EnrollmentId};
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;

use super::begin::{self, Begin, Entitlement};
use super::complete::{self, Complete, Consent};
use super::{cancel, read};

#[tonic::async_trait]
impl EnrollmentService for Handlers {
    async fn begin_enrollment(
        &self,
        request: Request<wire::BeginEnrollmentRequest>,
    ) -> Result<Response<wire::BeginEnrollmentResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let command = read_begin(message, &call.caller, fields).map_err(status)?;
        let known = self
            .request(&call, id, "BeginEnrollment", message)
            .map_err(status)?;
        let begun = begin::begin(&self.context, &call, &known, &command)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::BeginEnrollmentResponse {
            enrollment: Some(write::enrollment(&begun.enrollment)),
            consent_version: begun.consent_version,
            consent_text: begun.consent_text,
            proof_expire_time: write::time(begun.enrollment.proof_expires_at),
        }))
    }

    async fn complete_enrollment(
        &self,
        request: Request<wire::CompleteEnrollmentRequest>,
    ) -> Result<Response<wire::CompleteEnrollmentResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let command = read_complete(message, fields).map_err(status)?;
        let known = self
            .request(&call, id, "CompleteEnrollment", message)
            .map_err(status)?;
        let enrollment =
            complete::complete(&self.context, &self.completions, call, known, command).await;
        let enrollment = write::enrollment(&enrollment.map_err(status)?);
        Ok(Response::new(wire::CompleteEnrollmentResponse {
            enrollment: Some(enrollment),
        }))
    }

    async fn get_enrollment(
        &self,
        request: Request<wire::GetEnrollmentRequest>,
    ) -> Result<Response<wire::GetEnrollmentResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let number = fields.engagement_number("engagement_number", &message.engagement_number);
        let id: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
        fields.finish()?;
        let enrollment = read::get(&self.context, &number, id)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::GetEnrollmentResponse {
            enrollment: Some(write::enrollment(&enrollment)),
        }))
    }

    async fn list_enrollments(
        &self,
        request: Request<wire::ListEnrollmentsRequest>,
    ) -> Result<Response<wire::ListEnrollmentsResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let state = write::Filter::read(message.state);
        fields.demand(state.is_some(), "state", "must be a state of the contract");
        fields.finish()?;
        let size = paging::page_size(message.page_size)?.min(MAX_PAGE);
        let number = message.state.to_be_bytes();
        let filter: [&[u8]; 3] = [b"enrollments", campaign.as_bytes(), &number];
        let after = paging::page_after(&filter, &message.page_token)?;
        let page = read::list(
            &self.context,
            campaign,
            state.and_then(|state| state.state()),
            after,
            size,
        )
        .await;
        let mut page = page.map_err(status)?;
        let next_page_token =
            paging::next_page(&mut page, size, &filter, |enrollment| enrollment.id);
        let enrollments = page.iter().map(write::enrollment).collect();
        Ok(Response::new(wire::ListEnrollmentsResponse {
            enrollments,
            next_page_token,
        }))
    }

    async fn cancel_enrollment(
        &self,
        request: Request<wire::CancelEnrollmentRequest>,
    ) -> Result<Response<wire::CancelEnrollmentResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let number = fields.engagement_number("engagement_number", &message.engagement_number);
        let enrollment: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
        fields.finish()?;
        let known = self
            .request(&call, id, "CancelEnrollment", message)
            .map_err(status)?;
        let enrollment = cancel::cancel(&self.context, &call, &known, &number, enrollment)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::CancelEnrollmentResponse {
            enrollment: Some(write::enrollment(&enrollment)),
        }))
    }
}

/// Reads who begins what. A mistyped code is told last, when everything else is in order.
fn read_begin(
    message: &wire::BeginEnrollmentRequest,
    caller: &Caller,
    mut fields: Fields,
) -> Result<Begin, Error> {
    use wire::begin_enrollment_request::Entitlement as Given;
    let engagement_number =
        fields.engagement_number("engagement_number", &message.engagement_number);
    let channel = wire::Channel::try_from(message.channel).ok();
    fields.demand(
        channel.is_some(),
        "channel",
        "must be a channel of the contract",
    );
    let entitlement = match &message.entitlement {
        Some(Given::Code(code)) => Code::parse(code)
            .map(Entitlement::Code)
            .map_err(|_| Error::CodeMistyped),
        Some(Given::VerificationId(id)) => {
            Ok(Entitlement::Verification(fields.id("verification_id", id)))
        }
        None => {
            fields.wrong("entitlement", "must be code or verification_id");
            Err(Error::CodeNotAccepted)
        }
    };
    fields.finish()?;
    Ok(Begin {
        engagement_number,
        entitlement: entitlement?,
        channel: channel_word(channel, caller),
    })
}

fn channel_word(channel: Option<wire::Channel>, caller: &Caller) -> &'static str {
    match channel {
        Some(wire::Channel::Web) => "WEB",
        Some(wire::Channel::Partner) => "PARTNER",
        Some(wire::Channel::Unspecified) | None if caller.role == Role::Portal => "WEB",
        Some(wire::Channel::Phone | wire::Channel::Unspecified) | None => "PHONE",
    }
}

fn read_complete(
    message: &wire::CompleteEnrollmentRequest,
    mut fields: Fields,
) -> Result<Complete, Error> {
    let given = message.consent.clone().unwrap_or_default();
    fields.demand(message.consent.is_some(), "consent", "must be given");
    fields.demand(
        given.agreed,
        "consent.agreed",
        "must be true: there is no enrollment without consent",
    );
    let hex = given.text_sha256.len() == 64
        && given
            .text_sha256
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit());
    fields.demand(hex, "consent.text_sha256", "must be 64 hexadecimal digits");
    let locale = given.locale.as_str();
    let tag = (2..=35).contains(&locale.len())
        && locale
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fields.demand(
        tag,
        "consent.locale",
        "must be a BCP 47 language such as en-US",
    );
    let command = Complete {
        engagement_number: fields
            .engagement_number("engagement_number", &message.engagement_number),
        enrollment: fields.id("enrollment_id", &message.enrollment_id),
        verification: fields.id("verification_id", &message.verification_id),
        consent: Consent {
            version: fields.text("consent.version", &given.version, 40),
            text_sha256: given.text_sha256.to_ascii_lowercase(),
            locale: given.locale,
        },
    };
    fields.finish()?;
    Ok(command)
}
