//! Whether refusals can be told from one another: claims that are refused for many reasons are made in random order, some at once, and
//! for each pair of reasons that must look alike the times that the answers took are compared ([`welch`]), and the answers byte by byte.
//!
//! It measures at the client, over mTLS and the loopback interface, where less disturbs it than on any network. Every limit of the service
//! is as it is by default but the hour's limit of a person, so that a letter can be used up at once.

pub mod class;
pub mod welch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::StreamExt;
use tonic::Status;
use tonic_types::StatusExt;

use super::campaign::desk::Desk;
use super::campaign::{Loaded, load, people_for};
use super::scratch::{in_scratch, with_processes};
use crate::client::problem::{Problem, reason};
use crate::client::progress::{Show, Unit};
use crate::kernel::fault::Reason;
use crate::kernel::secrets::Secret;
use crate::lab::people::dice::Dice;
use crate::lab::people::labelled::{Order, write_file};
use crate::wire::redress::identity::v1::Verification;
use class::{Class, Group, Letter, Letters, Refusal};
use welch::{Sample, distance};

/// Beyond this distance a difference is there (see [`welch`]).
pub const FAR: f64 = 4.5;
/// What a letter has of tries in its whole life is what a person has in an hour here.
const TRIES: (&str, &str) = ("REDRESS_TRIES_PER_PERSON", "10");
const GRID: &str = "REDRESS_REFUSAL_GRID";
/// Tries until nothing is answered any more; a name has a hundred look-ups a day.
const MANY: usize = 200;

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// Calls of each class.
    pub calls: usize,
    /// So many calls are made at once.
    pub at_once: usize,
    /// The grid at whose steps refusals leave, where it is not the default.
    pub grid: Option<String>,
    /// Repeats the same people and calls.
    pub seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// What a measurement came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// How long the calls took altogether.
    pub seconds: f64,
    /// The pairs.
    pub pairs: Vec<Pair>,
}

/// Two classes beside each other.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What both have in common.
    pub group: Group,
    /// The classes with their latencies in microseconds.
    pub sides: [(Class, Sample); 2],
    /// Welch's |t|.
    pub distance: f64,
    /// Whether all answers of both were the same bytes.
    pub same_answer: bool,
}

impl Pair {
    /// Tells whether nobody can tell the two apart.
    pub fn is_met(&self) -> bool {
        self.same_answer && self.distance < FAR
    }
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    // One letter for each call of a class, and one that is used up.
    let count = settings.calls + 1;
    let order = Order::of_people(people_for(count), settings.seed);
    let mut identity = vec![(TRIES.0, TRIES.1.to_owned())];
    identity.extend(settings.grid.iter().map(|grid| (GRID, grid.clone())));
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let done = with_processes(databases, dir, &identity, async |endpoints, _| {
            let loaded = load(endpoints, (&roster, labels), count, show).await?;
            compare(&loaded, settings, show).await
        });
        let (pairs, seconds) = done.await?;
        Ok(Measured {
            database: databases.database(),
            seconds,
            pairs,
        })
    })
    .await
}

/// What was seen of a class.
#[derive(Default)]
struct Seen {
    took: Sample,
    answers: BTreeSet<String>,
}

/// Makes all calls. Gives the pairs, and how many seconds it took.
async fn compare(
    loaded: &Loaded,
    settings: &Settings,
    show: Show,
) -> Result<(Vec<Pair>, f64), Problem> {
    let begun = loaded.begin(show).await?;
    let letters: Vec<Letter<'_>> = begun
        .into_iter()
        .map(|(subject, enrollment)| Letter {
            person: &subject.person,
            enrollment,
        })
        .collect();
    let Some((spent, fresh)) = letters.split_last() else {
        return Err(Problem::refused("nobody has a letter"));
    };
    let letters = Letters { fresh, spent };
    for class in Class::ALL.into_iter().filter(|class| class.is_throttled()) {
        spend(&loaded.desk, &letters.call(class, 0, settings.seed)).await?;
    }
    let begun_at = Instant::now();
    let seen = call_all(&loaded.desk, &letters, settings, show).await?;
    Ok((pairs(&seen), begun_at.elapsed().as_secs_f64()))
}

