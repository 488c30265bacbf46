//! An affected person.

use sea_orm::entity::prelude::*;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `individual`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column, and none excludes another"
)]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "individual")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IndividualId,
    /// What the person's key derives from, gone once erased.
    pub salt: Option<Vec<u8>>,
    /// Everything personal, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The version of the key.
    pub key_version: i32,
    /// Which rules apply.
    pub population: Population,
    /// State or region of the address, for deadlines.
    pub region: String,
    /// Country of the address.
    pub country: String,
    /// Whether there is an address to write to.
    pub mailable: bool,
    /// Whether the roster had an e-mail address or a telephone.
    pub has_contact: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the person was erased.
    pub erased_at: Option<Timestamp>,
    /// Language of letters, a BCP 47 tag; empty means the campaign's.
    pub language: String,
    /// Whether the last letter came back and no better address is known since.
    pub returned: bool,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: bool,
    /// JSON: the words of what was exposed, sorted. See [`Model::data_elements`].
    pub data_elements: String,
    /// When the last covered entity took the person off its list.
    pub withdrawn_at: Option<Timestamp>,
}

impl Model {
    /// Gives what of the person was exposed, in the order of the vocabulary.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a word is none of the vocabulary.
    pub fn data_elements(&self) -> Result<Vec<DataElement>, Error> {
        let elements = serde_json::from_str(&self.data_elements);
        elements.map_err(|_| Error::corrupt("individual.data_elements"))
    }
}

/// What of a person was exposed: a closed vocabulary.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    strum::IntoStaticStr,
    strum::EnumString,
    serde::Serialize,
    serde::Deserialize,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataElement {
    /// The name.
    Name,
    /// The postal address.
    Address,
    /// The date of birth.
    DateOfBirth,
    /// The Social Security number.
    Ssn,
    /// Medical information.
    Medical,
    /// Health insurance information.
    HealthInsurance,
    /// The number of a financial account.
    FinancialAccount,
    /// The number of a payment card.
    PaymentCard,
    /// The number of a driver's license.
    DriversLicense,
    /// The number of a passport.
    Passport,
    /// A user name with its password.
    Login,
    /// Biometric data.
    Biometric,
    /// Something else; the sealed record has its text.
    Other,
}

impl DataElement {
    /// Reads an item of a roster's cell, in any case and with any separators; OTHER where it is none of the vocabulary.
    pub fn parse(text: &str) -> Self {
        let letters = text.trim().replace('\'', "");
        let words = letters.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words
            .join("_")
            .to_ascii_uppercase()
            .parse()
            .unwrap_or(Self::Other)
    }
}

/// How a person is addressed and what they can be offered.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    strum::EnumString,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Population {
    /// An adult.
    Adult,
    /// A minor; a parent or guardian acts.
    Minor,
    /// A deceased person; the estate is written to.
    Deceased,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
