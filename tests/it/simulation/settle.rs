//! Lets everything come to its end.

use std::time::Duration;

use redress::codes::enrollment::outcomes;
use redress::db::entities::handoff::{self, DeadReason, Kind, State};
use redress::handoff::outcome::resubmit;
use redress::wire::redress::handoff::v1::ReplayHandoffRequest;

use super::person::BREAKS;
use super::run::Run;
use super::worker::Mode;

/// Longer than every back-off and every lease.
const LONG: Duration = Duration::from_secs(61);
/// Rounds until everything must be settled.
const ROUNDS: usize = 40;

impl Run {
    /// Until then there are no faults, nothing is paused, every key is where it should be, time passes, and an operator has sent again what
    /// the partner forgot.
    pub async fn settle(&mut self) {
        self.set_faults(false);
        self.network.mend();
        self.keys.copy();
        self.pause(false).await;
        self.work_off().await;
        if self.mode == Mode::Pull {
            // Nobody asks a partner that pulls: its list shows what it forgot.
            self.reconcile().await;
        }
        for handoff in self.forgotten().await {
            let request = ReplayHandoffRequest {
                request_id: self.world.request_id(),
                campaign: self.world.campaign.to_string(),
                handoff_id: handoff,
                partner_forgot: false,
            };
            self.world.admin().replay_handoff(request).await.unwrap();
        }
        self.work_off().await;
    }

    async fn work_off(&mut self) {
        // What a dead worker held comes free.
        self.world.hand.advance(LONG);
        for round in 0..ROUNDS {
            resubmit::step(&self.world.context).await.unwrap();
            while self.worker.step().await.unwrap() > 0 {}
            while self.reporter.step().await.unwrap() > 0 {}
            while outcomes::step(&self.house.context).await.unwrap() > 0 {}
            if !self.is_anything_open().await {
                return;
            }
            // An outcome that is overdue is asked after.
            let time = if round % 8 == 7 { LONG * 60 } else { LONG };
            self.world.hand.advance(time);
        }
    }

    async fn forgotten(&self) -> Vec<String> {
        let all = self.handoffs().await;
        let forgot = |row: &&handoff::Model| row.dead_reason == Some(DeadReason::PartnerForgot);
        let forgotten = all.iter().filter(forgot);
        forgotten.map(|row| row.id.to_string()).collect()
    }

    /// Whether something may still change; an order at which the bureau breaks for good may not.
    async fn is_anything_open(&self) -> bool {
        let open = [
            State::Queued,
            State::Leased,
            State::Unsettled,
            State::Accepted,
        ];
        let is_vain = |row: &handoff::Model| {
            let person = &self.people[self.whose(&row.enrollment_id.to_string())];
            row.kind == Kind::Enroll && person.ssn.starts_with(BREAKS) && !person.has_withdrawn
        };
        let all = self.handoffs().await;
        all.iter()
            .any(|row| open.contains(&row.state) && !is_vain(row))
    }
}
