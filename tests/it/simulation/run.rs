//! The processes, the people, and what each operation does.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use redress::bureau::client::report::Reporter;
use redress::codes::enrollment::outcomes;
use redress::db::FaultRates;
use redress::db::entities::handoff::{self, DeadReason, State};
use redress::db::entities::{consent_text, product};
use redress::handoff::outcome::resubmit;
use redress::handoff::push::worker::PushWorker;
use redress::kernel::caller::Role;
use redress::kernel::client::Client;
use redress::kernel::clock::Clock;
use redress::kernel::ids::{HandoffId, IndividualId, PartnerId};
use redress::lab::people::dice::Dice;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::handoff::v1::partner_service_client::PartnerServiceClient;
use redress::wire::redress::handoff::v1::{
    PausePartnerRequest, ReplayHandoffRequest, ResumePartnerRequest,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use wire::enrollment_service_server::EnrollmentService;

use super::operation::{Operation, PEOPLE};
use crate::codes::house::{CONSENT, House, by, limits};
use crate::handoff::world::{World, ada};
use crate::harness::Database;

/// What the bureau does with people of a group, and how often a group is drawn.
const GROUPS: [(&str, u32); 9] = [
    // Active.
    ("66601", 6),
    // Frozen, and active when ordered again.
    ("66611", 2),
    // Refused.
    ("66612", 1),
    // Down for two tries.
    ("66615", 2),
    // The first answer is lost.
    ("66616", 2),
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

/// How the database behaves where it is not well.
const UNWELL: FaultRates = FaultRates {
    serialization: 0.15,
    lost_answer: 0.15,
    seed: 0,
};
/// Longer than every back-off and every lease.
const LONG: Duration = Duration::from_secs(61);
/// Rounds until everything must be settled.
const ROUNDS: usize = 40;

/// Somebody with a letter.
pub struct Person {
    pub ssn: String,
    individual: IndividualId,
    code: String,
    /// The enrollment that was begun.
    pub enrollment: Option<String>,
    completion: Option<wire::CompleteEnrollmentRequest>,
    /// "You are enrolled".
    pub is_told: bool,
    /// "You have withdrawn".
    pub has_withdrawn: bool,
}

pub struct Run {
    pub house: House,
    pub world: World,
    pub people: Vec<Person>,
    pub partner: PartnerId,
    partners: PartnerServiceClient<Client>,
    reporter: Reporter,
    worker: PushWorker,
    seed: u64,
    /// What a worker had sent when it died, until another one has asked for it: it may arrive at any time.
    pub on_their_way: HashSet<HandoffId>,
    /// References in the book, as of the last check.
    pub booked: Vec<(String, usize)>,
}

impl Run {
    pub async fn new(database: Database, seed: u64) -> Self {
        let (clock, hand) = Clock::manual("2015-08-01T12:00:00Z".parse().unwrap());
        let moved = (clock.clone(), hand.clone());
        let house = House::open_at(&database, limits(1_000_000), moved).await;
        let world = World::at(database, (clock, hand), |_| {}).await;
        let partner = world.push_partner().await;
        offer(&world, partner).await;
        let mut dice = Dice::new(seed, 2);
        let mut run = Self {
            people: Vec::new(),
            partners: world.partners(),
            reporter: world.reporter(),
            worker: world.worker(),
            on_their_way: HashSet::new(),
            booked: Vec::new(),
            house,
            world,
            partner,
            seed,
        };
        run.write_letters(&mut dice).await;
        run
    }

    async fn write_letters(&mut self, dice: &mut Dice) {
        let weights = redress::lab::people::dice::cumulate(GROUPS.map(|(_, weight)| weight));
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
                completion: None,
                is_told: false,
                has_withdrawn: false,
            });
        }
    }

    /// Performs an operation, and tells whether it did something.
    pub async fn perform(&mut self, operation: Operation) -> bool {
        match operation {
            Operation::Begin(place) => self.begin(place).await,
            Operation::Complete(place) => self.complete(place).await,
            Operation::Withdraw(place) => self.withdraw(place).await,
            Operation::OrderAgain(place) => self.order_again(place).await,
            Operation::Work => self.worker.step().await.is_ok_and(|calls| calls > 0),
            Operation::Die(turns) => self.die(turns).await,
            Operation::TakeOrders => {
                let taken = resubmit::step(&self.world.context).await;
                taken.is_ok_and(|count| count > 0)
            }
            Operation::Report => {
                let reported = self.reporter.step().await;
                reported.is_ok_and(|count| count > 0)
            }
            Operation::Apply => {
                let applied = outcomes::step(&self.house.context).await;
                applied.is_ok_and(|count| count > 0)
            }
            Operation::Pause => self.pause(true).await,
            Operation::Resume => self.pause(false).await,
            Operation::Faults => self.set_faults(true),
            Operation::Well => self.set_faults(false),
            Operation::Reconcile => self.reconcile().await,
            Operation::Pass(time) => {
                self.world.hand.advance(time);
                true
            }
        }
    }

    async fn begin(&mut self, place: usize) -> bool {
        let person = &mut self.people[place];
        if person.is_told {
            return false;
        }
        let begun = self.house.begin(&person.code).await;
        let Some(enrollment) = begun.ok().and_then(|begun| begun.enrollment) else {
            return false;
        };
        person.enrollment = Some(enrollment.enrollment_id);
        true
    }

    async fn complete(&mut self, place: usize) -> bool {
        if self.people[place].enrollment.is_none() {
            self.begin(place).await;
        }
        let (house, person) = (&self.house, &mut self.people[place]);
        let Some(enrollment) = &person.enrollment else {
            return false;
        };
        if person.completion.is_none() {
            let id = enrollment.parse().unwrap();
            let of = (self.world.campaign, person.individual);
            let verified = house.verify(of.0, of.1, Some(id), "VERIFIED").await;
            person.completion = Some(house.completion(id, verified));
        }
        let done = house.complete(person.completion.clone().unwrap()).await;
        person.is_told |= done.is_ok();
        done.is_ok()
    }

    async fn withdraw(&mut self, place: usize) -> bool {
        let person = &mut self.people[place];
        let Some(enrollment) = person.enrollment.clone().filter(|_| person.is_told) else {
            return false;
        };
        let done = self.house.cancel(&enrollment).await.is_ok();
        person.has_withdrawn |= done;
        done
    }

    async fn order_again(&self, place: usize) -> bool {
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

    /// Drops the worker in the middle of a step.
    async fn die(&mut self, turns: u32) -> bool {
        let mut worker = std::mem::replace(&mut self.worker, self.world.worker());
        let mut left = turns;
        let is_cut = {
            let mut step = pin!(worker.step());
            let cut = poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(true);
                }
                left -= 1;
                step.as_mut().poll(context).map(|_| false)
            });
            cut.await
        };
        drop(worker);
        let sent = self.handoffs().await.into_iter();
        let sent = sent.filter(|row| row.state == State::Leased && row.sent_at.is_some());
        self.on_their_way.extend(sent.map(|row| row.id));
        is_cut
    }

    /// Gives all handoffs.
    pub async fn handoffs(&self) -> Vec<handoff::Model> {
        handoff::Entity::find()
            .all(&self.world.owner)
            .await
            .unwrap()
    }

    async fn pause(&mut self, wanted: bool) -> bool {
        let request_id = self.world.request_id();
        let partner_id = self.partner.to_string();
        let partners = &mut self.partners;
        let campaign = String::new();
        if wanted {
            let message = PausePartnerRequest {
                request_id,
                partner_id,
                campaign,
            };
            partners.pause_partner(message).await.is_ok()
        } else {
            let message = ResumePartnerRequest {
                request_id,
                partner_id,
                campaign,
            };
            partners.resume_partner(message).await.is_ok()
        }
    }

    fn set_faults(&self, wanted: bool) -> bool {
        let rates = FaultRates {
            seed: self.seed,
            ..UNWELL
        };
        for db in [&self.world.db, &self.house.context.db] {
            if wanted {
                db.faults().set(rates);
            } else {
                db.faults().clear();
            }
        }
        true
    }

    /// Lets everything come to its end: no faults, nothing paused, time passes, and an operator has sent again what the partner forgot.
    pub async fn settle(&mut self) {
        self.set_faults(false);
        self.pause(false).await;
        self.work_off().await;
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
        let all = handoff::Entity::find()
            .all(&self.world.owner)
            .await
            .unwrap();
        let forgot = |row: &&handoff::Model| row.dead_reason == Some(DeadReason::PartnerForgot);
        let forgotten = all.iter().filter(forgot);
        forgotten.map(|row| row.id.to_string()).collect()
    }

    async fn is_anything_open(&self) -> bool {
        use handoff::State;
        let all = handoff::Entity::find()
            .all(&self.world.owner)
            .await
            .unwrap();
        let open = [
            State::Queued,
            State::Leased,
            State::Unsettled,
            State::Accepted,
        ];
        all.iter().any(|row| open.contains(&row.state))
    }
}

/// Gives the world's campaign a product and a text.
async fn offer(world: &World, partner: PartnerId) {
    let product = product::Model {
        campaign_id: world.campaign,
        population: product::Population::Adult,
        partner_id: partner,
        code: "GOLD".to_owned(),
        term_months: 24,
        contract_code: None,
        retired_at: None,
    };
    let text = consent_text::Model {
        campaign_id: world.campaign,
        language: "en".to_owned(),
        version: "2015-07".to_owned(),
        text: CONSENT.to_owned(),
        replaced_at: None,
    };
    let owner = &world.owner;
    product.into_active_model().insert(owner).await.unwrap();
    text.into_active_model().insert(owner).await.unwrap();
}
