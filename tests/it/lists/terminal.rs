//! Lists at the operator's terminal, through the real programs.

use crate::harness::Database;
use crate::harness::processes::House;
use serde_json::Value;

use super::HEADER;

const ROWS: &str = "T-1,wabash-clinic,Alba,,Quillfeather,,1950-01-10,666101000,1 Elm St,,Fort Wayne,Indiana,46802,,260-555-0101 x1,,\r\n\
    T-2,wabash-clinic,Suharto,,,,1951-02-11,66111001,2 Elm St,,Boston,MA,2134,,,,\r\n\
    T-3,wabash-clinic,Clara,,\"Oak\"hurstle,,1952-03-12,,3 Elm St,,Fort Wayne,IN,46802,,,,,,too many\r\n\
    T-4,wabash-clinic,Dario,,Penwarden,,1953-04-13,,,,,,,,,,\r\n\
    T-5,wabash-clinic,Alba,,Quillfeather,,01/10/1950,,9 Oak St,,Gary,IN,46402,,,,\r\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_checked_and_loaded_from_the_command_line() {
    let house = House::open(Database::sqlite().await).await;
    crate::operator::found_campaign(&house);
    let text = format!("{HEADER}\r\n{ROWS}").replace("family_name,suffix", "Last Name,suffix");
    std::fs::write(house.path().join("list.csv"), text).unwrap();
    let words = |verb| ["--format", "json", "roster", verb, "list.csv"];
    let checked = house.redress(&words("check"));
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let said = json(&checked.out);
    assert!(
        said["detected"]
            .as_str()
            .unwrap()
            .contains("Windows line ends"),
        "{said}"
    );
    let counted = [
        "rows",
        "would_be_taken",
        "would_be_refused",
        "would_be_unmailable",
        "same_name_and_birth_date",
    ];
    assert_eq!(
        counted.map(|name| said[name].as_i64()),
        [5, 4, 1, 1, 1].map(Some),
        "{said}"
    );
    assert_eq!(said["their_lines"][0], "2, 6");
    assert!(!said.to_string().contains("Quillfeather"), "{said}");
    let stats = json(
        &house
            .redress(&["--format", "json", "roster", "stats"])
            .fine(),
    );
    assert_eq!(
        stats["individuals"].as_i64(),
        Some(0),
        "a check loads nothing"
    );

    let loaded = house.redress(&words("import"));
    assert_eq!(loaded.code, Some(1), "{loaded:?}");
    assert!(
        loaded.errors.contains("CSV, comma, Windows line ends"),
        "{loaded:?}"
    );
    let said = json(&loaded.out);
    let counted = ["rows", "accepted", "rejected", "warned", "unmailable"];
    assert_eq!(
        counted.map(|name| said[name].as_i64()),
        [5, 4, 1, 3, 1].map(Some),
        "{said}"
    );
    let file = |name: &str| std::fs::read_to_string(house.path().join(name)).unwrap();
    assert!(
        file("list.csv.rejects.csv").contains("\n4,,MALFORMED,"),
        "{}",
        file("list.csv.rejects.csv")
    );
    let warnings = file("list.csv.warnings.csv");
    for told in [
        "\n2,phone,MENDED,",
        "\n3,ssn,MENDED,",
        "\n3,postal_code,MENDED,",
        "\n5,address_line1,ADDRESS_UNDELIVERABLE,",
    ] {
        assert!(warnings.contains(told), "{told}: {warnings}");
    }
    let again = house.redress(&[&words("import")[..], &["--allow-rejects"]].concat());
    assert_eq!(json(&again.fine())["unchanged"].as_i64(), Some(4));
    let imports = json(
        &house
            .redress(&["--format", "json", "roster", "imports"])
            .fine(),
    );
    assert_eq!(
        (
            imports[0]["warned"].as_i64(),
            imports[0]["unmailable"].as_i64()
        ),
        (Some(3), Some(1))
    );
}
