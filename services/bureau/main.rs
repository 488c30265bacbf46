//! The program `sandbox-bureau`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::bureau::run(std::env::args().skip(1).collect())
}
