//! What several services write and read alike: the shared types of the contract.

use jiff::civil;
use sea_orm::Iterable;
use uuid::Uuid;

use crate::db::entities::evidence::Evidence;
use crate::db::entities::individual::Population;
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::representative::{Authority, Relationship};
use crate::kernel::fields::Fields;
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

/// Gives a kind of evidence as the contract has it.
pub const fn evidence_to_wire(evidence: Evidence) -> wire::Evidence {
    match evidence {
        Evidence::LetterCode => wire::Evidence::LetterCode,
        Evidence::RecordMatch => wire::Evidence::RecordMatch,
        Evidence::EmailCode => wire::Evidence::EmailCode,
        Evidence::SmsCode => wire::Evidence::SmsCode,
        Evidence::VoiceCode => wire::Evidence::VoiceCode,
        Evidence::Review => wire::Evidence::Review,
        Evidence::PhotoId => wire::Evidence::PhotoId,
        Evidence::BirthCertificate => wire::Evidence::BirthCertificate,
        Evidence::DeathCertificate => wire::Evidence::DeathCertificate,
        Evidence::CourtOrder => wire::Evidence::CourtOrder,
        Evidence::PowerOfAttorney => wire::Evidence::PowerOfAttorney,
        Evidence::EstateLetters => wire::Evidence::EstateLetters,
        Evidence::ProofOfAddress => wire::Evidence::ProofOfAddress,
        Evidence::GuardianVerified => wire::Evidence::GuardianVerified,
    }
}

/// Reads a kind of evidence; none where the number is none of the contract.
pub fn evidence_of(number: i32) -> Option<Evidence> {
    let given = wire::Evidence::try_from(number).ok()?;
    Evidence::iter().find(|known| evidence_to_wire(*known) == given)
}

/// Reads the documents that somebody saw. Names each field that is no document.
pub fn documents_of(fields: &mut Fields, path: &str, numbers: &[i32]) -> Vec<Evidence> {
    let document = |number: &i32| evidence_of(*number).filter(|kind| kind.is_document());
    for (at, number) in numbers.iter().enumerate() {
        let rule = "must be a document that was seen";
        fields.demand(
            document(number).is_some(),
            format_args!("{path}[{at}]"),
            rule,
        );
    }
    numbers.iter().filter_map(document).collect()
}

/// Names an item of a call that takes many: its place or line, and its id.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its place in the request from 0, or its line in a file.
    pub index: i64,
    /// Its id as the request has it. Only a UUID is given back.
    pub id: &'a str,
}

impl<'a> Item<'a> {
    /// Names the item at a place of a request.
    pub fn at(place: usize, id: &'a str) -> Self {
        let index = i64::try_from(place).unwrap_or(i64::MAX);
        Self { index, id }
    }

    /// Names the row at a line of a file.
    pub fn line(index: i64) -> Self {
        Self { index, id: "" }
    }

    /// Says that it has taken effect now.
    pub fn applied(self) -> wire::ItemVerdict {
        self.verdict(wire::ItemResult::Applied)
    }

    /// Says that it had taken effect before.
    pub fn unchanged(self) -> wire::ItemVerdict {
        self.verdict(wire::ItemResult::Unchanged)
    }

    /// Says why it was not taken, by which field, and what to do.
    pub fn refused(
        self,
        reason: wire::ItemReason,
        field: impl Into<String>,
        help: impl Into<String>,
    ) -> wire::ItemVerdict {
        wire::ItemVerdict {
            reason: reason.into(),
            field: field.into(),
            // Of all reasons only this one goes away by itself.
            retryable: reason == wire::ItemReason::DateInFuture,
            help: help.into(),
            ..self.verdict(wire::ItemResult::Refused)
        }
    }

    fn verdict(self, result: wire::ItemResult) -> wire::ItemVerdict {
        let id = Uuid::try_parse(self.id).map(|id| id.to_string());
        wire::ItemVerdict {
            index: self.index,
            id: id.unwrap_or_default(),
            result: result.into(),
            ..wire::ItemVerdict::default()
        }
    }
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
    fn a_verdict_gives_back_an_id_and_nothing_else() {
        let id = Uuid::from_u128(7).to_string();
        assert_eq!(Item::at(3, &id).applied().id, id);
        let refused = Item::at(3, "Smith").refused(wire::ItemReason::Malformed, "id", "mend it");
        assert_eq!((refused.id.as_str(), refused.index), ("", 3));
        assert!(!refused.retryable);
        let early = Item::line(2).refused(wire::ItemReason::DateInFuture, "date", "wait");
        assert!(early.retryable);
    }

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
        for evidence in Evidence::iter() {
            let number = evidence_to_wire(evidence).into();
            assert_eq!(evidence_of(number), Some(evidence));
        }
        assert_eq!(evidence_of(0), None);
    }
}
