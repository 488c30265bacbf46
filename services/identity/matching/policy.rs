//! The thresholds of a campaign, and the rules that hold whatever they are.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::waterfall::Waterfall;

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Another person, or not enough to tell.
    Refuse,
    /// A person must look at it.
    Refer,
    /// The same person.
    Accept,
}

/// How sure a verification must be, in hundredths of a bit. Stored as JSON in the campaign's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// At or above: accepted.
    pub accept_centibits: i32,
    /// At or above, but below accept: referred to a person.
    pub refer_centibits: i32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            accept_centibits: 1_500,
            refer_centibits: 700,
        }
    }
}

/// How far the best of several candidates must lie ahead of the next, in hundredths of a bit: an eighth of the chance.
pub const CLEAR_MARGIN: i32 = 300;

impl Policy {
    /// Reads the JSON of a campaign's row; a threshold that is missing takes the default.
    pub fn parse(json: &str) -> Option<Self> {
        if json.trim().is_empty() {
            Some(Self::default())
        } else {
            serde_json::from_str(json).ok()
        }
    }

    /// Decides about one comparison with somebody whom the claims led to.
    ///
    /// Accepting and referring need more than the sum: something must agree that the letter's envelope does not show. The
    /// caller sees a referral; if it followed from a near miss, it would tell how near. And what contradicts is never outvoted,
    /// whatever thresholds a campaign sets.
    pub fn decide(&self, waterfall: &Waterfall) -> Decision {
        let score = waterfall.score();
        if !waterfall.proves_knowledge() {
            Decision::Refuse
        } else if score >= self.accept_centibits && waterfall.may_be_accepted() {
            Decision::Accept
        } else if score >= self.refer_centibits {
            Decision::Refer
        } else {
            Decision::Refuse
        }
    }

    /// Decides about the comparison with the person whom a letter names. What no stranger has is never refused, whatever the
    /// sum.
    ///
    /// A referral tells the holder of the letter that a guess was near. That is why the first few tries of a letter only can be
    /// accepted at all.
    pub fn decide_by_letter(&self, waterfall: &Waterfall) -> Decision {
        match self.decide(waterfall) {
            Decision::Refuse if waterfall.needs_a_look() => Decision::Refer,
            decision => decision,
        }
    }

    /// Decides among several people, and gives which of them counts: the one with the best decision, among equals the one with
    /// the best sum. Somebody whose sum is close to that of an accepted one leaves it to a person.
    ///
    /// Nobody is found under another family name, unless by all nine digits: whoever varies a name that need not be right would
    /// learn a birth date by the referral, and each try would be charged to somebody else.
    pub fn choose(&self, all: &[Waterfall]) -> Option<(usize, Decision)> {
        let decide = |waterfall: &Waterfall| match self.decide(waterfall) {
            _ if waterfall.names_somebody_else() => Decision::Refuse,
            decision => decision,
        };
        let rank = |at: &usize| (decide(&all[*at]), all[*at].score());
        let best = (0..all.len()).min_by_key(|at| Reverse(rank(at)))?;
        let others = (0..all.len()).filter(|at| *at != best);
        let next = others.map(|at| all[at].score()).max();
        let (decision, score) = rank(&best);
        let is_close = next.is_some_and(|next| score - next < CLEAR_MARGIN);
        let most = if is_close {
            Decision::Refer
        } else {
            Decision::Accept
        };
        Some((best, decision.min(most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::matching::waterfall::{Agreement, Field, Level};

    fn scored(weight: i32) -> Waterfall {
        Waterfall(vec![Agreement {
            field: Field::Ssn,
            level: Level::Exact,
            weight,
        }])
    }

    #[test]
    fn thresholds_are_inclusive() {
        let policy = Policy::default();
        assert_eq!(policy.decide(&scored(1_500)), Decision::Accept);
        assert_eq!(policy.decide(&scored(1_499)), Decision::Refer);
        assert_eq!(policy.decide(&scored(700)), Decision::Refer);
        assert_eq!(policy.decide(&scored(699)), Decision::Refuse);
    }

    #[test]
    fn two_good_candidates_need_a_margin() {
        let choose = |weights: &[i32]| {
            let all: Vec<_> = weights.iter().copied().map(scored).collect();
            Policy::default().choose(&all)
        };
        assert_eq!(choose(&[1_800, 2_000]), Some((1, Decision::Refer)));
        assert_eq!(choose(&[2_000, 1_700]), Some((0, Decision::Accept)));
        assert_eq!(choose(&[2_000, 100, 1_800]), Some((0, Decision::Refer)));
        assert_eq!(choose(&[2_000]), Some((0, Decision::Accept)));
        assert_eq!(choose(&[2_000, 2_000]), Some((0, Decision::Refer)));
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn a_look_up_finds_nobody_under_another_family_name_but_by_the_whole_number() {
        let mut other = scored(0);
        other.0.clear();
        other.add(Field::FamilyName, Level::Different);
        other.add(Field::GivenName, Level::Exact);
        other.add(Field::DateOfBirth, Level::Exact);
        other.add(Field::PostalCode, Level::Exact);
        let policy = Policy::default();
        assert_eq!(policy.decide(&other), Decision::Refer);
        let chosen = policy.choose(std::slice::from_ref(&other));
        assert_eq!(chosen, Some((0, Decision::Refuse)));
        other.add(Field::Ssn, Level::Exact);
        assert_ne!(policy.choose(&[other]), Some((0, Decision::Refuse)));
    }

    #[test]
    fn a_higher_sum_that_proves_nothing_hides_nobody() {
        let mut namesake = Waterfall::default();
        namesake.add(Field::FamilyName, Level::Exact);
        namesake.add(Field::GivenName, Level::Exact);
        namesake.add(Field::MiddleName, Level::Exact);
        namesake.add(Field::PostalCode, Level::Exact);
        let all = [namesake, scored(800)];
        assert!(all[0].score() > all[1].score());
        assert_eq!(Policy::default().choose(&all), Some((1, Decision::Refer)));
    }

    #[test]
    fn a_campaign_may_set_one_threshold_or_none() {
        let policy = Policy::parse(r#"{"accept_centibits": 1800}"#).unwrap();
        assert_eq!(
            (policy.accept_centibits, policy.refer_centibits),
            (1_800, 700)
        );
        assert_eq!(Policy::parse(""), Some(Policy::default()));
        assert_eq!(Policy::parse("{}"), Some(Policy::default()));
        assert_eq!(Policy::parse("x"), None);
    }
}
