//! The merge of two streams ordered by individual id.

use std::vec::IntoIter;

use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tonic::Streaming;

use super::addresses::Addresses;
use super::letter::Press;
use super::output::{Ended, Output};
use super::seeds::Planted;
use crate::cli::problem::Problem;
use crate::wire::redress::enrollment::v1::PlainCode;

/// Answers that wait for the merge; beyond that the stream waits.
const AHEAD: usize = 2;
/// Lines are handed on in pieces of this size.
const BUFFER: usize = 1 << 18;
/// The progress bar moves by this many letters.
const STRIDE: u64 = 512;

/// What one stream has brought so far. It is received and decoded by a task, and merged by a thread.
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

    /// Waits for the next one, on a thread that may.
    pub fn next(&mut self) -> Result<Option<T>, Problem> {
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

/// Codes with the addresses that belong to them, one after the other.
pub struct Merged {
    codes: Feed<PlainCode>,
    addresses: Addresses,
}

impl Merged {
    /// Begins the merge.
    pub fn new(codes: Feed<PlainCode>, addresses: Addresses) -> Self {
        Self { codes, addresses }
    }

    /// Makes the letters of a batch. Gives how many codes had no address.
    ///
    /// Blocks: it runs on a thread for such work.
    pub fn print(
        mut self,
        press: &mut Press,
        planted: &mut Planted,
        output: &Output,
        bar: &ProgressBar,
    ) -> Result<u64, Stop> {
        let mut without_address = 0;
        let mut moved = 0;
        while let Some(code) = self.codes.next()? {
            if code.seed {
                if let Some(address) = planted.plant(&code)? {
                    press.seed(&code, &address);
                }
                continue;
            }
            match self.addresses.of(&code.individual_id)? {
                Some(address) => press.letter(&code, &address),
                None => without_address += 1,
            }
            moved += 1;
            if moved == STRIDE {
                bar.inc(moved);
                moved = 0;
            }
            if press.lines.len() >= BUFFER {
                press.lines = output.write(std::mem::take(&mut press.lines))?;
            }
        }
        bar.inc(moved);
        Ok(without_address)
    }
}

/// Why the merge stopped.
pub enum Stop {
    /// A stream or a file of seeds failed.
    Problem(Problem),
    /// The file cannot be written; the output knows why.
    Ended,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Ended> for Stop {
    fn from(Ended: Ended) -> Self {
        Self::Ended
    }
}
