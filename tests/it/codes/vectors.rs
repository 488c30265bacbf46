//! The published table of typed texts and what becomes of them: made here, kept beside the contract, and held against the
//! library, the service, and a reader in another language that knows only the contract's comment.
//!
//! To write it anew: `REDRESS_UPDATE_VECTORS=1 cargo test --test it codes::vectors`.

use redress::codes::code::Code;
use redress::kernel::fault::{Reason, reason_of};

use super::house::House;
use crate::harness::missing::env;
use crate::harness::{Database, apply, both};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proto/redress/enrollment/v1/code_vectors.csv"
);
const REFRESH: &str = "REDRESS_UPDATE_VECTORS";
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Its data symbols are the first fourteen of the alphabet, so it has a 0 and a 1 in it.
const BASE: u128 =
    0b00000_00001_00010_00011_00100_00101_00110_00111_01000_01001_01010_01011_01100_01101;

/// A typed text and why it is in the table.
type Typed = (String, String);

/// A row of the table: typed, canonical, verdict, note.
type Row = [String; 4];

fn table() -> Vec<Row> {
    let base = Code::from_bits(BASE).expose();
    let mut typed = good(&base);
    typed.extend(wrong(&base));
    typed.extend(alien(&base));
    typed.into_iter().map(row).collect()
}

fn row((typed, note): Typed) -> Row {
    match Code::parse(&typed) {
        Ok(code) => [typed, code.expose(), "OK".into(), note],
        Err(_) => [typed, String::new(), "MISTYPED".into(), note],
    }
}

fn named(typed: impl Into<String>, note: impl Into<String>) -> Typed {
    (typed.into(), note.into())
}

fn good(base: &str) -> Vec<Typed> {
    let step = 0x0123_4567_89ab_cdef_1357_9bdf_u128;
    let mut all: Vec<Typed> = [0, 1, 31, 1 << 69, u128::MAX]
        .into_iter()
        .chain((1..=20).map(|n| step.wrapping_mul(n)))
        .map(|bits| named(Code::from_bits(bits).expose(), "canonical"))
        .collect();
    all.extend([
        named(base, "canonical"),
        named(base.to_lowercase(), "lower case"),
        named(base.replace('0', "O"), "O for 0"),
        named(base.replace('0', "o"), "o for 0"),
        named(base.replace('1', "I"), "I for 1"),
        named(base.replace('1', "i"), "i for 1"),
        named(base.replace('1', "L"), "L for 1"),
        named(base.replace('1', "l"), "l for 1"),
        named(base.replace('-', ""), "no dashes"),
        named(base.replace('-', " "), "spaces for dashes"),
        named(base.replace('-', " - "), "spaces around dashes"),
        named(base.replace('-', "--"), "double dashes"),
        named(base.replace('-', "\t"), "tabs for dashes"),
        named(format!("  {base} "), "spaces around"),
        named(format!("-{base}-"), "dashes around"),
        named(
            base.replace('-', "").replace("", "-"),
            "a dash around each symbol",
        ),
        named(format!("{base}{}", " ".repeat(237)), "256 bytes"),
    ]);
    let fillers = [
        '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}',
        '\u{85}', '\u{a0}', '\u{1680}', '\u{2003}', '\u{200a}', '\u{2028}', '\u{202f}', '\u{205f}',
        '\u{3000}',
    ];
    all.extend(fillers.map(|c| {
        named(
            base.replace('-', &c.to_string()),
            format!("U+{:04X} for dashes", u32::from(c)),
        )
    }));
    all.extend(folded(base));
    all
}

/// What programs and sentences add.
fn folded(base: &str) -> Vec<Typed> {
    let mut all = Vec::new();
    let invisible = [
        ('\u{200b}', "zero width space"),
        ('\u{feff}', "byte order mark"),
        ('\u{ad}', "soft hyphen"),
        ('\u{200e}', "left-to-right mark"),
    ];
    for (c, name) in invisible {
        let within = base.replacen('4', &format!("{c}4"), 1);
        all.push(named(
            format!("{c}{within}"),
            format!("{name} before and within"),
        ));
    }
    for (of, c, name) in [
        ('0', '\u{ff10}', "fullwidth 0"),
        ('-', '\u{ff0d}', "fullwidth dash"),
    ] {
        all.push(named(
            base.replacen(of, &c.to_string(), 1),
            format!("{name} for {of}"),
        ));
    }
    for (before, after) in [
        ("\u{201c}", "\u{201d}"),
        ("'", "'"),
        ("(", ")."),
        ("#", ""),
        ("*", ","),
    ] {
        all.push(named(
            format!("{before}{base}{after}"),
            format!("{before} before and {after} after"),
        ));
    }
    all.push(named(format!("\u{1c}{base}"), "a control character before"));
    all
}

/// Another symbol: the one so many places on in the alphabet.
fn other(symbol: char, places: usize) -> char {
    let at = ALPHABET.find(symbol).expect("a symbol");
    char::from(ALPHABET.as_bytes()[(at + places) % 32])
}

