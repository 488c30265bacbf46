//! The operator at the terminal: the program's own commands, their exit codes and what they say.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redress::kernel::caller::Role;
use serde_json::Value;

use crate::harness::folder::folder;
use crate::harness::person::Person;
use crate::harness::processes::{House, Service, name_of};
use crate::harness::program::{Said, bare, said};
use crate::harness::roster::{ENTITIES, Roster};
use crate::harness::walk::CONSENT;
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_campaign_is_run_from_the_command_line(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    std::fs::write(house.path().join("people.csv"), roster.csv()).expect("the roster");
    found_campaign(&house);
    let imported = json(house.redress(&[
        "--format",
        "json",
        "roster",
        "import",
        "people.csv",
        "--allow-rejects",
    ]));
    let counted = |name: &str| {
        imported[name]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
    };
    assert_eq!(counted("rows"), Some(roster.rows.len()));
    assert_eq!(counted("rejected"), Some(roster.rejected));
    assert_eq!(counted("merged"), Some(roster.merged));
    assert_eq!(counted("warned"), Some(roster.warned));
    assert_eq!(counted("unmailable"), Some(1));
    rejects_name_line_column_and_reason(&house, &roster);
    let refused = house
        .redress(&["roster", "import", "people.csv"])
        .refused(1);
    assert!(refused.contains("people.csv.rejects.csv"), "{refused}");
    let again = json(house.redress(&[
        "--format",
        "json",
        "roster",
        "import",
        "people.csv",
        "--allow-rejects",
    ]));
    assert_eq!(
        (again["accepted"].as_u64(), again["merged"].as_u64()),
        (Some(0), Some(0))
    );
    activation_codes_are_taken_once(&house);
    house.redress(&["codes", "issue"]).fine();
    let letters = the_export_is_the_same_twice(&house);
    assert_eq!(letters.len(), roster.letters());
    house.redress(&["codes", "seal", "--yes"]).fine();
    let refused = house
        .redress(&["mailing", "export", "--out", "third.csv"])
        .refused(1);
    assert!(!refused.trim().is_empty());
    assert!(!house.path().join("third.csv").exists());
    let (row, _) = &roster.adults[0];
    let code = &letters[&row.address_line1];
    house.redress(&["codes", "check", code]).fine();
    house
        .redress(&["codes", "check", "0000-0000-0000-0001"])
        .refused(1);
    let person = Person {
        house: &house,
        engagement: "B100400",
        role: Role::Portal,
        number: 0,
        patient: false,
    };
    let enrolled = person.enroll(code, row.claims()).await.expect("enrolled");
    person.settled(&enrolled.enrollment_id).await;
    house.redress(&["codes", "check", code]).refused(1);
    let report = json(house.redress(&["--format", "json", "report"]));
    assert_eq!(
        report["rows"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok()),
        Some(roster.rows.len())
    );
    assert_eq!(
        (report["submitted"].as_u64(), report["active"].as_u64()),
        (Some(1), Some(1))
    );
    let words = house.redress(&["report", "--by", "region"]).fine();
    for told in [
        "B100400",
        "Indiana",
        "written notice to every affected person",
        "45 CFR 164.404(b)",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let by_wave = house
        .redress(&["--format", "csv", "report", "--by", "wave"])
        .fine();
    let people: Vec<&str> = by_wave
        .lines()
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    assert_eq!(people, ["name", "batch 1", "all"]);
    let pools = json(house.redress(&["--format", "json", "partner", "pool", "show"]));
    assert_eq!(
        (pools[0]["assigned"].as_i64(), pools[0]["standing"].as_str()),
        (Some(1), Some("LOW"))
    );
    assert_eq!(report["activation_codes"][0]["available"].as_i64(), Some(2));
    assert!(words.contains("fewer than 3"), "{words}");
    house.redress(&["health"]).fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_which_process_is_gone_and_exits_with_one() {
    let house = House::open(Database::sqlite().await).await;
    house.redress(&["health"]).fine();
    house.kill(Service::Handoff);
    let told = house.redress(&["health"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    let text = format!("{}{}", told.out, told.errors);
    assert!(text.contains(Service::Handoff.name()), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_at_the_other_end_is_told_in_one_message() {
    let house = House::new(Database::sqlite().await);
    let told = house.redress(&["report"]).refused(2);
    assert!(told.contains("redress up"), "{told}");
}

#[test]
fn certificates_keys_and_schema_are_made_once_and_then_left_alone() {
    let folder = folder();
    let redress = |words: &[&str]| {
        said(
            bare(env!("CARGO_BIN_EXE_redress"))
                .current_dir(&folder)
                .args(words),
        )
    };
    let url = format!("sqlite:{}", folder.path().join("redress.db").display());
    let commands: [&[&str]; 3] = [
        &["certs", "--out", "certs"],
        &["keys", "init", "keyring.toml"],
        &["migrate", "--database-url", &url],
    ];
    for command in commands {
        redress(command).fine();
    }
    let first = contents(folder.path());
    assert!(first.len() > 15, "{:?}", first.keys());
    for command in commands {
        redress(command).fine();
    }
    let kept = contents(folder.path());
    for (file, bytes) in &first {
        let same = kept.get(file) == Some(bytes);
        assert!(same || file.starts_with("redress.db"), "{file} was changed");
    }
    for secret in ["keyring.toml", "certs/ca.key", "certs/operator-admin.key"] {
        let mode = std::fs::metadata(folder.path().join(secret))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{secret}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_two_and_a_hint() {
    for words in [
        &["roster"][..],
        &["frobnicate"],
        &["serve", "nobody"],
        &["migrate"],
        &["report", "--cert", "x"],
    ] {
        let told = said(bare(env!("CARGO_BIN_EXE_redress")).args(words)).refused(2);
        assert!(!told.trim().is_empty(), "{words:?}");
    }
}

#[test]
fn every_command_has_a_help_text() {
    for words in [
        &["--help"][..],
        &["roster", "import", "--help"],
        &["up", "--help"],
        &["demo", "--help"],
    ] {
        let told = said(bare(env!("CARGO_BIN_EXE_redress")).args(words)).fine();
        assert!(told.len() > 200, "{words:?}: {told}");
    }
}

/// Creates the campaign B100400 with its partner.
pub fn found_campaign(house: &House) {
    let name = name_of(Role::Partner);
    let endpoint = house.endpoint(Service::Bureau);
    house
        .redress(&[
            "partner",
            "create",
            name,
            "--mode",
            "push",
            "--endpoint",
            &endpoint,
        ])
        .fine();
    let template = house.redress(&["campaign", "template"]).fine();
    assert!(template.contains("engagement_number"));
    std::fs::write(house.path().join("consent.txt"), CONSENT).expect("the consent text");
    let entities: Vec<String> = ENTITIES
        .iter()
        .map(|(key, name)| format!("--entity={key}={name}"))
        .collect();
    let (adult, minor) = (
        format!("ADULT=CM-24@{name}"),
        format!("MINOR=CM-M24@{name}"),
    );
    let mut words = vec![
        "campaign",
        "create",
        "--engagement",
        "B100400",
        "--name",
        "Harbor breach",
        "--breach",
        "2026-05-07",
        "--discovered",
        "2026-05-26",
        "--enroll-by",
        "2099-12-31",
        "--product",
        &adult,
        "--product",
        &minor,
        "--consent-file",
        "consent.txt",
        "--term",
        "18",
    ];
    words.extend(entities.iter().map(String::as_str));
    let created = house.redress(&words);
    let note = "note: Connecticut asks for 24 months of monitoring";
    assert!(created.errors.contains(note), "{created:?}");
    created.fine();
    let twice = house.redress(&words).refused(1);
    assert!(twice.contains("engagement number"), "{twice}");
}

fn rejects_name_line_column_and_reason(house: &House, roster: &Roster) {
    let path = house.path().join("people.csv.rejects.csv");
    let text = std::fs::read_to_string(path).expect("a rejects file");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("line,column,reason,help"));
    assert_eq!(lines.count(), roster.rejected);
    for word in [
        "external_ref",
        "covered_entity",
        "given_name",
        "UNKNOWN_ENTITY",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let path = house.path().join("people.csv.warnings.csv");
    let text = std::fs::read_to_string(path).expect("a warnings file");
    assert_eq!(text.lines().count(), 1 + roster.warned);
    for word in [
        "date_of_birth",
        "ssn",
        "ADDRESS_UNDELIVERABLE",
        "IMPLAUSIBLE_DATE",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

/// Imports codes that the bureau issued, twice; duplicates and malformed ones are told by line.
fn activation_codes_are_taken_once(house: &House) {
    let text = "activation_code\nBUREAU-0001\nBUREAU-0002\nBUREAU-0001\n=cmd\nBUREAU-0003,more\n BUREAU-0003 \n";
    std::fs::write(house.path().join("own.csv"), text).expect("the codes");
    let words = [
        "--format",
        "json",
        "partner",
        "pool",
        "import",
        "own.csv",
        "--partner",
        "sandbox-bureau",
        "--low-water",
        "3",
        "--allow-rejects",
    ];
    for (imported, known) in [(3, 0), (0, 3)] {
        let said = json(house.redress(&words));
        let counted = ["imported", "known", "rejected"].map(|name| said[name].as_i64());
        assert_eq!(counted, [Some(imported), Some(known), Some(3)]);
        let rejects = std::fs::read_to_string(house.path().join("own.csv.rejects.csv"));
        let rejects = rejects.expect("a rejects file");
        assert_eq!(
            rejects,
            "line,reason\n4,DUPLICATE\n5,MALFORMED\n6,MALFORMED\n"
        );
    }
    let told = house.redress(&[&["partner", "pool", "import"], &words[5..]].concat());
    let told = told.fine();
    assert!(!told.contains("BUREAU-0001"), "{told}");
    std::fs::write(house.path().join("wrong.csv"), "number\nBUREAU-0009\n").expect("a file");
    let wrong = [&["partner", "pool", "import", "wrong.csv"], &words[6..]].concat();
    let refused = house.redress(&wrong).refused(2);
    assert!(refused.contains("activation_code"), "{refused}");
}

/// Exports twice, compares the bytes and gives the codes by address line.
fn the_export_is_the_same_twice(house: &House) -> BTreeMap<String, String> {
    for out in ["letters.csv", "again.csv"] {
        house.redress(&["mailing", "export", "--out", out]).fine();
    }
    let path = house.path().join("letters.csv");
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "the print file is for its owner alone");
    let first = std::fs::read(&path).expect("the print file");
    let again = std::fs::read(house.path().join("again.csv")).expect("the print file again");
    assert!(first == again, "the same batch gives the same bytes");
    let mut reader = csv::Reader::from_reader(first.as_slice());
    let headers = reader.headers().expect("a header").clone();
    let at = |name: &str| headers.iter().position(|header| header == name);
    let code = at("code").unwrap_or_else(|| panic!("no code in {headers:?}"));
    let mut letters = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a letter");
        let street = record
            .iter()
            .find(|cell| cell.contains("Street") || cell.contains("straße"));
        letters.insert(
            street.unwrap_or_default().to_owned(),
            record[code].to_owned(),
        );
    }
    letters
}

/// What a command printed as JSON.
pub fn json(said: Said) -> Value {
    let text = said.fine();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            let inner = contents(&path).into_iter();
            found.extend(inner.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    found
}
