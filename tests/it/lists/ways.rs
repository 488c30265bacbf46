//! The ways in which one list is spoiled.

use super::spoil::{Cells, List, cell_text, people, row_text, utf8};

/// A spoiled list, and what its people should be if not as they were.
pub type Spoiled = (List, Vec<Cells>);

/// Ways to spoil a file as a whole.
pub fn of_files(people: &[Cells]) -> Vec<(&'static str, Spoiled)> {
    let csv = || List::csv(people);
    let with = |change: &dyn Fn(&mut List)| {
        let mut list = csv();
        change(&mut list);
        (list, people.to_vec())
    };
    let written = |delimiter, quote| (List::of(people, delimiter, quote), people.to_vec());
    let header = |names: &'static str| with(&|list| names.clone_into(&mut list.lines[0].1));
    let mut sep = List::of(people, ";", "\"");
    sep.lines.insert(0, (None, "sep=;".to_owned()));
    let mut quoted = csv();
    let mut escaped = csv();
    for (at, cells) in people.iter().enumerate() {
        let all: Vec<String> = cells
            .iter()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
            .collect();
        *quoted.row(at) = all.join(",");
        let all: Vec<String> = cells
            .iter()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\\\"")))
            .collect();
        *escaped.row(at) = all.join(",");
    }
    let day_first = |list: &mut List| {
        for (at, cells) in people.iter().enumerate() {
            let mut cells = cells.clone();
            let parts: Vec<&str> = cells[6].split('-').collect();
            cells[6] = format!("{}/{}/{}", parts[2], parts[1], parts[0]);
            *list.row(at) = row_text(&cells, ",", "\"");
        }
    };
    vec![
        ("CRLF", with(&|list| list.end = "\r\n")),
        ("CR", with(&|list| list.end = "\r")),
        (
            "BOM",
            with(&|list| list.encode = |text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ),
        (
            "UTF-16 LE",
            with(&|list| {
                list.encode = |text| {
                    format!("\u{feff}{text}")
                        .encode_utf16()
                        .flat_map(u16::to_le_bytes)
                        .collect()
                }
            }),
        ),
        (
            "UTF-16 BE, no BOM",
            with(&|list| {
                list.encode = |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            }),
        ),
        (
            "Windows-1252",
            with(&|list| {
                list.encode = |text| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
            }),
        ),
        ("TSV", written("\t", "\"")),
        ("semicolon", written(";", "\"")),
        ("pipe", written("|", "\"")),
        ("sep=;", (sep, people.to_vec())),
        ("single quotes", {
            let mut list = csv();
            for (at, cells) in people.iter().enumerate() {
                let all: Vec<String> = cells
                    .iter()
                    .map(|cell| format!("'{}'", cell.replace('\'', "''")))
                    .collect();
                *list.row(at) = all.join(",");
            }
            (list, people.to_vec())
        }),
        ("all quoted", (quoted, people.to_vec())),
        ("backslash escapes", (escaped, people.to_vec())),
        ("day first", with(&day_first)),
        (
            "preamble",
            with(&|list| {
                drop(list.lines.splice(
                    0..0,
                    [
                        (None, "Report of May, confidential".to_owned()),
                        (None, String::new()),
                    ],
                ));
            }),
        ),
        (
            "second header line",
            with(&|list| list.lines.insert(1, (None, ["(text)"; 17].join(",")))),
        ),
        (
            "footer",
            with(&|list| list.lines.push((None, "Total: 40 rows".to_owned()))),
        ),
        (
            "second table",
            with(&|list| {
                list.lines.extend(
                    ["", "Clinic,Count", "north,20", "south,20"]
                        .map(|line| (None, line.to_owned())),
                );
            }),
        ),
        (
            "usual headers",
            header(
                "MRN,Facility,First Name,MI,Last Name,Suffix,DOB,SSN,Address 1,Address 2,City,State,Zip,Country,Home Phone,E-mail,Person Type,,",
            ),
        ),
        (
            "capital headers",
            header(
                "EXTERNAL REF,COVERED ENTITY,GIVEN NAME,MIDDLE NAME,FAMILY NAME,SUFFIX,DATE OF BIRTH,SSN,ADDRESS LINE1,ADDRESS LINE2,CITY,REGION,POSTAL CODE,COUNTRY,PHONE,EMAIL,POPULATION",
            ),
        ),
    ]
}

/// Spoils the row of a person.
type SpoilRow = fn(&mut List, usize, &Cells);
/// Spoils the row of a person at a column.
type SpoilCell = fn(&mut List, usize, usize, &Cells);
/// Writes the value of a column otherwise.
type Rewrite = fn(usize, &str) -> Option<String>;

/// Ways to spoil one row.
pub const ROWS: [(&str, SpoilRow); 7] = [
    ("blank line", |list, at, _| list.insert_after(at, "")),
    ("row of commas", |list, at, _| {
        list.insert_after(at, &",".repeat(16));
    }),
    ("repeated header", |list, at, _| {
        let header = list.lines[0].1.clone();
        list.insert_after(at, &header);
    }),
    ("another delimiter", |list, at, cells| {
        *list.row(at) = row_text(cells, ";", "\"");
    }),
    ("line of Windows-1252", |list, at, _| {
        // A letter that stands for a lone byte.
        list.row(at).push('\u{e000}');
        list.encode = |text| {
            let mut bytes = Vec::new();
            for line in text.split_inclusive('\n') {
                match line.replace('\u{e000}', "") {
                    foreign if foreign.len() < line.len() => {
                        bytes.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(&foreign).0);
                    }
                    plain => bytes.extend(utf8(&plain)),
                }
            }
            bytes
        };
    }),
    ("total in between", |list, at, _| {
        list.insert_after(at, "Subtotal,,,,,,,,,,,,,,,,3");
    }),
    ("trailing commas", |list, at, _| {
        list.row(at).push_str(",,,");
    }),
];

