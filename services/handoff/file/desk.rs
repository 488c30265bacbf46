//! What reading and writing a partner's files works with.

use std::io;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner::model::Partner;
use crate::process;

use super::folders::Folders;
use crate::handoff::partner::file_layout::Layout;

/// One partner's files, and who works on them.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// What the process works with.
    pub context: &'a Context,
    /// The partner.
    pub partner: &'a Partner,
    /// Its files.
    pub layout: &'a Layout,
    /// Where they lie.
    pub folders: &'a Folders,
    /// This worker.
    pub owner: &'a str,
    /// The name for the audit log.
    pub actor: &'a str,
}

/// Why files could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The database, or a rule.
    #[error(transparent)]
    Process(#[from] Error),
    /// The settings name no directory for files.
    #[error("the setting file_directory is missing")]
    NoDirectory,
    /// The partner's layout is one that this program does not take.
    #[error("the layout: {0}")]
    Layout(String),
    /// The directory or its disk.
    #[error("the directory of files: {0}")]
    Disk(#[from] io::Error),
}

impl From<process::Error> for FileError {
    fn from(error: process::Error) -> Self {
        Self::Process(error.into())
    }
}
