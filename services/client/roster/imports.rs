//! Reading what was imported.

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

/// Lists a campaign's imports, newest first.
pub async fn imports(channels: &Channels, campaign_id: &str) -> Result<Vec<wire::Import>, Problem> {
    let client = RosterServiceClient::new(channels.identity.clone());
    read_all(async |page_token| {
        let request = wire::ListImportsRequest {
            campaign: campaign_id.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let page = client.clone().list_imports(request).await;
        let page = page.or_problem("list the imports")?;
        Ok((page.imports, page.next_page_token))
    })
    .await
}
