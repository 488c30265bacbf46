//! A stream that a task receives and decodes while a blocking thread works on it.

use std::vec::IntoIter;

use tokio::sync::mpsc;
use tonic::Streaming;

use crate::client::problem::Problem;

/// Answers that wait to be worked on; beyond that the stream waits.
const AHEAD: usize = 2;

/// The items that a stream has brought so far.
pub struct Feed<T> {
    page: IntoIter<T>,
    pages: mpsc::Receiver<Result<Vec<T>, Problem>>,
}

impl<T: Send + 'static> Feed<T> {
    /// Receives a stream from now on, after a first page that was received already.
    pub fn of<M: Send + 'static>(
        first: Vec<T>,
        stream: Streaming<M>,
        take: fn(M) -> Vec<T>,
        doing: &'static str,
    ) -> Self {
        let (sender, pages) = mpsc::channel(AHEAD);
        tokio::spawn(receive(stream, take, doing, sender));
        Self {
            page: first.into_iter(),
            pages,
        }
    }

    /// Waits for the next item. Blocks: call it on a blocking thread.
    pub fn next_item(&mut self) -> Result<Option<T>, Problem> {
        loop {
            if let Some(next) = self.page.next() {
                return Ok(Some(next));
            }
            match self.pages.blocking_recv() {
                Some(page) => self.page = page?.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

async fn receive<M, T>(
    mut stream: Streaming<M>,
    take: fn(M) -> Vec<T>,
    doing: &'static str,
    pages: mpsc::Sender<Result<Vec<T>, Problem>>,
) {
    loop {
        let page = match stream.message().await {
            Ok(Some(message)) => Ok(take(message)),
            Ok(None) => return,
            Err(status) => Err(Problem::from_status(doing, &status)),
        };
        let broken = page.is_err();
        if pages.send(page).await.is_err() || broken {
            return;
        }
    }
}
