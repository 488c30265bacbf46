//! Two operators at their terminals, and the file of a wave.

use redress::db::entities::audit_event;
use redress::kernel::caller::Role;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::desk::{Desk, NUMBER};
use crate::harness::program::Said;
use crate::harness::roster::{ENTITIES, Row, Sandbox};
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn one_operator_asks_another_approves_and_the_first_exports(database: Database) {
    let rows = [
        Row::adult(1, Sandbox::Active),
        Row::adult(2, Sandbox::Active),
    ];
    let desk = Desk::of(database, &rows, ENTITIES, &["--two-operators"]).await;
    let told = desk.export(&["--out", "letters.csv"]).refused(1);
    assert!(
        told.contains("EXPORT_NOT_APPROVED") && told.contains("redress mailing request"),
        "{told}"
    );
    let asked = json(
        desk.house
            .redress(&["--format", "json", "mailing", "request"]),
    );
    let id = asked[0]["export_approval_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let own = desk.house.files(Role::Operator);
    let (cert, key) = (
        own.cert.display().to_string(),
        own.key.display().to_string(),
    );
    let told = desk
        .house
        .redress(&["mailing", "approve", &id, "--cert", &cert, "--key", &key])
        .refused(1);
    assert!(told.contains("SECOND_PERSON_REQUIRED"), "{told}");
    let second = desk.house.caller(Role::Operator, "bob");
    let (cert, key) = (
        second.cert.display().to_string(),
        second.key.display().to_string(),
    );
    desk.house
        .redress(&["mailing", "approve", &id, "--cert", &cert, "--key", &key])
        .fine();
    let list = json(
        desk.house
            .redress(&["--format", "json", "mailing", "approvals"]),
    );
    assert_eq!(
        (&list[0]["state"], &list[0]["approver"]),
        (&Value::from("APPROVED"), &Value::from("operator/bob"))
    );
    let told = desk
        .export(&["--out", "letters.csv", "--cert", &cert, "--key", &key])
        .refused(1);
    assert!(told.contains("EXPORT_NOT_APPROVED"), "{told}");
    assert!(!desk.path("letters.csv.partial").exists());
    desk.export(&["--out", "letters.csv"]).fine();
    assert_eq!(desk.manifest("letters.csv").letters, 2);
}

#[apply(both)]
async fn a_wave_is_one_file_of_its_open_batches_with_its_own_day(database: Database) {
    let rows: Vec<Row> = (0..5)
        .map(|number| Row::adult(number, Sandbox::Active))
        .collect();
    let desk = Desk::of(database, &rows[..3], ENTITIES, &[]).await;
    std::fs::write(desk.path("more.csv"), crate::harness::roster::csv(&rows))
        .expect("a later roster");
    desk.house
        .redress(&["roster", "import", "more.csv", "--allow-rejects"])
        .fine();
    let channels = desk.channels();
    let (campaign, first) = desk.batch(&channels).await;
    desk.issue_for(&channels, &campaign.campaign_id, &first.wave_id)
        .await;
    desk.extend(&channels, &campaign.campaign_id, &first.wave_id)
        .await;
    let told = desk.export(&["--out", "letters.csv"]).refused(2);
    assert!(told.contains("several batches"), "{told}");
    desk.export(&["--out", "wave.csv", "--wave", &first.wave_id])
        .fine();
    let whole = desk.manifest("wave.csv");
    assert_eq!(
        (whole.letters, whole.last_sequence, whole.batch_ids.len()),
        (5, 5, 2)
    );
    assert_eq!(whole.batch_ids[0], first.batch_id, "the oldest first");
    assert_eq!(
        (whole.engagement_number.as_str(), whole.wave_id.as_ref()),
        (NUMBER, Some(&first.wave_id))
    );
    assert_eq!(whole.enroll_by, "2100-01-31");
    let text = String::from_utf8(desk.read("wave.csv")).expect("UTF-8");
    assert_eq!(text.matches("2100-01-31").count(), 5);
    let wave = whole.wave.expect("its name");
    desk.export(&["--out", "named.csv", "--wave", &wave]).fine();
    assert!(desk.read("named.csv") == desk.read("wave.csv"));
    // What another export left of a file of two batches changes nothing.
    let half = &desk.read("wave.csv")[..200];
    std::fs::write(desk.path("again.csv.partial"), half).expect("half a file");
    desk.export(&["--out", "again.csv", "--wave", &wave]).fine();
    assert!(desk.read("again.csv") == desk.read("wave.csv"));
    desk.house
        .redress(&["codes", "seal", "--yes", "--batch", &first.batch_id])
        .fine();
    desk.export(&["--out", "rest.csv", "--wave", &wave]).fine();
    assert_eq!(desk.manifest("rest.csv").letters, 2);
    let told = desk
        .export(&["--out", "x.csv", "--wave", "nobody's"])
        .refused(2);
    assert!(told.contains(&wave), "{told}");
}

fn json(said: Said) -> Value {
    serde_json::from_str(&said.fine()).expect("JSON")
}

#[apply(both)]
async fn a_small_wave_takes_few_names_out_of_their_process(database: Database) {
    let mut rows: Vec<Row> = (0..9_000)
        .map(|number| Row::adult(number, Sandbox::Active))
        .collect();
    for far in [5, 4_500, 8_995] {
        rows[far].region = "OH".into();
    }
    let desk = Desk::without_codes(database, &rows, ENTITIES, &[]).await;
    let channels = desk.channels();
    let campaign = redress::client::campaign::get(&channels.codes, NUMBER)
        .await
        .expect("the campaign");
    let wave = desk.wave_of(&channels, &campaign.campaign_id, "OH").await;
    desk.issue_for(&channels, &campaign.campaign_id, &wave)
        .await;
    desk.export(&["--out", "wave.csv", "--wave", "Letters to OH"])
        .fine();
    let text = String::from_utf8(desk.read("wave.csv")).expect("UTF-8");
    assert_eq!(
        (text.lines().count(), text.matches(" OH ").count()),
        (4, 3),
        "{text}"
    );
    let owner = desk.house.database().owner().await;
    let events = audit_event::Entity::find()
        .filter(audit_event::Column::Action.eq("mailing.addresses_exported"));
    assert_eq!(
        events.all(&owner).await.expect("events").len(),
        3,
        "begun anew for each of the far ones"
    );
}
