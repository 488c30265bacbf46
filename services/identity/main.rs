//! The program `identity-verification`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::identity::run(std::env::args().skip(1).collect())
}
