//! Enrollments on the wire.

mod extend;
mod migrate;
mod next_step;
pub mod set_aside;
mod view;

use sea_orm::Iterable;
use tonic::Request;

use crate::codes::campaign::grpc::consent_text;
use crate::codes::code::Code;
use crate::codes::context::Context;
use crate::codes::convert::{page_size, time};
use crate::codes::error::Error;
use crate::db::entities::enrollment::{CancelReason, Channel, State};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::fields::Fields;
use crate::kernel::ids::EnrollmentId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::{authority_of, relationship_of};
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::r#type::v1::{Authority, Relationship};

use crate::codes::enrollment::begin::{self, Begin};
use crate::codes::enrollment::cancel::{self, Cancel};
use crate::codes::enrollment::complete::{self, Complete, Completions, Consent};
use crate::codes::enrollment::look_up::Entitlement;
use crate::codes::enrollment::read::{self, Which};
use crate::codes::enrollment::resubmit::{self, Resubmit};
use crate::codes::enrollment::state::Shown;
use crate::codes::enrollment::{check, convert};

pub use extend::extend_coverages;
pub use migrate::migrate_coverages;

/// Begins an enrollment.
pub async fn begin_enrollment(
    context: &Context,
    request: Request<wire::BeginEnrollmentRequest>,
) -> Result<wire::BeginEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = fields.campaign(&message.campaign);
    // What is mistyped is told before the database is asked.
    let command = read_begin(message, &call.caller, fields)?;
    let command = Begin {
        engagement_number: context.number_for(&call.caller, campaign).await?,
        ..command
    };
    let request = call.request(context, id, "BeginEnrollment", message)?;
    let begun = begin::begin_enrollment(context, &call, &request, &command).await?;
    Ok(wire::BeginEnrollmentResponse {
        enrollment: Some(view::enrollment(&begun.enrollment, call.caller.role)),
        consent_text: Some(consent_text(&begun.consent_text)),
        proof_expire_time: time(begun.enrollment.row.proof_expires_at),
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
    let number =
        (context.engagement_number_for(&call.caller, &mut fields, &message.campaign)).await?;
    let command = read_complete(message, number, fields)?;
    let request = call.request(context, id, "CompleteEnrollment", message)?;
    let role = call.caller.role;
    let completed =
        complete::complete_enrollment(context, completions, call, request, command).await?;
    Ok(wire::CompleteEnrollmentResponse {
        enrollment: Some(view::enrollment(&completed, role)),
    })
}

/// Gets an enrollment.
pub async fn get_enrollment(
    context: &Context,
    request: Request<wire::GetEnrollmentRequest>,
) -> Result<wire::GetEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let which = which(message, &call, &mut fields);
    fields.finish()?;
    let found = read::get_enrollment(context, &call, &number, which?).await?;
    Ok(wire::GetEnrollmentResponse {
        enrollment: Some(view::enrollment(&found, call.caller.role)),
    })
}

/// Reads which enrollment is meant. A mistyped code is told last, when everything else is in order.
fn which(
    message: &wire::GetEnrollmentRequest,
    call: &Call,
    fields: &mut Fields,
) -> Result<Which, Error> {
    use wire::get_enrollment_request::Which as Given;
    Ok(match &message.which {
        Some(Given::EnrollmentId(id)) => Which::Enrollment(fields.id("enrollment_id", id)),
        Some(Given::VerificationId(id)) => Which::Of(fields.id("verification_id", id)),
        Some(Given::Code(code)) => {
            // Whoever finds a letter would read on a page how its owner's enrollment stands.
            let may = call.caller.role != Role::Portal;
            fields.demand(may, "code", "is taken from operators and call centers only");
            Which::HeldBy(Code::parse(code).map_err(|_| Error::CodeMistyped)?)
        }
        None => Which::Enrollment(fields.id("enrollment_id", "")),
    })
}

