//! `redress.handoff.v1.HandoffAdminService`: what is queued, what is stuck.

use tonic::{Request, Response, Status};

use crate::handoff::activation::{self, store as pools};
use crate::handoff::grpc::{self, Handlers, request_key};
use crate::handoff::vocabulary::Stage;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};
use crate::kernel::{caller, paging};
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::handoff::v1::handoff_admin_service_server::HandoffAdminService;

use super::replay::replay;
use super::{statistics, store};

const IMPORT: &str = "redress.handoff.v1.HandoffAdminService/ImportActivationCodes";
const REPLAY: &str = "redress.handoff.v1.HandoffAdminService/ReplayHandoff";

#[tonic::async_trait]
impl HandoffAdminService for Handlers {
    async fn list_handoffs(
        &self,
        request: Request<wire::ListHandoffsRequest>,
    ) -> Result<Response<wire::ListHandoffsResponse>, Status> {
        let message = request.into_inner();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let stage = grpc::convert::stage_filter(message.state).unwrap_or_else(|()| {
            fields.wrong("state", "is not a state of a handoff");
            None
        });
        let word = stage.map_or("", Stage::as_str);
        let filter: [&[u8]; 2] = [campaign.as_bytes(), word.as_bytes()];
        let size = fields
            .absorb(grpc::page_size(message.page_size))
            .unwrap_or_default();
        let after = fields.absorb(paging::page_after::<HandoffId>(
            &filter,
            &message.page_token,
        ));
        fields.finish()?;
        let db = self.context.db.read();
        let mut found = store::page(db, campaign, stage, after.flatten(), size + 1).await?;
        let next_page_token = paging::next_page(&mut found, size, &filter, |handoff| handoff.id);
        Ok(Response::new(wire::ListHandoffsResponse {
            handoffs: found.iter().map(grpc::convert::handoff).collect(),
            next_page_token,
        }))
    }

    async fn replay_handoff(
        &self,
        request: Request<wire::ReplayHandoffRequest>,
    ) -> Result<Response<wire::ReplayHandoffResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let mut fields = Fields::default();
        let request_id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let id: HandoffId = fields.id("handoff_id", &message.handoff_id);
        fields.finish()?;
        let key = request_key(&caller, REPLAY, request_id, &message);
        let handoff = replay(&self.context, &key, campaign, id).await?;
        Ok(Response::new(wire::ReplayHandoffResponse {
            handoff: Some(grpc::convert::handoff(&handoff)),
        }))
    }

    async fn get_queue_statistics(
        &self,
        request: Request<wire::GetQueueStatisticsRequest>,
    ) -> Result<Response<wire::GetQueueStatisticsResponse>, Status> {
        let message = request.into_inner();
        let mut fields = Fields::default();
        let campaign = (!message.campaign_id.is_empty())
            .then(|| fields.id::<CampaignId>("campaign_id", &message.campaign_id));
        fields.finish()?;
        let counts = statistics::counts(self.context.db.read(), campaign).await?;
        let counts = counts.into_iter().map(|count| wire::QueueCount {
            partner_id: count.partner_id.to_string(),
            partner_name: count.partner_name,
            state: grpc::convert::stage(count.stage).into(),
            handoffs: count.handoffs,
            oldest_create_time: Some(count.oldest.to_proto()),
        });
        Ok(Response::new(wire::GetQueueStatisticsResponse {
            counts: counts.collect(),
        }))
    }

    async fn import_activation_codes(
        &self,
        request: Request<wire::ImportActivationCodesRequest>,
    ) -> Result<Response<wire::ImportActivationCodesResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let import = activation::grpc::read(&caller, IMPORT, &message)?;
        let verdicts = activation::import::import(&self.context, &import).await?;
        Ok(Response::new(activation::grpc::response(
            &message.rows,
            &verdicts,
        )))
    }

    async fn list_activation_pools(
        &self,
        request: Request<wire::ListActivationPoolsRequest>,
    ) -> Result<Response<wire::ListActivationPoolsResponse>, Status> {
        let message = request.into_inner();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let filter: [&[u8]; 1] = [campaign.as_bytes()];
        let size = fields
            .absorb(grpc::page_size(message.page_size))
            .unwrap_or_default();
        let after = fields.absorb(paging::page_after::<PartnerId>(
            &filter,
            &message.page_token,
        ));
        fields.finish()?;
        let db = self.context.db.read();
        let mut found = pools::count(db, Some(campaign), after.flatten(), size + 1).await?;
        let next_page_token = paging::next_page(&mut found, size, &filter, |pool| pool.partner_id);
        Ok(Response::new(wire::ListActivationPoolsResponse {
            pools: found.iter().map(activation::grpc::pool).collect(),
            next_page_token,
        }))
    }
}
