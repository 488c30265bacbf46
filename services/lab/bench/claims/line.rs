//! What was asked of a kind of claims, and what was seen.

use crate::lab::bench::campaign::desk::Answer;

/// How the service answered the claims of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub claims: usize,
    /// VERIFIED.
    pub verified: usize,
    /// To be confirmed by a code.
    pub confirmation: usize,
    /// Referred.
    pub referred: usize,
    /// Refused.
    pub refused: usize,
}

impl Tally {
    /// Counts answers.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut tally = Self::default();
        for answer in answers {
            tally.add(answer);
        }
        tally
    }

    /// Counts one answer.
    pub const fn add(&mut self, answer: Answer) {
        self.claims += 1;
        match answer {
            Answer::Verified => self.verified += 1,
            Answer::ConfirmationRequired => self.confirmation += 1,
            Answer::Referred => self.referred += 1,
            Answer::Refused => self.refused += 1,
        }
    }

    /// Adds what another one has.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            claims: self.claims + other.claims,
            verified: self.verified + other.verified,
            confirmation: self.confirmation + other.confirmation,
            referred: self.referred + other.referred,
            refused: self.refused + other.refused,
        }
    }
}

/// What is asked of the claims of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: the line informs.
    Nothing,
    /// Of 1,000 so many are verified or referred.
    Served(usize),
    /// Nobody is refused.
    NobodyRefused,
    /// Nobody is verified.
    NobodyVerified,
    /// At most one in so many is verified.
    VerifiedOneIn(usize),
}

/// The claims of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who claims.
    pub who: &'static str,
    /// What is special about the claims.
    pub kind: &'static str,
    /// The answers.
    pub tally: Tally,
    /// What is asked.
    pub asked: Asked,
    /// The rows, by clinic and reference, of whom was refused and should not have been.
    pub rows: Vec<String>,
}

impl Line {
    /// Tells whether what is asked was seen; a line without claims shows nothing.
    pub const fn is_met(&self) -> bool {
        let tally = &self.tally;
        match self.asked {
            Asked::Nothing => true,
            Asked::Served(share) => {
                (tally.verified + tally.referred) * 1_000 >= tally.claims * share
            }
            Asked::NobodyRefused => tally.refused == 0,
            Asked::NobodyVerified => tally.verified == 0,
            Asked::VerifiedOneIn(most) => tally.verified * most <= tally.claims,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_met_up_to_its_limit() {
        let line = |asked, verified, referred, refused| Line {
            who: "",
            kind: "",
            tally: Tally {
                claims: verified + referred + refused,
                verified,
                confirmation: 0,
                referred,
                refused,
            },
            asked,
            rows: Vec::new(),
        };
        let served = Asked::Served(995);
        assert!(line(served, 900, 95, 5).is_met());
        assert!(!line(served, 900, 94, 6).is_met());
        assert!(line(Asked::NobodyRefused, 1, 1, 0).is_met());
        assert!(!line(Asked::NobodyRefused, 1, 1, 1).is_met());
        assert!(line(Asked::NobodyVerified, 0, 1, 1).is_met());
        assert!(!line(Asked::NobodyVerified, 1, 0, 0).is_met());
        assert!(line(Asked::VerifiedOneIn(100), 1, 0, 99).is_met());
        assert!(!line(Asked::VerifiedOneIn(100), 1, 0, 98).is_met());
        assert!(line(Asked::Nothing, 0, 0, 9).is_met());
    }

    #[test]
    fn answers_are_counted_each_in_its_place() {
        use Answer::{ConfirmationRequired, Referred, Refused, Verified};
        let tally = Tally::of([Verified, Refused, ConfirmationRequired, Referred, Refused]);
        let twice = tally.plus(tally);
        let wanted = Tally {
            claims: 10,
            verified: 2,
            confirmation: 2,
            referred: 2,
            refused: 4,
        };
        assert_eq!(twice, wanted);
    }
}