/// Lists a campaign's enrollments.
pub async fn list_enrollments(
    context: &Context,
    request: Request<wire::ListEnrollmentsRequest>,
) -> Result<wire::ListEnrollmentsResponse, Error> {
    let role = Call::of(&request)?.caller.role;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let state = wanted(message.state, &mut fields);
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let number = message.state.to_be_bytes();
    let filter: [&[u8]; 3] = [b"enrollments", campaign.as_bytes(), &number];
    let after = paging::page_after(&filter, &message.page_token)?;
    let found = read::list_enrollments(context, campaign, state, after, size).await?;
    let entries = found
        .iter()
        .map(|found| (found.row.id, view::enrollment(found, role)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (enrollments, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListEnrollmentsResponse {
        enrollments,
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
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let enrollment: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
    let verification = fields.maybe_id("verification_id", &message.verification_id);
    let reason = convert::reason_of(message.reason());
    fields.demand(
        reason.is_some(),
        "reason",
        "must be a reason of the contract",
    );
    fields.finish()?;
    let request = call.request(context, id, "CancelEnrollment", message)?;
    let command = Cancel {
        engagement_number: number,
        enrollment,
        verification,
        reason: reason.unwrap_or(CancelReason::Other),
    };
    let canceled = cancel::cancel_enrollment(context, &call, &request, &command).await?;
    Ok(wire::CancelEnrollmentResponse {
        enrollment: Some(view::enrollment(&canceled, call.caller.role)),
    })
}

/// Orders coverages of an enrollment again.
pub async fn resubmit_enrollment(
    context: &Context,
    request: Request<wire::ResubmitEnrollmentRequest>,
) -> Result<wire::ResubmitEnrollmentResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let enrollment: EnrollmentId = fields.id("enrollment_id", &message.enrollment_id);
    let verification = fields.maybe_id("verification_id", &message.verification_id);
    let coverages = message.coverage_ids.iter();
    let coverages = coverages.map(|id| fields.id("coverage_ids", id)).collect();
    fields.finish()?;
    let request = call.request(context, id, "ResubmitEnrollment", message)?;
    let command = Resubmit {
        engagement_number: number,
        enrollment,
        verification,
        coverages,
    };
    let ordered = resubmit::resubmit_enrollment(context, &call, &request, &command).await?;
    Ok(wire::ResubmitEnrollmentResponse {
        enrollment: Some(view::enrollment(&ordered, call.caller.role)),
    })
}

/// Tells until when a code could begin an enrollment.
pub async fn check_code(
    context: &Context,
    request: Request<wire::CheckCodeRequest>,
) -> Result<wire::CheckCodeResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let code = Code::parse(&message.code).map_err(|_| Error::CodeMistyped)?;
    let mut fields = Fields::default();
    let number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    fields.finish()?;
    let until = check::check_code(context, &call, &number, code).await?;
    Ok(wire::CheckCodeResponse {
        expire_time: time(Some(until)),
    })
}

/// Reads which enrollments a list shows; none means all of them.
fn wanted(number: i32, fields: &mut Fields) -> Option<Shown> {
    let given = wire::EnrollmentState::try_from(number).ok();
    let known = State::iter().map(Shown::Stored).chain([Shown::Verified]);
    let mut fitting = known.filter(|shown| Some(convert::state_to_wire(*shown)) == given);
    let found = fitting.next();
    let fits = found.is_some() || given == Some(wire::EnrollmentState::Unspecified);
    fields.demand(fits, "state", "must be a state of the contract");
    found
}

/// Reads what is to be begun. A mistyped code is told last, when everything else is in order.
fn read_begin(
    message: &wire::BeginEnrollmentRequest,
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
    let language = (!message.language_code.is_empty())
        .then(|| fields.language("language_code", &message.language_code));
    fields.finish()?;
    Ok(Begin {
        engagement_number: String::new(),
        entitlement: entitlement?,
        channel: channel_of(channel, caller),
        language: language.flatten(),
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
    let language = fields.language("consent.language_code", &given.language_code);
    let (relationship, authority) = (given.relationship(), given.authority());
    let by = relationship_of(relationship).zip(authority_of(authority));
    let alone = relationship == Relationship::Unspecified && authority == Authority::Unspecified;
    fields.demand(
        by.is_some() || alone,
        "consent.authority",
        "must be given with consent.relationship, and only there",
    );
    let enrollment = fields.id("enrollment_id", &message.enrollment_id);
    let verification = fields.id("verification_id", &message.verification_id);
    let version = fields.text("consent.version", &given.version, 40);
    fields.finish()?;
    Ok(Complete {
        engagement_number,
        enrollment,
        verification,
        consent: Consent {
            // It is missing only if the field was wrong.
            language: language.ok_or(Error::ConsentOutdated)?,
            version,
            text_sha256: given.text_sha256.to_ascii_lowercase(),
            by,
        },
    })
}
