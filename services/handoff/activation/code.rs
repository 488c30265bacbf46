//! Activation codes that partners issue themselves: their form, and their encryption in the database.
//!
//! A code is encrypted under a key that is derived from the campaign's, and found by a keyed hash under another: a duplicate
//! is recognized without decrypting anything, and destroying the campaign's key destroys its codes.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::crypto::{self, Key, OpenError};
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::kernel::person_sealer::PersonSealer;
use crate::kernel::secrets::Secret;

/// The shortest code and the longest, in letters. Every code is padded to the longest before it is encrypted.
const LENGTH: std::ops::RangeInclusive<usize> = 4..=64;

/// A well-formed activation code. Its `Debug` tells nothing.
#[derive(Clone, Debug)]
pub struct ActivationCode(Secret<String>);

impl ActivationCode {
    /// Reads a code: 4 to 64 letters, digits and dashes, without the spaces around it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = LENGTH.contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(text.into()))
    }

    /// Shows the code, for the one partner that issued it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Encrypts and finds the codes of one campaign and partner.
#[derive(Clone)]
pub struct CodeSealer {
    campaign: CampaignId,
    partner: PartnerId,
    finding: Key,
    sealing: Key,
}

impl CodeSealer {
    /// Derives the keys from the campaign's.
    pub fn of(campaign: &PersonSealer, partner: PartnerId) -> Self {
        Self {
            campaign: campaign.campaign(),
            partner,
            finding: campaign.other_key("redress.activation.find.v1"),
            sealing: campaign.other_key("redress.activation.seal.v1"),
        }
    }

    /// Gives the keyed hash of a code.
    pub fn mac(&self, code: &ActivationCode) -> Uuid {
        let parts = [self.partner.as_bytes(), code.expose().as_bytes()];
        crypto::mac128(&self.finding, "redress.activation.code.v1", &parts)
    }

    /// Encrypts a code for its row.
    pub fn seal(&self, mac: Uuid, code: &ActivationCode) -> Vec<u8> {
        let mut plain = Zeroizing::new([b' '; *LENGTH.end()]);
        for (to, from) in plain.iter_mut().zip(code.expose().bytes()) {
            *to = from;
        }
        crypto::seal(&self.sealing, &self.place(&mac), &*plain)
    }

    /// Decrypts what [`CodeSealer::seal`] encrypted for the same row.
    pub fn open(&self, mac: Uuid, sealed: &[u8]) -> Result<ActivationCode, OpenError> {
        let plain = crypto::open(&self.sealing, &self.place(&mac), sealed).map(Zeroizing::new)?;
        let text = std::str::from_utf8(&plain).map_err(|_| OpenError)?;
        ActivationCode::parse(text).ok_or(OpenError)
    }

    /// The associated data: table, column, campaign, partner, row.
    fn place<'a>(&'a self, mac: &'a Uuid) -> [&'a [u8]; 5] {
        [
            b"activation_code",
            b"sealed",
            self.campaign.as_bytes(),
            self.partner.as_bytes(),
            mac.as_bytes(),
        ]
    }
}

impl fmt::Debug for CodeSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeSealer")
            .field("campaign", &self.campaign)
            .field("partner", &self.partner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(campaign: u128, partner: u128, key: u8) -> CodeSealer {
        let campaign = CampaignId::from_uuid(Uuid::from_u128(campaign));
        let people = PersonSealer::new(campaign, Key::from_bytes([key; 32]));
        CodeSealer::of(&people, PartnerId::from_uuid(Uuid::from_u128(partner)))
    }

    fn code(text: &str) -> ActivationCode {
        ActivationCode::parse(text).unwrap()
    }

    #[test]
    fn a_code_is_letters_digits_and_dashes() {
        assert_eq!(code(" ABcd-12 \t").expose(), "ABcd-12");
        let longest = "x".repeat(64);
        assert_eq!(code(&longest).expose(), longest);
        for wrong in ["", "abc", " abc ", "ab cd", "abc_d", "abcé", "=1+1"] {
            assert!(ActivationCode::parse(wrong).is_none(), "{wrong}");
        }
        assert!(ActivationCode::parse(&"x".repeat(65)).is_none());
        assert!(!format!("{:?}", code("CANARY-1")).contains("CANARY"));
    }

    #[test]
    fn a_code_opens_at_its_place_alone() {
        let one = sealer(1, 2, 3);
        let mac = one.mac(&code("ABCD-1234"));
        let sealed = one.seal(mac, &code("ABCD-1234"));
        assert_eq!(one.open(mac, &sealed).unwrap().expose(), "ABCD-1234");
        assert_eq!(sealed.len(), one.seal(mac, &code("ABCD")).len());
        assert!(one.open(Uuid::nil(), &sealed).is_err());
        for other in [sealer(9, 2, 3), sealer(1, 9, 3), sealer(1, 2, 9)] {
            assert!(other.open(mac, &sealed).is_err());
            assert_ne!(other.mac(&code("ABCD-1234")), mac);
        }
        assert_ne!(one.mac(&code("abcd-1234")), mac);
    }
}
