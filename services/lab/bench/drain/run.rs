//! The queues, one after the other.

use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measured::{Both, Measured, Outage, Pace, Settings};
use super::pull;
use crate::client::connect::{Channels, ClientRole, Endpoints};
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::{Show, Unit};
use crate::client::request::new_request_id;
use crate::kernel::certs::TlsFiles;
use crate::kernel::clock::{Clock, Timestamp};
use crate::lab::bench::campaign::Loaded;
use crate::lab::bench::databases::Databases;
use crate::lab::bench::queue::{self, Fill};
use crate::lab::bench::verify::Latency;
use crate::lab::processes::stack::Stack;
use crate::lab::processes::usage::peak_memory_mib;
use crate::wire::redress::handoff::v1 as wire;
use wire::partner_service_client::PartnerServiceClient;

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

pub(super) struct Run<'a> {
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
    pub async fn open(
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

    pub async fn measure(&self, stack: &Stack) -> Result<Measured, Problem> {
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
