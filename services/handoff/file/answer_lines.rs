//! The lines of a file that came back: a header if the layout has one, records, a trailer if it has one.

use std::fs::File;
use std::io::BufReader;
use std::iter::Peekable;
use std::path::Path;

use crate::kernel::flat_file::{Column, Format, Lines};

use crate::handoff::partner::file_layout::Answer;

/// A record, or why a line is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The line of the file, counted from 1.
    pub number: u64,
    /// Its cells, in the order of the layout's columns.
    pub cells: Result<Vec<String>, &'static str>,
}

/// Reads a file that came back. An error says why nothing of it can be taken.
pub struct AnswerLines<'a> {
    answer: &'a Answer,
    lines: Peekable<Lines<BufReader<File>>>,
    places: Vec<usize>,
    records: u64,
    is_over: bool,
    /// The file of ours that its header names.
    pub of: Option<String>,
}

impl<'a> AnswerLines<'a> {
    /// Opens a file, and reads what stands before its records.
    pub fn open(path: &Path, answer: &'a Answer) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
        let mut opened = Self {
            answer,
            lines: Lines::new(BufReader::new(file)).peekable(),
            places: (0..answer.record.len()).collect(),
            records: 0,
            is_over: false,
            of: None,
        };
        opened.read_headings()?;
        opened.read_header()?;
        Ok(opened)
    }

    fn read_headings(&mut self) -> Result<(), String> {
        let form = &self.answer.form;
        if form.format == Format::Fixed || !form.headings {
            return Ok(());
        }
        let (_, line) = self.line()?.ok_or("it is empty")?;
        let places = form.places(&self.answer.record, &line);
        let missing =
            |column: &Column| format!("the column {:?} is missing in its first line", column.name);
        self.places = places.map_err(missing)?;
        Ok(())
    }

    fn read_header(&mut self) -> Result<(), String> {
        if self.answer.header.is_empty() {
            return Ok(());
        }
        let (_, line) = self.line()?.ok_or("it is empty")?;
        let about = self.frame(&self.answer.header, &line);
        let about = about.ok_or("its first line is not the header of the layout")?;
        self.of = about
            .into_iter()
            .find_map(|(field, text)| (field == "file").then_some(text));
        Ok(())
    }

    /// Reads a header or trailer as field and text; nothing where the line is none.
    fn frame<'c>(&self, columns: &'c [Column], line: &str) -> Option<Vec<(&'c str, String)>> {
        let places: Vec<usize> = (0..columns.len()).collect();
        let cells = self.answer.form.cells(columns, &places, line)?;
        let mut about = Vec::new();
        for (column, cell) in columns.iter().zip(cells) {
            match (&column.value, &column.field) {
                (Some(value), _) if value.trim() != cell.trim() => return None,
                (_, Some(field)) => about.push((field.as_str(), column.read(&cell))),
                _ => {}
            }
        }
        Some(about)
    }

    fn line(&mut self) -> Result<Option<(u64, String)>, String> {
        let line = self.lines.next().transpose();
        line.map_err(|error| error.to_string())
    }

    /// Gives the next record. After the last one the trailer is looked at.
    pub fn next(&mut self) -> Result<Option<Line>, String> {
        if self.is_over {
            return Ok(None);
        }
        let has_trailer = !self.answer.trailer.is_empty();
        let Some((number, line)) = self.line()? else {
            self.is_over = true;
            return if has_trailer {
                Err("its trailer is missing: it was cut off".to_owned())
            } else {
                Ok(None)
            };
        };
        if has_trailer && self.lines.peek().is_none() {
            self.is_over = true;
            return self.end(&line).map(|()| None);
        }
        self.records += 1;
        let cells = self
            .answer
            .form
            .cells(&self.answer.record, &self.places, &line);
        let cells = cells.ok_or("it does not have the columns of the layout");
        Ok(Some(Line { number, cells }))
    }

    fn end(&self, line: &str) -> Result<(), String> {
        let about = self.frame(&self.answer.trailer, line);
        let about =
            about.ok_or("its last line is not the trailer of the layout: it was cut off")?;
        let mut counts = about.iter().filter(|(field, _)| *field == "count");
        match counts.next() {
            Some((_, count)) if count.parse() != Ok(self.records) => Err(format!(
                "its trailer counts other records than the {} that it has",
                self.records
            )),
            _ => Ok(()),
        }
    }
}
