//! What a campaign has come to.

use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

/// Fetches a campaign's report.
pub async fn fetch(
    channels: &Channels,
    campaign_id: &str,
    by: wire::GroupBy,
) -> Result<wire::GetCampaignReportResponse, Problem> {
    let request = wire::GetCampaignReportRequest {
        campaign: campaign_id.to_owned(),
        group_by: by.into(),
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .get_campaign_report(request)
        .await;
    response.or_problem("count the campaign")
}
