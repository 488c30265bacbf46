//! What stands in the cells, as another program reads it.

use std::process::Command;

use serde_json::Value;

use super::desk::Desk;
use crate::harness::Database;
use crate::harness::missing::PYTHON;
use crate::harness::roster::{Row, Sandbox};

const READ: &str = "import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8')))))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_reads_the_same_cells_and_finds_no_formula() {
    let mut rows: Vec<Row> = (0..6)
        .map(|number| Row::adult(number, Sandbox::Active))
        .collect();
    "=HYPERLINK(\"https://x.example\")".clone_into(&mut rows[0].given_name);
    "Roe, \"Annie\"; =1+1".clone_into(&mut rows[1].family_name);
    "＝cmd".clone_into(&mut rows[2].given_name);
    "@SUM(1,2)".clone_into(&mut rows[3].address_line1);
    "+1 Main St\u{2028}-2".clone_into(&mut rows[4].address_line1);
    "-Suite 5, =x".clone_into(&mut rows[5].address_line2);
    let entities = [
        ("wabash-clinic", "=WEBSERVICE(\"https://x.example\")"),
        ("lakeside-radiology", "Lakeside, \"Radiology\"; Center"),
    ];
    let phone = ["--phone", "+1 800 555 0100"];
    let desk = Desk::of(Database::sqlite().await, &rows, &entities, &phone).await;
    desk.export(&["--out", "letters.csv"]).fine();
    let Some(read) = python_reads(&desk) else {
        return;
    };
    assert_eq!(read.len(), 6);
    let dangerous = ['=', '+', '-', '@', '＝', '\t', '\r', '\n'];
    for (name, cell) in read
        .iter()
        .flat_map(|line| line.as_object().expect("a line"))
    {
        let cell = cell
            .as_str()
            .unwrap_or_else(|| panic!("{name} is missing or too much"));
        for begin in cell.split([',', ';', '"', '\n', '\u{2028}']) {
            assert!(!begin.trim_start().starts_with(dangerous), "{name}: {cell}");
        }
    }
    let has = |name: &str, cell: &str| read.iter().any(|line| line[name] == cell);
    assert!(has("name", "Boris Roe, \"Annie\"; '=1+1"), "{read:?}");
    assert!(
        has("covered_entities", "Lakeside, \"Radiology\"; Center"),
        "{read:?}"
    );
    assert!(has("phone", "'+1 800 555 0100"), "{read:?}");
    let text = String::from_utf8(desk.read("letters.csv")).expect("UTF-8");
    assert_eq!(text.lines().count(), 7, "a line is a letter");
}

fn python_reads(desk: &Desk) -> Option<Vec<Value>> {
    let output = Command::new("python3")
        .args(["-c", READ])
        .arg(desk.path("letters.csv"))
        .output();
    let Ok(output) = output else {
        PYTHON.skip();
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}
