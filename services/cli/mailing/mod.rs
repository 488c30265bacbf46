//! `redress mailing`: the print file, and what happened to its letters.

mod approvals;
mod check;
mod export;
mod history;
mod record;

use clap::Subcommand;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::client::problem::Outcome;

/// Subcommands of `mailing`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the print file of an open batch or of a wave, and its manifest.
    #[command(after_long_help = export::HELP)]
    Export(export::ExportArgs),
    /// Ask another operator to approve an export, for campaigns that say so.
    Request(approvals::RequestArgs),
    /// Approve an export that another operator asked for.
    #[command(after_long_help = approvals::APPROVE_HELP)]
    Approve(approvals::ApproveArgs),
    /// List what was asked for and approved, newest first.
    Approvals(CampaignArg),
    /// Tell whether a print file is the one that its manifest describes; needs no service.
    Check(check::CheckArgs),
    /// Record what the mail house says: letters mailed, returned, addresses corrected, letters mailed again.
    #[command(after_long_help = record::help())]
    Record(record::RecordArgs),
    /// Show what happened to one individual's letters.
    History(history::HistoryArgs),
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Export(args) => export::run(session, args).await,
        Command::Request(args) => approvals::request(session, &args).await,
        Command::Approve(args) => approvals::approve(session, &args).await,
        Command::Approvals(campaign) => approvals::list(session, &campaign).await,
        Command::Check(args) => check::run(session, &args),
        Command::Record(args) => record::run(session, &args).await,
        Command::History(args) => history::run(session, &args).await,
    }
}
