//! Kinds of files: packed text and workbooks, and what is no list.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use redress::client::table::Options;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{letter, read, read_with};

/// A cell of a sheet.
#[derive(Clone)]
pub enum Cell {
    Text(String),
    Number(f64),
    /// A day, as Excel counts them.
    Day(u32),
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// Writes a workbook as Excel would, as far as a reader looks.
pub fn workbook(sheets: &[(&str, Vec<Vec<Cell>>)]) -> Vec<u8> {
    let mut names = String::new();
    let mut relations = String::new();
    let mut files = Vec::new();
    for (at, (name, rows)) in (1..).zip(sheets) {
        write!(
            names,
            r#"<sheet name="{name}" sheetId="{at}" r:id="rId{at}"/>"#
        )
        .unwrap();
        write!(relations, r#"<Relationship Id="rId{at}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{at}.xml"/>"#).unwrap();
        files.push((format!("xl/worksheets/sheet{at}.xml"), sheet(rows)));
    }
    write!(relations, r#"<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#).unwrap();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    files.extend([
        ("[Content_Types].xml".to_owned(), format!(r#"<Types xmlns="{package}/content-types"/>"#)),
        (
            "_rels/.rels".to_owned(),
            format!(r#"<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>"#),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(r#"<Relationships xmlns="{package}/relationships">{relations}</Relationships>"#),
        ),
        (
            "xl/styles.xml".to_owned(),
            format!(r#"<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>"#),
        ),
    ]);
    archive(&files)
}

fn sheet(rows: &[Vec<Cell>]) -> String {
    let mut xml = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#.to_owned();
    for (row, cells) in (1..).zip(rows) {
        write!(xml, r#"<row r="{row}">"#).unwrap();
        for (column, cell) in (b'A'..).zip(cells) {
            let place = format!("{}{row}", char::from(column));
            match cell {
                Cell::Text(text) if text.is_empty() => Ok(()),
                Cell::Text(text) => {
                    let text = text.replace('&', "&amp;").replace('<', "&lt;");
                    write!(
                        xml,
                        r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#
                    )
                }
                Cell::Number(number) => write!(xml, r#"<c r="{place}"><v>{number}</v></c>"#),
                Cell::Day(day) => write!(xml, r#"<c r="{place}" s="1"><v>{day}</v></c>"#),
            }
            .unwrap();
        }
        xml.push_str("</row>");
    }
    xml + "</sheetData></worksheet>"
}

pub fn archive(files: &[(String, String)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive
            .start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A sheet as a clinic keeps it: a title, its own names of columns, numbers where zeros are lost, days as days.
fn patients() -> Vec<Vec<Cell>> {
    let header = [
        "MRN",
        "Facility",
        "First Name",
        "Last Name",
        "DOB",
        "SSN",
        "Address",
        "City",
        "State",
        "Zip Code",
    ];
    let row = |mrn: &str, given: &str, day, ssn, city: &str, state: &str, zip| {
        vec![
            text(mrn),
            text("north"),
            text(given),
            text("Roe & Sons"),
            Cell::Day(day),
            Cell::Number(ssn),
            text("12 Main St"),
            text(city),
            text(state),
            Cell::Number(zip),
        ]
    };
    vec![
        vec![text("Patients of the northern clinic")],
        vec![],
        header.map(text).to_vec(),
        row(
            "W-1",
            "Ann",
            22_352,
            666_010_001.0,
            "Fort Wayne",
            "Indiana",
            46_802.0,
        ),
        vec![],
        row(
            "W-2",
            "Bob",
            22_353,
            66_010_002.0,
            "Boston",
            "Mass.",
            2_134.0,
        ),
    ]
}

#[test]
fn a_workbook_is_read_with_its_rows_as_a_spreadsheet_program_shows_them() {
    let notes = vec![vec![text("Notes")], vec![text("call the lab")]];
    let book = workbook(&[("Notes", notes), ("Patients", patients())]);
    let read = read(&book);
    assert!(
        read.detected.contains("xlsx")
            && read.detected.contains("\"Patients\"")
            && read.detected.contains("row 3"),
        "{}",
        read.detected
    );
    assert_eq!(read.taken.keys().collect::<Vec<_>>(), [&4, &6]);
    assert_eq!(
        letter(&read.taken[&4]).unwrap(),
        "Ann Roe & Sons | 12 Main St | Fort Wayne IN 46802"
    );
    let bob = &read.taken[&6];
    assert_eq!(
        letter(bob).unwrap(),
        "Bob Roe & Sons | 12 Main St | Boston MA 02134"
    );
    assert_eq!(bob.person.ssn.as_ref().unwrap().expose(), "066010002");
    assert_eq!(
        bob.person.date_of_birth,
        Some(jiff::civil::date(1961, 3, 13))
    );
    assert_eq!(read.warned[&6].len(), 2, "{:?}", read.warned);
}

#[test]
fn of_several_sheets_with_a_table_one_is_named() {
    let book = workbook(&[("May", patients()), ("June", patients())]);
    let told = read_with(&book, &Options::default())
        .err()
        .unwrap()
        .to_string();
    assert!(
        told.contains("May, June") && told.contains("--sheet"),
        "{told}"
    );
    let of = |sheet: &str| Options {
        sheet: Some(sheet.to_owned()),
        ..Options::default()
    };
    assert_eq!(read_with(&book, &of("june")).unwrap().taken.len(), 2);
    let told = read_with(&book, &of("July")).err().unwrap().to_string();
    assert!(told.contains("May, June"), "{told}");
}

#[test]
fn unknown_columns_are_refused_mapped_or_passed_over() {
    let text = "Fall,Standort,Vorname,Nachname,Notiz,,,\n1,north,Ada,Roe,x,,,\n,,,,,,,\n2,north,Bo,Roe,y,,,\n";
    let told = read_with(text.as_bytes(), &Options::default())
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("--map"), "{told}");
    let pairs = [
        ("Fall", "external_ref"),
        ("Standort", "covered_entity"),
        ("Vorname", "given_name"),
        ("Nachname", "family_name"),
    ];
    let map = pairs.map(|(a, b)| (a.to_owned(), b.to_owned()));
    let mut options = Options {
        map: map.into_iter().collect(),
        ..Options::default()
    };
    let told = read_with(text.as_bytes(), &options)
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("unknown: Notiz"), "{told}");
    options.ignore_unknown = true;
    let read = read_with(text.as_bytes(), &options).unwrap();
    assert_eq!((read.taken.len(), read.refused.len()), (2, 0));
    assert!(read.notes[0].contains("Notiz"));
}
