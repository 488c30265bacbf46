use std::fmt::Write as _;
use std::io::Write;

use super::columns::Column;
use super::*;

static PEOPLE: Vocabulary = Vocabulary::new(
    "a list of people",
    &[
        Column::required("ref", "id"),
        Column::required("name", ""),
        Column::optional("city", "town"),
        Column::optional("zip", ""),
    ],
);

struct Read {
    detected: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

fn read(bytes: &[u8]) -> Read {
    read_with(bytes, &Options::default()).unwrap()
}

fn read_with(bytes: &[u8], options: &Options) -> Result<Read, Problem> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut table = Table::open(file.path(), &PEOPLE, options)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        rows.push(row);
    }
    Ok(Read {
        detected: table.detected().to_owned(),
        rows,
        notes: table.notes(),
    })
}

fn lines(read: &Read) -> Vec<i64> {
    read.rows.iter().map(|row| row.line).collect()
}

const CLEAN: &str = "ref,name,city,zip\n1,Ann,Köln,46402\n2,Bob,\"Fort Wayne, IN\",46802\n";

/// Each is the same list.
#[test]
fn a_list_is_the_same_however_it_is_written() {
    let expected: Vec<Vec<String>> = read(CLEAN.as_bytes())
        .rows
        .into_iter()
        .map(|row| row.cells)
        .collect();
    let utf16: Vec<u8> = format!(
        "\u{feff}{}",
        CLEAN
            .replace(',', "\t")
            .replace("\"Fort Wayne\t IN\"", "Fort Wayne, IN")
    )
    .encode_utf16()
    .flat_map(u16::to_le_bytes)
    .collect();
    let (western, _, _) = encoding_rs::WINDOWS_1252.encode(CLEAN);
    let (crlf, cr) = (CLEAN.replace('\n', "\r\n"), CLEAN.replace('\n', "\r"));
    let marked = [b"\xef\xbb\xbf", CLEAN.as_bytes()].concat();
    let forms: [(&[u8], &str); 9] = [
        (CLEAN.as_bytes(), "CSV, comma, Unix line ends, UTF-8, 4 columns, header on line 1"),
        (&marked, "UTF-8 with BOM"),
        (crlf.as_bytes(), "Windows line ends"),
        (cr.as_bytes(), "old Mac line ends"),
        (&western, "Windows-1252"),
        (&utf16, "TSV, tab, Unix line ends, UTF-16 LE"),
        (b"sep=;\nref;name;city;zip\n1;Ann;K\xc3\xb6ln;46402\n2;Bob;Fort Wayne, IN;46802\n", "CSV, semicolon"),
        (b"'ref'|'name'|'city'|'zip'\n'1'|'Ann'|'K\xc3\xb6ln'|'46402'\n'2'|'Bob'|'Fort Wayne, IN'|'46802'", "CSV, pipe"),
        (b"Our list\r\n\r\nID,Name,Town,ZIP,,\r\n1,Ann,K\xc3\xb6ln,46402,,\r\n,,,,,\r\n2,Bob,\"Fort Wayne, IN\",46802\r\n", "header on line 3"),
    ];
    for (bytes, word) in forms {
        let read = read(bytes);
        assert!(read.detected.contains(word), "{word}: {}", read.detected);
        let cells: Vec<Vec<String>> = read.rows.iter().map(|row| row.cells.clone()).collect();
        assert_eq!(cells, expected, "{}", read.detected);
        assert!(
            read.rows
                .iter()
                .all(|row| row.trouble.is_none() && row.forgiven.is_none())
        );
    }
}

#[test]
fn lines_are_those_of_an_editor() {
    let read = read(b"ref,name\r\n\r\n1,Ann\r\n\r\n2,\"Bo\r\nb\"\r\n3,Jo,x\r\n4,Al\r\n");
    assert_eq!(lines(&read), [3, 5, 7, 8]);
    assert!(read.rows[2].trouble.is_some());
}

#[test]
fn what_is_no_row_is_said_and_passed_over() {
    let text = "ref,name,city,zip\n(text),(text),(text),(number)\n1,Ann,Gary,46402\nref,name,city,zip\n2,Bob,Gary,46402\nTotal: 2 rows\n\nClinic,Count\nnorth,2\n";
    let read = read(text.as_bytes());
    assert_eq!(lines(&read), [3, 5]);
    let notes = read.notes.join("\n");
    for part in [
        "line 2 passed over: a second",
        "line 4 passed over: the header",
        "line 6 passed over",
        "lines 8 to 9 passed over: another table",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

#[test]
fn row_numbers_without_a_name_are_passed_over_and_a_row_that_slipped_is_not() {
    let numbered = read(b",ref,name,city\n0,1,Ann,Gary\n1,2,Bob,Gary\n");
    assert!(numbered.rows.iter().all(|row| row.trouble.is_none()));
    assert!(numbered.notes[0].contains("column 1 has no name"));
    let slipped = read(b"ref,name,,city\n1,Ann,,Gary\n2,Bob,x,Gary\n");
    assert!(slipped.rows[1].trouble.is_some());
}

#[test]
fn two_stray_quotes_cost_nobody_a_row() {
    let mut text = "ref,name,city,zip\n".to_owned();
    for at in 1..=400 {
        let quote = if at == 10 || at == 310 { "\"" } else { "" };
        writeln!(text, "{at},Ann,{quote}Gary,46402").unwrap();
    }
    let read = read(text.as_bytes());
    assert_eq!(read.rows.len(), 400);
    let forgiven: Vec<i64> = read
        .rows
        .iter()
        .filter(|row| row.forgiven.is_some())
        .map(|row| row.line)
        .collect();
    assert_eq!(forgiven, [11, 311]);
}

#[test]
fn backslashes_and_a_line_of_another_encoding_are_read() {
    let read = read(b"ref,name,city\n1,\"Ann \\\"Nan\\\" Roe\",Gary\n2,Jos\xc3\xa9,K\xc3\xb6ln\n3,Jos\xe9,Gary\n");
    assert_eq!(read.rows[0].cells[1], "Ann \"Nan\" Roe");
    assert_eq!(read.rows[2].cells[1], "José");
    assert!(read.rows[2].forgiven.is_some() && read.rows[1].forgiven.is_none());
}

#[test]
fn a_list_without_a_header_is_refused_in_words() {
    let told = read_with(b"1,Ann,Gary,46402\n", &Options::default())
        .err()
        .unwrap();
    assert!(told.to_string().contains("no header was found"), "{told}");
}
