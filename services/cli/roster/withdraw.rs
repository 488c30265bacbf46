//! `redress roster withdraw`: rows that were on a list by mistake.

use std::path::PathBuf;

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::cli::{ask, progress};
use crate::client::connect::ClientRole;
use crate::client::problem::Outcome;
use crate::client::roster::withdraw::{Wish, withdraw};

const HELP: &str = "Columns: covered_entity (its key), and external_ref (the covered entity's reference, as in the roster) or individual_id (as `redress \
find` shows it).

Whom nobody lists any more gets no further letter and is in no count. Whoever another covered entity lists stays. A letter that is out stays \
as it is, and its code goes on working until `redress codes revoke` ends it; the answer says how many have had a letter. Loading the \
roster again does not put them back: `--restore` does, and so does the list of another covered entity that names them. Sending the same list \
again changes nothing.

Examples:
  redress roster withdraw mistaken.csv --reason 'north listed patients of the year before'
  redress roster withdraw mistaken.csv --reason 'they were affected after all' --restore";

/// The long help.
pub(super) fn help() -> String {
    format!("{HELP}\n\n{}", list::FILES)
}

/// Flags of `roster withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Why, for the audit log; nothing about a person.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Put them back instead.
    #[arg(long)]
    restore: bool,
    #[command(flatten)]
    list: ListArgs,
    /// The list: a text or a workbook with a header.
    file: PathBuf,
}

/// Runs the command.
pub(super) async fn run(session: &Session, args: &WithdrawArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let wish = Wish {
        campaign_id: campaign.campaign_id,
        reason: args.reason.clone(),
        restore: args.restore,
    };
    let options = args.list.options()?;
    let found = withdraw(&channels, &wish, &args.file, &options, progress::show).await?;
    list::tell(&found.detected.0, &found.detected.1);
    let listed = &found.listed;
    let (changed, people) = if args.restore {
        ("restored", "listed_again")
    } else {
        ("withdrawn", "listed_by_nobody")
    };
    let record = Record::new()
        .with("listings", found.listings)
        .with(changed, found.changed)
        .with("unchanged", found.unchanged)
        .with("rejected", listed.rejected)
        .with(people, found.individuals)
        .with("of_them_with_letters", found.with_letters)
        .with(
            "rejects_file",
            listed
                .rejects
                .as_ref()
                .map(|path| path.display().to_string()),
        );
    render::one(session.format, &record)?;
    if found.with_letters > 0 && !args.restore {
        ask::note(
            "some have had a letter, whose code still works; `redress --format csv roster withdrawn > gone.csv` lists who, `redress codes revoke --list gone.csv` ends it",
        );
    }
    let rejected = i64::try_from(listed.rejected).unwrap_or(i64::MAX);
    args.list.judge(rejected, listed.rejects.as_deref())
}
