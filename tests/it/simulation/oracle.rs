//! What must hold.

use std::collections::{BTreeMap, HashSet};

use redress::db::entities::handoff::{self, Kind, State};
use redress::kernel::ids::HandoffId;
use redress::wire::redress::bureau::v1::EnrollmentProgress as Progress;
use redress::wire::redress::enrollment::v1::{CoverageState, EnrollmentState};

use super::person::{BREAKS, Person};
use super::run::Run;
use super::worker::Mode;

impl Run {
    /// Finds what holds at no time.
    pub async fn check(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        let handoffs = self.states().await;
        let book = self.world.desk.page(0, 1_000);
        let mut of_coverage: BTreeMap<String, usize> = BTreeMap::new();
        let mut booked = Vec::new();
        for (entry, _) in &book {
            *of_coverage.entry(entry.coverage.clone()).or_default() += 1;
            let row = handoffs.iter().find(|row| row.0.as_uuid() == entry.id);
            let Some((id, enrollment, _)) = row else {
                found.push(format!("{} is booked and was never ordered", entry.id));
                continue;
            };
            let place = self.whose(&enrollment.to_string());
            let known = self
                .booked
                .iter()
                .any(|(id, _)| *id == entry.id.to_string());
            let may_come = self.on_their_way.contains(id);
            if !known && self.people[place].has_withdrawn && !may_come {
                found.push(format!("person {place} is booked after withdrawing"));
            }
            booked.push((entry.id.to_string(), place));
        }
        let twice = of_coverage.iter().filter(|(_, times)| **times > 1);
        found.extend(twice.map(|(coverage, _)| format!("{coverage} is booked twice")));
        self.booked = booked;
        let leased = handoffs.iter().filter(|row| row.2 == State::Leased);
        let leased: HashSet<HandoffId> = leased.map(|row| row.0).collect();
        self.on_their_way.retain(|id| leased.contains(id));
        found
    }

    pub fn whose(&self, enrollment: &str) -> usize {
        let of = |person: &Person| person.enrollment.as_deref() == Some(enrollment);
        self.people.iter().position(of).expect("somebody's")
    }

    /// Finds what does not hold in the end.
    pub async fn check_end(&mut self) -> Vec<String> {
        let mut found = self.check().await;
        let handoffs = self.handoffs().await;
        let book = self.world.desk.page(0, 1_000);
        for (place, person) in self.people.iter().enumerate() {
            let Some(id) = &person.enrollment else {
                continue;
            };
            let enrollment = self.house.get(id).await;
            let own = handoffs
                .iter()
                .filter(|row| row.enrollment_id.to_string() == *id);
            let orders: Vec<&handoff::Model> = own.filter(|row| row.kind == Kind::Enroll).collect();
            if !person.is_told {
                // An answer that was lost may have been "you are enrolled": the person has not repeated the request yet.
                continue;
            }
            let [coverage] = &enrollment.coverages[..] else {
                found.push(format!("person {place} has no coverage"));
                continue;
            };
            if orders.len() != 1 {
                found.push(format!("person {place} has {} orders", orders.len()));
            }
            let entry = book
                .iter()
                .find(|(entry, _)| entry.coverage == coverage.coverage_id);
            let stands = entry.map(|(_, status)| status.progress());
            // Its end counts only while the bureau answers for others.
            let waits = [State::Dead, State::Queued, State::Unsettled];
            let is_offered = |row: &handoff::Model| {
                // A partner that pulls holds an offer until its lease ends.
                self.mode == Mode::Pull && row.state == State::Leased
            };
            let mut own = orders.iter();
            let is_given_up = own.any(|row| waits.contains(&row.state) || is_offered(row));
            let breaks = person.ssn.starts_with(BREAKS);
            let as_it_should = match (person.has_withdrawn, stands) {
                (true, None | Some(Progress::Canceled | Progress::Refused)) => {
                    enrollment.state() != EnrollmentState::CancelPending
                }
                (true, Some(_)) => false,
                (false, None) => breaks && is_given_up,
                (false, Some(progress)) => agrees(progress, coverage.state()),
            };
            if !as_it_should {
                found.push(format!(
                    "person {place} ({}): withdrawn {}, booked {stands:?}, coverage {:?}, enrollment {:?}, orders {:?}",
                    person.ssn,
                    person.has_withdrawn,
                    coverage.state(),
                    enrollment.state(),
                    orders.iter().map(|row| (row.state, row.dead_reason)).collect::<Vec<_>>(),
                ));
            }
        }
        found
    }
}

fn agrees(progress: Progress, state: CoverageState) -> bool {
    matches!(
        (progress, state),
        (Progress::Active, CoverageState::Active)
            | (Progress::ActionRequired, CoverageState::ActionRequired)
            | (Progress::Refused, CoverageState::Refused)
    )
}
