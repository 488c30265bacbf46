//! Inputs that the field sends, one of each kind, with the right value of each.

use redress::kernel::dates::DateOrder;

use super::{HEADER, letter, read, rules};

/// Five rows, the ZIP of the third spoiled.
fn five(prefix: &str, end: &str) -> String {
    let people = [
        ("Alba", "Quillfeather", "1950-01-10", "666101000", "46802"),
        ("Bruno", "Brambleton", "1951-02-11", "666111001", "46802"),
        ("Clara", "Oakhurstle", "1952-03-12", "666121002", "ABCDE"),
        ("Dario", "Penwarden", "1953-04-13", "666131003", "46802"),
        ("Edda", "Tillotsen", "1954-05-14", "666141004", "46802"),
    ];
    let rows = (1..).zip(people).map(|(at, (given, family, born, ssn, zip))| {
        format!("{prefix}-{at},north,{given},,{family},,{born},{ssn},{at} Elm St,,Fort Wayne,IN,{zip},,,,")
    });
    let lines = std::iter::once(HEADER.to_owned()).chain(rows);
    lines.map(|line| line + end).collect()
}

#[test]
fn line_ends_do_not_matter_and_lines_are_those_of_an_editor() {
    for end in ["\n", "\r\n", "\r"] {
        let read = read(five("LF", end).as_bytes());
        assert_eq!(read.taken.len(), 5, "{end:?}");
        assert_eq!(read.warned.keys().collect::<Vec<_>>(), [&4], "{end:?}");
        assert!(letter(&read.taken[&4]).is_none() && letter(&read.taken[&5]).is_some());
    }
    let blank = five("BL", "\r\n").replace("BL-2", "\r\n\r\n\r\nBL-2");
    assert_eq!(
        read(blank.as_bytes()).warned.keys().collect::<Vec<_>>(),
        [&7]
    );
    let right_after = five("BL", "\n").replace("BL-3", "\n\nBL-3");
    assert_eq!(
        read(right_after.as_bytes())
            .warned
            .keys()
            .collect::<Vec<_>>(),
        [&6]
    );
}

#[test]
fn stray_quotes_cost_nobody_a_letter() {
    let row = |at: usize, quote: &str| {
        format!(
            "SQ-{at},north,Alba,,Quillfeather,,1950-01-10,,{quote}{at} Elm St,,Fort Wayne,IN,46802,,,,\n"
        )
    };
    for spoiled in [&[10_usize, 310][..], &[10]] {
        let rows = (1..=400).map(|at| row(at, if spoiled.contains(&at) { "\"" } else { "" }));
        let text = std::iter::once(format!("{HEADER}\n"))
            .chain(rows)
            .collect::<String>();
        let read = read(text.as_bytes());
        assert_eq!((read.taken.len(), read.refused.len()), (400, 0));
        let warned: Vec<usize> = read
            .warned
            .keys()
            .map(|line| usize::try_from(*line).unwrap() - 1)
            .collect();
        assert_eq!(warned, spoiled);
        let printed = letter(&read.taken[&11]).unwrap();
        assert_eq!(
            printed,
            "Alba Quillfeather | 10 Elm St | Fort Wayne IN 46802"
        );
    }
}

