//! Where codes come from, and the only trace of them that is kept.
//!
//! A code is a keyed pseudo-random function of its batch's secret, so that an export can be repeated byte for byte and a
//! killed issue goes on with the same codes. The secret is random, sealed by the code key, and destroyed when the batch is
//! sealed: from then on the MAC, which does not turn back, is all there is.

use uuid::Uuid;

use crate::kernel::crypto::{self, Key, Macs, OpenError};
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};

use super::{BITS, Code};

const DERIVE: &str = "redress.codes.derive.v1";
const MAC: &str = "redress.codes.mac.v1";
const WRAP: &[u8] = b"code_batch.wrapped_secret";

/// The secret that a batch's codes are derived from.
#[derive(Clone, Debug)]
pub struct BatchSecret(Key);

impl BatchSecret {
    /// Takes 32 random bytes.
    pub const fn new(random: [u8; Key::LEN]) -> Self {
        Self(Key::from_bytes(random))
    }

    /// Seals the secret under the code key, bound to its batch.
    pub fn wrap(&self, key: &Key, campaign: CampaignId, batch: BatchId) -> Vec<u8> {
        crypto::wrap_key(key, &[WRAP, campaign.as_bytes(), batch.as_bytes()], &self.0)
    }

    /// Opens what [`BatchSecret::wrap`] sealed.
    pub fn unwrap(
        key: &Key,
        campaign: CampaignId,
        batch: BatchId,
        wrapped: &[u8],
    ) -> Result<Self, OpenError> {
        crypto::unwrap_key(key, &[WRAP, campaign.as_bytes(), batch.as_bytes()], wrapped).map(Self)
    }

    /// Derives the code of an individual. Another generation gives another code.
    pub fn code(&self, campaign: CampaignId, individual: IndividualId, generation: i32) -> Code {
        self.codes(campaign).code(individual, generation)
    }

    /// Makes the secret ready to derive many codes.
    pub fn codes(&self, campaign: CampaignId) -> Codes {
        Codes {
            campaign,
            macs: Macs::new(&self.0, DERIVE),
        }
    }
}

/// A batch's secret, ready to derive many codes.
#[derive(Clone, Debug)]
pub struct Codes {
    campaign: CampaignId,
    macs: Macs,
}

impl Codes {
    /// Gives what [`BatchSecret::code`] gives.
    pub fn code(&self, individual: IndividualId, generation: i32) -> Code {
        let parts: [&[u8]; 3] = [
            self.campaign.as_bytes(),
            individual.as_bytes(),
            &generation.to_be_bytes(),
        ];
        let head = crypto::half(&self.macs.mac(&parts)).as_u128();
        Code::from_bits(head >> (128 - BITS))
    }
}

/// Gives the key under which a code is stored: 128 bits of a MAC over campaign and code.
pub fn mac(key: &Key, campaign: CampaignId, code: &Code) -> Uuid {
    Stored::new(key, campaign).mac(code)
}

/// The code key, ready to give many codes the keys under which they are stored.
#[derive(Clone, Debug)]
pub struct Stored {
    campaign: CampaignId,
    macs: Macs,
}

impl Stored {
    /// Takes the code key.
    pub fn new(key: &Key, campaign: CampaignId) -> Self {
        Self {
            campaign,
            macs: Macs::new(key, MAC),
        }
    }

    /// Gives what [`mac`] gives.
    pub fn mac(&self, code: &Code) -> Uuid {
        crypto::half(&self.macs.mac(&[self.campaign.as_bytes(), code.symbols()]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn secret(byte: u8) -> BatchSecret {
        BatchSecret::new([byte; 32])
    }

    fn campaign() -> CampaignId {
        CampaignId::from_uuid(Uuid::from_u128(1))
    }

    fn individual(n: u128) -> IndividualId {
        IndividualId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn derivation_is_pinned() {
        // A change here breaks every export of an open batch.
        let code = secret(1).code(campaign(), individual(2), 1);
        assert_eq!(code.expose(), PINNED_CODE);
        let mac = mac(&Key::from_bytes([9; 32]), campaign(), &code);
        assert_eq!(mac.simple().to_string(), PINNED_MAC);
    }
    const PINNED_CODE: &str = "15PR-KWV8-M4WN-BDQ7";
    const PINNED_MAC: &str = "fa794dc7433a3a22a84602f9381b4b51";

    #[test]
    fn every_input_changes_the_code() {
        let other = CampaignId::from_uuid(Uuid::from_u128(2));
        let codes: BTreeSet<String> = [
            secret(1).code(campaign(), individual(1), 1),
            secret(2).code(campaign(), individual(1), 1),
            secret(1).code(other, individual(1), 1),
            secret(1).code(campaign(), individual(2), 1),
            secret(1).code(campaign(), individual(1), 2),
        ]
        .iter()
        .map(Code::expose)
        .collect();
        assert_eq!(codes.len(), 5);
    }

    #[test]
    fn symbols_of_a_batch_are_about_uniform() {
        let mut counts = [[0_u32; 32]; 16];
        let people = 32 * 400;
        for n in 0..people {
            let code = secret(3).code(campaign(), individual(n), 1);
            for (at, value) in code.symbols().iter().enumerate() {
                counts[at][usize::from(*value)] += 1;
            }
        }
        // 400 expected, deviation 20: six deviations on either side.
        assert!(
            counts
                .iter()
                .flatten()
                .all(|count| (280..=520).contains(count))
        );
    }

    #[test]
    fn a_secret_opens_only_for_its_own_batch() {
        let key = Key::from_bytes([5; 32]);
        let batch = BatchId::from_uuid(Uuid::from_u128(7));
        let wrapped = secret(1).wrap(&key, campaign(), batch);
        let back = BatchSecret::unwrap(&key, campaign(), batch, &wrapped).unwrap();
        let code = |secret: &BatchSecret| secret.code(campaign(), individual(1), 1).expose();
        assert_eq!(code(&back), code(&secret(1)));
        let other = BatchId::from_uuid(Uuid::from_u128(8));
        assert!(BatchSecret::unwrap(&key, campaign(), other, &wrapped).is_err());
    }
}
