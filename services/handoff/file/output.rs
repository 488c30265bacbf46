//! A file of orders as it grows: hashed, encrypted where the layout says so, counted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use age::stream::StreamWriter;
use age::x25519::Recipient;

use crate::kernel::crypto::Sha256;
use crate::kernel::flat_file::{Column, Form};
use crate::kernel::hashing::Hashing;

use crate::db::entities::handoff::Kind;
use crate::handoff::partner::file_layout::Orders;
use crate::handoff::partner::order_fields::known;

/// A file that grows.
pub struct Output {
    path: PathBuf,
    form: Form,
    sink: Sink,
    totals: Totals,
}

/// What a trailer can say of the records before it.
#[derive(Clone, Default)]
pub struct Totals {
    enrolled: u64,
    canceled: u64,
    further: u64,
    hash: Sha256,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// How many records.
    pub records: u64,
    /// SHA-256 of the file as it lies there, in hexadecimal.
    pub sha256: String,
}

enum Sink {
    Plain(Box<Hashing<BufWriter<File>>>),
    Sealed(Box<StreamWriter<Hashing<BufWriter<File>>>>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Sealed(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<String> {
        let written = match self {
            Self::Plain(file) => *file,
            Self::Sealed(file) => file.finish()?,
        };
        let (mut file, hashed) = written.finish();
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(hashed.sha256)
    }
}

impl Output {
    /// Begins a file anew; what another one began under the same name is gone.
    pub fn create(path: &Path, orders: &Orders) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o640);
        let file = Hashing::new(BufWriter::new(options.open(path)?));
        let sink = match &orders.encrypt_to {
            None => Sink::Plain(Box::new(file)),
            Some(key) => {
                let key: Recipient = key.parse().map_err(io::Error::other)?;
                let recipients = std::iter::once(&key as &dyn age::Recipient);
                let encryptor = age::Encryptor::with_recipients(recipients);
                let encryptor = encryptor.map_err(io::Error::other)?;
                Sink::Sealed(Box::new(encryptor.wrap_output(file)?))
            }
        };
        let mut output = Self {
            path: path.to_owned(),
            form: orders.form,
            sink,
            totals: Totals::default(),
        };
        let headings = orders.form.headings(&orders.record);
        output.sink.write(&headings)?;
        Ok(output)
    }

    /// Writes a header or a trailer, if the layout has one.
    pub fn frame(&mut self, columns: &[Column], value: impl Fn(&str) -> String) -> io::Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let line = self.form.line(columns, value, false);
        let line = line.map_err(|(column, unfit)| {
            io::Error::other(format!(
                "column {} of the header or trailer: {unfit}",
                column.title()
            ))
        })?;
        self.sink.write(&line)
    }

    /// Writes a record. The field that does not fit is given back, and nothing is written. What only names an earlier order has nothing of
    /// the person, whatever the layout requires.
    pub fn record(
        &mut self,
        columns: &[Column],
        kind: Kind,
        value: impl Fn(&str) -> String,
    ) -> io::Result<Result<(), &'static str>> {
        let line = match self.form.line(columns, value, !kind.is_about_a_person()) {
            Ok(line) => line,
            Err((column, _)) => {
                let field = column.field.as_deref().unwrap_or_default();
                return Ok(Err(known(field)));
            }
        };
        self.sink.write(&line)?;
        self.totals.hash.update(&line);
        let count = match kind {
            Kind::Enroll => &mut self.totals.enrolled,
            Kind::Cancel => &mut self.totals.canceled,
            Kind::Extend | Kind::Restore | Kind::UpdatePerson => &mut self.totals.further,
        };
        *count += 1;
        Ok(Ok(()))
    }

    /// Gives how many records it has.
    pub const fn records(&self) -> u64 {
        self.totals.count()
    }

    /// Gives what a trailer can say of the records so far.
    pub fn totals(&self) -> Totals {
        self.totals.clone()
    }

    /// Takes the file away.
    pub fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Ends the file, and waits until the disk has it.
    pub async fn finish(self) -> io::Result<Written> {
        let records = self.records();
        let sink = self.sink;
        let finished = tokio::task::spawn_blocking(move || sink.finish());
        let sha256 = finished.await.map_err(io::Error::other)??;
        Ok(Written { records, sha256 })
    }
}

impl Totals {
    const fn count(&self) -> u64 {
        self.enrolled + self.canceled + self.further
    }

    /// Gives what a trailer says in a field; nothing where that is not of the records.
    pub fn value(&self, field: &str) -> Option<String> {
        Some(match field {
            "count" => self.count().to_string(),
            "enrolled" => self.enrolled.to_string(),
            "canceled" => self.canceled.to_string(),
            "sha256" => self.hash.clone().finish_hex(),
            _ => return None,
        })
    }
}
