//! How long VerifyIdentity takes as the roster grows: people claim with their letter, and call an agent without it, one call after the other.
//! Beside each pair of calls stand what they cannot do without in the same moment: one SELECT of a person by key, on a connection of its
//! own, and a call that asks for nothing, over the same channel.
//!
//! Of each roster, the smallest first, the processes and the database are fresh. Every person is claimed about once, so no limit but those
//! of the campaign is near.

use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, Connection as _, PgConnection, SqliteConnection};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use uuid::Uuid;

use super::campaign::desk::{Answer, Desk};
use super::campaign::{Loaded, load, people_for};
use super::databases::{Databases, Side, failed};
use super::scratch::{in_scratch, with_processes};
use crate::client::connect::{Channels, ClientRole};
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Show, Unit};
use crate::db::{self, Process};
use crate::kernel::secrets::Secret;
use crate::lab::people::labelled::{Order, write_file};
use crate::wire::redress::identity::v1::Claims;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// How many people, a roster each.
    pub people: Vec<u64>,
    /// Calls of each kind on each roster.
    pub calls: usize,
    /// Repeats the same people.
    pub seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// What came of one roster.
#[derive(Clone, Debug)]
pub struct Measured {
    /// People on it.
    pub people: u64,
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// Claims with a letter.
    pub with_letter: Latency,
    /// Claims without one, made by an agent.
    pub by_agent: Latency,
    /// One person read by key.
    pub select: Latency,
    /// A call that asks for nothing.
    pub empty_call: Latency,
}

/// How long calls of one kind took.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 in 100 took no longer.
    pub p99: Duration,
}

impl Latency {
    /// Reads it off a list of times.
    pub fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |of_100: usize| {
            let rank = (all.len() * of_100).div_ceil(100).max(1);
            all.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Vec<Measured>, Problem> {
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let mut all = Vec::new();
        for people in &settings.people {
            // Two calls in a round, each about somebody else.
            let subjects = settings.calls * 2;
            let people = (*people).max(people_for(subjects));
            let order = Order::of_people(people, settings.seed);
            let roster = dir.join("roster.csv");
            let labels = write_file(&order, &roster, show)?;
            let measured = with_processes(databases, dir, &[], async |endpoints, _| {
                // On the heap: together they are too large for a stack of futures.
                let loaded = load(endpoints, (&roster, labels), subjects, show);
                let loaded = Box::pin(loaded).await?;
                let portal = endpoints.connect_as(ClientRole::Portal)?;
                let timed = Box::pin(time_calls(&loaded, &portal, databases, show)).await?;
                Ok(timed.measured(people, databases.database()))
            });
            all.push(measured.await?);
        }
        Ok(all)
    })
    .await
}

#[derive(Default)]
struct Timed {
    with_letter: Vec<Duration>,
    by_agent: Vec<Duration>,
    select: Vec<Duration>,
    empty_call: Vec<Duration>,
}

impl Timed {
    fn measured(self, people: u64, database: &'static str) -> Measured {
        Measured {
            people,
            database,
            with_letter: Latency::of(self.with_letter),
            by_agent: Latency::of(self.by_agent),
            select: Latency::of(self.select),
            empty_call: Latency::of(self.empty_call),
        }
    }
}

/// Makes one call of each kind after the other, in rounds.
async fn time_calls(
    loaded: &Loaded,
    portal: &Channels,
    databases: &Databases,
    show: Show,
) -> Result<Timed, Problem> {
    let begun = loaded.begin(show).await?;
    let (with_letter, without) = begun.split_at(begun.len() / 2);
    let mut reader = Reader::open(databases, with_letter.len()).await?;
    let mut health = HealthClient::new(portal.identity.clone());
    let desk = &loaded.desk;
    let progress = show("claims are timed", Unit::Pieces);
    let mut timed = Timed::default();
    for (round, ((subject, enrollment), (caller, _))) in with_letter.iter().zip(without).enumerate()
    {
        let claim = with_a_letter(desk, enrollment, subject.person.claims());
        timed.with_letter.push(time(claim).await?);
        timed
            .by_agent
            .push(time(desk.claim_by_agent(caller.person.claims())).await?);
        timed.select.push(time(reader.read(round)).await?);
        let empty = async {
            let request = HealthCheckRequest::default();
            health.check(request).await.or_problem("ask for nothing")
        };
        timed.empty_call.push(time(empty).await?);
        progress.set(round as u64 + 1, with_letter.len() as u64);
    }
    Ok(timed)
}

/// Whoever has the letter and says everything right is verified: what is timed is the whole way.
async fn with_a_letter(desk: &Desk, enrollment: &str, claims: Claims) -> Result<(), Problem> {
    match desk.claim(Some(enrollment), claims).await? {
        Answer::Verified => Ok(()),
        other => Err(Problem::refused(format!(
            "whoever said everything right was not verified: {other:?}"
        ))),
    }
}

async fn time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<Duration, Problem> {
    let begun_at = Instant::now();
    work.await?;
    Ok(begun_at.elapsed())
}

/// A connection that reads people by key.
enum Connection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Who is read, drawn at random.
const DRAWN: &str = "SELECT campaign_id, id FROM individual ORDER BY random() LIMIT $1";
/// How.
const READ: &str = "SELECT sealed FROM individual WHERE campaign_id = $1 AND id = $2";

/// Reads one person after the other.
struct Reader {
    connection: Connection,
    keys: Vec<(Uuid, Uuid)>,
}

impl Reader {
    async fn open(databases: &Databases, people: usize) -> Result<Self, Problem> {
        let wanted = i64::try_from(people).unwrap_or(i64::MAX);
        match databases {
            Databases::Postgres(server) => {
                let mut connection = Databases::connect(server, Side::System).await?;
                let drawn = sqlx::query_as(DRAWN).bind(wanted);
                let keys = drawn.fetch_all(&mut connection).await;
                Ok(Self {
                    keys: keys.map_err(|error| failed(&error))?,
                    connection: Connection::Postgres(connection),
                })
            }
            Databases::Sqlite(_) => {
                let options = db::writing(&databases.file(Side::System), Process::Identity);
                let opened = SqliteConnection::connect_with(&options).await;
                let mut connection = opened.map_err(|error| failed(&error))?;
                let drawn = sqlx::query_as(DRAWN).bind(wanted);
                let keys = drawn.fetch_all(&mut connection).await;
                Ok(Self {
                    keys: keys.map_err(|error| failed(&error))?,
                    connection: Connection::Sqlite(connection),
                })
            }
        }
    }

    async fn read(&mut self, round: usize) -> Result<Vec<u8>, Problem> {
        let (campaign, id) = self.keys[round % self.keys.len()];
        let read = match &mut self.connection {
            Connection::Postgres(connection) => {
                let read = sqlx::query_scalar(READ).bind(campaign).bind(id);
                read.fetch_one(connection).await
            }
            Connection::Sqlite(connection) => {
                let read = sqlx::query_scalar(READ).bind(campaign).bind(id);
                read.fetch_one(connection).await
            }
        };
        read.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_seen() {
        let all = (1..=200).map(Duration::from_millis).collect();
        let Latency { p50, p99 } = Latency::of(all);
        assert_eq!((p50.as_millis(), p99.as_millis()), (100, 198));
        let one = Latency::of(vec![Duration::from_millis(7)]);
        assert_eq!((one.p50, one.p99), (one.p99, Duration::from_millis(7)));
    }
}
