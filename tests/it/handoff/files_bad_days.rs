//! Files on a bad day: a crash between two steps, two workers at once, a full disk, a field that does not fit, a partner that is paused.

use std::fs;
use std::time::Duration;

use redress::kernel::person::Person;
use redress::wire::redress::handoff::v1::{
    CreatePartnerRequest, HandoffFileState, Partner, PartnerMode, PausePartnerRequest,
    ResumePartnerRequest,
};
use sea_orm::ConnectionTrait;

use super::files::{Exchange, SANDBOX};
use super::world::{World, ada};
use crate::harness::{Database, apply, both};

/// Longer than a worker is waited for.
const HOLD: Duration = Duration::from_mins(3);

/// Whoever dies while a file grows leaves nothing that was sent: the next one begins it again, with the same number.
#[apply(both)]
async fn a_file_that_never_was_whole_is_begun_again(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let id = world.enroll(files.partner, "666010001").await;
    files.night().await;
    // As it stands when its writer dies before the last step.
    let name = files.names("out").remove(0);
    fs::rename(
        files.path("out", &name),
        files.path("out", &format!(".{name}.part")),
    )
    .unwrap();
    let died = "UPDATE handoff_file SET state = 'WRITING', records = NULL, sha256 = NULL, sent_at = NULL, answer_by = NULL, \
        lease_owner = 'dead', lease_expires_at = 9000000000000000";
    world.owner.execute_unprepared(died).await.unwrap();
    assert_eq!(files.step().await, (0, 0), "its writer may be alive");
    let free = "UPDATE handoff_file SET lease_expires_at = 1";
    world.owner.execute_unprepared(free).await.unwrap();
    let withdrawn = world.enroll(files.partner, "666010002").await;
    world.cancel(withdrawn).await;
    assert_eq!(files.step().await, (1, 0));
    assert_eq!(files.names("out"), [name]);
    let listed = files.listed().await;
    assert_eq!(
        (listed.len(), listed[0].number, listed[0].record_count),
        (1, 1, 1)
    );
    assert_eq!(world.attempts(id).await, ["LEASE_EXPIRED"]);
    files.bureau().await;
    files.step().await;
    assert_eq!(files.states(&[id, withdrawn]).await, ["ACTIVE", "CANCELED"]);
}

/// Who withdraws while a file that nobody has seen is begun again is taken out of it.
#[apply(both)]
async fn who_withdrew_meanwhile_is_not_in_the_file_that_is_begun_again(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let stays = world.enroll(files.partner, "666010001").await;
    let goes = world.enroll(files.partner, "666010002").await;
    files.night().await;
    let name = files.names("out").remove(0);
    fs::remove_file(files.path("out", &name)).unwrap();
    let died = "UPDATE handoff_file SET state = 'WRITING', records = NULL, sha256 = NULL, sent_at = NULL, answer_by = NULL, \
        lease_owner = NULL, lease_expires_at = NULL";
    world.owner.execute_unprepared(died).await.unwrap();
    world.cancel(goes).await;
    assert_eq!(files.step().await, (1, 0));
    let text = files.text("out", &name);
    assert!(text.contains(&stays.to_string()));
    assert!(!text.contains(&goes.to_string()));
    assert_eq!(world.state(goes).await, "CANCELED");
}

/// A whole file whose writer dies gets its name from the next one; one that has it already is only noted.
#[apply(both)]
async fn a_whole_file_gets_its_name_once(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    world.enroll(files.partner, "666010001").await;
    files.night().await;
    let name = files.names("out").remove(0);
    let ready = "UPDATE handoff_file SET state = 'READY', sent_at = NULL, lease_owner = NULL, lease_expires_at = NULL";
    for is_named in [true, false] {
        world.owner.execute_unprepared(ready).await.unwrap();
        if !is_named {
            let growing = files.path("out", &format!(".{name}.part"));
            fs::rename(files.path("out", &name), growing).unwrap();
        }
        assert_eq!(files.step().await, (1, 0));
        assert_eq!(files.names("out"), std::slice::from_ref(&name));
        assert_eq!(files.listed().await[0].state(), HandoffFileState::Sent);
    }
}