fn printed(symbols: &[char]) -> String {
    let groups: Vec<String> = symbols
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

fn wrong(base: &str) -> Vec<Typed> {
    let symbols: Vec<char> = base.chars().filter(|c| *c != '-').collect();
    let mut all = Vec::new();
    for at in 0..16 {
        let mut changed = symbols.clone();
        changed[at] = other(changed[at], 1 + 2 * at);
        all.push(named(
            printed(&changed),
            format!("symbol {} is wrong", at + 1),
        ));
    }
    for at in 1..16 {
        let mut changed = symbols.clone();
        changed.swap(at - 1, at);
        all.push(named(
            printed(&changed),
            format!("symbols {at} and {} changed places", at + 1),
        ));
    }
    for (first, second) in [
        (0, 1),
        (0, 15),
        (2, 3),
        (4, 9),
        (6, 7),
        (10, 13),
        (12, 14),
        (13, 15),
        (14, 15),
    ] {
        let mut changed = symbols.clone();
        changed[first] = other(changed[first], 7);
        changed[second] = other(changed[second], 12);
        all.push(named(
            printed(&changed),
            format!("symbols {} and {} are wrong", first + 1, second + 1),
        ));
    }
    let mut apart = symbols.clone();
    apart.swap(0, 15);
    all.extend([
        named(
            printed(&apart),
            "the first and the last symbol changed places",
        ),
        named(base[1..].to_owned(), "the first symbol is missing"),
        named(base[..18].to_owned(), "the last symbol is missing"),
        named(format!("{base}0"), "a symbol too many"),
        named(format!("0{base}"), "a symbol too many before"),
        named(format!("{base} {base}"), "twice"),
        named("", "empty"),
        named("----", "only dashes"),
        named("0", "one symbol"),
        named(format!("{base}{}", " ".repeat(238)), "257 bytes"),
        named(
            format!("{base}{}", "\u{a0}".repeat(119)),
            "257 bytes in 138 characters",
        ),
    ]);
    all
}

fn alien(base: &str) -> Vec<Typed> {
    let mut all = vec![
        named(base.replace('A', "U"), "U is no symbol"),
        named(base.replace('A', "u"), "u is no symbol"),
    ];
    for c in ['*', '.', ',', '_', '/', '#', '\'', '"', ';', '='] {
        all.push(named(
            base.replacen('-', &c.to_string(), 1),
            format!("{c} for a dash"),
        ));
    }
    let alike = [
        ('0', '\u{39f}', "Greek O"),
        ('0', '\u{41e}', "Cyrillic O"),
        ('1', '\u{131}', "dotless i"),
        ('1', '\u{661}', "Arabic-Indic 1"),
        ('5', '\u{17f}', "long s"),
        ('A', '\u{410}', "Cyrillic A"),
        ('B', '\u{392}', "Greek B"),
        ('C', '\u{421}', "Cyrillic C"),
        ('-', '\u{2043}', "hyphen bullet"),
    ];
    for (of, c, name) in alike {
        all.push(named(
            base.replacen(of, &c.to_string(), 1),
            format!("{name} for {of}"),
        ));
    }
    let kelvin = "0000-0000-0000-00K";
    all.push(named(
        kelvin.replace('K', "\u{212a}0"),
        "Kelvin sign, which is a K, and a wrong symbol",
    ));
    all
}

fn written(rows: &[Row]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    writer
        .write_record(["typed", "canonical", "verdict", "note"])
        .expect("memory");
    for row in rows {
        writer.write_record(row).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("UTF-8")
}

#[test]
fn the_published_table_is_what_the_library_says() {
    let now = written(&table());
    if env(REFRESH).is_some_and(|value| value == "1") {
        std::fs::write(FILE, &now).expect("the table is written");
    }
    let kept = std::fs::read_to_string(FILE).expect("the published table");
    assert!(kept == now, "{REFRESH}=1 writes {FILE} anew");
}

#[test]
fn the_table_says_what_it_is_meant_to_say() {
    let rows = table();
    let base = Code::from_bits(BASE).expose();
    let last_good = rows
        .iter()
        .rposition(|row| row[2] == "OK")
        .expect("some are good");
    let first_wrong = rows
        .iter()
        .position(|row| row[2] == "MISTYPED")
        .expect("some are wrong");
    assert!(
        last_good < first_wrong,
        "the good ones come first, the wrong ones follow"
    );
    assert!(rows[25..first_wrong].iter().all(|row| row[1] == base));
    assert_eq!(first_wrong, 70);
    assert!(rows.len() > 130, "{}", rows.len());
}

/// Not the throttle's nor any other: a mistyped code costs the service nothing, and tells a guesser nothing.
#[apply(both)]
async fn only_a_mistyped_code_is_told_so_and_no_statement_is_sent(database: Database) {
    let house = House::open(&database).await;
    house.campaign().await;
    let statements = house.context.db.statements();
    for [typed, _, verdict, note] in table() {
        statements.watch();
        let checked = reason_of(&house.check(&typed).await.unwrap_err());
        let begun = reason_of(&house.begin(&typed).await.unwrap_err());
        let sent = statements.seen();
        if verdict == "OK" {
            assert_eq!(
                (checked, begun),
                (Some(Reason::CodeNotAccepted), Some(Reason::CodeNotAccepted)),
                "{note}"
            );
        } else {
            assert_eq!(
                (checked, begun),
                (Some(Reason::CodeMistyped), Some(Reason::CodeMistyped)),
                "{note}"
            );
            assert!(sent.is_empty(), "{note}: {sent:?}");
        }
    }
}
