//! Which campaign a command works on.

use clap::Args;
use tonic::transport::Channel;

use crate::client::campaign::{all, get};
use crate::client::problem::Problem;
use crate::wire::redress::enrollment::v1 as wire;

/// Names a campaign.
#[derive(Debug, Args)]
pub struct Which {
    /// The engagement number, such as B123456, or the campaign's id.
    pub campaign: String,
}

/// Names the campaign that a command works on.
#[derive(Clone, Debug, Args)]
pub struct CampaignArg {
    /// The engagement number, such as B123456, or the campaign's id; not needed while there is only one campaign.
    #[arg(long, env = "REDRESS_CAMPAIGN", value_name = "NUMBER")]
    pub campaign: Option<String>,
}

impl CampaignArg {
    /// Finds the campaign, which need not be named while it is the only one.
    pub async fn find(&self, codes: &Channel) -> Result<wire::Campaign, Problem> {
        if let Some(name) = &self.campaign {
            return get(codes, name).await;
        }
        let mut all = all(codes).await?;
        match (all.len(), all.pop()) {
            (1, Some(only)) => Ok(only),
            (0, _) => Err(Problem::usage(
                "there is no campaign yet; create one: `redress campaign create --help`",
            )),
            (many, _) => Err(Problem::usage(format!(
                "there are {many} campaigns; say which: --campaign B123456 (`redress campaign list` shows them)"
            ))),
        }
    }
}
