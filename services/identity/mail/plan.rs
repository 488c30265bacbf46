//! What becomes of the events of one call, given what is known. Pure: the database is asked before and written to after.
//!
//! Events are taken in order, and each sees what the ones before it did.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use uuid::Uuid;

use crate::db::entities::mail_event::ReturnReason;
use crate::kernel::ids::IndividualId;

use super::event::{Event, What};
use super::history::{self, Moment};
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
}

/// What belongs to an event that is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Why a letter came back.
    pub return_reason: Option<ReturnReason>,
    /// Keyed hash of a corrected address and its source.
    pub address: Option<Uuid>,
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

/// Plans a call.
pub fn plan(
    events: &[Result<Judged, Refusal>],
    mut subjects: BTreeMap<IndividualId, Subject>,
) -> Plan {
    let mut plan = Plan::default();
    for event in events {
        let verdict = match event {
            Err(refusal) => Verdict::Refused(*refusal),
            Ok(judged) => take(judged, &mut subjects),
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
        let moments = || subject.history.keys().copied();
        let newest = brings_address(event) && history::is_newest(event.on, moments());
        let change = plan.changes.entry(event.individual).or_default();
        change.is_returned = history::is_returned(moments());
        change.address_of = newest.then_some(at).or(change.address_of);
    }
    plan
}

fn brings_address(event: &Event) -> bool {
    matches!(event.what, What::AddressCorrected { .. })
}

fn take(judged: &Judged, subjects: &mut BTreeMap<IndividualId, Subject>) -> Verdict {
    let refused = |field, cause| Verdict::Refused(Refusal::new(field, cause));
    let event = &judged.event;
    let Some(subject) = subjects.get_mut(&event.individual) else {
        return refused(Field::IndividualId, Cause::UnknownIndividual);
    };
    if subject.is_erased {
        return refused(Field::IndividualId, Cause::IndividualErased);
    }
    let moment: (Date, _) = (event.on, event.kind());
    match subject.history.get(&moment) {
        Some(known) if is_same(known, judged) => Verdict::KnownBefore,
        Some(_) => refused(Field::EventDate, Cause::RecordedOtherwise),
        None => {
            subject.history.insert(moment, detail(judged));
            Verdict::Recorded
        }
    }
}

/// Gives what is recorded with an event.
pub fn detail(judged: &Judged) -> Detail {
    let return_reason = match judged.event.what {
        What::Returned(reason) => Some(reason),
        What::Mailed | What::AddressCorrected { .. } | What::Remailed => None,
    };
    Detail {
        return_reason,
        address: judged.macs.first().copied(),
    }
}

fn is_same(known: &Detail, judged: &Judged) -> bool {
    let same_address = match known.address {
        Some(mac) => judged.macs.contains(&mac),
        None => judged.macs.is_empty(),
    };
    same_address && known.return_reason == detail(judged).return_reason
}

#[cfg(test)]
mod tests;
