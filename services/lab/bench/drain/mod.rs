//! How soon queues are empty: pushed to a bureau and pulled by one, beside people who enroll, behind orders that always fail, and after an
//! outage.
//!
//! The orders are written into the queue by SQL, due at one moment; the people who enroll meanwhile do so by the public API. The bureau that is
//! called is the sandbox, which says nothing more of what it took for an hour; the one that pulls is this program.

mod crowd;
mod pull;

use std::time::{Duration, Instant};

use super::campaign::{Loaded, load, people_for};
use super::databases::Databases;
use super::queue::{self, Fill};
use super::scratch::{Which, in_scratch, with_stack};
use super::verify::Latency;
use crate::client::connect::{Channels, ClientRole, Endpoints};
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::{Show, Unit};
use crate::client::request::new_request_id;
use crate::kernel::certs::TlsFiles;
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::secrets::Secret;
use crate::lab::people::labelled::{Order, write_file};
use crate::lab::people::shape::{AS_OF, Shape};
use crate::lab::processes::stack::Stack;
use crate::lab::processes::usage::peak_memory_mib;
use crate::wire::redress::handoff::v1 as wire;
use crowd::Crowd;
use wire::partner_service_client::PartnerServiceClient;

/// The bureau fails for this product, each time and for this person alone; everything else it takes.
const SCRIPT: &str = "[[rule]]\nproduct = \"POISON\"\nhabit = \"BREAKS\"\ntries = 1000000\n\n[[rule]]\noutcome = \"ACTIVE\"\nafter = \"1h\"\n";
/// How many orders fail.
const POISONOUS: u64 = 50;
/// The other partner has one in so many orders.
const OTHER: u64 = 10;
const IN_FLIGHT: i32 = 64;
/// How much earlier than they are due orders are written.
const LEAD: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_mins(30);
/// How many orders one statement leases.
const BATCH: u64 = 1_000;
/// Nobody listens there.
const NOWHERE: &str = "https://127.0.0.1:9";
/// What people who enroll are owed.
const OWED: &str = "CM3B";
/// At most so many enroll beside a queue that empties.
const BESIDE: usize = 6_000;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// Orders in a queue that is pushed.
    pub pushed: u64,
    /// Orders in the queue that is pulled.
    pub pulled: u64,
    /// People who enroll with the bureau there, and as many without it.
    pub enrollments: usize,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// So many in this time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many.
    pub orders: u64,
    /// How long it took.
    pub took: Duration,
}

/// Two queues that were due together.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    /// The long one.
    pub one: Pace,
    /// Another partner's.
    pub other: Pace,
}

/// An outage of the bureau.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// How long it takes to enroll while the bureau is there.
    pub with_bureau: Latency,
    /// While it is away.
    pub without_bureau: Latency,
    /// What waited, and how long it took from the bureau's return until all was there.
    pub after: Pace,
    /// By how many places somebody came later than the order of enrolling has it, at most.
    pub displaced: usize,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// Pushed, and nothing else.
    pub alone: Both,
    /// Pushed while people enroll.
    pub beside: Pace,
    /// How long it took these people.
    pub enrolled: (usize, Latency),
    /// Pushed behind poisonous orders.
    pub behind_poison: Both,
    /// The outage.
    pub outage: Outage,
    /// Leased by statements of 1,000 and nothing else.
    pub leased: Pace,
    /// Pulled by one stream and acknowledged.
    pub pulled: Pace,
    /// The most memory that bureau-handoff held until the queues were pushed, and in the end, in MiB.
    pub peak_memory_mib: [Option<f64>; 2],
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    let letters = 2 * settings.enrollments + BESIDE;
    let order = Order {
        shape: Shape {
            people: people_for(letters)
                .max(settings.pushed)
                .max(settings.pulled),
            seed: 1,
            as_of: AS_OF,
        },
        without_ssn: false,
    };
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let which = Which {
            script: Some(SCRIPT),
            ..Which::default()
        };
        with_stack(databases, dir, which, async |stack| {
            let endpoints = stack.endpoints.clone();
            let loaded = Box::pin(load(&endpoints, (&roster, labels), letters, show)).await?;
            let run = Run::open(settings, databases, &endpoints, &loaded, show).await?;
            Box::pin(run.measure(stack)).await
        })
        .await
    })
    .await
}

