//! The RPCs of verifications and confirmation codes.

mod next_step;
mod representative;

use tonic::Request;

use crate::db::entities::confirmation_code::Channel;
use crate::db::entities::referral::DecisionReason;
use crate::db::entities::verification::State;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::compare::Claims;
use crate::identity::matching::waterfall::{Agreement, Level};
use crate::identity::matching::{fold, ssn};
use crate::identity::roster::grpc::contacts;
use crate::kernel::caller::Role;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::secrets::Secret;
use crate::process::Call;
use crate::process::convert::evidence_to_wire;
use crate::wire::redress::identity::v1 as wire;

use crate::identity::verification::confirmation_code::confirm::{self, Confirm};
use crate::identity::verification::confirmation_code::send::{self, DIGITS, Send};
use crate::identity::verification::get;
use crate::identity::verification::order_letter::{self, OrderLetter};
use crate::identity::verification::verify::{self, Verify};
use crate::identity::verification::view::View;

/// VerifyIdentity.
pub async fn verify_identity(
    context: &Context,
    request: &Request<wire::VerifyIdentityRequest>,
) -> Result<wire::VerifyIdentityResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let enrollment = fields.maybe_id("enrollment_id", &message.enrollment_id);
    let claims = claims_of(&mut fields, message.claims.as_ref());
    let given = message.claims.as_ref();
    let acting = given.and_then(|claims| representative::acting(&mut fields, claims));
    let language = (!message.language_code.is_empty())
        .then(|| fields.language("language_code", &message.language_code));
    fields.finish()?;
    let command = Verify {
        request: call.request(context, id, "VerifyIdentity", message)?,
        engagement_number,
        enrollment,
        // They are missing only if a field was wrong.
        claims: claims.ok_or_else(|| Error::field("claims", "must be given"))?,
        representative: acting,
        language: language.flatten(),
    };
    let view = verify::verify_identity(context, &call, &command).await?;
    Ok(wire::VerifyIdentityResponse {
        verification: Some(verification(view, call.caller.role)),
    })
}

/// SendConfirmationCode.
pub async fn send_confirmation_code(
    context: &Context,
    request: &Request<wire::SendConfirmationCodeRequest>,
) -> Result<wire::SendConfirmationCodeResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let verification = fields.id("verification_id", &message.verification_id);
    let contact = fields.maybe_id("contact_id", &message.contact_id);
    let channel = channel_of(message.channel());
    let is_known = message.channel == 0 || channel.is_some();
    fields.demand(is_known, "channel", "must be EMAIL, SMS or VOICE, or empty");
    fields.finish()?;
    let command = Send {
        request: call.request(context, id, "SendConfirmationCode", message)?,
        engagement_number,
        verification,
        contact,
        channel,
    };
    let expires_at = send::send_confirmation_code(context, &call, &command).await?;
    Ok(wire::SendConfirmationCodeResponse {
        expire_time: Some(expires_at.to_proto()),
    })
}

/// OrderLetter.
pub async fn order_letter(
    context: &Context,
    request: &Request<wire::OrderLetterRequest>,
) -> Result<wire::OrderLetterResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let verification = fields.id("verification_id", &message.verification_id);
    fields.finish()?;
    let command = OrderLetter {
        request: call.request(context, id, "OrderLetter", message)?,
        engagement_number,
        verification,
    };
    let ordered_at = order_letter::order_letter(context, &call, &command).await?;
    Ok(wire::OrderLetterResponse {
        order_time: Some(ordered_at.to_proto()),
    })
}

/// ConfirmCode.
pub async fn confirm_code(
    context: &Context,
    request: &Request<wire::ConfirmCodeRequest>,
) -> Result<wire::ConfirmCodeResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let verification_id = fields.id("verification_id", &message.verification_id);
    let code: String = message
        .code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
    fields.demand(is_code, "code", "must be six digits");
    fields.finish()?;
    let command = Confirm {
        request: call.request(context, id, "ConfirmCode", message)?,
        engagement_number,
        verification: verification_id,
        code: Secret::new(code),
    };
    let view = confirm::confirm_code(context, &call, &command).await?;
    Ok(wire::ConfirmCodeResponse {
        verification: Some(verification(view, call.caller.role)),
    })
}

/// GetVerification.
pub async fn get_verification(
    context: &Context,
    request: &Request<wire::GetVerificationRequest>,
) -> Result<wire::GetVerificationResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let id = fields.id("verification_id", &message.verification_id);
    fields.finish()?;
    let view = get::get_verification(context, &call, &number, id).await?;
    Ok(wire::GetVerificationResponse {
        verification: Some(verification(view, call.caller.role)),
    })
}