#[test]
fn cells_are_read_as_people_type_them() {
    // The row, its letter, and whether something is said of it.
    let home = ",12 Main St,,Fort Wayne,IN,46802";
    let cells = [
        (
            format!("north,Alba,,Notavail,,1961-03-12,N/A{home},,,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Ninefill,,1961-03-12,999-99-9999{home},,,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Itinholder,,1961-03-12,912-70-1234{home},,,,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Datetime,,1961-03-12 00:00:00,{home},,,,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Exceldatetime,,3/12/1961 0:00,{home},,,,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Isozulu,,1961-03-12T00:00:00Z,{home},,,,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Fillerdob,,01/01/1900,{home},,,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Phoneext,,1961-03-12,{home},,260-555-0101 x12,,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Phonecell,,1961-03-12,{home},,260-555-0102 (cell),,"),
            "",
            true,
        ),
        (
            format!("north,Alba,,Twophones,,1961-03-12,{home},,260-555-0103; 260-555-0104,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Phonezero,,1961-03-12,{home},,000-000-0000,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Phonenines,,1961-03-12,{home},,(999) 999-9999,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Noemail,,1961-03-12,{home},,,noemail@noemail.com,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Emailnone,,1961-03-12,{home},,,none,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Declined,,1961-03-12,{home},,,declined,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Twoemails,,1961-03-12,{home},,,a@example.org;b@example.org,"),
            "",
            false,
        ),
        (
            "north,Alba,NULL,NULL,NULL,1961-03-12,,12 Main St,NULL,Fort Wayne,IN,46802,,,,"
                .to_owned(),
            "Alba | 12 Main St | Fort Wayne IN 46802",
            true,
        ),
        (
            format!("north,Alba,,Nullssn,,1961-03-12,NULL{home},,,,"),
            "",
            false,
        ),
        (format!("north,Alba,,Nulldob,,NULL,{home},,,,"), "", false),
        (
            format!("north,Alba,,Countrythree,,1961-03-12,{home},USA,,,"),
            "",
            false,
        ),
        (
            format!("north,Alba,,Countryname,,1961-03-12,{home},United States,,,"),
            "",
            false,
        ),
        (
            "north,Alba,,Canadianblank,,1961-03-12,,12 Main St,,Toronto,ON,M5V 3L9,,,,".to_owned(),
            "Alba Canadianblank | 12 Main St | Toronto ON M5V 3L9 | CANADA",
            true,
        ),
        (
            format!("north,Alba,,Popdeceased,,1961-03-12,{home},,,,Y"),
            "",
            true,
        ),
        (
            "north,Alba,,Linetwoonly,,1961-03-12,,,12 Main St,Fort Wayne,IN,46802,,,,".to_owned(),
            "Alba Linetwoonly | 12 Main St | Fort Wayne IN 46802",
            false,
        ),
        (
            "north,Alba,,Military,,1961-03-12,,PSC 1 Box 2,,APO,AE,09012,,,,".to_owned(),
            "Alba Military | PSC 1 Box 2 | APO AE 09012",
            false,
        ),
    ];
    let rows = cells
        .iter()
        .enumerate()
        .map(|(at, (row, ..))| format!("V-{at},{row}\r\n"));
    let text = std::iter::once(format!("{HEADER}\r\n"))
        .chain(rows)
        .collect::<String>();
    let read = read(text.as_bytes());
    assert_eq!(read.refused, [].into());
    for (at, (row, printed, is_warned)) in cells.iter().enumerate() {
        let (line, taken) = read
            .by_reference(&format!("V-{at}"))
            .unwrap_or_else(|| panic!("{row}"));
        let family = row.split(',').nth(3).unwrap_or_default();
        let usual = format!("Alba {family} | 12 Main St | Fort Wayne IN 46802");
        let expected = if printed.is_empty() {
            usual.as_str()
        } else {
            *printed
        };
        assert_eq!(letter(taken).as_deref(), Some(expected), "{row}");
        assert_eq!(
            read.warned.contains_key(&line),
            *is_warned,
            "{row}: {:?}",
            read.warned.get(&line)
        );
        let person = &taken.person;
        let contacts = person.phones().count() + person.emails().count();
        let typed = row.matches("555-").count() + row.matches("@example.org").count();
        assert_eq!(contacts, typed, "{row}");
    }
    assert_eq!(
        read.taken[&5].person.date_of_birth,
        Some(jiff::civil::date(1961, 3, 12))
    );
}

#[test]
fn addresses_abroad_are_taken_whatever_the_country() {
    let rows = [
        "Toronto,ON,M5V 3L9,CA",
        "Pune,MH,411001,IN",
        "Berlin,,10115,DE",
        "Libreville,,,GA",
        "San Juan,PR,00901,PR",
        "Atlantis,,1,XX",
        "London,,SW1A 1AA,UK",
    ];
    let rows = rows.iter().enumerate().map(|(at, place)| {
        format!("F-{at},north,Alba,,Abroad,,1961-03-12,,12 Main St,,{place},,,\n")
    });
    let text = std::iter::once(format!("{HEADER}\n"))
        .chain(rows)
        .collect::<String>();
    let read = read(text.as_bytes());
    assert_eq!((read.taken.len(), read.refused.len()), (7, 0));
    let unmailable: Vec<i64> = read
        .taken
        .iter()
        .filter(|(_, row)| letter(row).is_none())
        .map(|(line, _)| *line)
        .collect();
    assert_eq!(unmailable, [7], "the country that is none");
    let last_line = |line: i64| {
        letter(&read.taken[&line]).and_then(|letter| Some(letter.rsplit_once(" | ")?.1.to_owned()))
    };
    let last_lines: Vec<Option<String>> = [2, 3, 4, 5, 6, 8].into_iter().map(last_line).collect();
    let names = [
        "CANADA",
        "INDIA",
        "GERMANY",
        "GABON",
        "San Juan PR 00901",
        "UNITED KINGDOM",
    ];
    assert_eq!(
        last_lines,
        names.map(|name| Some(name.to_owned())),
        "a code there reads as a state"
    );
    let country = |line: i64| {
        read.taken[&line]
            .person
            .country
            .as_ref()
            .unwrap()
            .expose()
            .clone()
    };
    assert_eq!((country(6), country(8)), ("US".to_owned(), "GB".to_owned()));
    assert_eq!(rules(DateOrder::DayFirst).date_order, DateOrder::DayFirst);
}
