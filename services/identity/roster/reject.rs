//! Why a row of a roster is not taken, and what to do about it.

/// The columns of a roster file, by their names in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The covered entity's own reference of the person.
    ExternalRef,
    /// The covered entity's key.
    CoveredEntity,
    /// The given name.
    GivenName,
    /// Middle names.
    MiddleName,
    /// The family name.
    FamilyName,
    /// Jr., III and the like.
    Suffix,
    /// The birth date.
    DateOfBirth,
    /// The Social Security number.
    Ssn,
    /// The first delivery line.
    AddressLine1,
    /// The second delivery line.
    AddressLine2,
    /// The city.
    City,
    /// The state or region.
    Region,
    /// The ZIP or postal code.
    PostalCode,
    /// The country.
    Country,
    /// The telephone number.
    Phone,
    /// The e-mail address.
    Email,
    /// Which rules apply.
    Population,
    /// The language of letters.
    Language,
    /// What was exposed.
    DataElements,
    /// Names from before.
    PriorNames,
    /// Addresses from before.
    PriorAddresses,
    /// Whether the person asked to be written to elsewhere or otherwise.
    ConfidentialCommunication,
}

impl Column {
    /// Gives the name in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalRef => "external_ref",
            Self::CoveredEntity => "covered_entity",
            Self::GivenName => "given_name",
            Self::MiddleName => "middle_name",
            Self::FamilyName => "family_name",
            Self::Suffix => "suffix",
            Self::DateOfBirth => "date_of_birth",
            Self::Ssn => "ssn",
            Self::AddressLine1 => "address_line1",
            Self::AddressLine2 => "address_line2",
            Self::City => "city",
            Self::Region => "region",
            Self::PostalCode => "postal_code",
            Self::Country => "country",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Population => "population",
            Self::Language => "language",
            Self::DataElements => "data_elements",
            Self::PriorNames => "prior_names",
            Self::PriorAddresses => "prior_addresses",
            Self::ConfidentialCommunication => "confidential_communication",
        }
    }

    /// Gives how many characters the column takes.
    pub const fn longest(self) -> usize {
        match self {
            Self::ExternalRef => 64,
            Self::CoveredEntity | Self::Region | Self::DateOfBirth => 40,
            Self::GivenName | Self::MiddleName | Self::FamilyName => 80,
            Self::Suffix
            | Self::PostalCode
            | Self::Population
            | Self::ConfidentialCommunication => 16,
            Self::Language => 35,
            Self::Ssn => 20,
            Self::AddressLine1 | Self::AddressLine2 => 100,
            Self::City | Self::Country => 60,
            Self::Phone => 200,
            Self::DataElements => 500,
            Self::Email | Self::PriorNames | Self::PriorAddresses => 1_000,
        }
    }
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A required column is empty.
    Missing,
    /// The value cannot be read.
    Malformed,
    /// The value is longer than the column takes.
    TooLong,
    /// The covered entity is not one of the campaign's.
    UnknownEntity,
    /// The SSN was never issued.
    SsnNeverIssued,
    /// The reference was loaded before for somebody else.
    RefConflict,
    /// Nobody living was born on that day.
    ImplausibleDate,
    /// A spreadsheet program cut the number short.
    DigitsLost,
    /// It is no state, territory or military region.
    UnknownRegion,
    /// It is no country of ISO 3166.
    UnknownCountry,
    /// It is what programs write where there is no value.
    NoValue,
}

/// A row that is not taken: the column and the cause, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The column at fault.
    pub column: Column,
    /// What is wrong.
    pub cause: Cause,
}

impl Reject {
    /// Names a column and what is wrong with it.
    pub const fn new(column: Column, cause: Cause) -> Self {
        Self { column, cause }
    }

    /// Says in plain words what to do.
    pub fn help(&self) -> String {
        let column = self.column.as_str();
        match self.cause {
            Cause::Missing => missing(self.column),
            Cause::TooLong => format!("shorten {column} to {} characters", self.column.longest()),
            Cause::Malformed => format!("write {column} as {}", form(self.column)),
            Cause::UnknownEntity => {
                "use the key of a covered entity of this campaign, as `redress campaign show` lists them".to_owned()
            }
            Cause::SsnNeverIssued => {
                "check the number with the covered entity; if it has none, leave the column empty".to_owned()
            }
            Cause::RefConflict => {
                "give each person a reference of their own; this one was loaded before for somebody with another name, birth date and SSN".to_owned()
            }
            Cause::ImplausibleDate => {
                "check the date: it lies in the future or more than 120 years back".to_owned()
            }
            Cause::DigitsLost => format!(
                "a spreadsheet program has cut {column} short, as in 4.56E+08, and its last digits are lost: take the value from the source, or make the column text first"
            ),
            Cause::UnknownRegion => "write the state as two letters of the U.S. Postal Service, or by its name".to_owned(),
            Cause::UnknownCountry => "write the country as two letters of ISO 3166-1, or by its name".to_owned(),
            Cause::NoValue => format!("it is what programs write where there is no value; if it is somebody's {column}, write it as a name: Null"),
        }
    }
}

/// Says why a row without a value in this column is not taken.
fn missing(column: Column) -> String {
    match column {
        Column::ExternalRef => {
            "fill in external_ref: by it the same person is known again when the list is corrected or comes a second time; a number of the row in the source will do"
                .to_owned()
        }
        Column::GivenName | Column::FamilyName => {
            "give at least one name: without any nobody can be written to or known again".to_owned()
        }
        other => format!("fill in {}; every row needs it", other.as_str()),
    }
}

fn form(column: Column) -> &'static str {
    match column {
        Column::DateOfBirth => "YYYY-MM-DD or MM/DD/YYYY, or leave it empty",
        Column::Ssn => "nine digits, with or without dashes, or leave it empty",
        Column::PostalCode => "12345 or 12345-6789, or name the country it belongs to",
        Column::Country => "two letters of ISO 3166-1, such as US, or a name",
        Column::Phone => {
            "ten digits, or + and the country's number, several separated by ;, or leave it empty"
        }
        Column::Email => "name@example.org, several separated by ;, or leave it empty",
        Column::Population => "adult, minor or deceased, or leave it empty",
        Column::Language => "a language tag such as en, es or zh-Hant, or leave it empty",
        Column::ConfidentialCommunication => "yes or no, or leave it empty",
        Column::GivenName | Column::FamilyName => {
            "a name with at least one letter, without control characters"
        }
        Column::ExternalRef
        | Column::CoveredEntity
        | Column::MiddleName
        | Column::Suffix
        | Column::AddressLine1
        | Column::AddressLine2
        | Column::City
        | Column::Region
        | Column::DataElements
        | Column::PriorNames
        | Column::PriorAddresses => "plain text without control characters",
    }
}
