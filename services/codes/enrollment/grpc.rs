//! Enrollments on the wire.

use tonic::Request;

use crate::codes::code::Code;
use crate::codes::context::Context;
use crate::codes::convert::{date, page_size, time};
use crate::codes::error::Error;
use crate::db::entities::enrollment::{Channel, State};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::fields::Fields;
use crate::kernel::ids::EnrollmentId;
use crate::kernel::paging;
use crate::process::Call;
use crate::process::convert::class_to_wire;
use crate::wire::redress::enrollment::v1 as wire;

use super::begin::{self, Begin};
use super::complete::{self, Complete, Completions, Consent};
use super::look_up::Entitlement;
use super::state::Shown;
use super::store::Enrollment;
use super::{cancel, check, next_step, read};

/// Begins an enrollment.
pub async fn begin_enrollment(
    context: &Context,
    request: Request<wire::BeginEnrollmentRequest>,
) -> Result<wire::BeginEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let number = (context.engagement_number(&mut fields, &message.campaign)).await?;
    let command = read_begin(message, number, &call.caller, fields)?;
    let request = call.request(context, id, "BeginEnrollment", message)?;
    let begun = begin::begin_enrollment(context, &call, &request, &command).await?;
    Ok(wire::BeginEnrollmentResponse {
        enrollment: Some(enrollment(&begun.enrollment)),
        consent_version: begun.consent_version,
        consent_text: begun.consent_text,
        proof_expire_time: time(begun.enrollment.proof_expires_at),
    })
}

/// Completes an enrollment.
pub async fn complete_enrollment(
    context: &Context,
    completions: &Completions,
    request: Request<wire::CompleteEnrollmentRequest>,
) -> Result<wire::CompleteEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let number = (context.engagement_number(&mut fields, &message.campaign)).await?;
    let command = read_complete(message, number, fields)?;
    let request = call.request(context, id, "CompleteEnrollment", message)?;
    let completed =
        complete::complete_enrollment(context, completions, call, request, command).await?;
    Ok(wire::CompleteEnrollmentResponse {
        enrollment: Some(enrollment(&completed)),
    })
}

/// Gets an enrollment.
pub async fn get_enrollment(
    context: &Context,
    request: Request<wire::GetEnrollmentRequest>,
) -> Result<wire::GetEnrollmentResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let number = context
        .engagement_number(&mut fields, &message.campaign)
        .await?;
    let id: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
    fields.finish()?;
    let found = read::get_enrollment(context, &number, id).await?;
    Ok(wire::GetEnrollmentResponse {
        enrollment: Some(enrollment(&found)),
    })
}

/// Lists a campaign's enrollments.
pub async fn list_enrollments(
    context: &Context,
    request: Request<wire::ListEnrollmentsRequest>,
) -> Result<wire::ListEnrollmentsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let state = wanted(message.state, &mut fields);
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let number = message.state.to_be_bytes();
    let filter: [&[u8]; 3] = [b"enrollments", campaign.as_bytes(), &number];
    let after = paging::page_after(&filter, &message.page_token)?;
    let mut page = read::list_enrollments(context, campaign, state, after, size).await?;
    let next_page_token = paging::next_page(&mut page, size, &filter, |enrollment| enrollment.id);
    Ok(wire::ListEnrollmentsResponse {
        enrollments: page.iter().map(enrollment).collect(),
        next_page_token,
    })
}

/// Cancels an enrollment.
pub async fn cancel_enrollment(
    context: &Context,
    request: Request<wire::CancelEnrollmentRequest>,
) -> Result<wire::CancelEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let number = context
        .engagement_number(&mut fields, &message.campaign)
        .await?;
    let enrollment_id: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
    fields.finish()?;
    let request = call.request(context, id, "CancelEnrollment", message)?;
    let canceled =
        cancel::cancel_enrollment(context, &call, &request, &number, enrollment_id).await?;
    Ok(wire::CancelEnrollmentResponse {
        enrollment: Some(enrollment(&canceled)),
    })
}

/// Tells until when a code could begin an enrollment.
pub async fn check_code(
    context: &Context,
    request: Request<wire::CheckCodeRequest>,
) -> Result<wire::CheckCodeResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let number = context
        .engagement_number(&mut fields, &message.campaign)
        .await?;
    fields.finish()?;
    let code = Code::parse(&message.code).map_err(|_| Error::CodeMistyped)?;
    let until = check::check_code(context, &call, &number, code).await?;
    Ok(wire::CheckCodeResponse {
        expire_time: time(Some(until)),
    })
}

