//! What several services write and read alike: the shared types of the contract.

use jiff::civil;
use sea_orm::Iterable;

use crate::db::entities::individual::Population;
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::representative::{Authority, Relationship};
use crate::wire::google::r#type::Date;
use crate::wire::redress::r#type::v1 as wire;

/// Gives a population as the contract has it.
pub const fn population_to_wire(population: Population) -> wire::Population {
    match population {
        Population::Adult => wire::Population::Adult,
        Population::Minor => wire::Population::Minor,
        Population::Deceased => wire::Population::Deceased,
    }
}

/// Reads a population; none where the number is no population of the contract.
pub fn population_of(number: i32) -> Option<Population> {
    let given = wire::Population::try_from(number).ok()?;
    Population::iter().find(|known| population_to_wire(*known) == given)
}

/// Gives an outcome class as the contract has it.
pub const fn class_to_wire(class: Option<OutcomeClass>) -> wire::OutcomeClass {
    match class {
        None => wire::OutcomeClass::Unspecified,
        Some(OutcomeClass::InvalidInput) => wire::OutcomeClass::InvalidInput,
        Some(OutcomeClass::IdentityNotConfirmed) => wire::OutcomeClass::IdentityNotConfirmed,
        Some(OutcomeClass::NoHit) => wire::OutcomeClass::NoHit,
        Some(OutcomeClass::ThinFile) => wire::OutcomeClass::ThinFile,
        Some(OutcomeClass::FileFrozen) => wire::OutcomeClass::FileFrozen,
        Some(OutcomeClass::VictimAlert) => wire::OutcomeClass::VictimAlert,
        Some(OutcomeClass::SsnMismatch) => wire::OutcomeClass::SsnMismatch,
        Some(OutcomeClass::Deceased) => wire::OutcomeClass::Deceased,
        Some(OutcomeClass::Minor) => wire::OutcomeClass::Minor,
        Some(OutcomeClass::AlreadyEnrolled) => wire::OutcomeClass::AlreadyEnrolled,
        Some(OutcomeClass::ProductConfig) => wire::OutcomeClass::ProductConfig,
        Some(OutcomeClass::Other) => wire::OutcomeClass::Other,
    }
}

/// Reads an outcome class. A class that is not known here is OTHER: a partner may know more of them than this server.
pub fn class_of(number: i32) -> Option<OutcomeClass> {
    match wire::OutcomeClass::try_from(number) {
        Ok(given) => OutcomeClass::iter().find(|known| class_to_wire(Some(*known)) == given),
        Err(_) => Some(OutcomeClass::Other),
    }
}

/// Gives what a representative is to a person as the contract has it.
pub const fn relationship_to_wire(relationship: Relationship) -> wire::Relationship {
    match relationship {
        Relationship::Parent => wire::Relationship::Parent,
        Relationship::Guardian => wire::Relationship::Guardian,
        Relationship::Conservator => wire::Relationship::Conservator,
        Relationship::AttorneyInFact => wire::Relationship::AttorneyInFact,
        Relationship::PersonalRepresentative => wire::Relationship::PersonalRepresentative,
        Relationship::NextOfKin => wire::Relationship::NextOfKin,
        Relationship::Other => wire::Relationship::Other,
    }
}

/// Reads what a representative is to a person.
pub fn relationship_of(relationship: wire::Relationship) -> Option<Relationship> {
    Relationship::iter().find(|known| relationship_to_wire(*known) == relationship)
}

/// Gives a representative's right as the contract has it.
pub const fn authority_to_wire(authority: Authority) -> wire::Authority {
    match authority {
        Authority::ByLaw => wire::Authority::ByLaw,
        Authority::CourtOrder => wire::Authority::CourtOrder,
        Authority::PowerOfAttorney => wire::Authority::PowerOfAttorney,
        Authority::EstateLetters => wire::Authority::EstateLetters,
    }
}

/// Reads a representative's right.
pub fn authority_of(authority: wire::Authority) -> Option<Authority> {
    Authority::iter().find(|known| authority_to_wire(*known) == authority)
}

/// Writes a civil date.
pub fn date(day: civil::Date) -> Date {
    Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_populations_survive_both_ways() {
        for class in OutcomeClass::iter() {
            assert_eq!(class_of(class_to_wire(Some(class)).into()), Some(class));
        }
        assert_eq!(class_of(0), None);
        assert_eq!(class_of(9_999), Some(OutcomeClass::Other));
        for population in Population::iter() {
            let number = population_to_wire(population).into();
            assert_eq!(population_of(number), Some(population));
        }
        assert_eq!(population_of(0), None);
        assert_eq!(population_of(9_999), None);
    }
}
