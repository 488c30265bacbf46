//! Who must act and how, in words for the person, by outcome class.
//!
//! A call-center agent reads them aloud; each says the next thing to do first, and none says what the bureau knows.

/// Outcome classes (DOMAIN, "what handing off really meets") and their words.
pub const WORDS: [(&str, &str); 11] = [
    (
        "INVALID_INPUT",
        "Check the spelling of the name, the birth date and the address with the person, then ask the bureau to try again.",
    ),
    (
        "IDENTITY_NOT_CONFIRMED",
        "The bureau could not confirm the identity by itself. Offer an attended check: the person shows an ID to an agent.",
    ),
    (
        "NO_HIT",
        "The bureau found no credit file. Ask for a former name or address, then ask the bureau to try again.",
    ),
    (
        "THIN_FILE",
        "There is too little credit history for this product. Identity restoration is covered without it; a supervisor can offer another product.",
    ),
    (
        "FILE_FROZEN",
        "The credit file is frozen. Ask the person to lift the freeze at the bureau for a day; monitoring then starts by itself and the freeze can be set again.",
    ),
    (
        "VICTIM_ALERT",
        "A fraud alert stands on the file, as it should. The bureau will call the person at the number on the alert; nothing else is needed.",
    ),
    (
        "SSN_MISMATCH",
        "The number on record does not match. The provider's list may be wrong: open a review, and do not ask the person to read the number aloud.",
    ),
    (
        "DECEASED",
        "The bureau has this person on record as deceased. If that is wrong, the person corrects it with Social Security; otherwise a representative can ask for restoration.",
    ),
    (
        "MINOR",
        "This person is a minor. A parent or guardian must be verified and enrolls the child in the product for minors.",
    ),
    (
        "ALREADY_ENROLLED",
        "The person already has monitoring with this bureau. Nothing needs to be paid or done; a supervisor can have the terms joined.",
    ),
    (
        "PRODUCT_CONFIG",
        "Nothing for the person to do: we are fixing a setting with the bureau and it will be sent again.",
    ),
];

/// What is said when a class has no words of its own.
const UNKNOWN: &str = "The bureau could not finish the enrollment. Pass the case to a supervisor; the person keeps the right to enroll.";

/// Gives the words for an outcome class, and nothing where there is none.
pub fn words(outcome_class: Option<&str>) -> &'static str {
    let Some(class) = outcome_class.filter(|class| !class.is_empty()) else {
        return "";
    };
    let found = WORDS.iter().find(|(name, _)| *name == class);
    found.map_or(UNKNOWN, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::redress::bureau::v1::OutcomeClass;

    #[test]
    fn every_class_of_the_contract_has_words() {
        for number in 1..=i32::MAX {
            let Ok(class) = OutcomeClass::try_from(number) else {
                break;
            };
            let name = class.as_str_name().trim_start_matches("OUTCOME_CLASS_");
            assert!(WORDS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }

    #[test]
    fn no_class_has_no_words_and_a_new_one_has_some() {
        assert_eq!(words(None), "");
        assert_eq!(words(Some("")), "");
        assert_eq!(words(Some("BRAND_NEW")), UNKNOWN);
    }
}
