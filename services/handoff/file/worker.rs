//! The worker that writes and reads the files of partners. Several may run, in one process or in many: each file has one writer at a time.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::entities::handoff_file::Model;
use crate::db::entities::partner::State;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::noted::Noted;
use crate::handoff::partner::model::Partner;
use crate::handoff::{metrics, partner};
use crate::kernel::ids::PartnerId;
use crate::kernel::lifecycle;

use super::answer::read_answers;
use super::desk::{Desk, FileError};
use super::folders::Folders;
use super::store;
use super::write::write_due;
use crate::handoff::partner::file_layout::Layout;

/// How often it is looked whether something came or is due.
const EVERY: Duration = Duration::from_secs(2);
/// How often the log says again that files stand still.
const AGAIN: Duration = Duration::from_mins(1);

/// Writes and reads files.
pub struct FileWorker {
    context: Context,
    directory: Option<PathBuf>,
    owner: String,
    /// The partners whose files stand still, and when the log said so last.
    stopped: Noted<PartnerId>,
}

/// What one look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Files of orders that were sent.
    pub sent: usize,
    /// Files of partners that were read or refused.
    pub read: usize,
}

impl FileWorker {
    /// Makes a worker over the directory that has a folder for each partner.
    pub fn new(context: Context, directory: Option<PathBuf>, name: &str) -> Self {
        let owner = format!("{name}/{}", context.ids.request_id().simple());
        Self {
            context,
            directory,
            owner,
            stopped: Noted::default(),
        }
    }

    /// Works until the process drains.
    pub async fn run(self, draining: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                // Files in the middle are gone on with by whoever comes next.
                () = draining.cancelled() => return,
                looked = self.step() => if let Err(error) = looked {
                    tracing::warn!(%error, "the partners could not be read; the file worker goes on");
                }
            }
            if !lifecycle::pause(&draining, EVERY).await {
                return;
            }
        }
    }

    /// Reads what came and writes what is due, for every partner that is reached by files. What fails for one partner stops no other.
    pub async fn step(&self) -> Result<Done, Error> {
        let mut done = Done::default();
        for partner in partner::store::by_files(self.context.db.read()).await? {
            let worked = self.work(&partner).await;
            let overdue = self.overdue(&partner).await?;
            metrics::files(&partner.name, overdue, worked.is_err());
            match worked {
                Ok(one) => {
                    self.stopped.forget(partner.id);
                    done.sent += one.sent;
                    done.read += one.read;
                }
                Err(error) => {
                    if self
                        .stopped
                        .note(partner.id, self.context.clock.now(), AGAIN)
                    {
                        tracing::error!(partner = %partner.name, %error, "the files of a partner stand still; it is tried again");
                    }
                }
            }
        }
        Ok(done)
    }

    async fn work(&self, partner: &Partner) -> Result<Done, FileError> {
        let directory = self.directory.as_ref().ok_or(FileError::NoDirectory)?;
        let layout = partner.file_layout.as_deref().unwrap_or_default();
        let layout = Layout::parse(layout).map_err(FileError::Layout)?;
        let folders = Folders::of(directory, &partner.name)?;
        let actor = format!("partner/{}", partner.name);
        let desk = Desk {
            context: &self.context,
            partner,
            layout: &layout,
            folders: &folders,
            owner: &self.owner,
            actor: &actor,
        };
        let read = read_answers(&desk).await?;
        let sent = match partner.state {
            State::Active => write_due(&desk).await?,
            State::Paused => 0,
        };
        Ok(Done { sent, read })
    }

    async fn overdue(&self, partner: &Partner) -> Result<usize, Error> {
        let now = self.context.clock.now();
        let waiting = store::waiting(self.context.db.read(), partner.id).await?;
        let is_overdue = |file: &&Model| file.answer_by.is_some_and(|by| by < now);
        Ok(waiting.iter().filter(is_overdue).count())
    }
}
