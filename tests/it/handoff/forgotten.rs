//! What a partner accepted and no longer knows.

use std::time::Duration;

use redress::db::entities::ClosedSet;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::EnrollmentProgress;
use redress::wire::redress::handoff::v1::{Handoff, ReplayHandoffRequest};
use redress::wire::redress::r#type::v1::OutcomeClass;
use tonic::Status;

use super::pull::{acknowledge, drain};
use super::running::Running;
use super::said::{report, status};
use super::world::World;
use crate::harness::{Database, apply, both};

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

impl World {
    async fn send_again(&self, id: HandoffId) -> Result<Handoff, Status> {
        let request = ReplayHandoffRequest {
            request_id: self.request_id(),
            campaign: self.campaign.to_string(),
            handoff_id: id.to_string(),
            partner_forgot: true,
        };
        let answer = self.admin().replay_handoff(request).await?;
        Ok(answer.into_inner().handoff.unwrap())
    }
}

/// The bureau took it and lost its book. It is asked, the operator sees it, and sends it again under the same id.
#[apply(both)]
async fn what_a_called_partner_forgot_is_shown_and_sent_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666250001").await;
    let running = Running::of(world.worker());
    let minute = Duration::from_mins(1);
    world
        .pass_until(minute, async || world.state(id).await == "ACCEPTED")
        .await;
    assert!(world.booked().is_empty());
    world.hand.advance(HALF_AN_HOUR);
    world
        .pass_until(minute, async || world.state(id).await == "DEAD")
        .await;
    let reason = world.row(id).await.dead_reason.map(ClosedSet::as_str);
    assert_eq!(reason, Some("PARTNER_FORGOT"));
    world.send_again(id).await.unwrap();
    world
        .pass_until(minute, async || world.state(id).await == "ACCEPTED")
        .await;
    running.stop().await;
    world.reporter().step().await.unwrap();
    // Its reference and its revisions are new ones.
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.booked(), [EnrollmentProgress::Active]);
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
}

/// Nobody can ask a partner that pulls: an operator who learned from it that it lost an order gives it again.
#[apply(both)]
async fn what_a_pulling_partner_forgot_is_given_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let accepted = world.enroll(partner, "666010001").await;
    let active = world.enroll(partner, "666010001").await;
    let refused = world.enroll(partner, "666010001").await;
    let offers = drain(&world, 0).await;
    let mut client = world.as_partner("sandbox-bureau");
    let request = acknowledge(&world, &offers);
    client.acknowledge_handoffs(request).await.unwrap();
    let said = |id: HandoffId, progress, class| {
        let text = id.to_string();
        let mut said = status(&text, progress, class);
        said.partner_reference = format!("REF-{}", &text[30..]);
        said.revision = 5;
        said
    };
    let well = OutcomeClass::Unspecified;
    let statuses = vec![
        said(active, EnrollmentProgress::Active, well),
        said(refused, EnrollmentProgress::Refused, OutcomeClass::NoHit),
    ];
    report(&world, "sandbox-bureau", statuses).await;
    let denied = world.send_again(refused).await.unwrap_err();
    assert_eq!(reason_of(&denied), Some(Reason::HandoffState));
    for id in [accepted, active] {
        world.send_again(id).await.unwrap();
        assert_eq!(world.audited(id).await.last().unwrap(), "handoff.replayed");
    }
    let offers = drain(&world, 0).await;
    assert_eq!(offers.len(), 2);
    let mut request = acknowledge(&world, &offers);
    for item in &mut request.acknowledgements {
        item.partner_reference = format!("NEW-{}", &item.handoff_id[30..]);
    }
    client.acknowledge_handoffs(request).await.unwrap();
    assert!(world.all_are(&[accepted, active], "ACCEPTED").await);
    let mut again = said(active, EnrollmentProgress::Active, well);
    again.partner_reference = format!("NEW-{}", &active.to_string()[30..]);
    again.revision = 1;
    assert_eq!(
        report(&world, "sandbox-bureau", vec![again]).await,
        ["APPLIED"]
    );
}
