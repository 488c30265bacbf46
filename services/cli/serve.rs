//! `redress serve`: any of the processes, from the one program.

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use rustix::process::{Signal, getpid, kill_process};

use crate::cli::{ask, render};
use crate::client::connect::PROCESSES;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::settings::{self, Outcome, Process, ProcessSettings};
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
        "enrollment-codes" => live(
            &codes::PROCESS,
            args.settings,
            |settings, life| async move {
                codes::run(&settings, &life)
                    .await
                    .map_err(|stop| stop.to_string())
            },
        ),
        "bureau-handoff" => handoff::run(args.settings),
        "identity-verification" => live(
            &identity::PROCESS,
            args.settings,
            |settings, life| async move {
                identity::run(&settings, &life)
                    .await
                    .map_err(|stop| stop.to_string())
            },
        ),
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

/// Runs a process that takes its settings and its life.
fn live<F, Fut>(process: &Process, args: Vec<String>, serve: F) -> ExitCode
where
    F: FnOnce(Box<ProcessSettings>, Lifecycle) -> Fut,
    Fut: Future<Output = Result<(), String>>,
{
    let settings = match settings::load_here(process, args) {
        Ok(Outcome::Start(settings)) => settings,
        Ok(Outcome::Print(text)) => {
            let _ = render::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(problems) => {
            ask::note(&problems.to_string());
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string());
    let ended = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let life = Lifecycle::from_signals().map_err(|error| error.to_string())?;
            serve(settings, life).await
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            ask::note(&format!("{}: {message}", process.name));
            ExitCode::from(2)
        }
    }
}
