//! The print file as it grows: hashed, encrypted where that is wanted, and written, on a thread of its own.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use age::stream::StreamWriter;

use super::recipient::Recipient;
use crate::kernel::crypto::Sha256;
use crate::kernel::hashing::Hashing;

/// Buffers that wait for the disk; then making lines waits.
const AHEAD: usize = 4;

/// Where the lines go.
pub enum Sink {
    /// To the file as they are.
    Plain(File),
    /// Encrypted.
    Sealed(Box<StreamWriter<Hashing<File>>>),
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// SHA-256 of the lines.
    pub sha256: String,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 and bytes of the encrypted file.
    pub sealed: Option<(String, u64)>,
}

impl Sink {
    /// Opens a file, encrypted where there are recipients.
    pub fn open(file: File, recipients: &[Recipient]) -> io::Result<Self> {
        if recipients.is_empty() {
            return Ok(Self::Plain(file));
        }
        let recipients = recipients.iter().map(Recipient::as_age);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let output = encryptor.wrap_output(Hashing::new(file))?;
        Ok(Self::Sealed(Box::new(output)))
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(lines),
            Self::Sealed(writer) => writer.write_all(lines),
        }
    }

    fn finish(self) -> io::Result<Option<(String, u64)>> {
        match self {
            Self::Plain(_) => Ok(None),
            Self::Sealed(writer) => {
                let (_, hashed) = writer.finish()?.finish();
                Ok(Some((hashed.sha256, hashed.bytes)))
            }
        }
    }
}

/// The thread that writes.
pub struct Output {
    lines: SyncSender<Vec<u8>>,
    spare: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<Written>>,
}

/// Says that the thread has ended; [`Output::finish`] says why.
#[derive(Clone, Copy, Debug)]
pub struct Ended;

impl Output {
    /// Starts.
    pub fn begin(sink: Sink) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(AHEAD);
        let (used, spare) = channel();
        let thread = std::thread::Builder::new().name("print-file".into());
        let thread = thread.spawn(move || write(sink, &waiting, &used))?;
        Ok(Self {
            lines,
            spare,
            thread,
        })
    }

    /// Takes lines and gives an empty buffer for the next ones.
    pub fn write(&self, lines: Vec<u8>) -> Result<Vec<u8>, Ended> {
        self.lines.send(lines).map_err(|_| Ended)?;
        Ok(self.spare.try_recv().unwrap_or_default())
    }

    /// Waits until everything is written.
    pub fn finish(self) -> io::Result<Written> {
        drop(self.lines);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the writing thread failed")))
    }
}

fn write(
    mut sink: Sink,
    waiting: &Receiver<Vec<u8>>,
    used: &Sender<Vec<u8>>,
) -> io::Result<Written> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for mut lines in waiting {
        sink.write(&lines)?;
        hash.update(&lines);
        bytes += lines.len() as u64;
        lines.clear();
        // Fails after the last lines, when no buffer is needed any more.
        let _ = used.send(lines);
    }
    Ok(Written {
        sealed: sink.finish()?,
        sha256: hash.finish_hex(),
        bytes,
    })
}
