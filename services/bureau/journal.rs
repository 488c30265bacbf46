//! The file under the book: one JSON line a change, flushed to the disk before anybody is answered.
//!
//! One thread writes. It takes what waits while the last flush is in flight, so that many callers share a flush.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::book::{Book, Line};

/// The most lines in one flush.
const BATCH: usize = 512;

struct Job {
    lines: Vec<Line>,
    done: oneshot::Sender<io::Result<()>>,
}

/// A journal that is open for writing. Clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    jobs: mpsc::Sender<Job>,
    broken: CancellationToken,
}

impl Journal {
    /// Opens a journal, or begins one, and reads the book out of it.
    ///
    /// A torn last line is what a crash leaves behind: nobody was answered for it, so it is cut off. A damaged line
    /// before that is an error.
    pub fn open(path: &Path) -> io::Result<(Self, Book)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let book = read(&mut file)?;
        Ok((Self::writing(file)?, book))
    }

    fn writing(file: File) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let broken = CancellationToken::new();
        let on_failure = broken.clone();
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(&file, &waiting, &on_failure))?;
        Ok(Self { jobs, broken })
    }

    /// Waits until a line could not be written: nothing is written any more then, and the process should end. A new start cuts off what
    /// stands there by half.
    pub async fn broke(&self) {
        self.broken.cancelled().await;
    }

    /// Tells whether a line could not be written.
    pub fn is_broken(&self) -> bool {
        self.broken.is_cancelled()
    }

    /// Hands lines in, in the order of the calls. Without lines it is a barrier: what was handed in before is on the disk.
    pub fn hand_in(&self, lines: Vec<Line>) -> Written {
        let (done, written) = oneshot::channel();
        // Where the thread has ended the channel is gone, and so `Written` fails.
        drop(self.jobs.send(Job { lines, done }));
        Written(written)
    }
}

/// Lines on their way to the disk.
#[must_use]
pub struct Written(oneshot::Receiver<io::Result<()>>);

impl Written {
    /// Waits until they are there.
    pub async fn wait(self) -> io::Result<()> {
        self.0.await.map_err(|_| closed())?
    }
}

fn closed() -> io::Error {
    io::Error::other("the journal's thread has ended")
}

fn read(file: &mut File) -> io::Result<Book> {
    let mut book = Book::default();
    let mut good = 0;
    let mut reader = BufReader::new(&mut *file);
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = reader.read_until(b'\n', &mut text)?;
        if length == 0 || text.last() != Some(&b'\n') {
            break;
        }
        let line = serde_json::from_slice(&text).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the book's journal has a damaged line",
            )
        })?;
        book.apply(&line);
        good += length as u64;
    }
    file.set_len(good)?;
    file.seek(SeekFrom::End(0))?;
    Ok(book)
}

fn write_all(mut file: &File, waiting: &mpsc::Receiver<Job>, broken: &CancellationToken) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(BATCH));
        let written = write_some(&mut file, &jobs);
        if let Err(error) = &written {
            tracing::error!(%error, "the journal cannot be written; the process ends");
            broken.cancel();
        }
        let failed = written.is_err();
        for job in jobs {
            let answer = match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(error.kind().into()),
            };
            // Whoever has gone misses only the answer.
            drop(job.done.send(answer));
        }
        if failed {
            // Half a line may stand there now; only a new start, which cuts it off, may go on.
            return;
        }
    }
}

fn write_some(file: &mut &File, jobs: &[Job]) -> io::Result<()> {
    let mut bytes = Vec::new();
    for line in jobs.iter().flat_map(|job| &job.lines) {
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
    }
    if bytes.is_empty() {
        return Ok(());
    }
    file.write_all(&bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn offered(id: u128) -> Line {
        Line::Offered {
            id: Uuid::from_u128(id),
        }
    }

    fn booked(id: u128) -> Line {
        let now = crate::kernel::clock::Timestamp::EPOCH;
        Line::Booked {
            id: Uuid::from_u128(id),
            at: now,
            coverage: String::new(),
            product: String::new(),
            digest: String::new(),
            activation: String::new(),
            due: now,
            progress: String::new(),
            class: String::new(),
            attempt: 1,
            months: 0,
        }
    }

    #[tokio::test]
    async fn a_journal_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        drop(Journal::open(&path).unwrap());
        let journal = Journal::writing(File::open(&path).unwrap()).unwrap();
        journal.hand_in(vec![]).wait().await.unwrap();
        assert!(!journal.is_broken());
        journal.hand_in(vec![booked(1)]).wait().await.unwrap_err();
        journal.broke().await;
        journal.hand_in(vec![]).wait().await.unwrap_err();
    }

    #[tokio::test]
    async fn a_book_is_the_same_after_a_restart_and_a_torn_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let (journal, book) = Journal::open(&path).unwrap();
        assert!(book.from(0).is_empty());
        journal
            .hand_in(vec![booked(1), offered(1)])
            .wait()
            .await
            .unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"t\":\"offered\",\"id\":\"0000").unwrap();

        let (journal, book) = Journal::open(&path).unwrap();
        assert_eq!(book.get(Uuid::from_u128(1)).unwrap().offers, 2);
        journal.hand_in(vec![booked(2)]).wait().await.unwrap();
        let (_, book) = Journal::open(&path).unwrap();
        assert_eq!(book.from(0).len(), 2);
    }

    #[test]
    fn a_damaged_line_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        std::fs::write(&path, "{\"t\":\"nothing\"}\n").unwrap();
        assert!(Journal::open(&path).is_err());
    }

    #[tokio::test]
    async fn many_writers_are_all_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let (journal, _) = Journal::open(&path).unwrap();
        let writes = (0..200).map(|id| journal.hand_in(vec![booked(id)]).wait());
        for written in futures::future::join_all(writes).await {
            written.unwrap();
        }
        assert_eq!(Journal::open(&path).unwrap().1.from(0).len(), 200);
    }
}
