//! `redress.handoff.v1.PartnerService`.

use tonic::{Request, Response, Status};

use crate::handoff::error::Error;
use crate::handoff::grpc::{self, Handlers, request_key};
use crate::handoff::person::projection::Projection;
use crate::handoff::push::circuit_breaker::BreakerRules;
use crate::handoff::queue::model::Partner;
use crate::handoff::vocabulary::{Mode, PartnerState};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::kernel::{caller, paging};
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::handoff::v1::partner_service_server::PartnerService;

use super::{create as commands, store};

const CREATE: &str = "redress.handoff.v1.PartnerService/CreatePartner";
const PAUSE: &str = "redress.handoff.v1.PartnerService/PausePartner";
const RESUME: &str = "redress.handoff.v1.PartnerService/ResumePartner";

const NAME_MAX: usize = 40;
const DEFAULT_IN_FLIGHT: u16 = 32;
const LONGEST_FIELD: u16 = 1_000;

#[tonic::async_trait]
impl PartnerService for Handlers {
    async fn create_partner(
        &self,
        request: Request<wire::CreatePartnerRequest>,
    ) -> Result<Response<wire::CreatePartnerResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let partner = parse(&mut fields, message.partner.as_ref(), &self.context);
        fields.finish()?;
        let key = request_key(&caller, CREATE, id, &message);
        let partner = commands::create(&self.context, &key, &partner).await?;
        Ok(Response::new(wire::CreatePartnerResponse {
            partner: Some(grpc::convert::partner(&partner)),
        }))
    }

    async fn get_partner(
        &self,
        request: Request<wire::GetPartnerRequest>,
    ) -> Result<Response<wire::GetPartnerResponse>, Status> {
        use wire::get_partner_request::Key;
        let db = self.context.db.read();
        let partner = match request.into_inner().key {
            Some(Key::PartnerId(text)) => {
                let mut fields = Fields::default();
                let id: PartnerId = fields.id("partner_id", &text);
                fields.finish()?;
                store::by_id(db, id).await?
            }
            Some(Key::Name(name)) => store::by_name(db, &name).await?,
            None => {
                let fault = Fault::new(Reason::InvalidRequest);
                return Err(fault.field("key", "give partner_id or name").into());
            }
        };
        Ok(Response::new(wire::GetPartnerResponse {
            partner: Some(grpc::convert::partner(&partner)),
        }))
    }

    async fn list_partners(
        &self,
        request: Request<wire::ListPartnersRequest>,
    ) -> Result<Response<wire::ListPartnersResponse>, Status> {
        let message = request.into_inner();
        let mut fields = Fields::default();
        let size = fields
            .absorb(grpc::page_size(message.page_size))
            .unwrap_or_default();
        let after = fields.absorb(paging::page_after::<String>(FILTER, &message.page_token));
        fields.finish()?;
        let db = self.context.db.read();
        let mut partners = store::page(db, after.flatten(), size + 1).await?;
        let next_page_token =
            paging::next_page(&mut partners, size, FILTER, |partner| partner.name.clone());
        Ok(Response::new(wire::ListPartnersResponse {
            partners: partners.iter().map(grpc::convert::partner).collect(),
            next_page_token,
        }))
    }

    async fn pause_partner(
        &self,
        request: Request<wire::PausePartnerRequest>,
    ) -> Result<Response<wire::PausePartnerResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let (request_id, id) = target(&message.request_id, &message.partner_id)?;
        let key = request_key(&caller, PAUSE, request_id, &message);
        let partner = commands::set_state(&self.context, &key, id, PartnerState::Paused).await?;
        Ok(Response::new(wire::PausePartnerResponse {
            partner: Some(grpc::convert::partner(&partner)),
        }))
    }

    async fn resume_partner(
        &self,
        request: Request<wire::ResumePartnerRequest>,
    ) -> Result<Response<wire::ResumePartnerResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let (request_id, id) = target(&message.request_id, &message.partner_id)?;
        let key = request_key(&caller, RESUME, request_id, &message);
        let partner = commands::set_state(&self.context, &key, id, PartnerState::Active).await?;
        Ok(Response::new(wire::ResumePartnerResponse {
            partner: Some(grpc::convert::partner(&partner)),
        }))
    }
}

