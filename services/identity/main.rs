//! `identity-verification`: the recipe is in [`redress::identity::run`].

use std::process::ExitCode;

use redress::identity::{PROCESS, run};
use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::settings::load_or_exit;

/// A setting or the environment is wrong.
const UNUSABLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let settings = load_or_exit(&PROCESS);
    let stopped = match Lifecycle::from_signals() {
        Ok(life) => run(&settings, &life).await.map_err(|stop| stop.to_string()),
        Err(error) => Err(format!("signals cannot be heard: {error}")),
    };
    match stopped {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}: {message}", PROCESS.name);
            ExitCode::from(UNUSABLE)
        }
    }
}
