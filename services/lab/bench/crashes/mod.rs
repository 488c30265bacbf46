//! What is lost when processes die: people enroll and withdraw while services, bureaus and connections of the database are killed without a
//! warning. In the end what people were told is compared with the enrollments and with the books of the bureaus.
//!
//! With each kill so many people more begin, so that none meets a system that has nothing to do.

mod compare;
mod killer;
mod person;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::sync::Semaphore;
use tonic::transport::Channel;

use super::campaign::{Loaded, load, people_for};
use super::databases::Databases;
use super::scratch::{Which, in_scratch, with_stack};
use crate::client::connect::{ClientRole, Endpoints};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::{Show, Unit};
use crate::kernel::secrets::Secret;
use crate::lab::books::Books;
use crate::lab::demo::outcomes;
use crate::lab::people::labelled::{Order, write_file};
use crate::lab::processes::stack::Stack;
use crate::wire::redress::handoff::v1 as handoff;
use compare::{Compared, compare};
use handoff::handoff_admin_service_client::HandoffAdminServiceClient;
use killer::Killer;
use person::{Told, enroll};

/// So many people call at once.
const AT_ONCE: usize = 32;
/// How long the bureaus may take after the last kill: back-offs go up to a minute.
const PATIENCE: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(1);
/// So often somebody makes a call that may work later; from the tenth on they wait for seconds.
const ATTEMPTS: u32 = 60;
/// How many of a thousand people must come through.
const LEAST: usize = 990;
/// How many of a thousand offers may be repetitions.
const MOST_REPEATED: u64 = 20;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// How many people enroll.
    pub enrollments: usize,
    /// How often something is killed.
    pub kills: usize,
    /// The mean time between two kills.
    pub every: Duration,
    /// Repeats the same people and the same victims.
    pub seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// What was killed, and how often.
    pub kills: BTreeMap<&'static str, usize>,
    /// People who called.
    pub called: usize,
    /// People who were told that they are enrolled.
    pub enrolled: usize,
    /// Those of them who withdrew and were told so.
    pub withdrawn: usize,
    /// People who were told something else, by reason.
    pub turned_away: BTreeMap<String, usize>,
    /// What the comparison found.
    pub compared: Compared,
    /// Handoffs that no bureau answers any more.
    pub dead: u64,
    /// Until everybody was answered and every process ran again, and from then until the bureaus had decided about everybody.
    pub took: [Duration; 2],
}

impl Measured {
    /// Tells whether nobody was lost or doubled, and enough people came through.
    pub fn is_met(&self) -> bool {
        self.compared.is_clean() && self.dead == 0 && self.progressed() && self.repeated_little()
    }

    /// Tells whether enough people came through.
    fn progressed(&self) -> bool {
        self.enrolled * 1_000 >= self.called * LEAST
    }

    fn repeated_little(&self) -> bool {
        self.compared.repeated * 1_000 <= self.compared.offers * MOST_REPEATED
    }
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    let order = Order::of_people(people_for(settings.enrollments), settings.seed);
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let which = Which {
            pull_bureau: true,
            ..Which::default()
        };
        with_stack(databases, dir, which, async |stack| {
            let endpoints = stack.endpoints.clone();
            let loaded = load(&endpoints, (&roster, labels), settings.enrollments, show);
            let loaded = Box::pin(loaded).await?;
            let run = Run {
                settings,
                endpoints: &endpoints,
                loaded: &loaded,
                show,
            };
            Box::pin(run.measure(databases, stack)).await
        })
        .await
    })
    .await
}

struct Run<'a> {
    settings: &'a Settings,
    endpoints: &'a Endpoints,
    loaded: &'a Loaded,
    show: Show,
}

