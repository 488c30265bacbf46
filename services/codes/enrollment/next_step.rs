//! Who must act and how, in words for the person, by outcome class (DOMAIN, "what handing off really meets").
//!
//! A call-center agent reads them aloud; each says the next thing to do first, and none says what the bureau knows.

use crate::db::entities::outcome::OutcomeClass;

/// Gives the words for an outcome class.
pub const fn words(class: OutcomeClass) -> &'static str {
    match class {
        OutcomeClass::InvalidInput => {
            "Check the spelling of the name, the birth date and the address with the person, then ask the bureau to try again."
        }
        OutcomeClass::IdentityNotConfirmed => {
            "The bureau could not confirm the identity by itself. Offer an attended check: the person shows an ID to an agent."
        }
        OutcomeClass::NoHit => {
            "The bureau found no credit file. Ask for a former name or address, then ask the bureau to try again."
        }
        OutcomeClass::ThinFile => {
            "There is too little credit history for this product. Identity restoration is covered without it; a supervisor can offer another product."
        }
        OutcomeClass::FileFrozen => {
            "The credit file is frozen. Ask the person to lift the freeze at the bureau for a day; monitoring then starts by itself and the freeze can be set again."
        }
        OutcomeClass::VictimAlert => {
            "A fraud alert stands on the file, as it should. The bureau will call the person at the number on the alert; nothing else is needed."
        }
        OutcomeClass::SsnMismatch => {
            "The number on record does not match. The provider's list may be wrong: open a review, and do not ask the person to read the number aloud."
        }
        OutcomeClass::Deceased => {
            "The bureau has this person on record as deceased. If that is wrong, the person corrects it with Social Security; otherwise a representative can ask for restoration."
        }
        OutcomeClass::Minor => {
            "This person is a minor. A parent or guardian must be verified and enrolls the child in the product for minors."
        }
        OutcomeClass::AlreadyEnrolled => {
            "The person already has monitoring with this bureau. Nothing needs to be paid or done; a supervisor can have the terms joined."
        }
        OutcomeClass::ProductConfig => {
            "Nothing for the person to do: we are fixing a setting with the bureau and it will be sent again."
        }
        OutcomeClass::Other => {
            "The bureau gave a reason that we do not know yet. An operator asks the bureau; tell the person that we will call back."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;
    use sea_orm::Iterable;

    use super::*;
    use crate::db::entities::ClosedSet;
    use crate::wire::DESCRIPTORS;

    #[test]
    fn every_class_of_the_contract_has_words_whatever_its_number() {
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let classes = pool
            .get_enum_by_name("redress.type.v1.OutcomeClass")
            .unwrap();
        let contract: BTreeSet<String> = classes
            .values()
            .map(|class| class.name().trim_start_matches("OUTCOME_CLASS_").to_owned())
            .filter(|name| name != "UNSPECIFIED")
            .collect();
        let known = OutcomeClass::iter().map(|class| class.as_str().to_owned());
        assert_eq!(known.collect::<BTreeSet<_>>(), contract);
    }

    #[test]
    fn no_two_classes_have_the_same_words() {
        let all: BTreeSet<&str> = OutcomeClass::iter().map(words).collect();
        assert_eq!(all.len(), OutcomeClass::iter().count());
        assert!(all.iter().all(|words| words.ends_with('.')));
    }
}
