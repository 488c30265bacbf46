//! Workbooks: the rows of one sheet, read on a thread of their own.
//!
//! The rows of an xlsx come one by one; what it holds in common (its texts) lies in memory. Older and other formats are read
//! whole.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use calamine::{
    Data, DataRef, ExcelDateTime, Ods, Reader, SheetVisible, Sheets, Xls, Xlsb, Xlsx, XlsxError,
};

/// How a workbook is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Excel since 2007.
    Xlsx,
    /// Excel's binary form of the same.
    Xlsb,
    /// Excel before 2007, or any workbook that is encrypted.
    Xls,
    /// OpenDocument.
    Ods,
}

impl Format {
    /// Names the format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xlsx => "Excel workbook (xlsx)",
            Self::Xlsb => "Excel workbook (xlsb)",
            Self::Xls => "Excel workbook (xls)",
            Self::Ods => "OpenDocument spreadsheet",
        }
    }
}

/// A row of a sheet: its number as a spreadsheet program shows it, and its cells.
pub type Row = (i64, Vec<String>);

/// A sheet, with its first rows.
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether it is shown.
    pub is_visible: bool,
    /// The rows at its beginning.
    pub head: Vec<Row>,
}

/// Rows that are sent together.
const TOGETHER: usize = 256;

/// A workbook that is open on its thread.
pub struct Workbook {
    /// Its sheets.
    pub sheets: Vec<Sheet>,
    choose: Sender<String>,
    rows: Receiver<Result<Vec<Row>, String>>,
}

/// The rows of one sheet.
pub struct Rows {
    rows: Receiver<Result<Vec<Row>, String>>,
    ready: std::vec::IntoIter<Row>,
}

impl Workbook {
    /// Opens a workbook and reads so many rows of each sheet.
    pub fn open(path: &Path, format: Format, head: usize) -> Result<Self, String> {
        let (choose, chosen) = channel::<String>();
        let (send_sheets, sheets) = channel();
        let (send_rows, rows) = sync_channel(4);
        let path = path.to_owned();
        thread::spawn(move || {
            let mut book = match Book::open(&path, format) {
                Ok(book) => book,
                Err(wrong) => return drop(send_sheets.send(Err(wrong))),
            };
            let sheets = book.sheets(head);
            if send_sheets.send(Ok(sheets)).is_ok()
                && let Ok(name) = chosen.recv()
            {
                book.send(&name, &send_rows);
            }
        });
        let died = "the workbook cannot be read";
        let sheets = sheets.recv().map_err(|_| died.to_owned())??;
        Ok(Self {
            sheets,
            choose,
            rows,
        })
    }

    /// Reads one sheet.
    pub fn read(self, name: &str) -> Rows {
        let _ = self.choose.send(name.to_owned());
        Rows {
            rows: self.rows,
            ready: Vec::new().into_iter(),
        }
    }
}

impl Rows {
    /// Gives the next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        loop {
            if let Some(row) = self.ready.next() {
                return Ok(Some(row));
            }
            match self.rows.recv() {
                Ok(rows) => self.ready = rows?.into_iter(),
                Err(_) => return Ok(None),
            }
        }
    }
}

type Bytes = BufReader<File>;

enum Book {
    Streamed(Box<Xlsx<Bytes>>),
    Whole(Box<Sheets<Bytes>>),
}

impl Book {
    fn open(path: &Path, format: Format) -> Result<Self, String> {
        let bytes = || match File::open(path) {
            Ok(file) => Ok(BufReader::with_capacity(1 << 16, file)),
            Err(error) => Err(error.to_string()),
        };
        let whole = |book: Result<Sheets<Bytes>, String>| book.map(Box::new).map(Self::Whole);
        match format {
            Format::Xlsx => match Xlsx::new(bytes()?) {
                Ok(book) => Ok(Self::Streamed(Box::new(book))),
                Err(error) => Err(unreadable(&error)),
            },
            Format::Xlsb => whole(
                Xlsb::new(bytes()?)
                    .map(Sheets::Xlsb)
                    .map_err(|error| unreadable(&error)),
            ),
            Format::Ods => whole(
                Ods::new(bytes()?)
                    .map(Sheets::Ods)
                    .map_err(|error| unreadable(&error)),
            ),
            // An encrypted xlsx lies in the container of an xls.
            Format::Xls => match Xls::new(bytes()?) {
                Ok(book) => whole(Ok(Sheets::Xls(book))),
                Err(error) => match Xlsx::new(bytes()?) {
                    Err(XlsxError::Password) => Err(unreadable(&XlsxError::Password)),
                    _ => Err(unreadable(&error)),
                },
            },
        }
    }

