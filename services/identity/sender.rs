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

/// A message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the carrier did not take the message")]
pub struct SendError;

/// Carries messages to people.
pub trait Sender: Send + Sync {
    /// Hands over one message; the same id again is the same message.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>>;
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

    fn write(&self, message: &Message) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let partial = self.folder.join(format!(".{}.partial", message.id));
        let body = json!({
            "confirmation_id": message.id,
            "channel": message.channel.as_str(),
            "to": message.to.expose(),
            "code": message.code.expose(),
            "expires_at": message.expires_at,
        });
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(body.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(partial, self.folder.join(format!("{}.json", message.id)))
    }
}

impl Sender for Outbox {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        let outbox = self.clone();
        Box::pin(async move {
            let folder = outbox.folder.clone();
            let written = tokio::task::spawn_blocking(move || outbox.write(&message)).await;
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
    use uuid::Uuid;

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
