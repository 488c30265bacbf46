//! How the lines of a flat file are written.

use serde::Deserialize;

use super::column::{Column, Unfit};

/// How lines are written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Form {
    /// How columns are told apart.
    pub format: Format,
    /// What separates the columns of a CSV; one byte.
    pub delimiter: char,
    /// Whether the first line of a CSV has the names of the columns. They may then stand in any order when it is read.
    pub headings: bool,
    /// How lines end. Files are read however their lines end.
    pub line_end: LineEnd,
    /// Whether the file can hold nothing but ASCII; otherwise it is UTF-8.
    pub ascii: bool,
}

/// How columns are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Separated and quoted where needed, as RFC 4180 says.
    Csv,
    /// Each column has its own width.
    Fixed,
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnd {
    /// Carriage return and line feed.
    CrLf,
    /// Line feed.
    Lf,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            format: Format::Csv,
            delimiter: ',',
            headings: true,
            line_end: LineEnd::CrLf,
            ascii: false,
        }
    }
}

impl Form {
    /// Writes the line with the names of the columns; empty where the form has none.
    pub fn headings(self, columns: &[Column]) -> Vec<u8> {
        if self.format == Format::Fixed || !self.headings {
            return Vec::new();
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        self.separated(&names)
    }

    /// Writes a line. `value` gives what stands in a field; the column that does not fit is given back with the reason. `is_sparse`: what is
    /// required may be missing in this one.
    pub fn line(
        self,
        columns: &[Column],
        mut value: impl FnMut(&str) -> String,
        is_sparse: bool,
    ) -> Result<Vec<u8>, (&Column, Unfit)> {
        let mut cells = Vec::with_capacity(columns.len());
        for column in columns {
            let cell = match (&column.value, &column.field) {
                (Some(same), _) => same.clone(),
                (None, Some(field)) => column.write(&value(field)),
                (None, None) => String::new(),
            };
            if cell.is_empty() && column.required && !is_sparse {
                return Err((column, Unfit::Missing));
            }
            cells.push(self.cell(column, cell).map_err(|unfit| (column, unfit))?);
        }
        Ok(match self.format {
            Format::Csv => self.separated(&cells),
            Format::Fixed => {
                let mut line = cells.concat().into_bytes();
                line.extend_from_slice(self.end());
                line
            }
        })
    }

    fn cell(self, column: &Column, text: String) -> Result<String, Unfit> {
        let holds = |sign: char| !sign.is_control() && (sign.is_ascii() || !self.ascii);
        if !text.chars().all(holds) {
            return Err(Unfit::Sign);
        }
        match (self.format, column.width) {
            (Format::Fixed, _) => column.fill_up(&text),
            (Format::Csv, Some(most)) if text.chars().count() > most => Err(Unfit::TooLong),
            (Format::Csv, _) => Ok(text),
        }
    }

    fn separated(self, cells: &[impl AsRef<[u8]>]) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter as u8)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        let written = writer
            .write_record(cells)
            .and_then(|()| Ok(writer.flush()?));
        written.expect("a vector takes every line");
        let mut line = writer.into_inner().expect("a vector takes every line");
        line.pop();
        line.extend_from_slice(self.end());
        line
    }

    const fn end(self) -> &'static [u8] {
        match self.line_end {
            LineEnd::CrLf => b"\r\n",
            LineEnd::Lf => b"\n",
        }
    }

    /// Gives the cells of a line, one for each column. `places` says where the columns stand, as [`Form::places`] found them.
    pub fn cells(self, columns: &[Column], places: &[usize], line: &str) -> Option<Vec<String>> {
        match self.format {
            Format::Csv => {
                let cells = self.split(line)?;
                let cell = |place: &usize| cells.get(*place).cloned();
                places.iter().map(cell).collect()
            }
            Format::Fixed => {
                let mut signs = line.chars();
                let cells = columns.iter().map(|column| {
                    let width = column.width.unwrap_or_default();
                    signs.by_ref().take(width).collect::<String>()
                });
                let cells: Vec<String> = cells.collect();
                // What is filled up at the end may have been cut off by an editor.
                (signs.next().is_none()).then_some(cells)
            }
        }
    }

    /// Finds the columns of a CSV by the names in its first line; the error names one that is missing.
    pub fn places<'c>(
        self,
        columns: &'c [Column],
        headings: &str,
    ) -> Result<Vec<usize>, &'c Column> {
        let names = self.split(headings).unwrap_or_default();
        let place = |column: &'c Column| {
            let same = |name: &String| name.trim().eq_ignore_ascii_case(column.name.trim());
            names.iter().position(same).ok_or(column)
        };
        columns.iter().map(place).collect()
    }

    fn split(self, line: &str) -> Option<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter as u8)
            .has_headers(false)
            .flexible(true)
            .from_reader(line.as_bytes());
        let record = reader.records().next()?.ok()?;
        Some(record.iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column = |name: &str, width| Column {
            name: name.to_owned(),
            field: Some(name.to_owned()),
            width: Some(width),
            ..Column::default()
        };
        vec![column("ref", 4), column("name", 8)]
    }

    fn value(field: &str) -> String {
        let value = if field == "ref" { "A-1" } else { "O\"Neil, " };
        value.to_owned()
    }

    #[test]
    fn a_csv_quotes_and_comes_back() {
        let (form, columns) = (Form::default(), columns());
        let line = form.line(&columns, value, false).unwrap();
        assert_eq!(line, b"A-1,\"O\"\"Neil, \"\r\n");
        let places = form.places(&columns, "NAME,other,Ref").unwrap();
        assert_eq!(places, [2, 0]);
        let read = form
            .cells(&columns, &places, "\"O\"\"Neil, \",x,A-1")
            .unwrap();
        assert_eq!(read, ["A-1", "O\"Neil, "]);
        assert_eq!(form.cells(&columns, &places, "a,b"), None);
        assert_eq!(form.places(&columns, "ref").unwrap_err().name, "name");
    }

    #[test]
    fn a_fixed_width_comes_back_even_without_its_last_spaces() {
        let form = Form {
            format: Format::Fixed,
            line_end: LineEnd::Lf,
            ..Form::default()
        };
        let columns = columns();
        let line = form.line(&columns, value, false).unwrap();
        assert_eq!(line, b"A-1 O\"Neil, \n");
        assert_eq!(
            form.cells(&columns, &[], "A-1 Ada").unwrap(),
            ["A-1 ", "Ada"]
        );
        assert_eq!(form.cells(&columns, &[], "A-1 Ada Lovelace"), None);
    }

    #[test]
    fn what_does_not_fit_is_named_and_not_cut() {
        let mut columns = columns();
        let form = Form {
            ascii: true,
            ..Form::default()
        };
        let try_with = |columns: &[Column], text: &str| {
            let tried = form.line(columns, |_| text.to_owned(), false);
            tried.map_err(|(column, unfit)| (column.name.clone(), unfit))
        };
        let of = |unfit| Err(("ref".to_owned(), unfit));
        assert_eq!(try_with(&columns, "12345"), of(Unfit::TooLong));
        assert_eq!(try_with(&columns, "Zoë"), of(Unfit::Sign));
        assert_eq!(try_with(&columns, "a\nb"), of(Unfit::Sign));
        columns[0].required = true;
        assert_eq!(try_with(&columns, ""), of(Unfit::Missing));
        assert_eq!(
            form.line(&columns, |_| String::new(), true).unwrap(),
            b",\r\n"
        );
    }
}
