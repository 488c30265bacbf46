//! A file that was cut off anywhere ends as if it never had been.

use std::process::Stdio;
use std::time::Duration;

use redress::cli::mailing::{Order, export};

use super::desk::Desk;
use crate::harness::program::bare;
use crate::harness::{Database, apply, both, poll};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_cut_at_any_byte_is_completed_to_the_same_bytes() {
    let desk = Desk::open(Database::sqlite().await, 3).await;
    let channels = desk.channels();
    let (campaign, batch) = desk.batch(&channels).await;
    let whole = Order::of_batch(&campaign, batch.clone(), &desk.path("whole.csv"));
    let first = export(&channels, &whole).await.expect("a whole file");
    let bytes = desk.read("whole.csv");
    let order = Order::of_batch(&campaign, batch, &desk.path("cut.csv"));
    let mut kept = Vec::new();
    for at in 0..=bytes.len() {
        std::fs::write(desk.path("cut.csv.partial"), &bytes[..at]).expect("a cut file");
        let plan = order.plan().expect("a plan");
        plan.save(&desk.path("cut.csv.partial.plan"))
            .expect("it is saved");
        let again = export(&channels, &order)
            .await
            .unwrap_or_else(|problem| panic!("{at}: {problem}"));
        assert!(desk.read("cut.csv") == bytes, "cut at {at}");
        assert_eq!(
            (again.letters, &again.csv_sha256),
            (3, &first.csv_sha256),
            "cut at {at}"
        );
        assert_eq!(again.without_address, first.without_address);
        assert!(
            !desk.path("cut.csv.partial").exists() && !desk.path("cut.csv.partial.plan").exists()
        );
        kept.push(again.kept);
    }
    assert!(
        kept.is_sorted() && kept.first() == Some(&0) && kept.last() == Some(&3),
        "{kept:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_export_left_is_not_gone_on_with() {
    let desk = Desk::open(Database::sqlite().await, 6).await;
    desk.export(&["--out", "whole.csv"]).fine();
    let whole = desk.read("whole.csv");
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let channels = desk.channels();
    let (campaign, batch) = desk.batch(&channels).await;
    let order = Order::of_batch(&campaign, batch, &desk.path("cut.csv"));
    let plan = order.plan().expect("a plan");
    // Another code in the last line, a line that is missing, no line at all, and a plan of something else.
    let code = String::from_utf8_lossy(lines[3]).replace('-', "X");
    let strange = [
        [lines[0], lines[1], code.as_bytes()].concat(),
        [lines[0], lines[2]].concat(),
        b"\n\n\n".to_vec(),
    ];
    for partial in strange {
        std::fs::write(desk.path("cut.csv.partial"), partial).expect("a strange file");
        plan.save(&desk.path("cut.csv.partial.plan"))
            .expect("it is saved");
        export(&channels, &order).await.expect("it is written");
        assert!(desk.read("cut.csv") == whole);
    }
    std::fs::write(desk.path("cut.csv.partial"), lines[..4].concat()).expect("a cut file");
    std::fs::write(
        desk.path("cut.csv.partial.plan"),
        "{\"shape\":\"other\",\"seeds\":{}}",
    )
    .expect("a plan");
    let again = export(&channels, &order).await.expect("it is written");
    assert!(again.kept == 0 && desk.read("cut.csv") == whole);
}

#[apply(both)]
async fn a_revoked_code_has_no_letter_unless_it_was_exported_before(database: Database) {
    let desk = Desk::open(database, 5).await;
    let channels = desk.channels();
    let (campaign, listed) = desk.batch(&channels).await;
    let people = desk.people(&channels, &campaign.campaign_id).await;
    let revoke = |at: usize| {
        let words = [
            "codes",
            "revoke",
            "--individual",
            &people[at],
            "--reason",
            "a mistake in the list",
            "--yes",
        ];
        desk.house.redress(&words).fine();
    };
    revoke(1);
    let told = desk
        .house
        .redress(&[
            "--format",
            "json",
            "mailing",
            "export",
            "--out",
            "letters.csv",
        ])
        .fine();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (
            &told["letters"],
            &told["withheld"],
            &told["without_address"]
        ),
        (&4.into(), &1.into(), &0.into())
    );
    let manifest = desk.manifest("letters.csv");
    assert_eq!((manifest.letters, manifest.codes_without_address), (4, 0));
    let whole = desk.read("letters.csv");
    revoke(3);
    desk.export(&["--out", "again.csv"]).fine();
    assert!(desk.read("again.csv") == whole);
    let (campaign, batch) = desk.batch(&channels).await;
    assert_eq!((batch.codes, batch.withheld), (5, 1));
    // As it was listed before the first export.
    assert_eq!((listed.codes, listed.withheld), (5, 0));
    let order = Order::of_batch(&campaign, listed, &desk.path("cut.csv"));
    std::fs::write(desk.path("cut.csv.partial"), &whole[..whole.len() / 2]).expect("a cut file");
    order
        .plan()
        .expect("a plan")
        .save(&desk.path("cut.csv.partial.plan"))
        .expect("it is saved");
    let again = export(&channels, &order).await.expect("it is written");
    assert!(desk.read("cut.csv") == whole);
    assert!(again.kept > 0 && again.letters == 4, "{again:?}");
    assert_eq!((again.withheld, again.without_address), (1, 0));
}

#[apply(both)]
async fn a_killed_export_goes_on_and_ends_with_the_same_bytes(database: Database) {
    let desk = Desk::open(database, 3_500).await;
    desk.export(&["--out", "whole.csv"]).fine();
    let whole = desk.read("whole.csv");
    let partial = desk.path("killed.csv.partial");
    let mut command = bare(env!("CARGO_BIN_EXE_redress"));
    command
        .current_dir(desk.house.path())
        .arg("--dir")
        .arg(desk.house.path());
    command.args(["mailing", "export", "--out", "killed.csv"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    poll::until("the first lines", Duration::from_mins(1), async || {
        std::fs::metadata(&partial)
            .is_ok_and(|file| file.len() > 0)
            .then_some(())
    })
    .await;
    child.kill().expect("it is killed");
    child.wait().expect("it has ended");
    assert!(
        !desk.path("killed.csv").exists(),
        "it was killed too late to prove anything"
    );
    assert!(!desk.path("killed.csv.manifest.json").exists());
    let told = desk
        .house
        .redress(&[
            "--format",
            "json",
            "mailing",
            "export",
            "--out",
            "killed.csv",
        ])
        .fine();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["kept"].as_u64() > Some(0), "{told}");
    assert!(desk.read("killed.csv") == whole);
    let (one, mut other) = (desk.manifest("whole.csv"), desk.manifest("killed.csv"));
    other.file.clone_from(&one.file);
    other.made_at.clone_from(&one.made_at);
    assert_eq!(one, other);
}
