//! `redress mailing request`, `approve` and `approvals`: two operators for an export.
//!
//! Who an operator is, the certificate says. Without --cert and --key whoever asks is `operator/admin` and whoever approves
//! `operator/reviewer`, as `redress certs` makes them for development.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{state, time};
use crate::client::mailing::select::select;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// What an approving operator should know.
pub const APPROVE_HELP: &str = "Whoever asked can then export for 24 hours, as often as needed, and nobody else can. Use a certificate of your own \
(--cert and --key, or REDRESS_CERT and REDRESS_KEY): `redress certs --operator NAME` makes one for development.";

/// Flags of `mailing request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch; not needed while only one is open.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// The wave, by name or id: all its batches that are not sealed.
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    wave: Option<String>,
}

/// Flags of `mailing approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// What is approved; `redress mailing approvals` shows it. Repeat for several.
    #[arg(required = true, value_name = "ID")]
    approvals: Vec<String>,
}

/// Asks for an export.
pub async fn request(session: &Session, args: &RequestArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let (batch, wave) = (args.batch.as_deref(), args.wave.as_deref());
    let chosen = select(&channels, &campaign, batch, wave).await?;
    let mut rows = Vec::new();
    for batch in chosen.batches {
        let request = wire::RequestExportRequest {
            request_id: new_request_id(),
            campaign: batch.campaign_id,
            batch_id: batch.batch_id,
        };
        let answer = client(&channels).request_export(request).await;
        let asked = answer.or_problem("ask for the export")?.export_approval;
        rows.push(record(&asked.unwrap_or_default()));
    }
    render::many(session.format, &rows, "")
}

/// Approves exports.
pub async fn approve(session: &Session, args: &ApproveArgs) -> Outcome {
    let channels = session.connect(ClientRole::Reviewer)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut rows = Vec::new();
    for id in &args.approvals {
        let request = wire::ApproveExportRequest {
            request_id: new_request_id(),
            campaign: campaign.campaign_id.clone(),
            export_approval_id: id.clone(),
        };
        let answer = client(&channels).approve_export(request).await;
        let approved = answer.or_problem("approve the export")?.export_approval;
        rows.push(record(&approved.unwrap_or_default()));
    }
    render::many(session.format, &rows, "")
}

/// Lists a campaign's approvals.
pub async fn list(session: &Session, campaign: &CampaignArg) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = campaign.find(&channels.codes).await?;
    let approvals = read_all(async |page_token| {
        let request = wire::ListExportApprovalsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client(&channels).list_export_approvals(request).await;
        let page = answer.or_problem("list the export approvals")?;
        Ok((page.export_approvals, page.next_page_token))
    });
    let rows: Vec<Record> = approvals.await?.iter().map(record).collect();
    let nothing = if campaign.two_operators {
        "nobody asked for an export yet; `redress mailing request` does"
    } else {
        "this campaign asks for no approval: `redress mailing export`"
    };
    render::many(session.format, &rows, nothing)
}

fn client(channels: &Channels) -> EnrollmentCodeServiceClient<tonic::transport::Channel> {
    EnrollmentCodeServiceClient::new(channels.codes.clone())
}

fn record(approval: &wire::ExportApproval) -> Record {
    let word = state(approval.state().as_str_name(), "EXPORT_APPROVAL_STATE_");
    Record::new()
        .with("export_approval_id", approval.export_approval_id.as_str())
        .with("state", word)
        .with("batch_id", approval.batch_id.as_str())
        .with("requester", approval.requester.as_str())
        .with("requested", time(approval.request_time.as_ref()))
        .with("approver", approval.approver.as_str())
        .with("approved", time(approval.approve_time.as_ref()))
        .with("expires", time(approval.expire_time.as_ref()))
}
