//! The program `redress`: runs the processes, a campaign, and a demonstration of both.
//!
//! It is a client like any other: everything it does to a campaign goes through the services' RPCs, under a certificate
//! with a role. What it alone does is to bring a name and a code together on the way to the printer.

pub mod args;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod campaign;
pub mod certs;
pub mod codes;
pub mod connect;
pub mod demo;
pub mod enroll;
pub mod enrollment;
pub mod find;
pub mod handoff;
pub mod health;
pub mod individual;
pub mod keys;
pub mod list;
pub mod mailing;
pub mod matching;
pub mod migrate;
pub mod partner;
pub mod progress;
pub mod reconcile;
pub mod referral;
pub mod render;
pub mod report;
pub mod restoration;
pub mod roster;
pub mod serve;
pub mod session;
pub mod up;
pub mod verification;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::client::problem::{Outcome, Problem};
use args::{Cli, Command};
use session::Session;

/// Runs the program: 0 when done, 1 when refused or a check failed, 2 when a flag, a setting or the surroundings are
/// wrong.
pub fn main() -> ExitCode {
    if let Some(args) = serve::direct(std::env::args()) {
        return serve::run(args);
    }
    let cli = Cli::parse();
    if let Command::Serve(args) = cli.command {
        return serve::run(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Err(Problem::usage(format!(
            "the runtime does not start: {error}"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            ask::note(&format!("redress: {problem}"));
            ExitCode::from(problem.exit_code())
        }
    }
}

async fn dispatch(cli: Cli) -> Outcome {
    let session = Session {
        format: cli.format,
        connect: cli.connect,
    };
    match cli.command {
        Command::Demo(args) => demo::run(&session, args).await,
        Command::Up(args) => up::run(&session, args).await,
        // Runs without this runtime: see `main`.
        Command::Serve(_) => Ok(()),
        Command::Campaign(command) => campaign::run(&session, command).await,
        Command::Partner(command) => partner::run(&session, command).await,
        Command::Roster(command) => roster::run(&session, command).await,
        Command::Codes(command) => codes::run(&session, command).await,
        Command::Mailing(command) => mailing::run(&session, command).await,
        Command::Enroll(args) => enroll::run(&session, args).await,
        Command::Find(args) => find::run(&session, args).await,
        Command::Enrollment(command) => enrollment::run(&session, command).await,
        Command::Restoration(command) => restoration::run(&session, command).await,
        Command::Referral(command) => referral::run(&session, command).await,
        Command::Verification(command) => verification::run(&session, command).await,
        Command::Individual(command) => individual::run(&session, command).await,
        Command::Reconcile(args) => reconcile::run(&session, args).await,
        Command::Handoff(command) => handoff::run(&session, command).await,
        Command::Report(args) => report::run(&session, args).await,
        Command::Bench(command) => bench::run(&session, command).await,
        Command::Health(args) => health::run(&session, args).await,
        Command::Migrate(args) => migrate::run(&session, args).await,
        Command::Certs(args) => certs::run(&session, &args),
        Command::Matching(command) => matching::run(&session, command),
        Command::Keys(command) => keys::run(&session, command).await,
        Command::Audit(command) => audit::run(&session, command).await,
        Command::Backup(args) => backup::run(&session, args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "redress", &mut script);
            render::print(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_campaign_file_goes_with_every_global_flag_and_with_no_flag_of_its_own() {
        let parses = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
        assert!(parses(
            "redress campaign create --file c.toml --format json --dir x"
        ));
        assert!(!parses("redress campaign create --file c.toml --name x"));
    }
}
