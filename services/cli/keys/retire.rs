//! `redress keys retire`: takes a key that nothing needs any more out of a keyring.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::cli::migrate::DatabaseArgs;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::db::key_use::{self, KeyUse};
use crate::kernel::clock::Clock;
use crate::kernel::keyring::{Keyring, Listed, OLD_KEY_KEPT, Purpose, Standing};

/// Flags of `keys retire`.
#[derive(Debug, Args)]
pub struct RetireArgs {
    /// The keyring file.
    file: PathBuf,
    /// What the key is for.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Purpose,
    /// The version of the key.
    #[arg(long = "version", value_name = "VERSION")]
    key_version: i32,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Takes the key out, or says what still needs it.
pub async fn run(session: &Session, args: RetireArgs) -> Outcome {
    let mut ring = Keyring::load(&args.file)?;
    let at = (args.purpose, args.key_version);
    let name = format!("the {} key of version {}", at.0, at.1);
    let key = old(&ring, at)
        .map_err(|problem| Problem::usage(format!("cannot retire {name}: {problem}")))?;
    let url = args.database.url()?;
    let uses = key_use::of(&url, at.0, at.1).await;
    let uses =
        uses.map_err(|error| Problem::usage(format!("cannot see what needs {name}: {error}")))?;
    if !uses.is_empty() {
        return Err(Problem::refused(needed(&name, &uses)));
    }
    ring.remove(at.0, at.1);
    ring.save(&args.file)?;
    let record = Record::new()
        .with("retired", at.0.as_str())
        .with("version", at.1)
        .with("fingerprint", key.fingerprint);
    render::one(session.format, &record)
}

/// Finds a key that may be retired as far as the keyring shows.
fn old(ring: &Keyring, (purpose, version): (Purpose, i32)) -> Result<Listed, String> {
    let of_purpose = |key: &Listed| key.purpose == purpose;
    let keys: Vec<Listed> = ring.list().into_iter().filter(of_purpose).collect();
    let key = keys.iter().find(|key| key.version == version);
    let key = key.ok_or("the keyring has none")?;
    if key.standing != Standing::Old {
        return Err(
            "only a key that another has replaced can be retired: redress keys promote".to_owned(),
        );
    }
    let current = keys.iter().find(|key| key.standing == Standing::Current);
    let until = current.and_then(|key| Some(key.in_use_since? + OLD_KEY_KEPT));
    match until {
        Some(until) if until > Clock::system().now() => Err(format!(
            "requests that come again are recognised by it until {until}"
        )),
        _ => Ok(key.clone()),
    }
}

fn needed(name: &str, uses: &[KeyUse]) -> String {
    let mut text = format!("cannot retire {name}: the database needs it; nothing was changed");
    for KeyUse { rows, what, until } in uses {
        let rows = render::with_commas(i64::try_from(*rows).unwrap_or(i64::MAX));
        _ = write!(text, "\n  {what}: {rows}\n    {until}");
    }
    text
}
