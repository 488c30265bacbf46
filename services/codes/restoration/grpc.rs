//! Restorations on the wire.

use sea_orm::Iterable as _;
use tonic::Request;

use crate::codes::context::Context;
use crate::codes::convert::{page_size, time, told_class};
use crate::codes::error::Error;
use crate::db::entities::restoration::{Model, State};
use crate::kernel::caller::Role;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{RestorationId, VerificationId};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::process::convert::class_to_wire;
use crate::wire::redress::enrollment::v1 as wire;

use super::read::{self, Which};
use super::request_restoration::{self as ask, Affected};

/// Asks for a restoration.
pub async fn request_restoration(
    context: &Context,
    request: Request<wire::RequestRestorationRequest>,
) -> Result<wire::RequestRestorationResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let affected = affected(message, call.caller.role, &mut fields);
    fields.finish()?;
    let request = call.request(context, id, "RequestRestoration", message)?;
    let of = (campaign, affected);
    let found = ask::request_restoration(context, &call, &request, of).await?;
    Ok(wire::RequestRestorationResponse {
        restoration: Some(view(&found, call.caller.role)),
    })
}

fn affected(
    message: &wire::RequestRestorationRequest,
    role: Role,
    fields: &mut Fields,
) -> Affected {
    if message.individual_id.is_empty() {
        return Affected::Verified(fields.id("verification_id", &message.verification_id));
    }
    fields.demand(
        role == Role::Operator,
        "individual_id",
        "is for operators: give the person's verification_id",
    );
    fields.demand(
        message.verification_id.is_empty(),
        "verification_id",
        "must be empty where individual_id is given",
    );
    Affected::Individual(fields.id("individual_id", &message.individual_id))
}

/// Gets a restoration.
pub async fn get_restoration(
    context: &Context,
    request: Request<wire::GetRestorationRequest>,
) -> Result<wire::GetRestorationResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context
        .campaign_id_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let which = which(message, call.caller.role, &mut fields);
    fields.finish()?;
    let found = read::get_restoration(context, &call, campaign, which).await?;
    Ok(wire::GetRestorationResponse {
        restoration: Some(view(&found, call.caller.role)),
    })
}

/// A front end speaks for whoever is in front of it, and shows that person's verification.
fn which(message: &wire::GetRestorationRequest, role: Role, fields: &mut Fields) -> Which {
    if message.restoration_id.is_empty() || role.is_front_end() {
        let id: VerificationId = fields.id("verification_id", &message.verification_id);
        return Which::Of(id);
    }
    Which::Restoration(fields.id("restoration_id", &message.restoration_id))
}

/// Lists restorations.
pub async fn list_restorations(
    context: &Context,
    request: Request<wire::ListRestorationsRequest>,
) -> Result<wire::ListRestorationsResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let state = state_of(message.state());
    let is_known = state.is_some() || message.state == 0;
    fields.demand(is_known, "state", "is not a state of a restoration");
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let name: &str = state.map_or("", Into::into);
    let filter: [&[u8]; 3] = [b"restorations", campaign.as_bytes(), name.as_bytes()];
    let after: Option<RestorationId> = paging::page_after(&filter, &message.page_token)?;
    let found = read::list_restorations(context, campaign, state, (after, size)).await?;
    let entries = found
        .iter()
        .map(|row| (row.id, view(row, call.caller.role)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (restorations, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListRestorationsResponse {
        restorations,
        next_page_token,
    })
}

fn view(row: &Model, role: Role) -> wire::Restoration {
    let is_public = role == Role::Portal;
    let internal = |text: String| if is_public { String::new() } else { text };
    wire::Restoration {
        restoration_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        individual_id: internal(row.individual_id.to_string()),
        partner_id: internal(row.partner_id.to_string()),
        product_code: row.product_code.clone(),
        handoff_id: internal(row.handoff_id.to_string()),
        state: state_to_wire(row.state).into(),
        outcome_class: class_to_wire(told_class(row.outcome_class, is_public)).into(),
        native_code: internal(row.native_code.clone().unwrap_or_default()),
        requester: internal(row.requested_by.clone()),
        request_time: time(Some(row.requested_at)),
        open_time: time(row.opened_at),
        settle_time: time(row.settled_at),
        agent_text: said(row.state).to_owned(),
    }
}

/// Gives what an agent tells the person.
const fn said(state: State) -> &'static str {
    match state {
        State::Requested => {
            "We have asked for a specialist who will help you to restore your identity. You will be contacted. You pay nothing."
        }
        State::Open => {
            "A specialist works on your case. Keep every letter and bill that you do not recognise, and have them at hand."
        }
        State::ActionRequired => {
            "The specialist needs something more before your case can be opened. I will pass it on, and we will call you back."
        }
        State::Refused => {
            "The case could not be opened. I will have somebody look into it, and we will call you back."
        }
        State::Closed => {
            "Your case has been closed. If something new has happened, we can open another one."
        }
    }
}

const fn state_to_wire(state: State) -> wire::RestorationState {
    match state {
        State::Requested => wire::RestorationState::Requested,
        State::Open => wire::RestorationState::Open,
        State::ActionRequired => wire::RestorationState::ActionRequired,
        State::Refused => wire::RestorationState::Refused,
        State::Closed => wire::RestorationState::Closed,
    }
}

fn state_of(state: wire::RestorationState) -> Option<State> {
    State::iter().find(|known| state_to_wire(*known) == state)
}
