//! `redress.handoff.v1.PartnerService`.

use tonic::Request;

use crate::db::entities::partner::State;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::request::page_size;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::handoff::v1 as wire;

use super::convert::{changes, parse, to_wire};
use super::{create, store, update};

const CREATE: &str = "redress.handoff.v1.PartnerService/CreatePartner";
const UPDATE: &str = "redress.handoff.v1.PartnerService/UpdatePartner";
const PAUSE: &str = "redress.handoff.v1.PartnerService/PausePartner";
const RESUME: &str = "redress.handoff.v1.PartnerService/ResumePartner";

const FILTER: &[&[u8]] = &[b"partners"];

pub(crate) async fn create_partner(
    context: &Context,
    request: Request<wire::CreatePartnerRequest>,
) -> Result<wire::CreatePartnerResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let partner = parse(&mut fields, message.partner.as_ref(), context);
    fields.finish()?;
    let key = call.request(context, id, CREATE, &message)?;
    let partner = create::create_partner(context, &key, &partner).await?;
    Ok(wire::CreatePartnerResponse {
        partner: Some(to_wire(&partner)),
    })
}

pub(crate) async fn get_partner(
    context: &Context,
    request: Request<wire::GetPartnerRequest>,
) -> Result<wire::GetPartnerResponse, Error> {
    use wire::get_partner_request::Key;
    let db = context.db.read();
    let partner = match request.into_inner().key {
        Some(Key::PartnerId(text)) => {
            let mut fields = Fields::default();
            let id: PartnerId = fields.id("partner_id", &text);
            fields.finish()?;
            store::by_id(db, id).await?
        }
        Some(Key::Name(name)) => {
            let mut fields = Fields::default();
            let name = fields.text("name", &name, 64);
            fields.finish()?;
            store::by_name(db, &name).await?
        }
        None => {
            let fault = Fault::new(Reason::InvalidRequest);
            return Err(fault.field("key", "give partner_id or name").into());
        }
    };
    Ok(wire::GetPartnerResponse {
        partner: Some(to_wire(&partner)),
    })
}

pub(crate) async fn list_partners(
    context: &Context,
    request: Request<wire::ListPartnersRequest>,
) -> Result<wire::ListPartnersResponse, Error> {
    let bytes = largest_of(&request);
    let message = request.into_inner();
    let mut fields = Fields::default();
    let size = fields
        .absorb(page_size(message.page_size))
        .unwrap_or_default();
    let after = fields.absorb(paging::page_after::<String>(FILTER, &message.page_token));
    fields.finish()?;
    let found = store::page(context.db.read(), after.flatten(), size + 1).await?;
    let entries = found
        .iter()
        .map(|partner| (partner.name.clone(), to_wire(partner)));
    let room = Room {
        rows: size,
        bytes,
        filter: FILTER,
    };
    let (partners, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListPartnersResponse {
        partners,
        next_page_token,
    })
}

pub(crate) async fn update_partner(
    context: &Context,
    request: Request<wire::UpdatePartnerRequest>,
) -> Result<wire::UpdatePartnerResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let (request_id, id) = target(&message.request_id, &message.partner_id)?;
    let mode = store::by_id(context.db.read(), id).await?.mode;
    let mut fields = Fields::default();
    let changes = changes(&mut fields, &message, mode);
    fields.finish()?;
    let key = call.request(context, request_id, UPDATE, &message)?;
    let partner = update::update_partner(context, &key, id, &changes).await?;
    Ok(wire::UpdatePartnerResponse {
        partner: Some(to_wire(&partner)),
    })
}

pub(crate) async fn pause_partner(
    context: &Context,
    request: Request<wire::PausePartnerRequest>,
) -> Result<wire::PausePartnerResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let (request_id, id) = target(&message.request_id, &message.partner_id)?;
    let campaign = campaign(context, &message.campaign).await?;
    let key = call.request(context, request_id, PAUSE, &message)?;
    let partner = create::set_state(context, &key, (id, campaign), State::Paused).await?;
    Ok(wire::PausePartnerResponse {
        partner: Some(to_wire(&partner)),
    })
}

pub(crate) async fn resume_partner(
    context: &Context,
    request: Request<wire::ResumePartnerRequest>,
) -> Result<wire::ResumePartnerResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let (request_id, id) = target(&message.request_id, &message.partner_id)?;
    let campaign = campaign(context, &message.campaign).await?;
    let key = call.request(context, request_id, RESUME, &message)?;
    let partner = create::set_state(context, &key, (id, campaign), State::Active).await?;
    Ok(wire::ResumePartnerResponse {
        partner: Some(to_wire(&partner)),
    })
}

fn target(request_id: &str, partner_id: &str) -> Result<(uuid::Uuid, PartnerId), Error> {
    let mut fields = Fields::default();
    let request_id = fields.request_id(request_id);
    let id = fields.id("partner_id", partner_id);
    fields.finish()?;
    Ok((request_id, id))
}

/// Reads which campaign is meant; none means all.
async fn campaign(context: &Context, text: &str) -> Result<Option<CampaignId>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut fields = Fields::default();
    let id = context.campaign_id(&mut fields, text).await?;
    fields.finish()?;
    Ok(Some(id))
}
