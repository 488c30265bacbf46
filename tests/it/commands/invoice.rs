//! An invoice of the partner, checked by the operator's program against what the real processes have written.

use jiff::tz::TimeZone;
use redress::kernel::caller::Role;
use redress::kernel::clock::Clock;
use serde_json::Value;

use super::Scene;
use crate::harness::folder::folder;
use crate::harness::processes::name_of;
use crate::harness::{Database, apply, both};

impl Scene {
    /// The handoff of an enrollment.
    fn handoff_of(&self, enrollment: &str) -> String {
        let all = self.json(&["handoff", "list"]);
        let of = |it: &&Value| it["enrollment_id"] == enrollment;
        let found = all.as_array().and_then(|all| all.iter().find(of));
        let id = found.and_then(|it| it["handoff_id"].as_str());
        id.expect("a handoff").to_owned()
    }
}

/// Today where the campaign is.
fn today() -> String {
    let zone = TimeZone::get("America/Indiana/Indianapolis").expect("a zone");
    let day = Clock::system().now().date_in(&zone);
    day.expect("a day").strftime("%m/%d/%Y").to_string()
}

#[apply(both)]
async fn an_invoice_is_checked_line_by_line(database: Database) {
    let scene = Scene::open(database).await;
    let (active, frozen) = (
        scene.handoff_of(&scene.active),
        scene.handoff_of(&scene.frozen),
    );
    let folder = folder();
    let file = folder.path().join("invoice.csv");
    let text = format!(
        "\u{feff}Handoff ID;Member Number;Unit Price\r\n{active};;\"7,95\"\r\n{frozen};;\"7,95\"\r\n;M-4711;$1,000.00\r\n{active};;7.95\r\n"
    );
    std::fs::write(&file, text).expect("the invoice is written");
    let (file, today) = (file.to_str().expect("a path"), today());
    let partner = name_of(Role::Partner);
    let words = [
        "reconcile",
        "invoice",
        file,
        "--partner",
        partner,
        "--number",
        "A-1",
        "--from",
        "01/01/2020",
        "--to",
        &today,
        "--all",
    ];
    let table = scene.run(&words);
    assert_eq!(table.code, Some(1), "{}", table.errors);
    assert!(
        table.errors.contains("3 lines are not payable"),
        "{}",
        table.errors
    );
    for said in [
        "line 2 of this invoice bills it already",
        "7.95 USD",
        "1015.90 USD",
    ] {
        assert!(table.out.contains(said), "{said}: {}", table.out);
    }
    let again = scene.run(&[&["--format", "json"][..], &words].concat());
    let again: Value = serde_json::from_str(&again.out).expect("JSON");
    let lines = again["line_items"].as_array().expect("lines").iter();
    let told: Vec<(Option<i64>, Option<&str>, Option<&str>)> = lines
        .map(|it| {
            (
                it["line"].as_i64(),
                it["verdict"].as_str(),
                it["reason"].as_str(),
            )
        })
        .collect();
    let refused = Some("NOT_PAYABLE");
    assert_eq!(
        told,
        [
            (Some(2), Some("PAYABLE"), None),
            (Some(3), refused, Some("NEVER_ACTIVE")),
            (Some(4), refused, Some("UNKNOWN_REFERENCE")),
            (Some(5), refused, Some("BILLED_TWICE")),
        ]
    );
    let id = again["invoice_check_id"].as_str().expect("an id");
    let kept = scene.json(&["reconcile", "invoice-lines", id, "--verdict", "payable"]);
    assert_eq!(kept[0]["handoff_id"], active.as_str());
    let invoices = scene.json(&["reconcile", "invoices", "--partner", partner]);
    assert_eq!(invoices.as_array().map(Vec::len), Some(1));
    assert_eq!(invoices[0]["number"], "A-1");

    // The same number for other days: the way out stands in what is said.
    let mut other = words;
    other[8] = "01/02/2020";
    let refused = scene.run(&other);
    assert_eq!(refused.code, Some(1), "{}", refused.errors);
    assert!(refused.errors.contains("--replace"), "{}", refused.errors);
}