#[apply(both)]
async fn two_workers_at_once_write_one_file(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let mut ids = Vec::new();
    for serial in 1..=20 {
        ids.push(
            world
                .enroll(files.partner, &format!("66601{serial:04}"))
                .await,
        );
    }
    world.hand.advance(Duration::from_hours(24));
    let (one, other) = (files.worker(), files.worker());
    let (one, other) = tokio::join!(one.step(), other.step());
    let sent = one.unwrap().sent + other.unwrap().sent;
    let names = files.names("out");
    assert_eq!(sent, names.len(), "{names:?}");
    let texts: Vec<String> = names.iter().map(|name| files.text("out", name)).collect();
    for id in &ids {
        let times = texts.iter().filter(|text| text.contains(&id.to_string()));
        assert_eq!(times.count(), 1, "{id}");
    }
    files.bureau().await;
    files.step().await;
    assert_eq!(files.states(&ids).await, ["ACTIVE"; 20]);
}

/// A disk that takes nothing stops the files and loses nothing.
#[apply(both)]
async fn a_disk_that_takes_nothing_loses_nothing(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let id = world.enroll(files.partner, "666010001").await;
    files.step().await;
    let out = files.path("out", "");
    fs::remove_dir(&out).unwrap();
    fs::write(files.path("", "out"), "in the way").unwrap();
    assert_eq!(files.night().await, (0, 0));
    assert_eq!(world.state(id).await, "QUEUED");
    fs::remove_file(files.path("", "out")).unwrap();
    world.hand.advance(HOLD);
    assert_eq!(files.step().await, (1, 0));
    assert_eq!(files.listed().await[0].number, 1);
}

/// What does not fit the layout is not cut and not sent: somebody mends the field first.
#[apply(both)]
async fn a_field_that_does_not_fit_is_asked_for(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let long = Person {
        family_name: "x".repeat(61).as_str().into(),
        ..ada("666010001")
    };
    let long = world.enroll_person(files.partner, &long).await;
    let fits = world.enroll(files.partner, "666010002").await;
    assert_eq!(files.night().await, (1, 0));
    assert_eq!(
        world.outcomes(long).await,
        ["ACTION_REQUIRED INVALID_INPUT"]
    );
    let row = world.row(long).await;
    assert_eq!(
        row.native_code.as_deref(),
        Some("CANNOT_PROJECT family_name")
    );
    assert_eq!(row.sent_at, None);
    assert_eq!(world.state(fits).await, "LEASED");
}

/// A paused partner gets no file, and what it sends is read.
#[apply(both)]
async fn a_paused_partner_is_still_heard(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let first = world.enroll(files.partner, "666010001").await;
    files.night().await;
    let second = world.enroll(files.partner, "666010002").await;
    for campaign in ["", &world.campaign.to_string()] {
        let request = PausePartnerRequest {
            request_id: world.request_id(),
            partner_id: files.partner.to_string(),
            campaign: campaign.to_owned(),
        };
        world.partners().pause_partner(request).await.unwrap();
    }
    files.bureau().await;
    assert_eq!(files.night().await, (0, 2));
    assert_eq!(files.states(&[first, second]).await, ["ACTIVE", "QUEUED"]);
    for campaign in ["", &world.campaign.to_string()] {
        assert_eq!(files.step().await, (0, 0), "{campaign}");
        let request = ResumePartnerRequest {
            request_id: world.request_id(),
            partner_id: files.partner.to_string(),
            campaign: campaign.to_owned(),
        };
        world.partners().resume_partner(request).await.unwrap();
    }
    assert_eq!(files.step().await, (1, 0));
}

/// A layout that cannot be is refused where it is given, with its place; so is one for a partner that is called.
#[apply(both)]
async fn a_wrong_layout_is_refused_with_its_place(database: Database) {
    let world = World::new(database).await;
    for (mode, layout, said) in [
        (PartnerMode::File, "", "partner.file_layout"),
        (PartnerMode::File, "[orders]\nname = 7", "line 2"),
        (PartnerMode::Pull, SANDBOX, "FILE"),
    ] {
        let request = CreatePartnerRequest {
            request_id: world.request_id(),
            partner: Some(Partner {
                name: "by-files".to_owned(),
                mode: mode.into(),
                file_layout: layout.to_owned(),
                ..Partner::default()
            }),
        };
        let refused = world.partners().create_partner(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        let details = String::from_utf8_lossy(refused.details()).into_owned();
        assert!(details.contains(said), "{said}: {details}");
    }
}
