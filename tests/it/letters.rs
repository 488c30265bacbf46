//! The life of letters at the terminal: two waves, their mailing, another letter, more time, and codes taken back.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use redress::kernel::clock::Clock;
use serde_json::Value;

use crate::harness::processes::House;
use crate::harness::roster::Roster;
use crate::harness::{Database, apply, both};
use crate::operator::{found_campaign, json};

/// Exports a batch and gives the codes by the individuals' ids.
fn printed(house: &House, batch: &str, out: &str) -> BTreeMap<String, String> {
    house
        .redress(&["mailing", "export", "--batch", batch, "--out", out])
        .fine();
    let file = std::fs::File::open(house.path().join(out)).expect("the print file");
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().expect("a header").clone();
    let at = |name: &str| headers.iter().position(|it| it == name).expect("a column");
    let (letter, code) = (at("letter"), at("code"));
    let records = reader.records().map(|record| record.expect("a letter"));
    records
        .map(|record| (record[letter].to_owned(), record[code].to_owned()))
        .collect()
}

fn told(house: &House, words: &[&str]) -> Value {
    json(house.redress(&[&["--format", "json"], words].concat()))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Today where the campaign is.
fn today(house: &House) -> Date {
    let zone = text(&told(house, &["campaign", "show", "B100400"])["time_zone"]);
    let zone = TimeZone::get(&zone).expect("a zone");
    Clock::system().now().date_in(&zone).expect("a day")
}

#[apply(both)]
async fn letters_live_their_life_at_the_terminal(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(12);
    std::fs::write(house.path().join("people.csv"), roster.csv()).expect("the roster");
    found_campaign(&house);
    house
        .redress(&["roster", "import", "people.csv", "--allow-rejects"])
        .fine();

    let minors = told(
        &house,
        &[
            "codes",
            "wave",
            "create",
            "Minors first",
            "--population",
            "minor",
            "--enroll-by",
            "2099-06-30",
        ],
    );
    assert_eq!(
        (minors["kind"].as_str(), minors["enroll_by"].as_str()),
        (Some("PLANNED"), Some("2099-06-30"))
    );
    let wrong = house
        .redress(&[
            "codes", "wave", "create", "Nobody", "--entity", "nowhere", "--region", "",
        ])
        .refused(1);
    assert!(
        wrong.contains("covered_entity_keys[0]") && wrong.contains("regions[0]"),
        "{wrong}"
    );
    let first = told(&house, &["codes", "issue", "--wave", "Minors first"]);
    assert_eq!(first["codes"], 1);
    let rest = told(&house, &["codes", "issue"]);
    assert_eq!(
        rest["codes"].as_u64().and_then(|n| usize::try_from(n).ok()),
        Some(roster.letters() - 1)
    );
    let (first, rest) = (text(&first["batch_id"]), text(&rest["batch_id"]));
    let minor = printed(&house, &first, "minors.csv");
    let letters = printed(&house, &rest, "letters.csv");
    assert_eq!((minor.len(), letters.len()), (1, roster.letters() - 1));
    assert_eq!(told(&house, &["codes", "issue"]), Value::Null);
    let nothing = house.redress(&["codes", "issue"]).fine();
    assert_eq!(
        nothing.trim(),
        "nothing to issue: nobody is owed a code and has none"
    );

    let today = today(&house).to_string();
    let mailed = told(
        &house,
        &["codes", "mailed", "--wave", "Minors first", "--on", &today],
    );
    assert_eq!(mailed["mailed"].as_str(), Some(today.as_str()));
    house
        .redress(&[
            "codes",
            "mailed",
            "--wave",
            "Minors first",
            "--on",
            "2099-01-01",
        ])
        .refused(1);
    house
        .redress(&["codes", "mailed", "--wave", "nobody", "--on", &today])
        .refused(2);

    let (individual, old) = letters.first_key_value().expect("a letter");
    let again = told(
        &house,
        &[
            "codes",
            "reissue",
            "--individual",
            individual,
            "--reason",
            "not-received",
        ],
    );
    assert_eq!(
        (again["generation"].as_u64(), again["printable"].as_bool()),
        (Some(2), Some(false))
    );
    house.redress(&["codes", "check", old]).refused(1);
    let reissued = text(&again["batch_id"]);
    let early = house
        .redress(&["codes", "seal", "--batch", &reissued, "--yes"])
        .refused(1);
    assert!(early.contains("BATCH_INCOMPLETE"), "{early}");
    let new = printed(&house, &reissued, "again.csv");
    assert_eq!(new.keys().collect::<Vec<_>>(), [individual]);
    assert_ne!(&new[individual], old);
    house.redress(&["codes", "check", &new[individual]]).fine();
    for batch in [&first, &rest, &reissued] {
        house
            .redress(&["codes", "seal", "--batch", batch, "--yes"])
            .fine();
    }
    let lineage = house
        .redress(&["codes", "list", "--individual", individual])
        .fine();
    assert!(
        lineage.contains("SUPERSEDED") && lineage.contains("reissue 3"),
        "{lineage}"
    );
    assert!(
        !lineage.contains(old.as_str()) && !lineage.contains(new[individual].as_str()),
        "{lineage}"
    );

    let listed: Vec<&String> = letters.keys().skip(1).take(2).collect();
    std::fs::write(
        house.path().join("list.txt"),
        format!("{}\n\n{}\n", listed[0], listed[1]),
    )
    .expect("a list");
    let wave = told(
        &house,
        &[
            "codes",
            "wave",
            "create",
            "Called back",
            "--list",
            "list.txt",
        ],
    );
    assert_eq!(wave["listed"], 2);
    std::fs::write(
        house.path().join("list.txt"),
        format!("{}\n\n{}\n", listed[0], uuid::Uuid::nil()),
    )
    .expect("a list");
    let stranger = house
        .redress(&["codes", "wave", "create", "Strangers", "--list", "list.txt"])
        .refused(1);
    assert!(stranger.contains("line 3:"), "{stranger}");

    let longer = told(
        &house,
        &[
            "campaign",
            "extend",
            "B100400",
            "--wave",
            "Minors first",
            "--enroll-by",
            "2099-09-30",
            "--reason",
            "late mail",
        ],
    );
    assert_eq!(longer["wave_enroll_by"].as_str(), Some("2099-09-30"));
    house
        .redress(&[
            "campaign",
            "extend",
            "B100400",
            "--enroll-by",
            "2099-01-31",
            "--reason",
            "no",
        ])
        .refused(1);
    let revoked = told(
        &house,
        &[
            "codes",
            "revoke",
            "--batch",
            &rest,
            "--reason",
            "a stolen van",
            "--yes",
        ],
    );
    let codes = letters.len() as u64;
    assert_eq!(
        (revoked["codes"].as_u64(), revoked["revoked"].as_u64()),
        (Some(codes), Some(codes - 1))
    );
    house
        .redress(&["codes", "check", &letters[listed[0]]])
        .refused(1);
    house.redress(&["codes", "check", &new[individual]]).fine();
    house
        .redress(&["codes", "revoke", "--reason", "nobody's"])
        .refused(2);
    let names = house.redress(&["--format", "csv", "codes", "waves"]).fine();
    let names: Vec<&str> = names
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(
        names,
        ["Called back", "reissue 3", "batch 2", "Minors first"]
    );
}
