//! What the sandbox bureau does with what it is asked.
//!
//! A change goes into the book and into the journal's queue under one lock, so that both have one order; the answer waits
//! for the disk. Inquiries wait too, behind the changes before them: no answer gives what a crash could undo.

mod later;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::Key;
use crate::kernel::ids::Ids;
use crate::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentProgress, EnrollmentStatus, HandoffKind, Subject,
};
use crate::wire::redress::r#type::v1::OutcomeClass;

use super::book::{Book, Line};
use super::digest::{activation_digest, book_key, digest};
use super::entry::{Entry, native_code};
use super::journal::Journal;
use super::rules::{Habit, PAUSE, Rule, YEAR, rule_for};
use super::script::Script;

/// How an offer was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// With a status.
    Status(EnrollmentStatus),
    /// Not at all: it was booked, and the answer is lost.
    Lost(EnrollmentStatus),
    /// The bureau cannot work now.
    Down,
    /// The bureau wants a slower pace.
    Throttled {
        /// For how long it wants no calls, if it says so.
        pause: Option<Duration>,
    },
    /// The bureau lets nobody in.
    NotLetIn,
    /// What is in the order cannot be, and nothing was booked.
    Refused(EnrollmentStatus),
    /// Something broke, and nothing was booked.
    Broken,
    /// Not at all, and nothing was booked.
    Never,
}

/// The bureau's desk: its book and its habits.
#[derive(Debug)]
pub struct Desk {
    clock: Clock,
    key: Key,
    journal: Journal,
    state: Mutex<State>,
    script: Script,
    /// Wakes the reporter when there may be something to report.
    pub changed: Notify,
}

#[derive(Debug)]
struct State {
    book: Book,
    tries: HashMap<Uuid, u32>,
    /// Orders about which no question is answered.
    untold: HashSet<Uuid>,
}

impl State {
    /// Gives what is answered where a habit keeps an order out of the book.
    fn refuse(&mut self, id: Uuid, rule: Rule, now: Timestamp) -> Option<Answered> {
        let habit = rule.habit;
        if habit == Habit::None {
            return None;
        }
        let tries = self.tries.entry(id).or_default();
        *tries += 1;
        let is_early = *tries <= rule.tries;
        match habit {
            Habit::DownAtFirst if is_early => Some(Answered::Down),
            Habit::Throttles if is_early => Some(Answered::Throttled { pause: None }),
            Habit::ThrottlesFor if is_early => Some(Answered::Throttled { pause: Some(PAUSE) }),
            Habit::LocksOut if is_early => Some(Answered::NotLetIn),
            Habit::Refuses => Some(Answered::Refused(refused(id))),
            Habit::Breaks => Some(Answered::Broken),
            Habit::BreaksAtAll => {
                self.untold.insert(id);
                Some(Answered::Broken)
            }
            Habit::Hangs => Some(Answered::Never),
            Habit::Forgets if *tries == 1 => Some(Answered::Status(forgotten(id, now))),
            _ => None,
        }
    }
}

/// Says that an order is taken which stands in no book.
fn forgotten(id: Uuid, now: Timestamp) -> EnrollmentStatus {
    EnrollmentStatus {
        handoff_id: id.to_string(),
        partner_reference: format!("LOST-{}", &id.simple().to_string()[16..]),
        progress: EnrollmentProgress::Accepted.into(),
        effective_time: Some(now.to_proto()),
        revision: 9,
        ..EnrollmentStatus::default()
    }
}

/// Books an enrollment that nobody sent.
fn stranger(id: Uuid, now: Timestamp) -> Line {
    Line::Booked {
        id,
        at: now,
        digest: String::new(),
        coverage: String::new(),
        product: "STRANGER".to_owned(),
        activation: String::new(),
        due: now,
        progress: EnrollmentProgress::Active.as_str_name().to_owned(),
        class: OutcomeClass::Unspecified.as_str_name().to_owned(),
        attempt: 1,
        months: 24,
    }
}

/// Says that an order cannot be taken as it is.
fn refused(id: Uuid) -> EnrollmentStatus {
    let class = OutcomeClass::InvalidInput;
    EnrollmentStatus {
        handoff_id: id.to_string(),
        progress: EnrollmentProgress::ActionRequired.into(),
        outcome_class: class.into(),
        native_code: native_code(class).to_owned(),
        ..EnrollmentStatus::default()
    }
}

impl Desk {
    /// Opens the book at this path, and its key beside it.
    pub fn open(clock: Clock, path: &Path) -> io::Result<Self> {
        let key = book_key(&path.with_extension("key"))?;
        let (journal, book) = Journal::open(path)?;
        let state = State {
            book,
            tries: HashMap::new(),
            untold: HashSet::new(),
        };
        Ok(Self {
            clock,
            key,
            journal,
            state: Mutex::new(state),
            script: Script::default(),
            changed: Notify::new(),
        })
    }

    /// Follows a script from now on; in a new book its strangers stand from the start.
    pub async fn following(self, script: Script, ids: &Ids) -> io::Result<Self> {
        let desk = Self { script, ..self };
        if desk.page(0, 1).is_empty() {
            for _ in 0..desk.script.strangers {
                let id = ids.uuid();
                let line = stranger(id, desk.clock.now());
                let written = {
                    let mut state = desk.lock();
                    desk.change(&mut state, line)
                };
                written.wait().await?;
            }
        }
        Ok(desk)
    }

    /// Tells how many of the first files that come back miscount their records.
    pub const fn miscounts(&self) -> u32 {
        self.script.miscounts
    }

