//! A row of a roster file as it came: texts, nothing judged.

use crate::kernel::secrets::Secret;

/// The texts of a row as they are in the file. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct RawRow {
    /// Line in the file.
    pub line: i64,
    /// The columns; missing ones are empty.
    pub columns: RawColumns,
}

/// The columns of a row as they are in the file.
#[derive(Clone, Default)]
pub struct RawColumns {
    /// The covered entity's own reference.
    pub external_ref: Secret<String>,
    /// The covered entity's key.
    pub covered_entity: String,
    /// The given name.
    pub given_name: Secret<String>,
    /// Middle names.
    pub middle_name: Secret<String>,
    /// The family name.
    pub family_name: Secret<String>,
    /// The suffix.
    pub suffix: Secret<String>,
    /// The birth date.
    pub date_of_birth: Secret<String>,
    /// The SSN.
    pub ssn: Secret<String>,
    /// The first delivery line.
    pub address_line1: Secret<String>,
    /// The second delivery line.
    pub address_line2: Secret<String>,
    /// The city.
    pub city: Secret<String>,
    /// The region.
    pub region: Secret<String>,
    /// The postal code.
    pub postal_code: Secret<String>,
    /// The country.
    pub country: Secret<String>,
    /// The telephone number.
    pub phone: Secret<String>,
    /// The e-mail address.
    pub email: Secret<String>,
    /// The population.
    pub population: String,
    /// The language.
    pub language: String,
    /// What was exposed: a list.
    pub data_elements: Secret<String>,
    /// Names from before: a list.
    pub prior_names: Secret<String>,
    /// Addresses from before: a list.
    pub prior_addresses: Secret<String>,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: String,
}

impl std::fmt::Debug for RawRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRow")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