const FILTER: &[&[u8]] = &[b"partners"];

fn target(request_id: &str, partner_id: &str) -> Result<(uuid::Uuid, PartnerId), Error> {
    let mut fields = Fields::default();
    let request_id = fields.request_id(request_id);
    let id = fields.id("partner_id", partner_id);
    fields.finish()?;
    Ok((request_id, id))
}

fn parse(
    fields: &mut Fields,
    partner: Option<&wire::Partner>,
    context: &crate::handoff::context::Context,
) -> Partner {
    let nothing = wire::Partner::default();
    let given = partner.unwrap_or_else(|| {
        fields.wrong("partner", "must be given");
        &nothing
    });
    if partner.is_some() && !is_name(&given.name) {
        fields.wrong(
            "partner.name",
            "must be 1 to 40 lower-case letters, digits and dashes",
        );
    }
    Partner {
        id: context.ids.next(),
        name: given.name.clone(),
        mode: mode(fields, partner),
        endpoint: (!given.endpoint.is_empty()).then(|| given.endpoint.clone()),
        state: PartnerState::Active,
        max_in_flight: in_flight(fields, given.max_in_flight),
        projection: projection(fields, given.projection.as_ref()),
        breaker: BreakerRules::default(),
        created_at: context.clock.now(),
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// The endpoint belongs to the mode: where we call we must know where to, and nowhere else.
fn mode(fields: &mut Fields, partner: Option<&wire::Partner>) -> Mode {
    let Some(partner) = partner else {
        return Mode::Pull;
    };
    match wire::PartnerMode::try_from(partner.mode) {
        Ok(wire::PartnerMode::Push) => {
            if !is_endpoint(&partner.endpoint) {
                fields.wrong("partner.endpoint", "must be https://HOST:PORT in mode PUSH");
            }
            Mode::Push
        }
        Ok(wire::PartnerMode::Pull) => {
            if !partner.endpoint.is_empty() {
                fields.wrong("partner.endpoint", "must be empty in mode PULL");
            }
            Mode::Pull
        }
        Ok(wire::PartnerMode::Unspecified) | Err(_) => {
            fields.wrong("partner.mode", "must be PUSH or PULL");
            Mode::Pull
        }
    }
}

fn is_endpoint(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    uri.scheme_str() == Some("https")
        && uri.port_u16().is_some()
        && uri.host().is_some_and(|host| !host.is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none()
        && !text.contains('@')
}

fn in_flight(fields: &mut Fields, wish: i32) -> u16 {
    match u16::try_from(wish) {
        Ok(0) => DEFAULT_IN_FLIGHT,
        Ok(wish @ 1..=1_000) => wish,
        _ => {
            fields.wrong("partner.max_in_flight", "must be 0 to 1000");
            DEFAULT_IN_FLIGHT
        }
    }
}

fn projection(fields: &mut Fields, given: Option<&wire::FieldProjection>) -> Projection {
    let Some(given) = given else {
        return Projection::default();
    };
    let mut length = |path, wish: i32| match u16::try_from(wish) {
        Ok(length) if length <= LONGEST_FIELD => length,
        _ => {
            fields.wrong(path, "must be 0 to 1000");
            0
        }
    };
    Projection {
        given_name_max: length("partner.projection.given_name_max", given.given_name_max),
        family_name_max: length("partner.projection.family_name_max", given.family_name_max),
        city_max: length("partner.projection.city_max", given.city_max),
        ascii_names: given.ascii_names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_with_host_and_port() {
        for good in [
            "https://localhost:7444",
            "https://sandbox-bureau:7444/",
            "https://[::1]:1",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "",
            "localhost:7444",
            "http://localhost:1",
            "https://localhost",
            "https://a@b:1",
            "https://a:1/x",
        ] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_what_certificates_can_bear() {
        assert!(is_name("sandbox-bureau"));
        for bad in ["", "Bureau", "a_b", "a/b", &"x".repeat(41)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
