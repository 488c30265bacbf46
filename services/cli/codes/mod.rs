//! `redress codes`: the letter codes of a campaign.

mod batches;
mod check;
mod issue;
mod lineage;
mod reissue;
mod revocations;
mod revoke;
mod seal;
mod waves;
mod whose;

use clap::Subcommand;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::problem::Outcome;

/// Subcommands of `codes`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a batch: one letter for everybody who is owed one and has none, with a code where there is a product for them.
    Issue(issue::IssueArgs),
    /// Plan a part of the mailing.
    #[command(subcommand)]
    Wave(waves::WaveCommand),
    /// List a campaign's waves, newest first.
    Waves(CampaignArg),
    /// Record the day on which a wave's letters were mailed; the proof of address counts from it.
    Mailed(waves::MailedArgs),
    /// Destroy a batch's secret once its letters are printed: nobody can recover a code any more.
    Seal(seal::SealArgs),
    /// Tell whether a code could begin an enrollment now.
    Check(check::CheckArgs),
    /// List a campaign's batches, newest first.
    Batches(CampaignArg),
    /// Show one batch: how far its issue came, whether it was exported and sealed.
    Batch(batches::BatchArgs),
    /// Send somebody another letter, to the address on record.
    Reissue(reissue::ReissueArgs),
    /// Take codes back: one person's, a wave's or a batch's.
    Revoke(revoke::RevokeArgs),
    /// List what was taken back, newest first, and how far a revocation came that broke off.
    Revocations(CampaignArg),
    /// List all codes of one individual, without the codes.
    List(lineage::ListArgs),
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    match command {
        Command::Issue(args) => issue::run(session, &channels, args).await,
        Command::Wave(waves::WaveCommand::Create(args)) => {
            waves::create(session, &channels, args).await
        }
        Command::Waves(campaign) => waves::list(session, &channels, &campaign).await,
        Command::Mailed(args) => waves::mailed(session, &channels, args).await,
        Command::Seal(args) => seal::run(session, &channels, args).await,
        Command::Check(args) => check::run(session, &channels, args).await,
        Command::Batches(campaign) => batches::list(session, &channels, &campaign).await,
        Command::Batch(args) => batches::show(session, &channels, args).await,
        Command::Reissue(args) => reissue::run(session, &channels, args).await,
        Command::Revoke(args) => revoke::run(session, &channels, args).await,
        Command::Revocations(campaign) => revocations::list(session, &channels, &campaign).await,
        Command::List(args) => lineage::run(session, &channels, args).await,
    }
}
