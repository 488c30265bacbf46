//! The token by which a person repudiates a proofing: 160 bits that follow from the verification's id under the index key. So a notice
//! that is sent again after a crash has the same one, and only its keyed hash is stored.

use data_encoding::BASE32_NOPAD;
use uuid::Uuid;

use crate::identity::matching::blind::Indexer;
use crate::kernel::crypto;
use crate::kernel::ids::VerificationId;
use crate::kernel::secrets::Secret;

/// How many letters and digits a token has.
pub const LENGTH: usize = 32;
const BYTES: usize = 20;

/// Gives the token of a verification.
pub fn of(indexer: &Indexer, id: VerificationId) -> Secret<String> {
    let mac = indexer.secret("proofing token", &[id.as_bytes()]);
    Secret::new(BASE32_NOPAD.encode(&mac[..BYTES]))
}

/// Reads a token as a person types it; none where it cannot be one.
pub fn read(text: &str) -> Option<Secret<String>> {
    let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let token: String = letters.map(|c| c.to_ascii_uppercase()).collect();
    let fits = token.len() == LENGTH && BASE32_NOPAD.decode(token.as_bytes()).is_ok();
    fits.then(|| Secret::new(token))
}

/// Gives the keyed hash under which a token is stored and found.
pub fn mac(indexer: &Indexer, token: &Secret<String>) -> Uuid {
    crypto::half(&indexer.secret("proofing token hash", &[token.expose().as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::crypto::Key;
    use crate::kernel::ids::CampaignId;

    #[test]
    fn a_token_is_read_as_people_type_it_and_is_of_one_verification() {
        let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
        let indexer = Indexer::new(campaign, &Key::from_bytes([1; 32]));
        let [one, other] =
            [7, 8].map(|n| of(&indexer, VerificationId::from_uuid(Uuid::from_u128(n))));
        assert_eq!(one.expose().len(), LENGTH);
        assert_ne!(mac(&indexer, &one), mac(&indexer, &other));
        let typed = one.expose().to_lowercase();
        let typed = format!(" {}-{} ", &typed[..10], &typed[10..]);
        assert_eq!(mac(&indexer, &read(&typed).unwrap()), mac(&indexer, &one));
        for wrong in ["", "1234", &"8".repeat(LENGTH), &"é".repeat(LENGTH)] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