/// Reads and folds claims; names every field that is wrong, never its value.
pub fn claims_of(fields: &mut Fields, claims: Option<&wire::Claims>) -> Option<Claims> {
    let Some(claims) = claims else {
        fields.wrong("claims", "must be given");
        return None;
    };
    let name = claims.name.clone().unwrap_or_default();
    let given = fields.maybe_text(
        "claims.name.given_name",
        &name.given_name,
        representative::NAME,
    );
    let middle = fields.maybe_text(
        "claims.name.middle_name",
        &name.middle_name,
        representative::NAME,
    );
    let family = fields.maybe_text(
        "claims.name.family_name",
        &name.family_name,
        representative::NAME,
    );
    // Somebody with one name may give it as either; it is on record as the family name.
    let (given, family) = match (given, family) {
        (Some(only), None) => (None, Some(only)),
        both => both,
    };
    let given = given.map(fold::name).unwrap_or_default();
    let family = family.map(fold::family).unwrap_or_default();
    for path in ["claims.name.given_name", "claims.name.family_name"] {
        fields.demand(
            !family.is_empty(),
            path,
            "must be a name, at least one of the two",
        );
    }
    let born = claims.date_of_birth.as_ref();
    let born = born.map(|date| (date.year, date.month, date.day));
    let born = fields.date("claims.date_of_birth", born);
    let number = fields.maybe_text("claims.ssn", &claims.ssn, 11);
    let ssn = number.and_then(ssn::parse_claimed);
    fields.demand(
        number.is_none() || ssn.is_some(),
        "claims.ssn",
        "must be nine digits or the last four",
    );
    let postal = fields.maybe_text("claims.postal_code", &claims.postal_code, 16);
    Some(Claims {
        given,
        middle: middle.map(fold::name).unwrap_or_default(),
        family,
        born: born?,
        ssn,
        postal: postal
            .map(fold::postal)
            .filter(|postal| !postal.expose().is_empty()),
    })
}

fn channel_of(channel: wire::ContactChannel) -> Option<Channel> {
    match channel {
        wire::ContactChannel::Unspecified => None,
        wire::ContactChannel::Email => Some(Channel::Email),
        wire::ContactChannel::Sms => Some(Channel::Sms),
        wire::ContactChannel::Voice => Some(Channel::Voice),
    }
}

fn verification(view: View, role: Role) -> wire::Verification {
    let next_steps = next_step::next_steps(&view, role == Role::Portal);
    let state = match view.state {
        State::ConfirmationRequired => wire::VerificationState::ConfirmationRequired,
        State::Verified => wire::VerificationState::Verified,
        State::Referred => wire::VerificationState::Referred,
        State::Refused => wire::VerificationState::Refused,
    };
    wire::Verification {
        next_steps,
        verification_id: view.id.to_string(),
        enrollment_id: view.enrollment.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        contacts: contacts(view.contacts),
        expire_time: Some(view.expires_at.to_proto()),
        create_time: Some(view.created_at.to_proto()),
        waterfall: view.waterfall.0.iter().copied().map(agreement).collect(),
        attempts_left: view.attempts_left,
        due_time: view.due_at.map(Timestamp::to_proto),
        letter_possible_time: view.letter_possible_at.map(Timestamp::to_proto),
        evidence: view
            .evidence
            .iter()
            .map(|kind| evidence_to_wire(*kind).into())
            .collect(),
        decision_reason: decision_reason(view.decision_reason).into(),
        representative: view.representative.as_ref().map(representative::write),
        individual_id: view.individual.map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// Writes why a reviewer decided so.
pub fn decision_reason(reason: Option<DecisionReason>) -> wire::DecisionReason {
    match reason {
        None => wire::DecisionReason::Unspecified,
        Some(DecisionReason::DocumentsSeen) => wire::DecisionReason::DocumentsSeen,
        Some(DecisionReason::RecordCorrected) => wire::DecisionReason::RecordCorrected,
        Some(DecisionReason::NotThePerson) => wire::DecisionReason::NotThePerson,
        Some(DecisionReason::NotEnoughEvidence) => wire::DecisionReason::NotEnoughEvidence,
        Some(DecisionReason::Other) => wire::DecisionReason::Other,
    }
}

/// Writes how a field agreed.
pub fn agreement(agreement: Agreement) -> wire::FieldAgreement {
    let level = match agreement.level {
        Level::Exact => wire::AgreementLevel::Exact,
        Level::Close => wire::AgreementLevel::Close,
        Level::Nickname => wire::AgreementLevel::Nickname,
        Level::Transposed => wire::AgreementLevel::Transposed,
        Level::Missing => wire::AgreementLevel::Missing,
        Level::Different => wire::AgreementLevel::Different,
    };
    wire::FieldAgreement {
        field: agreement.field.as_str().to_owned(),
        level: level.into(),
        weight_centibits: agreement.weight,
    }
}
