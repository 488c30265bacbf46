//! One child process: this program again, as a service.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{ChildStdin, Command};

use crate::client::connect::PULL_BUREAU;
use crate::client::problem::{Outcome, Problem};

/// Longer than a service's own drain.
const PATIENCE: Duration = Duration::from_secs(15);

/// Lines of a log that a message shows.
const SHOWN: usize = 8;

/// A running child.
pub struct Child {
    /// The process, as it is shown.
    pub name: &'static str,
    env: Vec<(&'static str, String)>,
    process: tokio::process::Child,
    log: PathBuf,
    log_start: u64,
    /// The child ends when this end of the pipe closes.
    _leash: Option<ChildStdin>,
}

impl Child {
    /// Starts this program again as a service, in a process group of its own so that Ctrl-C reaches the parent only.
    pub fn start(
        name: &'static str,
        env: Vec<(&'static str, String)>,
        log: &Path,
    ) -> Result<Self, Problem> {
        let failed =
            |error: std::io::Error| Problem::usage(format!("{name} does not start: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let file = log_file(log).map_err(|error| Problem::file(log, &error))?;
        let log_start = file.metadata().map_or(0, |metadata| metadata.len());
        let service = if name == PULL_BUREAU {
            "sandbox-bureau"
        } else {
            name
        };
        let mut process = Command::new(program)
            .args(["serve", "--leash", service])
            .envs(env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::piped())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let leash = process.stdin.take();
        Ok(Self {
            name,
            env,
            process,
            log: log.to_owned(),
            log_start,
            _leash: leash,
        })
    }

    /// Kills it without a warning, and starts it again.
    pub async fn crash(&mut self) -> Outcome {
        if let Some(problem) = self.ended() {
            return Err(problem);
        }
        let _ = self.process.kill().await;
        *self = Self::start(self.name, std::mem::take(&mut self.env), &self.log)?;
        Ok(())
    }

    /// Gives the process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Tells whether it has ended, and how.
    pub fn ended(&mut self) -> Option<Problem> {
        let status = self.process.try_wait().ok().flatten()?;
        Some(self.obituary(status))
    }

    /// Waits until it ends.
    pub async fn death(&mut self) -> Problem {
        match self.process.wait().await {
            Ok(status) => self.obituary(status),
            Err(error) => Problem::usage(format!("{}: {error}", self.name)),
        }
    }

    /// Tells it to drain.
    pub fn terminate(&self) {
        let pid = self
            .pid()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Waits until it ends, and kills it when that takes too long.
    pub async fn finish(&mut self) {
        if tokio::time::timeout(PATIENCE, self.process.wait())
            .await
            .is_err()
        {
            let _ = self.process.kill().await;
        }
    }

    fn obituary(&self, status: std::process::ExitStatus) -> Problem {
        let last = self.last_words();
        let log = self.log.display();
        let text = format!(
            "{} stopped by itself ({status}){last}\n  its log: {log}",
            self.name
        );
        if status.code() == Some(2) {
            Problem::usage(text)
        } else {
            Problem::refused(text)
        }
    }

    /// The last lines of this run's log that are errors or plain text.
    fn last_words(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let start = usize::try_from(self.log_start)
            .unwrap_or(0)
            .min(bytes.len());
        let text = String::from_utf8_lossy(&bytes[start..]);
        let telling = |line: &&str| !line.starts_with('{') || line.contains("\"level\":\"ERROR\"");
        let lines: Vec<&str> = text.lines().filter(telling).collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN)..];
        let mut words = String::new();
        for line in shown {
            words.push_str("\n  ");
            words.push_str(line);
        }
        words
    }
}

fn log_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}