/// Ways to spoil one row at one column.
pub const SHAPES: [(&str, SpoilCell); 8] = [
    ("stray quote before", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| texts[column].insert(0, '"'));
    }),
    ("stray quote behind", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| texts[column].push('"'));
    }),
    ("stray quotes two rows apart", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| texts[column].insert(0, '"'));
        let next = people()[(at + 2) % 40].clone();
        rewrite(list, (at + 2) % 40, &next, |texts| {
            texts[column].insert(0, '"');
        });
    }),
    ("cell too many", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| {
            texts.insert(column, "x".to_owned());
        });
    }),
    ("cell too few", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| drop(texts.remove(column)));
    }),
    ("break within quotes", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| {
            texts[column] = format!("\"{}\n\"", texts[column].trim_matches('"'));
        });
    }),
    ("spaces around", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| {
            texts[column] = format!(" {}\u{a0} ", texts[column]);
        });
    }),
    ("quote opened twice", |list, at, column, cells| {
        rewrite(list, at, cells, |texts| {
            texts[column] = format!("\"\"{}", texts[column]);
        });
    }),
];

fn rewrite(list: &mut List, at: usize, cells: &Cells, change: impl FnOnce(&mut Vec<String>)) {
    let mut texts: Vec<String> = cells
        .iter()
        .map(|cell| cell_text(cell, ",", "\""))
        .collect();
    change(&mut texts);
    *list.row(at) = texts.join(",");
}

/// Other ways to write the value of a cell; nothing where the column has no such value.
pub const VALUES: [(&str, Rewrite); 18] = [
    ("=\"...\"", |_, cell| {
        full(cell, |cell| format!("=\"{cell}\""))
    }),
    ("apostrophe before", |_, cell| {
        full(cell, |cell| format!("'{cell}"))
    }),
    ("serial day", |column, cell| {
        let day: jiff::civil::Date = (column == 6).then(|| cell.parse().ok())??;
        Some(
            (day - jiff::civil::date(1899, 12, 30))
                .get_days()
                .to_string(),
        )
    }),
    ("midnight", |column, cell| {
        (column == 6).then(|| format!("{cell} 00:00:00"))
    }),
    ("YYYYMMDD", |column, cell| {
        (column == 6).then(|| cell.replace('-', ""))
    }),
    ("MM/DD/YYYY", |column, cell| {
        (column == 6).then(|| format!("{}/{}/{}", &cell[5..7], &cell[8..], &cell[..4]))
    }),
    ("two-digit year", |column, cell| {
        (column == 6).then(|| format!("{}/{}/{}", &cell[5..7], &cell[8..], &cell[2..4]))
    }),
    ("month in words", |column, cell| {
        let day: jiff::civil::Date = (column == 6).then(|| cell.parse().ok())??;
        Some(day.strftime("%d-%b-%Y").to_string())
    }),
    ("scientific", |column, cell| {
        (column == 7 || column == 14).then(|| format!("{}.{}E+08", &cell[..1], &cell[1..3]))
    }),
    ("SSN without zeros", |column, cell| {
        (column == 7).then(|| cell.trim_start_matches('0').to_owned())
    }),
    ("SSN with dashes", |column, cell| {
        (column == 7).then(|| format!("{}-{}-{}", &cell[..3], &cell[3..5], &cell[5..]))
    }),
    ("ZIP without zeros", |column, cell| {
        (column == 12 && !cell.contains('-')).then(|| cell.trim_start_matches('0').to_owned())
    }),
    ("state in words", |column, cell| {
        let names = [
            ("IN", "Indiana"),
            ("MA", "Mass."),
            ("NJ", "New Jersey"),
            ("PR", "Puerto Rico"),
            ("OH", "Ohio"),
        ];
        let found = names.iter().find(|(code, _)| column == 11 && *code == cell);
        found.map(|(_, name)| (*name).to_owned())
    }),
    ("state misspelled", |column, cell| {
        (column == 11)
            .then(|| full(cell, |_| "Indianna".to_owned()))
            .flatten()
    }),
    ("country in words", |column, cell| match cell {
        "US" if column == 13 => Some("United States".to_owned()),
        "DE" => Some("Germany".to_owned()),
        _ => None,
    }),
    ("extension", |column, cell| {
        (column == 14).then(|| format!("{cell} x12"))
    }),
    ("decimals", |column, cell| {
        ([7, 14].contains(&column)).then(|| format!("{cell}.0"))
    }),
    ("unreadable", |column, _| {
        [6, 7, 13, 14, 15, 16]
            .contains(&column)
            .then(|| "???!x1".to_owned())
    }),
];

fn full(cell: &str, change: impl FnOnce(&str) -> String) -> Option<String> {
    (!cell.is_empty()).then(|| change(cell))
}

pub const FILLERS: [&str; 5] = ["NULL", "N/A", "none", "-", "unknown"];
