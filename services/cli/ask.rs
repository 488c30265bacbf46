//! Questions to the person at the terminal; the answers may also come through a pipe.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::client::problem::Problem;

/// Asks on standard error and reads one line.
pub fn line(question: &str) -> Result<String, Problem> {
    let failed = |error: io::Error| Problem::usage(format!("standard input: {error}"));
    write!(io::stderr(), "{question} ").map_err(failed)?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    if !io::stdin().is_terminal() {
        writeln!(io::stderr()).map_err(failed)?;
    }
    if read == 0 {
        return Err(Problem::usage(
            "the input ended before the question was answered",
        ));
    }
    Ok(answer.trim().to_owned())
}

/// Asks for the code of a letter: it never stands on a command line, where others could read it.
pub fn letter_code() -> Result<String, Problem> {
    line("Code from the letter:")
}

/// Asks until the answer can be used.
pub fn until<T>(question: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Problem> {
    loop {
        let wrong = match parse(&line(question)?) {
            Ok(value) => return Ok(value),
            Err(wrong) => wrong,
        };
        if !io::stdin().is_terminal() {
            return Err(Problem::usage(wrong));
        }
        let _ = writeln!(io::stderr(), "  {wrong}");
    }
}

/// Asks a yes-or-no question; anything but yes is no.
pub fn yes(question: &str) -> Result<bool, Problem> {
    let answer = line(&format!("{question} [y/N]"))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Writes a line on standard error.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
