//! What becomes of the events of one call, given what is known. Pure: the database is asked before and written to after.
//!
//! Events are taken in order, and each sees what the ones before it did.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::db::entities::mail_event::{AddressSource, ReturnReason};
use crate::identity::roster::letters::Letter;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;

use super::event::{Event, What};
use super::history::{self, Correction, Known, Moment};
use super::refusal::{Cause, Field, Refusal, Verdict};

/// An event that is valid by itself, with keyed hashes of its address for each version of the index key, the current one
/// first; none without an address.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The event.
    pub event: Event,
    /// The hashes.
    pub macs: Vec<Uuid>,
}

/// An individual as the events find them.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Whether the personal data was destroyed.
    pub is_erased: bool,
    /// What happened to their letters.
    pub history: HashMap<Moment, Detail>,
    /// Their letters.
    pub letters: Vec<Letter>,
}

impl Subject {
    /// Gives the better addresses that became known.
    fn corrections(&self) -> Vec<Correction> {
        let correction = |(moment, detail): (&Moment, &Detail)| {
            let (source, recorded_at) = detail.corrected?;
            Some(Correction {
                on: moment.on,
                source,
                recorded_at,
            })
        };
        self.history.iter().filter_map(correction).collect()
    }
}

/// What belongs to an event that is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Why a letter came back.
    pub return_reason: Option<ReturnReason>,
    /// Keyed hash of a corrected address and its source.
    pub address: Option<Uuid>,
    /// Who knew a corrected address, and when it was recorded.
    pub corrected: Option<(AddressSource, Timestamp)>,
}

/// What to write about one individual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether the last letter came back and no better address is known since.
    pub is_returned: bool,
    /// Which of the events brings the address that holds from now on.
    pub address_of: Option<usize>,
}

/// What to answer and to write.
#[derive(Debug, Default)]
pub struct Plan {
    /// What became of each event, in order.
    pub verdicts: Vec<Verdict>,
    /// The individuals who change.
    pub changes: BTreeMap<IndividualId, Change>,
}

impl Plan {
    /// Gives the places of the events to record.
    pub fn recorded(&self) -> impl Iterator<Item = usize> {
        let verdicts = self.verdicts.iter().enumerate();
        verdicts
            .filter(|(_, verdict)| **verdict == Verdict::Recorded)
            .map(|(at, _)| at)
    }
}

/// Plans a call that is recorded at an instant.
pub fn plan(
    events: &[Result<Judged, Refusal>],
    mut subjects: BTreeMap<IndividualId, Subject>,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    for event in events {
        let verdict = match event {
            Err(refusal) => Verdict::Refused(*refusal),
            Ok(judged) => take(judged, &mut subjects, now),
        };
        plan.verdicts.push(verdict);
    }
    for at in plan.recorded().collect::<Vec<_>>() {
        let Some(Ok(Judged { event, .. })) = events.get(at) else {
            continue;
        };
        let Some(subject) = subjects.get(&event.individual) else {
            continue;
        };
        let corrections = subject.corrections();
        let known = Known {
            corrections: &corrections,
            letters: &subject.letters,
        };
        let newest = brings_address(event) && history::is_newest(event.on, &corrections);
        let change = plan.changes.entry(event.individual).or_default();
        change.is_returned = history::is_returned(subject.history.keys().copied(), known);
        change.address_of = newest.then_some(at).or(change.address_of);
    }
    plan
}

fn brings_address(event: &Event) -> bool {
    matches!(event.what, What::AddressCorrected { .. })
}

fn take(
    judged: &Judged,
    subjects: &mut BTreeMap<IndividualId, Subject>,
    now: Timestamp,
) -> Verdict {
    let refused = |field, cause| Verdict::Refused(Refusal::new(field, cause));
    let event = &judged.event;
    let Some(subject) = subjects.get_mut(&event.individual) else {
        return refused(Field::IndividualId, Cause::UnknownIndividual);
    };
    if subject.is_erased {
        return refused(Field::IndividualId, Cause::IndividualErased);
    }
    let had = |letter: &Letter| letter.generation == event.generation;
    if event.generation > 0 && !subject.letters.iter().any(had) {
        return refused(Field::Generation, Cause::UnknownLetter);
    }
    let moment = event.moment();
    match subject.history.get(&moment) {
        Some(known) if is_same(known, judged) => Verdict::KnownBefore,
        Some(_) => refused(Field::EventDate, Cause::RecordedOtherwise),
        None => {
            subject.history.insert(moment, detail(judged, now));
            Verdict::Recorded
        }
    }
}

/// Gives what is recorded with an event at an instant.
pub fn detail(judged: &Judged, now: Timestamp) -> Detail {
    let (return_reason, source) = match &judged.event.what {
        What::Returned(reason) => (Some(*reason), None),
        What::AddressCorrected { source, .. } => (None, Some(*source)),
        What::Mailed | What::Remailed => (None, None),
    };
    Detail {
        return_reason,
        address: judged.macs.first().copied(),
        corrected: source.map(|source| (source, now)),
    }
}

fn is_same(known: &Detail, judged: &Judged) -> bool {
    let same_address = match known.address {
        Some(mac) => judged.macs.contains(&mac),
        None => judged.macs.is_empty(),
    };
    let reason = match judged.event.what {
        What::Returned(reason) => Some(reason),
        What::Mailed | What::AddressCorrected { .. } | What::Remailed => None,
    };
    same_address && known.return_reason == reason
}

#[cfg(test)]
mod tests;
