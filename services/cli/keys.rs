//! `redress keys`: keyring files.

mod retire;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::kernel::clock::Clock;
use crate::kernel::keyring::{Keyring, Listed, Purpose};

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a keyring, or add missing keys to one.
    #[command(after_long_help = INIT_HELP)]
    Init(KeyArgs),
    /// Show the keys of a keyring by their fingerprints, never the keys themselves.
    #[command(after_long_help = LIST_HELP)]
    List(ListArgs),
    /// Add a new version of a key on standby: processes learn it, and use it only after `keys promote`.
    #[command(after_long_help = ROTATE_HELP)]
    Rotate(KeyArgs),
    /// Make the newest version of a key the current one; older ones stay, to read what they sealed.
    #[command(after_long_help = ROTATE_HELP)]
    Promote(KeyArgs),
    /// Copy the keys of a purpose into another keyring: two processes that need the same key hold the same one.
    Copy(CopyArgs),
    /// Take an old version out of a keyring, once nothing in the database needs it.
    #[command(after_long_help = RETIRE_HELP)]
    Retire(retire::RetireArgs),
}

const INIT_HELP: &str = "Purposes: code (enrollment-codes), index and person (identity-verification), person (bureau-handoff). \
No process needs all of them: the person key is the same in two files, so make it once and copy it.

A keyring that exists is never replaced. Keep a backup apart from the database's: without the keys the data is gone.

Examples:
  redress keys init codes.toml --purpose code
  redress keys init identity.toml --purpose index --purpose person
  redress keys copy identity.toml handoff.toml --purpose person";

const LIST_HELP: &str = "Two keys are the same if their fingerprints are. A process that starts compares its fingerprints with those in the \
database, and does not start with another key than the one that is known there.";

const ROTATE_HELP: &str = "Every process must hold a new key before one of them uses it. So:
  1. redress keys rotate FILE --purpose P      in one keyring, and `redress keys copy` to the others that have the purpose
  2. restart every process that has the purpose, one after the other
  3. redress keys promote FILE --purpose P     in one keyring, and copy again
  4. restart them again, one after the other

Where all processes are stopped meanwhile, one restart after both commands is enough.";

const RETIRE_HELP: &str = "While it runs with a newer key, identity-verification wraps the data keys of campaigns anew, and enrollment-codes the secrets \
of open batches. What cannot be wrapped anew keeps its key: a campaign's codes, which are stored as keyed hashes, and the look-ups of people.

An old key stays for seven days after its successor was promoted: requests that come again are recognised by it.

Retire it in every keyring that has it, then restart the processes. Backups of the database from before need the old key: keep the backup of the \
keyring as long as them.

Example:
  redress keys retire identity.toml --purpose person --version 1 --database-url postgres://owner@host/redress";

/// Flags of the commands that change a keyring.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The keyring file.
    file: PathBuf,
    /// What the key is for; repeat for several. Without it: all that the keyring has, and for `init` all there are.
    #[arg(long = "purpose", value_name = "PURPOSE")]
    purposes: Vec<Purpose>,
}

/// Flags of `keys list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The keyring file.
    file: PathBuf,
}

/// Flags of `keys copy`.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The keyring that has the keys.
    from: PathBuf,
    /// The keyring that gets them; made if it is missing.
    to: PathBuf,
    /// What the keys are for; repeat for several.
    #[arg(long = "purpose", value_name = "PURPOSE", required = true)]
    purposes: Vec<Purpose>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Init(args) => init(session, args),
        Command::List(args) => list(session, &args.file),
        Command::Rotate(args) => rotate(session, args),
        Command::Promote(args) => promote(session, args),
        Command::Copy(args) => copy(session, &args),
        Command::Retire(args) => retire::run(session, args).await,
    }
}

fn init(session: &Session, args: KeyArgs) -> Outcome {
    let mut ring = load_or_new(&args.file)?;
    let wanted = or(args.purposes, Purpose::ALL.to_vec());
    let held = ring.purposes();
    let missing = wanted.into_iter().filter(|it| !held.contains(it));
    let made: Vec<_> = missing.map(|it| (it, ring.add(it))).collect();
    if !made.is_empty() {
        ring.save(&args.file)?;
    }
    let nothing = "every key is there already; nothing was changed";
    show(session, &ring, |key| made.contains(&at(key)), nothing)
}

fn list(session: &Session, file: &Path) -> Outcome {
    let ring = Keyring::load(file)?;
    show(session, &ring, |_| true, "the keyring is empty")
}

fn rotate(session: &Session, args: KeyArgs) -> Outcome {
    let mut ring = Keyring::load(&args.file)?;
    let purposes = or(args.purposes, ring.purposes());
    ring.require(&purposes)?;
    let made: Vec<_> = purposes.into_iter().map(|it| (it, ring.add(it))).collect();
    ring.save(&args.file)?;
    show(
        session,
        &ring,
        |key| made.contains(&at(key)),
        "the keyring is empty",
    )
}

fn promote(session: &Session, args: KeyArgs) -> Outcome {
    let mut ring = Keyring::load(&args.file)?;
    let now = Clock::system().now();
    let purposes = or(args.purposes, ring.purposes());
    let promoted: Vec<_> = purposes
        .into_iter()
        .filter_map(|it| Some((it, ring.promote(it, now)?)))
        .collect();
    if !promoted.is_empty() {
        ring.save(&args.file)?;
    }
    let nothing = "no key is on standby; nothing was changed";
    show(session, &ring, |key| promoted.contains(&at(key)), nothing)
}

fn copy(session: &Session, args: &CopyArgs) -> Outcome {
    let from = Keyring::load(&args.from)?;
    let mut to = load_or_new(&args.to)?;
    let before = to.list();
    for purpose in &args.purposes {
        to.copy_from(&from, *purpose)?;
    }
    if to.list() != before {
        to.save(&args.to)?;
    }
    let nothing = "both have the same keys already; nothing was changed";
    show(session, &to, |key| !before.contains(key), nothing)
}

/// Shows the keys of a keyring that are meant.
fn show(
    session: &Session,
    ring: &Keyring,
    is_meant: impl Fn(&Listed) -> bool,
    nothing: &str,
) -> Outcome {
    let keys = ring.list();
    let keys = keys.iter().filter(|key| is_meant(key)).map(|key| {
        let since = key.in_use_since.map(|since| since.to_string());
        Record::new()
            .with("purpose", key.purpose.as_str())
            .with("version", key.version)
            .with("state", <&str>::from(key.standing))
            .with("fingerprint", key.fingerprint.as_str())
            .with("in_use_since", since)
    });
    render::many(session.format, &keys.collect::<Vec<_>>(), nothing)
}

fn at(key: &Listed) -> (Purpose, i32) {
    (key.purpose, key.version)
}

fn or(given: Vec<Purpose>, otherwise: Vec<Purpose>) -> Vec<Purpose> {
    if given.is_empty() { otherwise } else { given }
}

fn load_or_new(file: &Path) -> Result<Keyring, Problem> {
    if file.exists() {
        Ok(Keyring::load(file)?)
    } else {
        Ok(Keyring::default())
    }
}
