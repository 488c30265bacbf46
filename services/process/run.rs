//! From the command line to a running process, and to its exit code.
//!
//! Exit codes: 0 when the process did what it was told, 1 when it broke while it ran, 2 when a setting or the surroundings
//! are wrong. One message goes to stderr and says what to do.

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;

use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::settings::{self, Outcome, Process, ProcessSettings};
use crate::kernel::telemetry;

/// Why a process ended otherwise than it should.
#[derive(Debug)]
pub enum Stop {
    /// It could not start: a setting or the surroundings are wrong.
    Start(String),
    /// It broke while it ran.
    Broke(String),
}

impl Stop {
    /// Says that the process cannot start, for `map_err`.
    pub fn start(error: impl Display) -> Self {
        Self::Start(error.to_string())
    }

    /// Says that the process broke, for `map_err`.
    pub fn broke(error: impl Display) -> Self {
        Self::Broke(error.to_string())
    }
}

/// Loads the settings, starts the runtime and telemetry, and serves until the process is told to stop.
///
/// `args` is what stands after the program's name; `serve` gets the metrics to put on the admin port.
pub fn run<F, Fut>(process: &Process, args: Vec<String>, serve: F) -> ExitCode
where
    F: FnOnce(ProcessSettings, Lifecycle, Option<prometheus::Registry>) -> Fut,
    Fut: Future<Output = Result<(), Stop>>,
{
    match settings::load_here(process, args) {
        Ok(Outcome::Start(settings)) => start(process, *settings, serve),
        Ok(Outcome::Print(text)) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(problems) => complain(2, problems),
    }
}

fn start<F, Fut>(process: &Process, settings: ProcessSettings, serve: F) -> ExitCode
where
    F: FnOnce(ProcessSettings, Lifecycle, Option<prometheus::Registry>) -> Fut,
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
        let telemetry = telemetry::init(process.name, &settings.telemetry).map_err(Stop::start)?;
        let life = Lifecycle::from_signals().map_err(Stop::start)?;
        let ended = serve(settings, life, telemetry.registry()).await;
        telemetry.shutdown().await;
        ended
    });
    // A call that does not end must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Start(message)) => complain(2, format!("{}: {message}", process.name)),
        Err(Stop::Broke(message)) => complain(1, format!("{}: {message}", process.name)),
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
