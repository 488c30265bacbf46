//! `redress roster imported`: one file that was loaded.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

/// Flags of `roster imported`.
#[derive(Debug, Args)]
pub struct ImportedArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The import's id; `redress roster imports` shows it.
    import_id: String,
}

/// Gets one import.
pub(super) async fn get(session: &Session, args: ImportedArgs) -> Result<wire::Import, Problem> {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::GetImportRequest {
        campaign: campaign.campaign_id,
        import_id: args.import_id,
    };
    let answer = RosterServiceClient::new(channels.identity.clone())
        .get_import(request)
        .await;
    let import = answer.or_problem("show the import")?.import;
    Ok(import.unwrap_or_default())
}
