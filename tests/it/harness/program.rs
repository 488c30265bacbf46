//! The operator's program: run to its end, with what it said.

use std::fmt::Write as _;
use std::process::Command;

use super::processes::{House, Service};

impl House {
    /// The operator's program, which finds the services as it would after `redress up`.
    pub fn redress(&self, words: &[&str]) -> Said {
        said(&mut self.program(words))
    }

    /// The same, with an answer to what it asks.
    pub fn redress_told(&self, words: &[&str], answer: &str) -> Said {
        let file = self.path().join("answer.txt");
        std::fs::write(&file, answer).expect("the answer");
        let file = std::fs::File::open(file).expect("the answer");
        said(self.program(words).stdin(file))
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_redress"));
        command
            .current_dir(self.path())
            .arg("--dir")
            .arg(self.path())
            .args(words);
        self.write_endpoints();
        command
    }

    fn write_endpoints(&self) {
        let mut text = String::new();
        let names = ["identity", "codes", "handoff", "bureau"];
        for (name, service) in names.iter().zip(Service::ALL) {
            _ = writeln!(text, "{name} = \"{}\"", self.endpoint(service));
        }
        _ = write!(text, "certs = \"{}\"\n[admin]\n", self.certs().display());
        for service in Service::ALL {
            let admin = self.address(service).admin;
            _ = writeln!(text, "{} = \"127.0.0.1:{admin}\"", service.name());
        }
        let file = self.path().join("endpoints.toml");
        std::fs::write(file, text).expect("the endpoints are written");
    }
}

/// A program that is told nothing by this process's environment.
pub fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub errors: String,
}

impl Said {
    /// What it printed, when all went well.
    pub fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The message of a refusal with this exit code.
    pub fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.errors.contains("panicked"), "{self:?}");
        self.errors
    }
}

/// Runs a program to its end.
pub fn said(command: &mut Command) -> Said {
    let output = command.output().expect("the program starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
