//! The fields of an order that a partner's layout can name, whether it is of files or of a REST API.

/// What an order has, by name.
///
/// `kind` is ENROLL, UPDATE, CANCEL, EXTEND, RESTORE or UPDATE_PERSON, `cancellation_reason` WITHDRAWN, MOVED or TERM_OVER; dates are `2015-08-01`; the population, the channel of the consent and the representative's relationship
/// are the words of the contract; `ssn` has nine digits; `phone` is in E.164.
pub const ORDER_FIELDS: [&str; 35] = [
    "handoff_id",
    "kind",
    "attempt",
    "cancels_handoff_id",
    "cancellation_reason",
    "extends_handoff_id",
    "updates_handoff_id",
    "engagement_number",
    "coverage_id",
    "product_code",
    "term_months",
    "contract_code",
    "activation_code",
    "population",
    "given_name",
    "middle_name",
    "family_name",
    "suffix",
    "date_of_birth",
    "ssn",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
    "email",
    "phone",
    "language_code",
    "consent_date",
    "consent_version",
    "consent_channel",
    "consent_sha256",
    "representative_relationship",
    "queue_date",
];

/// Those that are numbers.
pub const NUMBERS: [&str; 2] = ["attempt", "term_months"];

/// Gives the field with its name for the whole life of the program.
pub fn known(field: &str) -> &'static str {
    let mut all = ORDER_FIELDS.into_iter().chain(["partner_reference"]);
    all.find(|known| *known == field).unwrap_or("a field")
}
