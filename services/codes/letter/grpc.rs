//! Codes that are out, on the wire: reissued, revoked, listed.

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use wire::revoke_codes_request::Target as WireTarget;

use crate::codes::batch::grpc::AHEAD;
use crate::codes::code::state::Shown;
use crate::codes::code::{Code, Mistyped};
use crate::codes::context::Context;
use crate::codes::convert::{date, page_size, time};
use crate::codes::error::Error;
use crate::db::entities::code::State;
use crate::db::entities::revocation::{Model, Target as Kept};
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::BatchId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

use super::by_code;
use super::list;
use super::reissue::{self, Reissue, Why};
use super::revocation;
use super::revoke::{Progress, Revoke, Target};
use super::store::Line;
use super::whose::{self, Whose};

/// Gives somebody a code that takes the place of the one before.
pub async fn reissue_code(
    context: &Context,
    request: Request<wire::ReissueCodeRequest>,
) -> Result<wire::ReissueCodeResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let named = named(message.into(), &mut fields);
    let why = why(message.reason);
    fields.demand(why.is_some(), "reason", "must be one of the reasons");
    fields.finish()?;
    let request = call.request(context, id, "ReissueCode", message)?;
    let command = Reissue {
        whose: whose(context, &call, &engagement_number, named).await?,
        engagement_number,
        why: why.ok_or(Error::IndividualNotFound)?,
    };
    let line = reissue::reissue_code(context, &call, &request, &command).await?;
    Ok(wire::ReissueCodeResponse {
        letter_code: Some(letter_code(&line, context.now())),
    })
}

/// Takes codes back, and tells how far it is.
pub async fn revoke_codes(
    context: &Context,
    request: Request<wire::RevokeCodesRequest>,
) -> Result<impl Stream<Item = Result<wire::RevokeCodesResponse, Error>> + use<>, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let target = target(message, &mut fields);
    let reason = fields.text("reason", &message.reason, 200);
    fields.finish()?;
    let target = target.ok_or(Error::IndividualNotFound)?;
    let request = call.request(context, id, "RevokeCodes", message)?;
    let revoke = Revoke::begin(context, &call, &request, (campaign, target), &reason).await?;
    let (sender, progress) = mpsc::channel(AHEAD);
    tokio::spawn(revoke.run(sender));
    Ok(ReceiverStream::new(progress).map(|step| step.map(revoked)))
}

/// Lists the codes of an individual.
pub async fn list_codes(
    context: &Context,
    request: Request<wire::ListCodesRequest>,
) -> Result<wire::ListCodesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let named = named(message.into(), &mut fields);
    fields.finish()?;
    let read = context.db.read();
    let cached = context.campaign_cache.by_id(read, campaign).await?;
    let whose = whose(context, &call, &cached.engagement_number, named).await?;
    let individual = whose::individual(read, campaign, whose, (&call, context.now())).await?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 3] = [b"codes", campaign.as_bytes(), individual.as_bytes()];
    let place = |line: &Line| (line.generation, line.batch_id);
    let before = paging::page_after::<(i32, BatchId)>(&filter, &message.page_token)?;
    let lines = list::list_codes(context, campaign, individual).await?;
    let rest = lines
        .into_iter()
        .filter(|line| before.is_none_or(|before| place(line) < before));
    let now = context.now();
    let entries = rest.map(|line| (place(&line), letter_code(&line, now)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (codes, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListCodesResponse {
        codes,
        next_page_token,
    })
}

/// Lists what was revoked.
pub async fn list_revocations(
    context: &Context,
    request: Request<wire::ListRevocationsRequest>,
) -> Result<wire::ListRevocationsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 2] = [b"revocations", campaign.as_bytes()];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = revocation::list_revocations(context, campaign, before, size).await?;
    let entries = found
        .into_iter()
        .map(|row| (row.id, revocation_to_wire(row)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (revocations, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListRevocationsResponse {
        revocations,
        next_page_token,
    })
}

fn revocation_to_wire(row: Model) -> wire::Revocation {
    use wire::revocation::Target as Whose;
    let id = row.target_id.to_string();
    let target = match row.target {
        Kept::Individual => Whose::IndividualId(id),
        Kept::Wave => Whose::WaveId(id),
        Kept::Batch => Whose::BatchId(id),
    };
    wire::Revocation {
        revocation_id: row.id.to_string(),
        target: Some(target),
        reason: row.reason,
        actor: row.actor,
        start_time: time(Some(row.started_at)),
        finish_time: time(row.finished_at),
        codes: row.codes,
        revoked: row.revoked,
    }
}

/// How a request names somebody, as it was given.
#[derive(Clone, Copy)]
struct Given<'a> {
    individual: &'a str,
    verification: &'a str,
    enrollment: &'a str,
    code: &'a str,
}

impl<'a> From<&'a wire::ReissueCodeRequest> for Given<'a> {
    fn from(message: &'a wire::ReissueCodeRequest) -> Self {
        Self {
            individual: &message.individual_id,
            verification: &message.verification_id,
            enrollment: &message.enrollment_id,
            code: &message.code,
        }
    }
}

