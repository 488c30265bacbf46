//! Carriers of messages to people, and the local outbox that stands in for them.
//!
//! A carrier is called outside any transaction, after the intent was stored. It may be called again for the same message: the
//! id says that it is the same.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use futures::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::entities::ClosedSet;
use crate::db::entities::confirmation_code::Channel;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConfirmationId;
use crate::kernel::secrets::Secret;

/// One confirmation code on its way to a contact on record. Its `Debug` shows neither.
#[derive(Clone, Debug)]
pub struct Message {
    /// Makes a repeated message the same message.
    pub id: ConfirmationId,
    /// How it travels.
    pub channel: Channel,
    /// The address or number on record.
    pub to: Secret<String>,
    /// The digits.
    pub code: Secret<String>,
    /// When they stop being good.
    pub expires_at: Timestamp,
}

/// Tells a contact on record that a new one was taken. Its `Debug` shows no contact.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Makes a repeated notice the same notice.
    pub id: Uuid,
    /// How it travels.
    pub channel: Channel,
    /// The address or number on record.
    pub to: Secret<String>,
}

/// What a [`Notice`] says. It names nobody.
pub const NEW_CONTACT: &str = "A new e-mail address or telephone number was given for your enrollment in credit monitoring. If that \
    was not you, call the number in your letter.";

/// Where a notice of proofing goes. Its `Debug` shows none of it.
#[derive(Clone, Debug)]
pub enum Addressee {
    /// A contact on record.
    Contact {
        /// How it travels.
        channel: Channel,
        /// The address or number.
        to: Secret<String>,
    },
    /// The postal address on record: an order to the mail house.
    Post {
        /// The name.
        name: Secret<String>,
        /// The lines below it.
        lines: Vec<Secret<String>>,
    },
}

/// Tells somebody that they were verified and enrolled, and how to repudiate it. Its `Debug` shows nothing personal.
#[derive(Clone, Debug)]
pub struct ProofingNotice {
    /// Makes a repeated notice the same notice.
    pub id: Uuid,
    /// Where it goes.
    pub to: Addressee,
    /// What repudiates it.
    pub token: Secret<String>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a [`ProofingNotice`] says. It names nobody.
pub const PROOFED: &str = "You were identified and enrolled in the credit monitoring that you were offered after a data breach. If that was \
    you, there is nothing to do. If it was not you, call the number in your letter or open the web page that it names, and give the token \
    below: the enrollment is stopped.";

/// A message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the carrier did not take the message")]
pub struct SendError;

/// Carries messages to people.
pub trait Sender: Send + Sync {
    /// Hands over one message; the same id again is the same message.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>>;

    /// Hands over one notice; the same id again is the same notice.
    fn notify(&self, notice: Notice) -> BoxFuture<'_, Result<(), SendError>>;

    /// Hands over one notice of proofing; the same id again is the same notice.
    fn notify_of_proofing(&self, notice: ProofingNotice) -> BoxFuture<'_, Result<(), SendError>>;
}

/// Writes each message as one JSON file into a folder, whole or not at all, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// Names the folder; it is made with the first message.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    fn write(&self, id: Uuid, body: &Zeroizing<String>) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let partial = self.folder.join(format!(".{id}.partial"));
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(body.as_bytes())?;
        file.sync_all()?;
        fs::rename(partial, self.folder.join(format!("{id}.json")))
    }
}

impl Sender for Outbox {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        let body = json!({
            "confirmation_id": message.id,
            "channel": message.channel.as_str(),
            "to": message.to.expose(),
            "code": message.code.expose(),
            "expires_at": message.expires_at,
        });
        self.put(message.id.as_uuid(), &body)
    }

    fn notify(&self, notice: Notice) -> BoxFuture<'_, Result<(), SendError>> {
        let body = json!({
            "notice_id": notice.id,
            "channel": notice.channel.as_str(),
            "to": notice.to.expose(),
            "text": NEW_CONTACT,
        });
        self.put(notice.id, &body)
    }

    fn notify_of_proofing(&self, notice: ProofingNotice) -> BoxFuture<'_, Result<(), SendError>> {
        let (channel, to) = match &notice.to {
            Addressee::Contact { channel, to } => (channel.as_str(), json!(to.expose())),
            Addressee::Post { name, lines } => {
                let below = lines.iter().map(|line| line.expose().as_str());
                let all: Vec<&str> = [name.expose().as_str()].into_iter().chain(below).collect();
                ("POST", json!(all))
            }
        };
        let body = json!({
            "notice_id": notice.id,
            "channel": channel,
            "to": to,
            "text": PROOFED,
            "token": notice.token.expose(),
            "expires_at": notice.expires_at,
        });
        self.put(notice.id, &body)
    }
}

impl Outbox {
    fn put(&self, id: Uuid, body: &serde_json::Value) -> BoxFuture<'static, Result<(), SendError>> {
        let (outbox, body) = (self.clone(), Zeroizing::new(body.to_string()));
        Box::pin(async move {
            let folder = outbox.folder.clone();
            let written = tokio::task::spawn_blocking(move || outbox.write(id, &body)).await;
            written.map_err(|_| SendError)?.map_err(|error| {
                // The caller is not told the cause, so the operator must be.
                tracing::error!(folder = %folder.display(), error = %error.kind(), "the outbox cannot be written");
                SendError
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_one_whole_file_named_by_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(folder.path().join("outbox"));
        let message = Message {
            id: ConfirmationId::from_uuid(Uuid::from_u128(7)),
            channel: Channel::Email,
            to: "ada@example.org".into(),
            code: "123456".into(),
            expires_at: Timestamp::EPOCH,
        };
        assert!(!format!("{message:?}").contains("123456"));
        outbox.send(message.clone()).await.unwrap();
        outbox.send(message.clone()).await.unwrap();
        let files: Vec<_> = fs::read_dir(folder.path().join("outbox"))
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        assert!(files[0].ends_with(format!("{}.json", message.id)));
        let body: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&files[0]).unwrap()).unwrap();
        assert_eq!(body["code"], "123456");
        assert_eq!(body["to"], "ada@example.org");
        assert_eq!(body["channel"], "EMAIL");
        assert_eq!(body["expires_at"], "1970-01-01T00:00:00Z");
    }
}
