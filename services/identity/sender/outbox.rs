//! The local outbox: a folder with one file a message.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use futures::future::BoxFuture;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Message, SendError, Sender};

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
        let outbox = self.clone();
        Box::pin(async move {
            let writing = move || outbox.write(message.id(), &message.json());
            let written = tokio::task::spawn_blocking(writing).await;
            written.map_err(|_| SendError::Transient)?.map_err(|error| {
                // The caller is not told the cause, so the operator must be.
                tracing::error!(folder = %self.folder.display(), error = %error.kind(), "the outbox cannot be written");
                SendError::Transient
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::entities::confirmation_code::Channel;
    use crate::identity::sender::ConfirmationCode;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::ConfirmationId;

    #[tokio::test]
    async fn a_message_is_one_whole_file_named_by_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(folder.path().join("outbox"));
        let message = ConfirmationCode {
            id: ConfirmationId::from_uuid(Uuid::from_u128(7)),
            channel: Channel::Email,
            to: "ada@example.org".into(),
            code: "123456".into(),
            expires_at: Timestamp::EPOCH,
            language: "en".into(),
        };
        assert!(!format!("{message:?}").contains("123456"));
        outbox.send(message.clone().into()).await.unwrap();
        outbox.send(message.clone().into()).await.unwrap();
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