    fn sheets(&mut self, head: usize) -> Vec<Sheet> {
        let metadata = match self {
            Self::Streamed(book) => book.sheets_metadata().to_vec(),
            Self::Whole(book) => book.sheets_metadata().to_vec(),
        };
        let mut sheets = Vec::new();
        for sheet in metadata {
            let mut rows = Vec::new();
            // A chart has no cells, and is no table.
            let read = self.each_row(&sheet.name, &mut |row| {
                rows.push(row);
                rows.len() < head
            });
            if read.is_ok() || !rows.is_empty() {
                sheets.push(Sheet {
                    is_visible: sheet.visible == SheetVisible::Visible,
                    name: sheet.name,
                    head: rows,
                });
            }
        }
        sheets
    }

    /// Sends the rows of a sheet until they end or nobody takes them any more.
    fn send(&mut self, name: &str, to: &SyncSender<Result<Vec<Row>, String>>) {
        let mut together = Vec::with_capacity(TOGETHER);
        let read = self.each_row(name, &mut |row| {
            together.push(row);
            together.len() < TOGETHER || to.send(Ok(std::mem::take(&mut together))).is_ok()
        });
        let _ = to.send(Ok(together));
        if let Err(wrong) = read {
            let _ = to.send(Err(wrong));
        }
    }

    /// Gives each row that has a cell, until the taker has enough.
    fn each_row(&mut self, name: &str, take: &mut dyn FnMut(Row) -> bool) -> Result<(), String> {
        match self {
            Self::Streamed(book) => {
                let cells = book.worksheet_cells_reader(name);
                let mut cells = cells.map_err(|error| unreadable(&error))?;
                let mut row: Row = (0, Vec::new());
                while let Some(cell) = cells.next_cell().map_err(|error| unreadable(&error))? {
                    let (number, column) = cell.get_position();
                    let number = i64::from(number) + 1;
                    if row.0 != number && row.0 > 0 && !take(std::mem::take(&mut row)) {
                        return Ok(());
                    }
                    row.0 = number;
                    put(&mut row.1, column as usize, of_cell(cell.get_value()));
                }
                if row.0 > 0 {
                    take(row);
                }
                Ok(())
            }
            Self::Whole(book) => {
                let range = book.worksheet_range(name);
                let range = range.map_err(|error| unreadable(&error))?;
                let (first, indent) = range.start().unwrap_or_default();
                for (number, cells) in (i64::from(first) + 1..).zip(range.rows()) {
                    let before = std::iter::repeat_n(String::new(), indent as usize);
                    let row = before.chain(cells.iter().map(of_data)).collect();
                    if !take((number, row)) {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    if text.contains("password") {
        "an encrypted workbook: open it with its password and save it without one".to_owned()
    } else {
        format!(
            "a workbook that cannot be read ({text}): open it in a spreadsheet program and save it as xlsx or CSV"
        )
    }
}

fn put(cells: &mut Vec<String>, column: usize, text: String) {
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    cells[column] = text;
}

fn of_cell(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => of_number(*number),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(instant) => of_instant(*instant),
        DataRef::DateTimeIso(text) => of_iso(text),
        // What a formula failed to give is no value.
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn of_data(cell: &Data) -> String {
    match cell {
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => of_number(*number),
        Data::Bool(yes) => yes.to_string(),
        Data::DateTime(instant) => of_instant(*instant),
        Data::DateTimeIso(text) => of_iso(text),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

/// A whole number has no decimals: 46802, not 46802.0.
fn of_number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        number.to_string()
    }
}

fn of_instant(instant: ExcelDateTime) -> String {
    if !instant.is_datetime() {
        return of_number(instant.as_f64());
    }
    let (year, month, day, ..) = instant.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

fn of_iso(text: &str) -> String {
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_decimals_that_nobody_wrote() {
        assert_eq!(of_number(46_802.0), "46802");
        assert_eq!(of_number(666_123_456.0), "666123456");
        assert_eq!(of_number(1.5), "1.5");
        assert_eq!(of_iso("2015-07-20T00:00:00"), "2015-07-20");
    }
}
