//! The thresholds of a campaign.

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

    /// Decides about one comparison.
    ///
    /// Accepting and referring need more than the sum: something must agree that the letter's envelope does not show. The
    /// caller sees a referral; if it followed from a near miss, it would tell how near. And a birth date that disagrees is
    /// never outvoted, whatever thresholds a campaign sets.
    pub fn decide(&self, waterfall: &Waterfall) -> Decision {
        let score = waterfall.score();
        if !waterfall.proves_knowledge() {
            Decision::Refuse
        } else if score >= self.accept_centibits && !waterfall.contradicts() {
            Decision::Accept
        } else if score >= self.refer_centibits {
            Decision::Refer
        } else {
            Decision::Refuse
        }
    }

    /// Decides among several people, best first. A tie goes to a person.
    pub fn decide_among(&self, best: &Waterfall, next: Option<&Waterfall>) -> Decision {
        let decision = self.decide(best);
        let close = next.is_some_and(|next| best.score() - next.score() < CLEAR_MARGIN);
        if decision == Decision::Accept && close {
            Decision::Refer
        } else {
            decision
        }
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
        let policy = Policy::default();
        assert_eq!(
            policy.decide_among(&scored(2_000), Some(&scored(1_800))),
            Decision::Refer
        );
        assert_eq!(
            policy.decide_among(&scored(2_000), Some(&scored(1_700))),
            Decision::Accept
        );
        assert_eq!(policy.decide_among(&scored(2_000), None), Decision::Accept);
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
