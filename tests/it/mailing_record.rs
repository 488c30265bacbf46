//! The mail house's list at the operator's terminal: recorded, told again, and what the rejects say.

use std::fmt::Write as _;

use redress::wire::redress::identity::v1::ExportMailingAddressesRequest;
use serde_json::Value;

use crate::harness::processes::House;
use crate::harness::program::Said;
use crate::harness::roster::Roster;
use crate::harness::walk;
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_list_from_the_mail_house_is_recorded_from_the_command_line(database: Database) {
    let house = House::open(database).await;
    let walk = walk::prepare(&house, &Roster::small(12)).await;
    let letters: Vec<&str> = walk
        .letters
        .iter()
        .map(|letter| letter.individual_id.as_str())
        .collect();
    let today = today(&walk);
    let mut list = String::from("letter,event,date,reason,address_line1,city,region,postal_code\n");
    for letter in &letters[..3] {
        _ = writeln!(list, "{letter},RETURNED,{today},moved left no address,,,,");
    }
    _ = writeln!(
        list,
        "{},address corrected,{today},,9 Elm Ave,Gary,IN,46402",
        letters[0]
    );
    _ = writeln!(list, "{},RETURNED,{today},lost,,,,", letters[4]);
    _ = writeln!(list, "{},RETURNED,2099-01-01,VACANT,,,,", letters[4]);
    _ = writeln!(list, "no-such-id,MAILED,{today},,,,,");
    _ = writeln!(
        list,
        "{},ADDRESS_CORRECTED,{today},,UNKNOWN,Gary,IN,46402",
        letters[5]
    );
    std::fs::write(house.path().join("returned.csv"), list).expect("the list");
    let words = [
        "--format",
        "json",
        "mailing",
        "record",
        "returned.csv",
        "--source",
        "USPS_NCOA",
        "--allow-rejects",
    ];
    let first = json(house.redress(&words));
    assert_eq!(counts(&first), [8, 4, 0, 4], "{first}");
    let rejects = std::fs::read_to_string(house.path().join("returned.csv.rejects.csv"))
        .expect("the rejects");
    let told: Vec<Vec<&str>> = rejects
        .lines()
        .skip(1)
        .map(|line| line.splitn(4, ',').take(3).collect())
        .collect();
    assert_eq!(
        told,
        [
            ["6", "reason", "MALFORMED"],
            ["7", "date", "DATE_IN_FUTURE"],
            ["8", "letter", "MALFORMED"],
            ["9", "address_line1", "ADDRESS_UNDELIVERABLE"],
        ]
    );
    let again = json(house.redress(&words));
    assert_eq!(counts(&again), [8, 0, 4, 4], "{again}");
    let history = json(house.redress(&["--format", "json", "mailing", "history", letters[0]]));
    let events: Vec<&str> = history
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["event"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(events, ["RETURNED", "ADDRESS_CORRECTED"]);
    assert_eq!(history[1]["source"], "USPS_NCOA");
    let nothing = house.redress(&["mailing", "history", letters[4]]).fine();
    assert!(nothing.contains("Nothing"), "{nothing}");
    assert!(
        addressed(&house, &walk).await == letters.len() - 2,
        "two were not found"
    );
    let stats = json(house.redress(&["--format", "json", "roster", "stats"]));
    assert!(stats["undeliverable"].as_i64() >= Some(2), "{stats}");
    assert!(
        stats["substitute_notice"]
            .as_str()
            .is_some_and(|text| text.contains("45 CFR")),
        "{stats}"
    );
    std::fs::write(house.path().join("odd.csv"), "letter,event\n").expect("a list");
    let odd = house.redress(&["mailing", "record", "odd.csv"]).refused(2);
    assert!(odd.contains("missing: date"), "{odd}");
}

/// A day on which something can have happened: not before the breach was discovered, and not tomorrow anywhere.
fn today(walk: &walk::Walk) -> String {
    let day = walk.campaign.discovery_date.expect("a date");
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

fn counts(record: &Value) -> [i64; 4] {
    ["events", "recorded", "known_before", "rejected"]
        .map(|name| record[name].as_i64().unwrap_or(-1))
}

async fn addressed(house: &House, walk: &walk::Walk) -> usize {
    let request = ExportMailingAddressesRequest {
        campaign: walk.campaign.campaign_id.clone(),
        after_individual_id: String::new(),
    };
    let stream = house.rosters().export_mailing_addresses(request).await;
    let mut stream = stream.expect("addresses").into_inner();
    let mut count = 0;
    while let Some(message) = stream.message().await.expect("addresses") {
        count += message.addresses.len();
    }
    count
}

fn json(said: Said) -> Value {
    let text = said.fine();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
