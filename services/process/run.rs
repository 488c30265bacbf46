//! From the command line to a running process, and to its exit code.
//!
//! Exit codes: 0 when the process did what it was told, 1 when it broke while it ran, 2 when a setting or the surroundings
//! are wrong. One message goes to stderr and says what to do.

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;

use crate::kernel::lifecycle::{Lifecycle, Step};
use crate::kernel::settings::{self, Outcome, ProcessSettings};
use crate::kernel::telemetry;

use super::Stop;

/// Loads the settings, starts the runtime and telemetry, and serves until the process is told to stop.
///
/// `args` is what stands after the program's name; `serve` gets the metrics to put on the admin port.
pub fn run<S, F, Fut>(args: Vec<String>, serve: F) -> ExitCode
where
    S: ProcessSettings,
    F: FnOnce(S, Lifecycle, Option<prometheus::Registry>) -> Fut,
    Fut: Future<Output = Result<(), Stop>>,
{
    match settings::load_here(args) {
        Ok(Outcome::Start(settings)) => start(*settings, serve),
        Ok(Outcome::Print(text)) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(problems) => complain(2, problems),
    }
}

fn start<S, F, Fut>(settings: S, serve: F) -> ExitCode
where
    S: ProcessSettings,
    F: FnOnce(S, Lifecycle, Option<prometheus::Registry>) -> Fut,
    Fut: Future<Output = Result<(), Stop>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(2, error),
    };
    let ended = runtime.block_on(async {
        let common = settings.common();
        let telemetry = telemetry::init(S::NAME, &common.telemetry).map_err(Stop::start)?;
        let life = Lifecycle::from_signals(common.drain_timeout).map_err(Stop::start)?;
        let ended = serve(settings, life.clone(), telemetry.registry()).await;
        _ = life.within(Step::Telemetry, telemetry.shutdown()).await;
        ended
    });
    // A call that does not end must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => complain(stop.code(), format!("{}: {stop}", S::NAME)),
    }
}

#[expect(clippy::print_stdout, reason = "it speaks to the user")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "it speaks to the user")]
fn complain(code: u8, message: impl Display) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(code)
}
