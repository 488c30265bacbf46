//! How many people a reviewer will have to look at because their letter proves the address no more.
//!
//! A letter proves the address for 21 days (NIST SP 800-63A-4; 30 outside of the contiguous U.S.). Who answers later, with everything right,
//! needs a one-time code to a contact on record, and who has none there is referred. Nobody knows beforehand how many that will be: what the
//! figures rest on is said with them, and is an assumption.

/// How many letters the figures are for.
pub const LETTERS: i32 = 1_000;

/// Who enrolls of [`LETTERS`]: the upper end of what is usual (3 to 5 in 100).
const USUAL: f64 = 50.0;
/// Who enrolled of as many where most did (South Carolina 2012: 37 in 100).
const MOST: f64 = 370.0;
/// The day after the mailing by which half of the answers are there: most calls come 5 to 8 days after it.
const HALF_BY: f64 = 8.0;
/// After that, of those who are still to come half come within so many days.
const HALF_LIFE: f64 = 14.0;
/// The share of people without a contact on record.
const WITHOUT_CONTACT: f64 = 0.5;

/// The assumptions, in words.
pub const ASSUMPTIONS: [&str; 4] = [
    "5 of 100 people enroll, the upper end of what is usual; at most 37 of 100, as in South Carolina 2012",
    "half of the answers come within 8 days of the mailing, and half of those that are still to come within every 14 days after that",
    "every second person on the list has no e-mail address and no telephone number that a code could go to",
    "letters are mailed when the campaign is created, and what people claim is right",
];

/// What is to be expected of [`LETTERS`] letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedReferrals {
    /// Who enrolls.
    pub enrollments: i32,
    /// Who of them answers when the letter proves nothing any more.
    pub late_answers: i32,
    /// Who of these is referred.
    pub referrals: i32,
    /// The same where as many people enroll as ever did.
    pub referrals_at_most: i32,
}

/// Gives what is to be expected where a letter proves the address for so many days, and people can answer for so many.
pub fn expected_referrals(proof_days: u32, open_days: u32) -> ExpectedReferrals {
    let late = (still_to_come(proof_days) - still_to_come(open_days)).max(0.0);
    ExpectedReferrals {
        enrollments: whole(USUAL),
        late_answers: whole(USUAL * late),
        referrals: whole(USUAL * late * WITHOUT_CONTACT),
        referrals_at_most: whole(MOST * late * WITHOUT_CONTACT),
    }
}

/// Gives the share of all answers that come later than so many days after the mailing.
fn still_to_come(days: u32) -> f64 {
    let days = f64::from(days);
    if days <= HALF_BY {
        1.0 - 0.5 * days / HALF_BY
    } else {
        0.5 * 0.5_f64.powf((days - HALF_BY) / HALF_LIFE)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of a thousand letters"
)]
fn whole(people: f64) -> i32 {
    people.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_answers_come_after_21_days() {
        let expected = expected_referrals(21, 180);
        assert_eq!(
            expected,
            ExpectedReferrals {
                enrollments: 50,
                late_answers: 13,
                referrals: 7,
                referrals_at_most: 49,
            }
        );
        assert!(expected_referrals(30, 180).late_answers < expected.late_answers);
    }

    #[test]
    fn the_share_that_is_still_to_come_only_falls() {
        assert!((still_to_come(0) - 1.0).abs() < f64::EPSILON);
        assert!((still_to_come(8) - 0.5).abs() < f64::EPSILON);
        for day in 0..400 {
            assert!(still_to_come(day + 1) < still_to_come(day), "{day}");
        }
    }

    #[test]
    fn nobody_is_late_who_can_answer_only_while_the_letter_proves() {
        for (proof, open) in [(21, 21), (21, 10), (30, 0), (400, 365)] {
            let expected = expected_referrals(proof, open);
            assert_eq!((expected.late_answers, expected.referrals_at_most), (0, 0));
        }
    }
}
