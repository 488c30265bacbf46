use super::*;
use crate::kernel::crypto::Key;

#[test]
fn digits_are_six_and_their_mac_is_bound_to_the_code() {
    let campaign = CampaignId::from_uuid(Uuid::from_u128(1));
    let indexer = Indexer::new(campaign, &Key::from_bytes([1; 32]));
    let id = |n| ConfirmationId::from_uuid(Uuid::from_u128(n));
    let seen: std::collections::BTreeSet<String> = (0..200)
        .map(|n| digits(&indexer, id(n)).expose().clone())
        .collect();
    assert!(seen.len() > 195 && seen.iter().all(|digits| digits.len() == DIGITS));
    assert_eq!(
        digits(&indexer, id(7)).expose(),
        digits(&indexer, id(7)).expose()
    );
    assert_ne!(
        mac(&indexer, id(7), "123456"),
        mac(&indexer, id(8), "123456")
    );
}
