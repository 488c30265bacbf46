//! One event, judged by itself.
//!
//! Whether the person is on the roster, and what is known already, is judged in [`super::plan`].

use jiff::civil::Date;

use crate::db::entities::mail_event::{AddressSource, Kind, ReturnReason};
use crate::identity::matching::address;
use crate::identity::roster::row::{RawColumns, parse_address};
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

use super::history::Moment;
use super::refusal::{Cause, Field, Refusal};

/// An event as it was sent. Its `Debug` shows nothing of the address.
#[derive(Clone, Debug, Default)]
pub struct RawEvent {
    /// Who.
    pub individual: String,
    /// What.
    pub kind: Option<Kind>,
    /// When; nothing if it is not a whole date.
    pub on: Option<Date>,
    /// Why it came back.
    pub return_reason: Option<ReturnReason>,
    /// Who gave the better address.
    pub source: Option<AddressSource>,
    /// The better address, in the columns of a roster row.
    pub address: Option<RawAddress>,
    /// Which of the person's letters; 0 if that is not known.
    pub generation: i32,
}

/// The columns of an address as they were sent. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct RawAddress(pub RawColumns);

impl std::fmt::Debug for RawAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawAddress([redacted])")
    }
}

/// An event that is valid by itself.
#[derive(Clone, Debug)]
pub struct Event {
    /// Who.
    pub individual: IndividualId,
    /// When.
    pub on: Date,
    /// What.
    pub what: What,
    /// Which of the person's letters; 0 if that is not known, or the event is about none.
    pub generation: i32,
}

/// What happened, with what belongs to it.
#[derive(Clone, Debug)]
pub enum What {
    /// A single letter was mailed.
    Mailed,
    /// It came back.
    Returned(ReturnReason),
    /// A better address became known.
    AddressCorrected {
        /// Who gave it.
        source: AddressSource,
        /// The address, as a person of whom nothing else is known.
        place: Box<Person>,
    },
    /// A letter that had come back was mailed again.
    Remailed,
}

impl Event {
    /// Names what happened.
    pub fn kind(&self) -> Kind {
        match self.what {
            What::Mailed => Kind::Mailed,
            What::Returned(_) => Kind::Returned,
            What::AddressCorrected { .. } => Kind::AddressCorrected,
            What::Remailed => Kind::Remailed,
        }
    }

    /// Gives the place in the person's history.
    pub fn moment(&self) -> Moment {
        Moment {
            on: self.on,
            kind: self.kind(),
            generation: self.generation,
        }
    }
}

/// What an event is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The day of the call in the campaign's zone.
    pub today: Date,
    /// The day on which the breach was discovered.
    pub discovered_on: Date,
}

/// Parses an event. The first field that is wrong is named.
pub fn parse_event(raw: &RawEvent, rules: Rules) -> Result<Event, Refusal> {
    let individual = raw.individual.parse();
    let individual = individual.map_err(|_| malformed(Field::IndividualId))?;
    let kind = raw.kind.ok_or(malformed(Field::Kind))?;
    let on = raw.on.ok_or(malformed(Field::EventDate))?;
    if on > rules.today {
        return Err(Refusal::new(Field::EventDate, Cause::DateInFuture));
    }
    if on < rules.discovered_on {
        return Err(Refusal::new(Field::EventDate, Cause::DateBeforeDiscovery));
    }
    let reason = belongs(
        kind == Kind::Returned,
        Field::ReturnReason,
        raw.return_reason,
    )?;
    let is_correction = kind == Kind::AddressCorrected;
    let source = belongs(is_correction, Field::AddressSource, raw.source)?;
    let address = belongs(is_correction, Field::Address, raw.address.as_ref())?;
    let what = match (kind, reason, source.zip(address)) {
        (Kind::Returned, Some(reason), _) => What::Returned(reason),
        (Kind::AddressCorrected, _, Some((source, address))) => What::AddressCorrected {
            source,
            place: Box::new(place(address)?),
        },
        (Kind::Remailed, ..) => What::Remailed,
        (Kind::Mailed | Kind::Returned | Kind::AddressCorrected, ..) => What::Mailed,
    };
    if raw.generation < 0 {
        return Err(malformed(Field::Generation));
    }
    Ok(Event {
        individual,
        on,
        what,
        generation: if is_correction { 0 } else { raw.generation },
    })
}

const fn malformed(field: Field) -> Refusal {
    Refusal::new(field, Cause::Malformed)
}

/// Refuses an event that lacks a field of its kind, or has one of another kind.
fn belongs<T>(belongs: bool, field: Field, value: Option<T>) -> Result<Option<T>, Refusal> {
    match (belongs, value) {
        (true, None) => Err(Refusal::new(field, Cause::Missing)),
        (false, Some(_)) => Err(Refusal::new(field, Cause::NotExpected)),
        (_, value) => Ok(value),
    }
}

fn place(address: &RawAddress) -> Result<Person, Refusal> {
    let place = parse_address(&address.0)?;
    if address::is_mailable(&place) {
        Ok(place)
    } else {
        Err(Refusal::new(Field::Address, Cause::AddressUndeliverable))
    }
}

#[cfg(test)]
mod tests;
