//! The program `enrollment-codes`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::codes::run(std::env::args().skip(1).collect())
}
