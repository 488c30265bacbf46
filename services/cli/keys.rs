//! `redress keys`: keyring files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::kernel::keyring::{Keyring, Purpose};

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a keyring, or add missing keys to one.
    #[command(after_long_help = INIT_HELP)]
    Init(KeyArgs),
    /// Add a new version of a key; older ones stay, to read what they sealed.
    Rotate(KeyArgs),
}

const INIT_HELP: &str = "Purposes: code (enrollment-codes), index and person (identity-verification), person (bureau-handoff). \
No process needs all of them: the person key is the same in two files, so make one keyring and copy what each process may have.

A keyring that exists is never replaced. Keep a backup apart from the database's: without the keys the data is gone.

Examples:
  redress keys init codes.keyring.toml --purpose code
  redress keys init identity.keyring.toml --purpose index --purpose person";

/// Flags of `keys init` and `keys rotate`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The keyring file.
    file: PathBuf,
    /// What the key is for; repeat for several. Without it: all.
    #[arg(long = "purpose", value_name = "PURPOSE", value_parser = purpose)]
    purposes: Vec<Purpose>,
}

/// Runs a subcommand.
pub fn run(session: &Session, command: Command) -> Outcome {
    let usage = |error: crate::kernel::keyring::KeyError| Problem::usage(error.to_string());
    let (args, only_missing) = match command {
        Command::Init(args) => (args, true),
        Command::Rotate(args) => (args, false),
    };
    let mut ring = if only_missing && !args.file.exists() {
        Keyring::default()
    } else {
        Keyring::load(&args.file).map_err(usage)?
    };
    let purposes = if args.purposes.is_empty() {
        Purpose::ALL.to_vec()
    } else {
        args.purposes
    };
    let held = ring.purposes();
    let mut rows = Vec::new();
    for purpose in purposes {
        if only_missing && held.contains(&purpose) {
            continue;
        }
        let version = ring.rotate(purpose);
        rows.push(
            Record::new()
                .with("purpose", purpose.as_str())
                .with("version", version),
        );
    }
    if !rows.is_empty() {
        ring.save(&args.file).map_err(usage)?;
    }
    render::many(
        session.format,
        &rows,
        "every key is there already; nothing was changed",
    )
}

fn purpose(text: &str) -> Result<Purpose, String> {
    let found = Purpose::ALL
        .into_iter()
        .find(|purpose| purpose.as_str() == text);
    found.ok_or_else(|| "one of: code, index, person".to_owned())
}
