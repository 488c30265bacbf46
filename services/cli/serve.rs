//! `redress serve`: any of the processes, from the one program.

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use rustix::process::{Signal, getpid, kill_process};

use crate::client::connect::PROCESSES;
use crate::{bureau, codes, handoff, identity};

/// Flags of `serve`, for its help; [`direct`] reads them.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Drain when standard input ends: the parent holds the other end.
    #[arg(long, hide = true)]
    leash: bool,
    /// Which process.
    #[arg(value_parser = PROCESSES)]
    process: String,
    /// Its settings; --help after the name shows them.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "SETTINGS"
    )]
    settings: Vec<String>,
}

/// Takes `serve PROCESS ..` from the command line as it is: what follows the name is the process's own.
pub fn direct(args: impl IntoIterator<Item = String>) -> Option<ServeArgs> {
    let mut args = args.into_iter().skip(1).peekable();
    args.next_if(|arg| arg == "serve")?;
    let leash = args.next_if(|arg| arg == "--leash").is_some();
    let process = args.next_if(|arg| PROCESSES.contains(&arg.as_str()))?;
    Some(ServeArgs {
        leash,
        process,
        settings: args.collect(),
    })
}

/// Runs a process until it is told to stop.
pub fn run(args: ServeArgs) -> ExitCode {
    if args.leash {
        std::thread::spawn(drain_when_input_ends);
    }
    match args.process.as_str() {
        "enrollment-codes" => codes::run(args.settings),
        "bureau-handoff" => handoff::run(args.settings),
        "identity-verification" => identity::run(args.settings),
        _ => bureau::run(args.settings),
    }
}

fn drain_when_input_ends() {
    let mut nothing = [0; 64];
    while std::io::stdin()
        .read(&mut nothing)
        .is_ok_and(|read| read > 0)
    {}
    let _ = kill_process(getpid(), Signal::TERM);
}