    /// Takes an offer. The same `id` again enrolls nobody twice.
    pub async fn submit(&self, id: Uuid, order: &EnrollmentOrder) -> io::Result<Answered> {
        match order.kind() {
            HandoffKind::Extend => return self.extend(id, order).await,
            HandoffKind::UpdatePerson => return self.update_person(id, order).await,
            _ => {}
        }
        let nobody = Subject::default();
        let subject = order.subject.as_ref().unwrap_or(&nobody);
        let ordered = order.coverage.clone().unwrap_or_default();
        let product = ordered.product_code.as_str();
        let scripted = self.script.rule_for(id, order);
        let rule = scripted.unwrap_or_else(|| rule_for(&subject.ssn, product, order.attempt));
        let now = self.clock.now();
        let (written, answered) = {
            let mut state = self.lock();
            let known = state.book.get(id).map(|entry| entry.attempt);
            if known.is_some_and(|known| known < order.attempt) {
                let line = Line::Updated {
                    id,
                    at: now,
                    attempt: order.attempt,
                    digest: digest(&self.key, subject),
                    progress: rule.progress.as_str_name().to_owned(),
                    class: rule.class.as_str_name().to_owned(),
                };
                let written = self.change(&mut state, line);
                let status = state.book.get(id).map(Entry::accepted).unwrap_or_default();
                (written, Answered::Status(status))
            } else if known.is_some() {
                let written = self.change(&mut state, Line::Offered { id });
                let status = state.book.get(id).map(|entry| entry.status(now));
                (written, Answered::Status(status.unwrap_or_default()))
            } else {
                if let Some(refused) = state.refuse(id, rule, now) {
                    return Ok(refused);
                }
                let line = Line::Booked {
                    id,
                    at: now,
                    digest: digest(&self.key, subject),
                    coverage: ordered.coverage_id,
                    product: ordered.product_code,
                    activation: activation_digest(&self.key, &order.activation_code),
                    due: match rule.habit {
                        Habit::LongSince => now - YEAR,
                        _ => now + rule.after,
                    },
                    progress: rule.progress.as_str_name().to_owned(),
                    class: rule.class.as_str_name().to_owned(),
                    attempt: order.attempt.max(1),
                    months: ordered.term_months,
                };
                let written = self.change(&mut state, line);
                let status = state.book.get(id).map(Entry::accepted).unwrap_or_default();
                let answered = match rule.habit {
                    Habit::LosesAnswer => Answered::Lost(status),
                    _ => Answered::Status(status),
                };
                (written, answered)
            }
        };
        written.wait().await?;
        self.changed.notify_one();
        Ok(answered)
    }

    /// Says what is known of an enrollment.
    pub async fn status(&self, id: Uuid) -> io::Result<Option<EnrollmentStatus>> {
        let (written, status) = {
            let state = self.lock();
            if state.untold.contains(&id) {
                return Err(io::Error::other("no question about this order is answered"));
            }
            let status = state.book.status(id, self.clock.now());
            (self.journal.hand_in(Vec::new()), status)
        };
        written.wait().await?;
        Ok(status)
    }

    /// Cancels what was ordered under this reference, or ends it where its term is over; `None` when it was never here.
    pub async fn cancel(&self, id: Uuid, over: bool) -> io::Result<Option<EnrollmentStatus>> {
        let now = self.clock.now();
        let (written, status) = {
            let mut state = self.lock();
            if state.book.get(id).is_none() {
                return Ok(None);
            }
            let written = self.change(&mut state, Line::Canceled { id, at: now, over });
            (written, state.book.get(id).map(|entry| entry.status(now)))
        };
        written.wait().await?;
        self.changed.notify_one();
        Ok(status)
    }

    /// Gives at most `most` statuses that Redress has not recorded.
    pub async fn unreported(&self, most: usize) -> io::Result<Vec<EnrollmentStatus>> {
        let (written, unreported) = {
            let state = self.lock();
            let unreported = state.book.unreported(self.clock.now(), most);
            if unreported.is_empty() {
                return Ok(unreported);
            }
            (self.journal.hand_in(Vec::new()), unreported)
        };
        written.wait().await?;
        Ok(unreported)
    }

    /// Records what Redress has recorded, so that it is not reported again.
    pub async fn mark_reported(&self, reported: &[(Uuid, EnrollmentProgress)]) -> io::Result<()> {
        let written = {
            let mut state = self.lock();
            let lines: Vec<Line> = reported
                .iter()
                .map(|(id, progress)| Line::Told {
                    id: *id,
                    progress: progress.as_str_name().to_owned(),
                })
                .collect();
            for line in &lines {
                state.book.apply(line);
            }
            self.journal.hand_in(lines)
        };
        written.wait().await
    }

    /// Gives at most `most` entries from a place on, with their statuses.
    pub fn page(&self, place: usize, most: usize) -> Vec<(Entry, EnrollmentStatus)> {
        let now = self.clock.now();
        let state = self.lock();
        let entries = state.book.from(place).iter().take(most);
        entries
            .map(|entry| (entry.clone(), entry.status(now)))
            .collect()
    }

    /// Gives the key under which people are hashed.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Waits until the book cannot be written any more.
    pub async fn broke(&self) {
        self.journal.broke().await;
    }

    /// Tells whether it could not be written.
    pub fn is_broken(&self) -> bool {
        self.journal.is_broken()
    }

    fn change(&self, state: &mut State, line: Line) -> super::journal::Written {
        state.book.apply(&line);
        self.journal.hand_in(vec![line])
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
