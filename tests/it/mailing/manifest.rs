//! What the mail house can check without asking anybody.

use super::desk::{Desk, NUMBER};
use crate::harness::folder::folder;
use crate::harness::program::{bare, said};
use crate::harness::roster::{ENTITIES, Row, Sandbox};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn the_manifest_describes_the_file_and_every_change_shows(database: Database) {
    let desk = Desk::open(database, 12).await;
    desk.export(&["--out", "letters.csv"]).fine();
    let manifest = desk.manifest("letters.csv");
    let channels = desk.channels();
    let (_, batch) = desk.batch(&channels).await;
    assert_eq!(manifest.batch_ids, [batch.batch_id]);
    assert_eq!(
        (manifest.engagement_number.as_str(), manifest.file.as_str()),
        (NUMBER, "letters.csv")
    );
    assert_eq!(
        (
            manifest.letters,
            manifest.first_sequence,
            manifest.last_sequence
        ),
        (12, 1, 12)
    );
    assert_eq!(manifest.letters_by_population["adult"], 12);
    assert_eq!(manifest.letters_by_locale.values().sum::<u64>(), 12);
    assert_eq!(manifest.codes_without_address, 0);
    let bytes = desk.read("letters.csv");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    assert_eq!(reader.headers().expect("a header"), &manifest.columns);
    let sequence = manifest
        .columns
        .iter()
        .position(|name| name == "sequence")
        .expect("a column");
    for (at, line) in reader.records().enumerate() {
        assert_eq!(line.expect("a line")[sequence], (at + 1).to_string());
    }
    let check = || desk.house.redress(&["mailing", "check", "letters.csv"]);
    check().fine();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    let text = String::from_utf8(bytes.clone()).expect("text");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    for (content, word) in [
        (&changed[..], "changed"),
        (windows.as_bytes(), "spreadsheet"),
        (&bytes[..bytes.len() - 1], "last line is cut"),
        (&bytes[..bytes.len() / 2], "cut short"),
        (&[][..], "cut short"),
    ] {
        std::fs::write(desk.path("letters.csv"), content).expect("another file");
        let told = check().refused(1);
        assert!(told.contains(word), "{told}");
    }
    std::fs::write(desk.path("letters.csv"), &bytes).expect("the file again");
    let path = desk.path("letters.csv.manifest.json");
    let text = String::from_utf8(desk.read("letters.csv.manifest.json")).expect("text");
    std::fs::write(&path, text.replace("\"letters\": 12", "\"letters\": 13"))
        .expect("another manifest");
    assert!(check().refused(1).contains("manifest was changed"));
    std::fs::remove_file(&path).expect("no manifest");
    check().refused(2);

    desk.export(&["--out", "letters.csv", "--bom"]).fine();
    assert_eq!(
        desk.read("letters.csv"),
        [b"\xef\xbb\xbf", bytes.as_slice()].concat()
    );
    check().fine();
    let text = String::from_utf8(desk.read("letters.csv.manifest.json")).expect("text");
    assert!(
        text.contains("\"encoding\": \"UTF-8 with a byte order mark\""),
        "{text}"
    );
}

#[apply(both)]
async fn a_letter_without_a_code_has_words_of_its_own(database: Database) {
    let mut rows = [0, 1, 2].map(|number| Row::adult(number, Sandbox::Active));
    rows[1].population = "deceased".into();
    let desk = Desk::of(database, &rows, ENTITIES, &[]).await;
    let told = desk.export(&["--out", "letters.csv", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told.fine()).expect("JSON");
    assert_eq!(
        (&told["letters"], &told["without_code"]),
        (&3.into(), &1.into())
    );
    let bytes = desk.read("letters.csv");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let lines: Vec<_> = reader.records().map(|line| line.expect("a line")).collect();
    for line in &lines {
        let notice = &line[11] == "deceased";
        assert_eq!(
            (&line[15] == "notice", line[6].is_empty()),
            (notice, notice)
        );
        assert_eq!(&line[16], "1", "the first letter");
    }
    let manifest = desk.manifest("letters.csv");
    let kinds = [("code".to_owned(), 2), ("notice".to_owned(), 1)];
    assert_eq!(manifest.letters_by_kind, kinds.into());
    let check = || desk.house.redress(&["mailing", "check", "letters.csv"]);
    check().fine();
    let path = desk.path("letters.csv.manifest.json");
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text.replace("\"notice\": 1", "\"notice\": 2")).expect("another");
    assert!(check().refused(1).contains("manifest was changed"));
    // The agent's words.
    let estate = lines
        .iter()
        .find(|line| &line[15] == "notice")
        .expect("one");
    let listed = desk
        .house
        .redress(&["codes", "list", "--individual", &estate[14]]);
    assert!(
        listed.errors.contains("Restoration needs no enrollment"),
        "{listed:?}"
    );
    assert!(listed.fine().contains("without a code"));
    // A code is never an argument: `-` asks for it.
    let living = lines.iter().find(|line| &line[15] == "code").expect("one");
    let shown = desk
        .house
        .redress_told(&["codes", "list", "--code", "-"], &living[6]);
    assert!(shown.fine().contains("with a code"));
    let mut argued = ["codes", "list", "--code", &living[6]];
    assert!(!desk.house.redress(&argued).refused(2).is_empty());
    argued[3] = "-";
    let unknown = desk.house.redress_told(&argued, "0000-0000-0000-0168");
    assert!(unknown.refused(1).contains("CODE_NOT_ACCEPTED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_house_needs_no_service_to_check() {
    let desk = Desk::open(Database::sqlite().await, 2).await;
    desk.export(&["--out", "letters.csv"]).fine();
    let folder = folder();
    for name in ["letters.csv", "letters.csv.manifest.json"] {
        std::fs::copy(desk.path(name), folder.path().join(name)).expect("a copy");
    }
    drop(desk);
    let mut check = bare(env!("CARGO_BIN_EXE_redress"));
    check
        .current_dir(folder.path())
        .args(["mailing", "check", "letters.csv"]);
    said(&mut check).fine();
}

#[apply(both)]
async fn a_sealed_batch_gives_no_file_and_leaves_none_behind(database: Database) {
    let desk = Desk::open(database, 3).await;
    desk.export(&["--out", "letters.csv"]).fine();
    let before = desk.read("letters.csv");
    std::fs::write(
        desk.path("letters.csv.partial"),
        &before[..before.len() / 2],
    )
    .expect("half a file");
    desk.house.redress(&["codes", "seal", "--yes"]).fine();
    let told = desk.export(&["--out", "letters.csv"]).refused(1);
    assert!(told.contains("BATCH_SEALED"), "{told}");
    assert!(
        desk.read("letters.csv") == before,
        "what was exported before stays"
    );
    assert!(
        !desk.path("letters.csv.partial").exists(),
        "a file that can never be completed goes"
    );
}