/// Tries until it is throttled.
async fn spend(desk: &Desk, refusal: &Refusal) -> Result<(), Problem> {
    for _ in 0..MANY {
        let enrollment = refusal.enrollment.as_deref();
        if desk
            .ask(enrollment, refusal.claims.clone())
            .await?
            .is_none()
        {
            return Ok(());
        }
    }
    Err(Problem::refused("tries are not used up after many of them"))
}

/// Makes the calls in rounds: in each round one of each class, in random order.
async fn call_all(
    desk: &Desk,
    letters: &Letters<'_>,
    settings: &Settings,
    show: Show,
) -> Result<BTreeMap<Class, Seen>, Problem> {
    let progress = show("claims are refused", Unit::Pieces);
    let total = (settings.calls * Class::ALL.len()) as u64;
    let order = (0..settings.calls).flat_map(|round| {
        let mut classes = Class::ALL;
        shuffle(&mut classes, &mut Dice::new(settings.seed, round as u64));
        classes.into_iter().map(move |class| (class, round))
    });
    let calls =
        order.map(|(class, round)| refused(desk, letters.call(class, round, settings.seed)));
    let mut calls = futures::stream::iter(calls).buffer_unordered(settings.at_once);
    let mut seen: BTreeMap<Class, Seen> = BTreeMap::new();
    let mut done = 0;
    while let Some(one) = calls.next().await {
        done += 1;
        progress.set(done, total);
        // Once in a while a used-up person gets one try back: that call is none of its class.
        let Some((class, took, answer)) = one? else {
            continue;
        };
        let seen = seen.entry(class).or_default();
        seen.took.add(took.as_secs_f64() * 1e6);
        seen.answers.insert(answer);
    }
    Ok(seen)
}

fn shuffle<T>(list: &mut [T], dice: &mut Dice) {
    for at in (1..list.len()).rev() {
        let other = dice.below(u32::try_from(at + 1).unwrap_or(u32::MAX)) as usize;
        list.swap(at, other);
    }
}

/// Makes a call that is refused. Gives how long the refusal took and what it says; nothing if it was refused for another reason.
async fn refused(
    desk: &Desk,
    refusal: Refusal,
) -> Result<Option<(Class, Duration, String)>, Problem> {
    let class = refusal.class;
    let call = desk.prepare(refusal.unknown_campaign);
    let enrollment = refusal.enrollment.unwrap_or_default();
    let begun_at = Instant::now();
    let answer = call.verify(&enrollment, refusal.claims).await;
    let took = begun_at.elapsed();
    let wanted = if class.is_throttled() {
        Reason::Throttled
    } else {
        Reason::VerificationRefused
    };
    match answer {
        Err(status) if reason(&status) == Some(wanted) => Ok(Some((class, took, in_full(&status)))),
        Err(status) if reason(&status) == Some(Reason::VerificationRefused) => Ok(None),
        Err(status) => Err(Problem::from_status("claim an identity", &status)),
        Ok(_) if class.is_throttled() => Ok(None),
        Ok(verification) if class.group() == Group::LookUp => {
            Ok(Some((class, took, without_ids(verification))))
        }
        Ok(_) => Err(Problem::refused(format!(
            "{}: a claim that should be refused was not",
            class.name()
        ))),
    }
}

/// Writes all that a refusal says. How long to wait is what is left of an hour, whoever is asked about: it is left out.
fn in_full(status: &Status) -> String {
    let mut details = status.get_error_details();
    if details.retry_info().is_some() {
        details.set_retry_info(None);
        return format!("{:?} {} {details:?}", status.code(), status.message());
    }
    let (code, message) = (status.code(), status.message());
    format!("{code:?} {message} {:?}", status.details())
}

/// Writes an answer that is the same for everybody, but for its id and the time.
fn without_ids(verification: Verification) -> String {
    let same = Verification {
        verification_id: String::new(),
        create_time: None,
        expire_time: None,
        due_time: None,
        ..verification
    };
    format!("{same:?}")
}

/// Compares each two classes of a group.
fn pairs(seen: &BTreeMap<Class, Seen>) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (at, (one, a)) in seen.iter().enumerate() {
        for (other, b) in seen.iter().skip(at + 1) {
            if one.group() == other.group() {
                pairs.push(Pair {
                    group: one.group(),
                    sides: [(*one, a.took), (*other, b.took)],
                    distance: distance(&a.took, &b.took),
                    same_answer: a.answers == b.answers && a.answers.len() == 1,
                });
            }
        }
    }
    pairs
}
