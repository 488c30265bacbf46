//! The program `bureau-handoff`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::handoff::run(std::env::args().skip(1).collect())
}
