//! Confirmation codes that the local sender left in its outbox.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::letters::Person;

const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(50);

/// The directory of messages. Each file is read once.
pub struct Outbox {
    folder: PathBuf,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    files: HashSet<PathBuf>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    to: String,
    code: String,
    expires_at: String,
}

impl Outbox {
    /// Names the directory.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            read: Mutex::default(),
        }
    }

    /// Waits for a code to a person; the newest if there are several.
    pub async fn wait_for(&self, person: &Person) -> Option<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            let newest = self.newest_for(person);
            if newest.is_some() {
                return newest;
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    fn newest_for(&self, person: &Person) -> Option<String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.look_into(&self.folder);
        let own = read
            .messages
            .iter()
            .filter(|message| person.is_reached_at(&message.to));
        own.max_by(|a, b| a.expires_at.cmp(&b.expires_at))
            .map(|message| message.code.clone())
    }
}

impl Read {
    fn look_into(&mut self, folder: &PathBuf) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_message = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if !is_message || self.files.contains(&path) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            if let Ok(message) = serde_json::from_str(&text) {
                self.messages.push(message);
                self.files.insert(path);
            }
        }
    }
}
