//! Social Security numbers that nobody has: area 666 was never issued, and every bureau's sandbox uses it.
//!
//! Groups 11 to 19 make the sandbox bureau answer with something else than "active"; one person in 25 gets one of
//! those. Nobody gets one of the groups 21 to 34, in which it breaks, never answers or says something that is rare. Everybody's number is their own: a person's rank is
//! mapped onto the numbers one to one. There are 759,924 plain numbers, so beyond [`PEOPLE_WITH_SSN`] people the rest have none.

/// People who can have a number of their own.
pub const PEOPLE_WITH_SSN: u64 = PLAIN * TRIGGER_EVERY / (TRIGGER_EVERY - 1);

/// One person in so many gets a number that makes the sandbox bureau answer otherwise.
const TRIGGER_EVERY: u64 = 25;
const SERIALS: u64 = 9_999;
const TRIGGER_GROUPS: u64 = 9;
const PLAIN_GROUPS: u64 = 76;
const PLAIN: u64 = PLAIN_GROUPS * SERIALS;

/// Steps through the numbers; prime, so that it shares no factor with their count.
const STRIDE: u64 = 611_953;

/// Gives the number of the person of this rank, nine digits, or none when the numbers are used up.
pub fn ssn(seed: u64, rank: u64) -> Option<String> {
    if rank >= PEOPLE_WITH_SSN {
        return None;
    }
    let (group, serial) = if rank % TRIGGER_EVERY == TRIGGER_EVERY - 1 {
        let at = rank / TRIGGER_EVERY;
        let slot = spread(seed, at / TRIGGER_GROUPS, SERIALS);
        (11 + at % TRIGGER_GROUPS, slot + 1)
    } else {
        let slot = spread(seed, rank - rank / TRIGGER_EVERY, PLAIN);
        (plain_group(slot / SERIALS), slot % SERIALS + 1)
    };
    Some(format!("666{group:02}{serial:04}"))
}

/// Maps `at` onto another number below `count`, one to one.
fn spread(seed: u64, at: u64, count: u64) -> u64 {
    (at % count * STRIDE + seed % count) % count
}

/// Groups 01 to 10, 20, and 35 to 99.
fn plain_group(at: u64) -> u64 {
    match at {
        0..10 => at + 1,
        10 => 20,
        _ => at + 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_has_a_number_of_their_own_until_they_are_used_up() {
        let numbers: BTreeSet<String> = (0..PEOPLE_WITH_SSN)
            .filter_map(|rank| ssn(7, rank))
            .collect();
        assert_eq!(numbers.len() as u64, PEOPLE_WITH_SSN);
        assert_eq!(ssn(7, PEOPLE_WITH_SSN), None);
    }

    #[test]
    fn only_the_area_that_was_never_issued_is_used() {
        for rank in 0..10_000 {
            let number = ssn(99, rank).unwrap();
            assert!(number.starts_with("666") && number.len() == 9, "{number}");
            assert!(&number[3..5] != "00" && &number[5..] != "0000", "{number}");
            assert!(!("21".."35").contains(&&number[3..5]), "{number}");
        }
    }
}
