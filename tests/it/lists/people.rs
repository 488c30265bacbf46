//! Who is missing in a complete list, who is taken off it, and whom no letter reaches: at the operator's terminal.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::HEADER;
use crate::harness::processes::House;
use crate::harness::{Database, apply, both};

const FIRST: &str = "T-1,wabash-clinic,Alba,,Quillfeather,,1950-01-10,666101000,1 Elm St,,Fort Wayne,IN,46802,,260-555-0101,,\r\n\
    T-2,wabash-clinic,Suharto,,,,1951-02-11,666111001,2 Elm St,,Boston,MA,02134,,,,\r\n\
    T-3,wabash-clinic,Dario,,Penwarden,,1953-04-13,,,,,,,,,d@example.org,\r\n";

impl House {
    fn list(&self, name: &str, rows: &str) {
        let text = format!("{HEADER}\r\n{rows}");
        std::fs::write(self.path().join(name), text).expect("the list");
    }

    fn json(&self, words: &[&str]) -> Value {
        let said = self
            .redress(&[&["--format", "json"], words].concat())
            .fine();
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

fn numbers<const N: usize>(record: &Value, names: [&str; N]) -> [Option<i64>; N] {
    names.map(|name| record[name].as_i64())
}

#[apply(both)]
async fn a_list_is_compared_and_mended_from_the_command_line(database: Database) {
    let house = House::open(database).await;
    crate::operator::found_campaign(&house);
    house.list("first.csv", FIRST);
    house.redress(&["roster", "import", "first.csv"]).fine();
    let rows: String = FIRST.split_inclusive('\n').skip(1).collect();
    house.list("second.csv", &rows);
    let loaded = house.redress(&[
        "--format",
        "json",
        "roster",
        "import",
        "--complete",
        "second.csv",
    ]);
    assert!(
        loaded.errors.contains("`redress roster missing "),
        "{loaded:?}"
    );
    let loaded: Value = serde_json::from_str(&loaded.out).expect("a record");
    let import = loaded["import_id"].as_str().expect("an id");
    let missing = house.json(&["roster", "missing", import]);
    assert_eq!(missing.as_array().map(Vec::len), Some(1), "{missing}");
    assert_eq!(missing[0]["born"].as_i64(), Some(1950));
    let imports = house.json(&["roster", "imports"]);
    assert_eq!(imports[0]["complete"], Value::Bool(true), "{imports}");

    let unreachable = house.json(&["roster", "unreachable", "--out", "unreachable.csv"]);
    let counts = [
        "individuals",
        "letter_came_back",
        "with_a_contact",
        "of_them_deceased",
    ];
    assert_eq!(numbers(&unreachable, counts), [1, 0, 1, 0].map(Some));
    let path = house.path().join("unreachable.csv");
    let mode = std::fs::metadata(&path)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = std::fs::read_to_string(path).expect("the file");
    assert!(
        file.contains(",Dario Penwarden,NO_ADDRESS,ADULT,,d@example.org,"),
        "{file}"
    );

    let mistaken = "Covered Entity;MRN\r\nwabash-clinic;T-1\r\nwabash-clinic;T-9\r\nnobody;T-2\r\n";
    std::fs::write(house.path().join("mistaken.csv"), mistaken).expect("the list");
    let words = [
        "roster",
        "withdraw",
        "mistaken.csv",
        "--reason",
        "the year before",
        "--allow-rejects",
    ];
    let counts = [
        "listings",
        "withdrawn",
        "unchanged",
        "rejected",
        "listed_by_nobody",
        "of_them_with_letters",
    ];
    let withdrawn = house.json(&words);
    assert_eq!(numbers(&withdrawn, counts), [3, 1, 0, 2, 1, 0].map(Some));
    let rejects = house.path().join("mistaken.csv.rejects.csv");
    let rejects = std::fs::read_to_string(rejects).expect("the rejects");
    assert!(
        rejects.contains("\n3,external_ref,UNKNOWN_REFERENCE,"),
        "{rejects}"
    );
    assert!(
        rejects.contains("\n4,covered_entity,UNKNOWN_ENTITY,"),
        "{rejects}"
    );
    assert_eq!(
        numbers(&house.json(&words), counts),
        [3, 0, 1, 2, 0, 0].map(Some)
    );
    house.redress(&words[..5]).refused(1);
    let listed = house.json(&["roster", "withdrawn"]);
    assert_eq!(listed[0]["letter"], "none: off the list", "{listed}");
    let stats = house.json(&["roster", "stats"]);
    assert_eq!(
        numbers(&stats, ["individuals", "withdrawn"]),
        [2, 1].map(Some)
    );
    let found = house.json(&["find", "T-1"]);
    assert_eq!(found[0]["letter"], "none: off the list");
    let letter = found[0]["individual"].as_str().expect("an id");
    assert_eq!(house.json(&["find", letter]), found, "by the letter's id");
    let issued = house.json(&["codes", "issue"]);
    assert_eq!(issued["codes"].as_i64(), Some(1), "{issued}");
    let everybody = house.redress(&["--format", "csv", "find", "T-2"]).fine();
    std::fs::write(house.path().join("gone.csv"), &everybody).expect("a list");
    let revoke = [
        "codes", "revoke", "--list", "gone.csv", "--reason", "a test", "--yes",
    ];
    let revoked = house.json(&revoke);
    assert_eq!(numbers(&revoked, ["codes", "revoked"]), [1, 1].map(Some));
    std::fs::write(house.path().join("gone.csv"), everybody + "nobody\n").expect("a list");
    let refused = house.redress(&revoke).refused(2);
    assert!(refused.contains("line 3"), "{refused}");
    let back = house.json(&[&words[..], &["--restore"]].concat());
    assert_eq!(
        numbers(&back, ["restored", "listed_again"]),
        [1, 1].map(Some)
    );
    assert_eq!(
        house
            .json(&["roster", "withdrawn"])
            .as_array()
            .map(Vec::len),
        Some(0)
    );
}
