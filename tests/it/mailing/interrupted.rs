//! A print file is there whole or not at all, whatever an earlier export left.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use redress::client::mailing::export::export;
use redress::client::mailing::order::Order;
use redress::client::progress::hidden;

use super::desk::Desk;
use crate::harness::program::bare;
use crate::harness::{Database, apply, both, poll};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_export_left_is_written_over() {
    let desk = Desk::open(Database::sqlite().await, 6).await;
    desk.export(&["--out", "whole.csv"]).fine();
    let whole = desk.read("whole.csv");
    let channels = desk.channels();
    let (campaign, batch) = desk.batch(&channels).await;
    let order = Order::of_batch(&campaign, batch, &desk.path("again.csv"));
    let partial = desk.path("again.csv.partial");
    let longer = [&whole[..], &whole[..]].concat();
    for left in [&whole[..whole.len() / 2], &longer, b"\n\n\n", b""] {
        std::fs::write(&partial, left).expect("what was left");
        std::fs::set_permissions(&partial, PermissionsExt::from_mode(0o644)).expect("open to all");
        let exported = export(&channels, &order, hidden).await;
        assert_eq!(exported.expect("it is written").letters, 6);
        assert!(desk.read("again.csv") == whole);
        assert_eq!(mode(&desk, "again.csv"), 0o600);
        assert!(!partial.exists());
        std::fs::remove_file(desk.path("again.csv")).expect("the file");
    }
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
    let order = Order::of_batch(&campaign, listed, &desk.path("listed.csv"));
    let again = export(&channels, &order, hidden)
        .await
        .expect("it is written");
    assert!(desk.read("listed.csv") == whole);
    assert_eq!(
        (again.letters, again.withheld, again.without_address),
        (4, 1, 0)
    );
}

#[apply(both)]
async fn a_killed_export_leaves_no_file_and_is_written_again_with_the_same_bytes(
    database: Database,
) {
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
    assert_eq!(mode(&desk, "killed.csv.partial"), 0o600);
    desk.export(&["--out", "killed.csv"]).fine();
    assert!(!partial.exists());
    assert_eq!(mode(&desk, "killed.csv"), 0o600);
    assert!(desk.read("killed.csv") == whole);
    let (one, mut other) = (desk.manifest("whole.csv"), desk.manifest("killed.csv"));
    other.file.clone_from(&one.file);
    other.made_at.clone_from(&one.made_at);
    assert_eq!(one, other);
}

fn mode(desk: &Desk, name: &str) -> u32 {
    let metadata = std::fs::metadata(desk.path(name)).expect("a file");
    metadata.permissions().mode() & 0o777
}