struct Run<'a> {
    settings: &'a Settings,
    databases: &'a Databases,
    endpoints: &'a Endpoints,
    operator: Channels,
    crowd: Crowd<'a>,
    /// The ids of the bureau that is called, of another one at the same place, and of the one that pulls.
    bureau: String,
    other: String,
    puller: String,
    show: Show,
}

impl<'a> Run<'a> {
    async fn open(
        settings: &'a Settings,
        databases: &'a Databases,
        endpoints: &'a Endpoints,
        loaded: &'a Loaded,
        show: Show,
    ) -> Result<Self, Problem> {
        let operator = endpoints.connect_as(ClientRole::Operator)?;
        let other = wire::Partner {
            name: "another".to_owned(),
            mode: wire::PartnerMode::Push.into(),
            endpoint: endpoints.bureau.clone(),
            max_in_flight: IN_FLIGHT,
            ..wire::Partner::default()
        };
        let run = Self {
            other: partner::create(&operator, other).await?.partner_id,
            bureau: partner::id(&operator, endpoints.bureau_partner()).await?,
            puller: partner::id(&operator, endpoints.pull_partner()).await?,
            crowd: Crowd::new(loaded),
            settings,
            databases,
            endpoints,
            operator,
            show,
        };
        let update = wire::UpdatePartnerRequest {
            max_in_flight: Some(IN_FLIGHT),
            ..run.update()
        };
        run.change(update).await?;
        Ok(run)
    }

    async fn measure(&self, stack: &Stack) -> Result<Measured, Problem> {
        let memory = || {
            stack
                .pids()
                .get("bureau-handoff")
                .copied()
                .and_then(peak_memory_mib)
        };
        let alone = self.push_both("ALONE", 0).await?;
        let pushed = memory();
        let beside = self.crowd.beside(self.push("BESIDE")).await?;
        let took = self.crowd.took();
        let enrolled = (took.len(), Latency::of(took));
        let behind_poison = self.push_both("BEHIND", POISONOUS).await?;
        let outage = self.outage().await?;
        let (leased, pulled) = self.pull().await?;
        Ok(Measured {
            database: self.databases.database(),
            alone,
            beside,
            enrolled,
            behind_poison,
            outage,
            leased,
            pulled,
            peak_memory_mib: [pushed, memory()],
        })
    }

    /// Queues orders for the bureau.
    async fn push(&self, product: &str) -> Result<Pace, Problem> {
        let due_at = soon();
        let orders = self
            .fill(&self.bureau, product, self.settings.pushed, due_at)
            .await?;
        self.until_taken(product, orders, due_at).await
    }

    /// Queues orders for the bureau and the other one, and some before them that fail.
    async fn push_both(&self, product: &str, poisonous: u64) -> Result<Both, Problem> {
        let due_at = soon();
        let other_product = format!("{product}-2");
        if poisonous > 0 {
            let before = Timestamp::from_micros(due_at.as_micros() - 1_000_000);
            self.fill(&self.bureau, "POISON", poisonous, before).await?;
        }
        let Settings { pushed, .. } = *self.settings;
        let one = self.fill(&self.bureau, product, pushed, due_at).await?;
        let other = self.fill(&self.other, &other_product, pushed / OTHER, due_at);
        let other = other.await?;
        let (one, other) = tokio::try_join!(
            self.until_taken(product, one, due_at),
            self.until_taken(&other_product, other, due_at),
        )?;
        Ok(Both { one, other })
    }

    /// Lets people enroll while the bureau is there and while it is not, and waits for it to get what waited.
    async fn outage(&self) -> Result<Outage, Problem> {
        let people = self.settings.enrollments;
        let waiting = (self.show)(
            "people enroll with the bureau and without it",
            Unit::Nothing,
        );
        self.crowd.enroll(people).await?;
        let with_bureau = Latency::of(self.crowd.took());
        self.move_bureau(NOWHERE).await?;
        self.crowd.enroll(people).await?;
        let without_bureau = Latency::of(self.crowd.took());
        drop(waiting);
        let orders = queue::count_waiting(self.databases, OWED).await?;
        let returned_at = Clock::system().now();
        self.move_bureau(&self.endpoints.bureau).await?;
        let after = self.until_taken(OWED, orders, returned_at).await?;
        let given = queue::given_in_order_taken(self.databases, OWED, returned_at).await?;
        Ok(Outage {
            with_bureau,
            without_bureau,
            after,
            displaced: displaced(&given),
        })
    }