impl<'a> From<&'a wire::ListCodesRequest> for Given<'a> {
    fn from(message: &'a wire::ListCodesRequest) -> Self {
        Self {
            individual: &message.individual_id,
            verification: &message.verification_id,
            enrollment: &message.enrollment_id,
            code: &message.code,
        }
    }
}

/// Whom a request is about, as it was read.
enum Named {
    Whose(Whose),
    /// Whoever holds the letter with this code; a mistyped one is told last, when everything else is in order.
    Holder(Result<Code, Mistyped>),
}

/// Reads whom a request is about: exactly one of the four ways.
fn named(given: Given<'_>, fields: &mut Fields) -> Option<Named> {
    let whose = match (
        given.individual,
        given.verification,
        given.enrollment,
        given.code,
    ) {
        (id, "", "", "") if !id.is_empty() => Whose::Individual(fields.id("individual_id", id)),
        ("", id, "", "") if !id.is_empty() => Whose::Verification(fields.id("verification_id", id)),
        ("", "", id, "") if !id.is_empty() => Whose::Enrollment(fields.id("enrollment_id", id)),
        ("", "", "", code) if !code.is_empty() => return Some(Named::Holder(Code::parse(code))),
        _ => {
            fields.wrong(
                "individual_id",
                "must be given, or verification_id, enrollment_id or code in its place: exactly one of the four",
            );
            return None;
        }
    };
    Some(Named::Whose(whose))
}

/// Finds who is meant, as far as a code names them.
async fn whose(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    named: Option<Named>,
) -> Result<Whose, Error> {
    match named.ok_or(Error::IndividualNotFound)? {
        Named::Whose(whose) => Ok(whose),
        Named::Holder(code) => {
            let code = code.map_err(|_| Error::CodeMistyped)?;
            let holder = by_code::holder(context, call, engagement_number, &code).await?;
            Ok(Whose::Individual(holder))
        }
    }
}

fn why(reason: i32) -> Option<Why> {
    match wire::ReissueReason::try_from(reason).ok()? {
        wire::ReissueReason::Unspecified => None,
        wire::ReissueReason::Lost => Some(Why::Lost),
        wire::ReissueReason::NotReceived => Some(Why::NotReceived),
        wire::ReissueReason::Damaged => Some(Why::Damaged),
        wire::ReissueReason::AddressCorrected => Some(Why::AddressCorrected),
        wire::ReissueReason::Compromised => Some(Why::Compromised),
    }
}

fn target(message: &wire::RevokeCodesRequest, fields: &mut Fields) -> Option<Target> {
    match &message.target {
        Some(WireTarget::IndividualId(id)) => {
            Some(Target::Individual(fields.id("individual_id", id)))
        }
        Some(WireTarget::WaveId(id)) => Some(Target::Wave(fields.id("wave_id", id))),
        Some(WireTarget::BatchId(id)) => Some(Target::Batch(fields.id("batch_id", id))),
        None => {
            fields.wrong("target", "must be individual_id, wave_id or batch_id");
            None
        }
    }
}

fn revoked(step: Progress) -> wire::RevokeCodesResponse {
    use wire::revoke_codes_response::Step;
    let step = if step.done {
        Step::Result(wire::RevokeResult {
            codes: step.codes,
            revoked: step.found.revoked,
        })
    } else {
        Step::Progress(wire::RevokeProgress {
            codes: step.codes,
            seen: step.found.seen,
            revoked: step.found.revoked,
        })
    };
    wire::RevokeCodesResponse { step: Some(step) }
}

fn letter_code(line: &Line, now: Timestamp) -> wire::LetterCode {
    let shown = line.shown(now);
    let state = match shown {
        Shown::Stored(State::Issued) => wire::CodeState::Issued,
        Shown::Stored(State::Redeemed) => wire::CodeState::Redeemed,
        Shown::Stored(State::Superseded) => wire::CodeState::Superseded,
        Shown::Stored(State::Revoked) => wire::CodeState::Revoked,
        Shown::Expired => wire::CodeState::Expired,
    };
    let settled_at = match shown {
        Shown::Stored(_) => line.settled_at,
        Shown::Expired => Some(line.enroll_by_at),
    };
    let has_letter = line.withheld.is_none();
    let mailed_on = line.mailed_on.as_deref().filter(|_| has_letter);
    let has_code = line.without_code.is_none();
    let proof_until = (has_letter && has_code).then_some(line.proof_expires_at);
    wire::LetterCode {
        batch_id: line.batch_id.to_string(),
        wave_id: line.wave_id.to_string(),
        wave_name: line.wave_name.clone(),
        generation: line.generation,
        supersedes_generation: line.supersedes.unwrap_or(0),
        state: state.into(),
        issue_time: time(Some(line.made_at)),
        settle_time: time(settled_at),
        enroll_by_date: date(Some(&line.enroll_by)),
        mailing_date: date(mailed_on),
        proof_expire_time: time(proof_until),
        printable: has_letter && line.completed_at.is_some(),
        withheld: !has_letter,
        without_code: !has_code,
        ..wire::LetterCode::default()
    }
}
