//! People with letters, and what they do.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::{IndividualId, VerificationId};
use redress::lab::people::dice::{Dice, cumulate};
use redress::wire::redress::enrollment::v1 as wire;
use wire::begin_enrollment_request::Entitlement;
use wire::enrollment_service_server::EnrollmentService;

use super::operation::PEOPLE;
use super::run::Run;
use crate::codes::house::by;
use crate::handoff::world::ada;

/// What the bureau does with people of a group, and how often a group is drawn.
const GROUPS: [(&str, u32); 8] = [
    // Active.
    ("66601", 6),
    // Frozen, and active when ordered again.
    ("66611", 4),
    // Refused.
    ("66612", 1),
    // Down for two tries.
    ("66615", 2),
    // Active after a second.
    ("66617", 2),
    // Broken for this person.
    (BREAKS, 1),
    // Throttled without a delay.
    ("66623", 1),
    // Taken and forgotten.
    ("66625", 1),
];
/// The bureau breaks at every order of these people.
pub const BREAKS: &str = "66621";

/// As long as a verification counts.
const COUNTS: Duration = Duration::from_hours(1);

/// Somebody with a letter.
pub struct Person {
    pub ssn: String,
    individual: IndividualId,
    code: String,
    /// The enrollment that was begun.
    pub enrollment: Option<String>,
    verified: Option<(VerificationId, Timestamp)>,
    completion: Option<wire::CompleteEnrollmentRequest>,
    /// "You are enrolled".
    pub is_told: bool,
    /// "You have withdrawn".
    pub has_withdrawn: bool,
}

impl Run {
    pub async fn write_letters(&mut self, dice: &mut Dice) {
        let weights = cumulate(GROUPS.map(|(_, weight)| weight));
        let own = (self.world.campaign, &self.world.sealer);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let ssn = format!("{}{number:04}", GROUPS[dice.weighted(&weights)].0);
            people.push((self.world.person_in(own, &ada(&ssn)).await, ssn));
        }
        let batch = self.house.issue(self.world.campaign).await;
        let codes = self.house.export(&batch).await.unwrap();
        for (individual, ssn) in people {
            let of = |(id, _): &&(String, String)| *id == individual.to_string();
            let (_, code) = codes.iter().find(of).unwrap();
            self.people.push(Person {
                ssn,
                individual,
                code: code.clone(),
                enrollment: None,
                verified: None,
                completion: None,
                is_told: false,
                has_withdrawn: false,
            });
        }
    }

    pub async fn begin(&mut self, place: usize) -> bool {
        let person = &self.people[place];
        if person.is_told {
            return false;
        }
        let begun = self.house.begin(&person.code).await;
        self.has_begun(place, begun.ok())
    }

    pub async fn begin_verified(&mut self, place: usize) -> bool {
        let (house, person) = (&self.house, &mut self.people[place]);
        if person.completion.is_some() {
            return false;
        }
        let of = (self.world.campaign, person.individual);
        let verification = house.verify(of.0, of.1, None, "VERIFIED").await;
        let entitlement = Entitlement::VerificationId(verification.to_string());
        let begun = house.begin_as(&house.request_id(), entitlement).await;
        if begun.is_ok() {
            person.verified = Some((verification, house.now()));
        }
        self.has_begun(place, begun.ok())
    }

    /// Keeps the enrollment that somebody began.
    fn has_begun(&mut self, place: usize, begun: Option<wire::BeginEnrollmentResponse>) -> bool {
        let person = &mut self.people[place];
        let enrollment = begun.and_then(|begun| begun.enrollment);
        let is_begun = enrollment.is_some();
        if person.completion.is_none() {
            let id = enrollment.map(|enrollment| enrollment.enrollment_id);
            person.enrollment = id.or(person.enrollment.take());
        }
        is_begun
    }

    /// Verifies whoever has begun and is not verified, or was verified too long ago.
    pub async fn verify(&mut self, place: usize) -> bool {
        let (house, person) = (&self.house, &mut self.people[place]);
        let now = house.now();
        let counts = |(_, at): (_, Timestamp)| now < at + COUNTS;
        let Some(enrollment) = &person.enrollment else {
            return false;
        };
        if person.is_told || person.verified.is_some_and(counts) {
            return false;
        }
        let id = enrollment.parse().unwrap();
        let of = (self.world.campaign, person.individual);
        let verification = house.verify(of.0, of.1, Some(id), "VERIFIED").await;
        person.verified = Some((verification, now));
        person.completion = None;
        true
    }

    pub async fn complete(&mut self, place: usize) -> bool {
        if self.people[place].enrollment.is_none() {
            self.begin(place).await;
        }
        self.verify(place).await;
        let (house, person) = (&self.house, &mut self.people[place]);
        let (Some(enrollment), Some((verification, _))) = (&person.enrollment, person.verified)
        else {
            return false;
        };
        let id = enrollment.parse().unwrap();
        let request = || house.completion(id, verification);
        let done = house.complete(person.completion.get_or_insert_with(request).clone());
        let is_done = done.await.is_ok();
        person.is_told |= is_done;
        is_done
    }

    pub async fn withdraw(&mut self, place: usize) -> bool {
        let person = &mut self.people[place];
        let Some(enrollment) = person.enrollment.clone().filter(|_| person.is_told) else {
            return false;
        };
        let done = self.house.cancel(&enrollment).await.is_ok();
        person.has_withdrawn |= done;
        done
    }

    pub async fn order_again(&self, place: usize) -> bool {
        let Some(enrollment) = &self.people[place].enrollment else {
            return false;
        };
        let message = by(Role::Operator, self.house.again(enrollment));
        self.house
            .handlers
            .resubmit_enrollment(message)
            .await
            .is_ok()
    }
}
