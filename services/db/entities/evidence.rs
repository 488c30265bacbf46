//! What a verification or an authority rests on: kinds of evidence, never an answer or a number.

use sea_orm::EnumIter;
use serde::{Deserialize, Serialize};

use crate::db::error::Error;

/// A kind of evidence.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Evidence {
    /// A code from a letter to the address on record, younger than its proof of address.
    LetterCode,
    /// The claims agree with the record.
    RecordMatch,
    /// A one-time code to an e-mail address on record.
    EmailCode,
    /// A one-time code by text message to a number on record.
    SmsCode,
    /// A one-time code by voice to a number on record.
    VoiceCode,
    /// A reviewer decided.
    Review,
    /// A government-issued photo ID was seen.
    PhotoId,
    /// A birth certificate was seen.
    BirthCertificate,
    /// A death certificate was seen.
    DeathCertificate,
    /// A court's order was seen.
    CourtOrder,
    /// A power of attorney was seen.
    PowerOfAttorney,
    /// Letters testamentary, letters of administration or a small-estate affidavit were seen.
    EstateLetters,
    /// A proof of address was seen.
    ProofOfAddress,
    /// A parent or guardian acts who was verified on an entry of their own, at the person's address.
    GuardianVerified,
}

impl Evidence {
    /// Tells whether it is a document that somebody saw.
    pub const fn is_document(self) -> bool {
        match self {
            Self::LetterCode
            | Self::RecordMatch
            | Self::EmailCode
            | Self::SmsCode
            | Self::VoiceCode
            | Self::Review
            | Self::GuardianVerified => false,
            Self::PhotoId
            | Self::BirthCertificate
            | Self::DeathCertificate
            | Self::CourtOrder
            | Self::PowerOfAttorney
            | Self::EstateLetters
            | Self::ProofOfAddress => true,
        }
    }
}

/// Reads a column of evidence: a JSON list of words.
///
/// # Errors
/// [`Error::Corrupt`] where a word is no kind of evidence; `column` names where it stands.
pub fn read(column: &'static str, json: &str) -> Result<Vec<Evidence>, Error> {
    serde_json::from_str(json).map_err(|_| Error::corrupt(column))
}

/// Writes a column of evidence: each kind once, in the order of the enum.
pub fn write(evidence: impl IntoIterator<Item = Evidence>) -> String {
    let mut kinds: Vec<Evidence> = evidence.into_iter().collect();
    kinds.sort_unstable();
    kinds.dedup();
    serde_json::to_string(&kinds).expect("words serialize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_a_sorted_list_of_words() {
        let json = write([Evidence::PhotoId, Evidence::LetterCode, Evidence::PhotoId]);
        assert_eq!(json, r#"["LETTER_CODE","PHOTO_ID"]"#);
        assert_eq!(
            read("x", &json).unwrap(),
            [Evidence::LetterCode, Evidence::PhotoId]
        );
        assert!(read("x", r#"["HEARSAY"]"#).is_err());
    }
}