impl Run<'_> {
    async fn measure(&self, databases: &Databases, stack: &mut Stack) -> Result<Measured, Problem> {
        let books = Books::open_all(self.endpoints).await?;
        let begun_at = Instant::now();
        let places = Semaphore::new(0);
        let mut killer = Killer::new(stack, databases, self.settings.seed);
        let (done, told) = tokio::join!(self.kill(&mut killer, &places), self.call(&places));
        done?;
        let kills = killer.kills();
        stack.until_ready().await?;
        let answered_at = Instant::now();
        let operator = self.endpoints.connect_as(ClientRole::Operator)?;
        let dead = self.settle(&operator.handoff).await?;
        let compared = self.compare_all(&operator.codes, &books, &told).await?;
        let took = [answered_at - begun_at, answered_at.elapsed()];
        let mut turned_away = BTreeMap::new();
        for reason in told.iter().filter_map(|one| one.as_ref().err()) {
            *turned_away.entry(reason.clone()).or_default() += 1;
        }
        let enrolled = || told.iter().filter_map(|one| one.as_ref().ok());
        Ok(Measured {
            database: databases.database(),
            kills,
            called: told.len(),
            enrolled: enrolled().count(),
            withdrawn: enrolled().filter(|one| one.withdrew).count(),
            turned_away,
            compared,
            dead,
            took,
        })
    }

    /// Kills as often as asked, and lets so many people begin with each kill.
    async fn kill(&self, killer: &mut Killer<'_>, places: &Semaphore) -> Outcome {
        let Settings {
            enrollments,
            kills,
            every,
            ..
        } = *self.settings;
        let progress = (self.show)("processes are killed", Unit::Pieces);
        for number in 0..kills {
            places.add_permits(enrollments / kills);
            tokio::time::sleep(killer.pause(every)).await;
            if let Err(problem) = killer.kill_one().await {
                // Whoever waits for a place would wait for ever.
                places.close();
                return Err(problem);
            }
            progress.set(number as u64 + 1, kills as u64);
        }
        places.add_permits(enrollments);
        Ok(())
    }

    /// Lets everybody call, and gives what each was told, or why they were turned away.
    async fn call(&self, places: &Semaphore) -> Vec<Result<Told, String>> {
        let progress = (self.show)("people enroll", Unit::Pieces);
        let people = &self.loaded.subjects;
        let calls = people.iter().enumerate().map(async |(number, subject)| {
            let Ok(place) = places.acquire().await else {
                return Err("not called".to_owned());
            };
            place.forget();
            let desk = &self.loaded.desk;
            let client = desk.client(ATTEMPTS);
            enroll(&client, subject, (self.settings.seed, number)).await
        });
        let mut ended = 0;
        let told = futures::stream::iter(calls)
            .buffer_unordered(AT_ONCE)
            .inspect(|_| {
                ended += 1;
                progress.set(ended, people.len() as u64);
            });
        told.collect().await
    }

    /// Waits until no handoff is under way, and gives how many were given up.
    async fn settle(&self, handoff: &Channel) -> Result<u64, Problem> {
        use handoff::HandoffState as State;
        let _waiting = (self.show)("waiting for the bureaus", Unit::Nothing);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = handoff::GetQueueStatisticsRequest::default();
            let counted = HandoffAdminServiceClient::new(handoff.clone())
                .get_queue_statistics(request)
                .await;
            let counts = counted.or_problem("count the queue")?.counts;
            let sum = |states: &[State]| -> i64 {
                let counts = counts.iter().filter(|it| states.contains(&it.state()));
                counts.map(|it| it.handoffs).sum()
            };
            let open = [
                State::Queued,
                State::Leased,
                State::Unsettled,
                State::Accepted,
            ];
            if sum(&open) == 0 || Instant::now() > deadline {
                return Ok(u64::try_from(sum(&[State::Dead])).unwrap_or_default());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Compares until nothing differs any more or patience ends: the last outcomes are on their way from one process to the other.
    async fn compare_all(
        &self,
        codes: &Channel,
        books: &[Books],
        told: &[Result<Told, String>],
    ) -> Result<Compared, Problem> {
        let told: Vec<&Told> = told.iter().filter_map(|one| one.as_ref().ok()).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut booked = Vec::new();
            for books in books {
                booked.extend(books.entries().await?);
            }
            let campaign = &self.loaded.campaign.campaign_id;
            let enrollments = outcomes::enrollments(codes, campaign).await?;
            let compared = compare(&told, &enrollments, &booked);
            if compared.is_clean() || Instant::now() > deadline {
                return Ok(compared);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
