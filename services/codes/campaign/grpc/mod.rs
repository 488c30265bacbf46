//! CampaignService.

pub(crate) mod read;

use tonic::{Request, Response, Status};

use super::create as commands;
use super::create::Key;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::codes::report;

use crate::codes::error::Error;
use crate::codes::report::slices::By;
use crate::kernel::fields::Fields;
use crate::kernel::ids::CampaignId;
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::enrollment::v1::campaign_service_server::CampaignService;

/// The most rows of a page, as the contract says.
pub(crate) const MAX_PAGE: u64 = 500;

#[tonic::async_trait]
impl CampaignService for Handlers {
    async fn create_campaign(
        &self,
        request: Request<wire::CreateCampaignRequest>,
    ) -> Result<Response<wire::CreateCampaignResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let created = self
            .create(&call, request.get_ref())
            .await
            .map_err(status)?;
        Ok(Response::new(created))
    }

    async fn get_campaign(
        &self,
        request: Request<wire::GetCampaignRequest>,
    ) -> Result<Response<wire::GetCampaignResponse>, Status> {
        let key = key(request.into_inner()).map_err(status)?;
        let campaign = commands::get(&self.context, &key).await.map_err(status)?;
        Ok(Response::new(wire::GetCampaignResponse {
            campaign: Some(write::campaign(campaign)),
        }))
    }

    async fn list_campaigns(
        &self,
        request: Request<wire::ListCampaignsRequest>,
    ) -> Result<Response<wire::ListCampaignsResponse>, Status> {
        let request = request.get_ref();
        let size = paging::page_size(request.page_size)?.min(MAX_PAGE);
        let filter: [&[u8]; 1] = [b"campaigns"];
        let before = paging::page_after(&filter, &request.page_token)?;
        let mut campaigns = commands::list(&self.context, before, size)
            .await
            .map_err(status)?;
        let next_page_token =
            paging::next_page(&mut campaigns, size, &filter, |campaign| campaign.row.id);
        let campaigns = campaigns.into_iter().map(write::campaign).collect();
        Ok(Response::new(wire::ListCampaignsResponse {
            campaigns,
            next_page_token,
        }))
    }

    async fn close_campaign(
        &self,
        request: Request<wire::CloseCampaignRequest>,
    ) -> Result<Response<wire::CloseCampaignResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        fields.finish()?;
        let known = self
            .request(&call, id, "CloseCampaign", message)
            .map_err(status)?;
        let campaign = commands::close(&self.context, &call, &known, campaign)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::CloseCampaignResponse {
            campaign: Some(write::campaign(campaign)),
        }))
    }

    async fn extend_enroll_by(
        &self,
        request: Request<wire::ExtendEnrollByRequest>,
    ) -> Result<Response<wire::ExtendEnrollByResponse>, Status> {
        let answer = self.extend(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn get_campaign_report(
        &self,
        request: Request<wire::GetCampaignReportRequest>,
    ) -> Result<Response<wire::GetCampaignReportResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let by = grouping(message.group_by, &mut fields);
        fields.finish()?;
        let report = report::count::count(&self.context, campaign, by)
            .await
            .map_err(status)?;
        Ok(Response::new(report::grpc::report(report)))
    }
}

impl Handlers {
    async fn create(
        &self,
        call: &crate::codes::Call,
        message: &wire::CreateCampaignRequest,
    ) -> Result<wire::CreateCampaignResponse, Error> {
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let Some(wire) = &message.campaign else {
            fields.wrong("campaign", "must be given");
            fields.finish()?;
            return Err(Error::CampaignNotFound);
        };
        let known = commands::known_partners(&self.context, &read::partners(wire)).await?;
        let new = read::campaign(wire, &known, self.context.now(), &mut fields);
        fields.finish()?;
        let new = new.ok_or(Error::CampaignNotFound)?;
        let request = self.request(call, id, "CreateCampaign", message)?;
        let campaign = commands::create(&self.context, call, &request, &new).await?;
        Ok(wire::CreateCampaignResponse {
            notices: report::grpc::notices(campaign.row.term_months),
            campaign: Some(write::campaign(campaign)),
        })
    }
}

fn key(message: wire::GetCampaignRequest) -> Result<Key, Error> {
    let mut fields = Fields::default();
    let key = match message.key {
        Some(wire::get_campaign_request::Key::CampaignId(id)) => {
            Some(Key::Id(fields.id("campaign_id", &id)))
        }
        Some(wire::get_campaign_request::Key::EngagementNumber(number)) => Some(Key::Number(
            fields.engagement_number("engagement_number", &number),
        )),
        None => {
            fields.wrong("key", "must be campaign_id or engagement_number");
            None
        }
    };
    fields.finish()?;
    key.ok_or(Error::CampaignNotFound)
}

/// Reads into which parts a report is divided.
fn grouping(number: i32, fields: &mut Fields) -> Option<By> {
    match wire::GroupBy::try_from(number) {
        Ok(wire::GroupBy::Unspecified) => None,
        Ok(wire::GroupBy::CoveredEntity) => Some(By::CoveredEntity),
        Ok(wire::GroupBy::Region) => Some(By::Region),
        Ok(wire::GroupBy::Population) => Some(By::Population),
        Ok(wire::GroupBy::Wave) => Some(By::Wave),
        Err(_) => {
            fields.wrong("group_by", "must be one of its values");
            None
        }
    }
}
