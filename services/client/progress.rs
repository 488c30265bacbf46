//! Progress of long tasks. The caller decides whether and how it is shown.

use std::sync::Arc;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Rows, codes, letters or people.
    Pieces,
    /// Bytes of a file.
    Bytes,
    /// Nothing: the end is not known.
    Nothing,
}

/// Starts to show a task, which the first argument names.
pub type Show = fn(&'static str, Unit) -> Progress;

/// A task that is shown until the last copy of this is dropped.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u64, u64) + Send + Sync>);

impl Progress {
    /// Takes the function that shows how much is done, and of how much.
    pub fn new(show: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    /// Reports how much is done, and of how much.
    pub fn set(&self, done: u64, total: u64) {
        (self.0)(done, total);
    }
}

/// Shows nothing.
pub fn hidden(_: &'static str, _: Unit) -> Progress {
    Progress::new(|_, _| ())
}
