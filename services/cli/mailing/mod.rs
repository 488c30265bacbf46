//! `redress mailing`: the print file, and what happened to its letters.
//!
//! Codes come from one process, names and addresses from another; they meet here and nowhere else. Both streams are
//! ordered by individual id, so the merge holds a few answers of each, whatever the size of the roster. The file appears
//! whole under its name or not at all, readable by its owner alone, and is the same byte for byte when made again.

mod approvals;
mod check;
mod history;
mod print;
mod record;

use clap::Subcommand;

use super::Session;
use super::campaign::CampaignArg;
use super::problem::Outcome;

pub use crate::client::mailing::export::export;
pub use crate::client::mailing::letter::COLUMNS;
pub use crate::client::mailing::manifest::Manifest;
pub use crate::client::mailing::order::{Exported, Order};
pub use crate::client::mailing::partial::Plan;
pub use crate::client::mailing::recipient::Recipient;
pub use crate::client::mailing::seeds::Seed;

/// Subcommands of `mailing`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the print file of an open batch or of a wave, and its manifest.
    #[command(after_long_help = print::HELP)]
    Export(print::ExportArgs),
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
    #[command(after_long_help = record::HELP)]
    Record(record::RecordArgs),
    /// Show what happened to one individual's letters.
    History(history::HistoryArgs),
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Export(args) => print::run(session, args).await,
        Command::Request(args) => approvals::request(session, &args).await,
        Command::Approve(args) => approvals::approve(session, &args).await,
        Command::Approvals(campaign) => approvals::list(session, &campaign).await,
        Command::Check(args) => check::run(session, &args),
        Command::Record(args) => record::run(session, &args).await,
        Command::History(args) => history::run(session, &args).await,
    }
}
