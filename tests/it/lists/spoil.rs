//! A clean roster, and the ways in which lists are spoiled.

use super::HEADER;

/// A list while it is spoiled: physical lines, each with the person whose row it is or belongs to.
#[derive(Clone)]
pub struct List {
    pub lines: Vec<(Option<usize>, String)>,
    pub end: &'static str,
    pub encode: fn(&str) -> Vec<u8>,
}

/// A person's row as cells.
pub type Cells = Vec<String>;

pub fn utf8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

impl List {
    /// Writes rows with a delimiter and a quote.
    pub fn of(rows: &[Cells], delimiter: &str, quote: &str) -> Self {
        let header: Cells = HEADER.split(',').map(str::to_owned).collect();
        let header = (None, row_text(&header, delimiter, quote));
        let rows = rows.iter().enumerate();
        let rows = rows.map(|(at, cells)| (Some(at), row_text(cells, delimiter, quote)));
        Self {
            lines: std::iter::once(header).chain(rows).collect(),
            end: "\n",
            encode: utf8,
        }
    }

    pub fn csv(rows: &[Cells]) -> Self {
        Self::of(rows, ",", "\"")
    }

    pub fn bytes(&self) -> Vec<u8> {
        let text: String = self
            .lines
            .iter()
            .map(|(_, line)| line.clone() + self.end)
            .collect();
        (self.encode)(&text)
    }

    /// The lines on which each person stands.
    pub fn lines_of(&self, person: usize) -> Vec<i64> {
        let mut number = 1;
        let mut found = Vec::new();
        for (whose, line) in &self.lines {
            let lines = i64::try_from(line.matches('\n').count()).unwrap() + 1;
            if *whose == Some(person) {
                found.extend(number..number + lines);
            }
            number += lines;
        }
        found
    }

    /// The line of a person's row.
    pub fn row(&mut self, person: usize) -> &mut String {
        let found = self
            .lines
            .iter_mut()
            .find(|(whose, _)| *whose == Some(person));
        &mut found.expect("a row").1
    }

    /// Puts a line behind a person's row.
    pub fn insert_after(&mut self, person: usize, line: &str) {
        let at = self
            .lines
            .iter()
            .position(|(whose, _)| *whose == Some(person))
            .expect("a row");
        self.lines.insert(at + 1, (None, line.to_owned()));
    }
}

pub fn cell_text(cell: &str, delimiter: &str, quote: &str) -> String {
    if cell.contains(delimiter) || cell.contains(quote) || cell.contains('\n') {
        format!("{quote}{}{quote}", cell.replace(quote, &quote.repeat(2)))
    } else {
        cell.to_owned()
    }
}

pub fn row_text(cells: &[String], delimiter: &str, quote: &str) -> String {
    let cells = cells.iter().map(|cell| cell_text(cell, delimiter, quote));
    cells.collect::<Vec<_>>().join(delimiter)
}

/// Forty people with nothing wrong: at home and abroad, with commas, quotes and accents in them.
pub fn people() -> Vec<Cells> {
    let given = [
        "Alba",
        "José",
        "Clara",
        "Dario",
        "Edda",
        "Mary Jane",
        "Gwen",
        "Zoë",
    ];
    let family = [
        "Quillfeather",
        "O'Brien",
        "de la Cruz",
        "Smith-Jones",
        "Tillotsen",
    ];
    let places = [
        ("Fort Wayne", "IN", "46802", "US"),
        ("Boston", "MA", "02134", "US"),
        ("Newark", "NJ", "07102-1234", ""),
        ("San Juan", "PR", "00901", ""),
        ("Van Wert", "OH", "45891", "US"),
        ("Berlin", "", "10115", "DE"),
    ];
    let row = |at: usize| {
        let (city, region, zip, country) = places[at % places.len()];
        let street = match at % 7 {
            3 => format!("{at} Elm St, Rear"),
            5 => format!("{at} \"Old\" Mill Rd"),
            _ => format!("{at} Elm St"),
        };
        [
            format!("P-{at:03}"),
            ["north", "south"][at % 2].to_owned(),
            given[at % given.len()].to_owned(),
            ["", "K", "Ann"][at % 3].to_owned(),
            family[at % family.len()].to_owned(),
            if at % 9 == 4 { "Jr" } else { "" }.to_owned(),
            format!("{}-{:02}-{:02}", 1_940 + at, 1 + at % 12, 1 + (at * 5) % 28),
            if at % 4 == 1 {
                format!("0{:08}", 66_110_000 + at)
            } else {
                format!("666{:06}", 110_000 + at)
            },
            street,
            if at % 5 == 2 { "Apt 4" } else { "" }.to_owned(),
            city.to_owned(),
            region.to_owned(),
            zip.to_owned(),
            country.to_owned(),
            format!("260555{:04}", 100 + at),
            format!("person{at}@example.org"),
            ["adult", ""][at % 2].to_owned(),
        ]
        .to_vec()
    };
    (10..50).map(row).collect()
}
