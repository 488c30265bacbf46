//! The processes, and what each operation does.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use redress::bureau::client::report::Reporter;
use redress::codes::enrollment::outcomes;
use redress::codes::serve;
use redress::db::FaultRates;
use redress::db::entities::handoff::{self, State};
use redress::db::entities::{consent_text, product};
use redress::handoff::outcome::resubmit;
use redress::kernel::client::Client;
use redress::kernel::clock::Clock;
use redress::kernel::ids::{EnrollmentId, HandoffId, PartnerId};
use redress::kernel::lifecycle::Lifecycle;
use redress::lab::people::dice::Dice;
use redress::wire::redress::handoff::v1::handoff_service_client::HandoffServiceClient;
use redress::wire::redress::handoff::v1::partner_service_client::PartnerServiceClient;
use redress::wire::redress::handoff::v1::{PausePartnerRequest, ResumePartnerRequest};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QuerySelect};

use super::keys::Keys;
use super::network::Network;
use super::operation::Operation;
use super::person::Person;
use super::worker::{Mode, Worker};
use crate::codes::house::{CONSENT, House, limits};

use crate::handoff::world::{World, push};
use crate::harness::Database;

/// How the database behaves where it is not well.
const UNWELL: FaultRates = FaultRates {
    serialization: 0.15,
    lost_answer: 0.15,
    seed: 0,
};

/// In so many of a thousand lists the bureau pulls.
const PULLS: u32 = 250;

pub struct Run {
    pub house: House,
    pub world: World,
    pub network: Network,
    pub keys: Keys,
    pub people: Vec<Person>,
    pub partner: PartnerId,
    partners: PartnerServiceClient<Client>,
    pub bureau: HandoffServiceClient<Client>,
    pub reporter: Reporter,
    pub mode: Mode,
    pub worker: Worker,
    seed: u64,
    /// What a worker had sent when it died, until another one has asked for it: it may arrive at any time.
    pub on_their_way: HashSet<HandoffId>,
    /// References in the book, as of the last check.
    pub booked: Vec<(String, usize)>,
}

impl Run {
    pub async fn new(database: Database, seed: u64) -> Self {
        let (clock, hand) = Clock::manual("2015-08-01T12:00:00Z".parse().unwrap());
        let keys = Keys::open(&database, &clock).await;
        let moved = (clock.clone(), hand.clone());
        let mut house = House::open_at(&database, limits(1_000_000), moved).await;
        house.context.common.keys = Arc::clone(&keys.codes) as _;
        house.handlers = serve::handlers(&house.context, &Lifecycle::new(Duration::ZERO));
        let held = (keys.handoff.ring(), Arc::clone(&keys.handoff) as _);
        let world = World::built(database, (clock, hand), |_| {}, held).await;
        let network = Network::open(&world).await;
        let (mode, partner) = if Dice::new(seed, 3).chance(PULLS) {
            (Mode::Pull, world.pull_partner().await)
        } else {
            let partner = push("sandbox-bureau", &network.endpoint);
            (Mode::Push, world.partner(partner).await)
        };
        offer(&world, partner).await;
        let mut run = Self {
            people: Vec::new(),
            partners: world.partners(),
            bureau: world.as_partner("sandbox-bureau"),
            reporter: world.reporter(),
            worker: Worker::new(&world, mode),
            on_their_way: HashSet::new(),
            booked: Vec::new(),
            house,
            world,
            network,
            keys,
            partner,
            mode,
            seed,
        };
        run.write_letters(&mut Dice::new(seed, 2)).await;
        run
    }

    /// Performs an operation, and tells whether it did something.
    pub async fn perform(&mut self, operation: Operation) -> bool {
        match operation {
            Operation::Begin(place) => self.begin(place).await,
            Operation::BeginVerified(place) => self.begin_verified(place).await,
            Operation::Verify(place) => self.verify(place).await,
            Operation::Complete(place) => self.complete(place).await,
            Operation::Withdraw(place) => self.withdraw(place).await,
            Operation::OrderAgain(place) => self.order_again(place).await,
            Operation::Work => self.worker.step().await.is_ok_and(|calls| calls > 0),
            Operation::Die(turns) => self.die(turns).await,
            Operation::Lose(loss) => self.mode == Mode::Push && self.network.lose(loss),
            Operation::TakeOrders => {
                let taken = resubmit::step(&self.world.context).await;
                taken.is_ok_and(|count| count > 0)
            }
            Operation::Acknowledge(place) => self.acknowledge(place).await,
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
            Operation::AddKeys => self.keys.add(),
            Operation::CopyKeys => self.keys.copy(),
            Operation::PromoteKeys => self.keys.promote(),
            Operation::Rewrap => self.rewrap().await,
            Operation::RetireKeys => self.keys.retire().await,
            Operation::Reconcile => self.reconcile().await,
            Operation::Pass(time) => {
                self.world.hand.advance(time);
                true
            }
        }
    }

    /// Gives all handoffs.
    pub async fn handoffs(&self) -> Vec<handoff::Model> {
        handoff::Entity::find()
            .all(&self.world.owner)
            .await
            .unwrap()
    }

    /// Gives of all handoffs what the oracle needs after every operation.
    pub async fn states(&self) -> Vec<(HandoffId, EnrollmentId, State)> {
        use handoff::Column::{EnrollmentId, Id, State};
        let query = handoff::Entity::find().select_only();
        let query = query.columns([Id, EnrollmentId, State]).into_tuple();
        query.all(&self.world.owner).await.unwrap()
    }

    pub async fn pause(&mut self, wanted: bool) -> bool {
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

    pub fn set_faults(&self, wanted: bool) -> bool {
        let rates = FaultRates {
            seed: self.seed,
            ..UNWELL
        };
        for db in [&self.world.db, &self.house.context.db, self.keys.db()] {
            if wanted {
                db.faults().set(rates);
            } else {
                db.faults().clear();
            }
        }
        true
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
