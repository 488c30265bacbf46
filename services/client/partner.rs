//! Partners: creating and finding them.

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use wire::partner_service_client::PartnerServiceClient;

/// Creates a partner.
pub async fn create(channels: &Channels, partner: wire::Partner) -> Result<wire::Partner, Problem> {
    let request = wire::CreatePartnerRequest {
        request_id: new_request_id(),
        partner: Some(partner),
    };
    let response = PartnerServiceClient::new(channels.handoff.clone())
        .create_partner(request)
        .await;
    Ok(response
        .or_problem("create the partner")?
        .partner
        .unwrap_or_default())
}

/// Finds a partner by name.
pub async fn find(channels: &Channels, name: &str) -> Result<wire::Partner, Problem> {
    let key = wire::get_partner_request::Key::Name(name.to_owned());
    let request = wire::GetPartnerRequest { key: Some(key) };
    let response = PartnerServiceClient::new(channels.handoff.clone())
        .get_partner(request)
        .await;
    Ok(response
        .or_problem(&format!("find the partner {name}"))?
        .partner
        .unwrap_or_default())
}

/// Gives the id of the partner with this name; an id is given back as it is.
pub async fn id(channels: &Channels, name: &str) -> Result<String, Problem> {
    if name.len() == 36 {
        return Ok(name.to_owned());
    }
    Ok(find(channels, name).await?.partner_id)
}

/// Gives all partners, by name.
pub async fn all(channels: &Channels) -> Result<Vec<wire::Partner>, Problem> {
    let mut client = PartnerServiceClient::new(channels.handoff.clone());
    read_all(async |page_token| {
        let request = wire::ListPartnersRequest {
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_partners(request).await;
        let page = answer.or_problem("list the partners")?;
        Ok((page.partners, page.next_page_token))
    })
    .await
}
