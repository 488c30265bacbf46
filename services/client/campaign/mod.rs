//! Campaigns: creating and finding them.

pub mod file;

use tonic::transport::Channel;

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::partner;
use crate::client::problem::{OrProblem, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use file::CampaignFile;
use wire::campaign_service_client::CampaignServiceClient;

/// Creates a campaign; the file may name partners by name. Also gives what else the service says of it.
pub async fn create(
    channels: &Channels,
    file: &CampaignFile,
) -> Result<(wire::Campaign, wire::CreateCampaignResponse), Problem> {
    let mut campaign = file.to_wire()?;
    for product in &mut campaign.products {
        product.partner_id = partner::id(channels, &product.partner_id).await?;
    }
    if let Some(offer) = &mut campaign.restoration {
        offer.partner_id = partner::id(channels, &offer.partner_id).await?;
    }
    let request = wire::CreateCampaignRequest {
        request_id: new_request_id(),
        campaign: Some(campaign),
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .create_campaign(request)
        .await;
    let mut created = response.or_problem("create the campaign")?;
    let campaign = created
        .campaign
        .take()
        .ok_or_else(|| Problem::usage("enrollment-codes answered without a campaign"))?;
    Ok((campaign, created))
}

/// Finds a campaign by engagement number or id.
pub async fn get(codes: &Channel, name: &str) -> Result<wire::Campaign, Problem> {
    let request = wire::GetCampaignRequest {
        campaign: name.to_owned(),
    };
    let response = CampaignServiceClient::new(codes.clone())
        .get_campaign(request)
        .await;
    let campaign = response
        .or_problem(&format!("find the campaign {name}"))?
        .campaign;
    campaign.ok_or_else(|| Problem::usage("enrollment-codes answered without a campaign"))
}

/// Gives all campaigns, newest first.
pub async fn all(codes: &Channel) -> Result<Vec<wire::Campaign>, Problem> {
    let mut client = CampaignServiceClient::new(codes.clone());
    read_all(async |page_token| {
        let request = wire::ListCampaignsRequest {
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_campaigns(request).await;
        let page = answer.or_problem("list the campaigns")?;
        Ok((page.campaigns, page.next_page_token))
    })
    .await
}