/// Writes an enrollment.
fn enrollment(enrollment: &Enrollment) -> wire::Enrollment {
    let class = enrollment.outcome_class;
    let over = matches!(enrollment.state, State::Canceled | State::Ended);
    let next_step = class.filter(|_| !over).map_or("", next_step::words);
    let handoff = enrollment.handoff_id.map(|id| id.to_string());
    wire::Enrollment {
        enrollment_id: enrollment.id.to_string(),
        campaign_id: enrollment.campaign_id.to_string(),
        state: state(enrollment.shown()).into(),
        create_time: time(Some(enrollment.started_at)),
        submit_time: time(enrollment.submitted_at),
        activate_time: time(enrollment.activated_at),
        term_end_date: date(enrollment.term_ends_on.as_deref()),
        outcome_class: class_to_wire(class).into(),
        next_step: next_step.to_owned(),
        handoff_id: handoff.unwrap_or_default(),
    }
}

fn state(shown: Shown) -> wire::EnrollmentState {
    match shown {
        Shown::Stored(State::Started) => wire::EnrollmentState::Started,
        Shown::Verified => wire::EnrollmentState::Verified,
        Shown::Stored(State::Submitted) => wire::EnrollmentState::Submitted,
        Shown::Stored(State::Active) => wire::EnrollmentState::Active,
        Shown::Stored(State::ActionRequired) => wire::EnrollmentState::ActionRequired,
        Shown::Stored(State::Refused) => wire::EnrollmentState::Refused,
        Shown::Stored(State::Ended) => wire::EnrollmentState::Ended,
        Shown::Stored(State::Canceled) => wire::EnrollmentState::Canceled,
    }
}

/// Reads which enrollments a list shows; none means all of them.
fn wanted(number: i32, fields: &mut Fields) -> Option<Shown> {
    match wire::EnrollmentState::try_from(number) {
        Ok(wire::EnrollmentState::Unspecified) => None,
        Ok(wire::EnrollmentState::Started) => Some(Shown::Stored(State::Started)),
        Ok(wire::EnrollmentState::Verified) => Some(Shown::Verified),
        Ok(wire::EnrollmentState::Submitted) => Some(Shown::Stored(State::Submitted)),
        Ok(wire::EnrollmentState::Active) => Some(Shown::Stored(State::Active)),
        Ok(wire::EnrollmentState::ActionRequired) => Some(Shown::Stored(State::ActionRequired)),
        Ok(wire::EnrollmentState::Refused) => Some(Shown::Stored(State::Refused)),
        Ok(wire::EnrollmentState::Ended) => Some(Shown::Stored(State::Ended)),
        Ok(wire::EnrollmentState::Canceled) => Some(Shown::Stored(State::Canceled)),
        Err(_) => {
            fields.wrong("state", "must be a state of the contract");
            None
        }
    }
}

/// Reads what is to be begun. A mistyped code is told last, when everything else is in order.
fn read_begin(
    message: &wire::BeginEnrollmentRequest,
    engagement_number: String,
    caller: &Caller,
    mut fields: Fields,
) -> Result<Begin, Error> {
    use wire::begin_enrollment_request::Entitlement as Given;
    let channel = wire::EnrollmentChannel::try_from(message.channel).ok();
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
        channel: channel_of(channel, caller),
    })
}

fn channel_of(channel: Option<wire::EnrollmentChannel>, caller: &Caller) -> Channel {
    match channel {
        Some(wire::EnrollmentChannel::Web) => Channel::Web,
        Some(wire::EnrollmentChannel::Partner) => Channel::Partner,
        Some(wire::EnrollmentChannel::Unspecified) | None if caller.role == Role::Portal => {
            Channel::Web
        }
        Some(wire::EnrollmentChannel::Phone | wire::EnrollmentChannel::Unspecified) | None => {
            Channel::Phone
        }
    }
}

fn read_complete(
    message: &wire::CompleteEnrollmentRequest,
    engagement_number: String,
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
    let locale = given.language_code.as_str();
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
        engagement_number,
        enrollment: fields.id("enrollment_id", &message.enrollment_id),
        verification: fields.id("verification_id", &message.verification_id),
        consent: Consent {
            version: fields.text("consent.version", &given.version, 40),
            text_sha256: given.text_sha256.to_ascii_lowercase(),
            locale: given.language_code,
        },
    };
    fields.finish()?;
    Ok(command)
}