    /// Leases a queue by statements alone, and pulls another one.
    async fn pull(&self) -> Result<(Pace, Pace), Problem> {
        let _waiting = (self.show)("a queue is pulled", Unit::Nothing);
        let due_at = Clock::system().now();
        let orders = Fill {
            partner: &self.puller,
            product: "LEASED",
            most: self.settings.pulled,
            due_at,
        };
        let filled = queue::fill(self.databases, &orders).await?;
        let took = queue::lease_alone(self.databases, &orders, BATCH).await?;
        let leased = Pace {
            orders: filled,
            took,
        };
        self.fill(&self.puller, "PULLED", self.settings.pulled, due_at)
            .await?;
        let stem = format!("partner-{}", self.endpoints.pull_partner());
        let files = TlsFiles::in_directory(&self.endpoints.certs, &stem);
        let channels = self.endpoints.connect(&files)?;
        let (orders, took) = pull::drain(&channels.handoff).await?;
        Ok((leased, Pace { orders, took }))
    }

    async fn fill(
        &self,
        partner: &str,
        product: &str,
        most: u64,
        due_at: Timestamp,
    ) -> Result<u64, Problem> {
        let fill = Fill {
            partner,
            product,
            most,
            due_at,
        };
        queue::fill(self.databases, &fill).await
    }

    /// Waits until a bureau has taken all orders of a product.
    async fn until_taken(
        &self,
        product: &str,
        orders: u64,
        due_at: Timestamp,
    ) -> Result<Pace, Problem> {
        let progress = (self.show)("orders are pushed", Unit::Pieces);
        tokio::time::sleep(due_at.since(Clock::system().now())).await;
        let begun_at = Instant::now();
        loop {
            let waiting = queue::count_waiting(self.databases, product).await?;
            progress.set(orders.saturating_sub(waiting), orders);
            let took = begun_at.elapsed();
            if waiting == 0 {
                return Ok(Pace { orders, took });
            }
            if took > PATIENCE {
                return Err(Problem::refused(format!(
                    "{waiting} orders of {orders} are still in the queue"
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn move_bureau(&self, endpoint: &str) -> Outcome {
        let update = wire::UpdatePartnerRequest {
            endpoint: Some(endpoint.to_owned()),
            ..self.update()
        };
        self.change(update).await
    }

    fn update(&self) -> wire::UpdatePartnerRequest {
        wire::UpdatePartnerRequest {
            request_id: new_request_id(),
            partner_id: self.bureau.clone(),
            ..wire::UpdatePartnerRequest::default()
        }
    }

    async fn change(&self, update: wire::UpdatePartnerRequest) -> Outcome {
        let changed = PartnerServiceClient::new(self.operator.handoff.clone())
            .update_partner(update)
            .await;
        changed.or_problem("change the partner").map(drop)
    }
}

fn soon() -> Timestamp {
    let lead = i64::try_from(LEAD.as_micros()).unwrap_or_default();
    Timestamp::from_micros(Clock::system().now().as_micros() + lead)
}

/// Gives by how many places one comes later than in order, at most.
fn displaced(given: &[i64]) -> usize {
    let mut order: Vec<usize> = (0..given.len()).collect();
    order.sort_by_key(|at| given[*at]);
    let later = order
        .iter()
        .enumerate()
        .map(|(due, taken)| taken.saturating_sub(due));
    later.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::displaced;

    #[test]
    fn whoever_is_overtaken_is_displaced() {
        assert_eq!(displaced(&[1, 2, 2, 3]), 0);
        assert_eq!(displaced(&[2, 3, 4, 1]), 3);
        assert_eq!(displaced(&[]), 0);
    }
}
