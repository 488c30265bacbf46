//! `redress`: the program for operators, developers and testers. Everything is in [`redress::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    redress::cli::main()
}
