//! HIPAA's substitute notice, for letters that cannot be delivered.
//!
//! 45 CFR 164.404(d)(2): where contact information is insufficient or out of date, a substitute form of notice is owed. Fewer
//! than ten such individuals: (i), another written notice, telephone or other means. Ten or more: (ii), conspicuously for 90
//! days on the home page, or in major print or broadcast media, with a toll-free number for as long. None is owed to the next
//! of kin of a deceased person.

/// From this many individuals on, the notice must be conspicuous (45 CFR 164.404(d)(2)(ii)).
pub const CONSPICUOUS_FROM: i64 = 10;

/// Individuals who cannot be sent a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undeliverable {
    /// All of them.
    pub individuals: i64,
    /// Those who are deceased, for whom no substitute notice is owed.
    pub deceased: i64,
}

impl Undeliverable {
    /// Tells which notice is due.
    pub const fn substitute_notice(self) -> SubstituteNotice {
        match self.individuals - self.deceased {
            ..=0 => SubstituteNotice::None,
            1..CONSPICUOUS_FROM => SubstituteNotice::OtherMeans,
            CONSPICUOUS_FROM.. => SubstituteNotice::Conspicuous,
        }
    }
}

/// A substitute notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubstituteNotice {
    /// None is due.
    None,
    /// Another written notice, telephone or other means.
    OtherMeans,
    /// Home page or media, with a toll-free number.
    Conspicuous,
}

impl SubstituteNotice {
    /// Describes what is due, with the rule.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::None => "none: nobody who is owed a letter is out of reach",
            Self::OtherMeans => {
                "another form of written notice, telephone, or other means (45 CFR 164.404(d)(2)(i))"
            }
            Self::Conspicuous => {
                "90 days on the home page or in major print or broadcast media, with a toll-free number for at least 90 days \
                 (45 CFR 164.404(d)(2)(ii))"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_living_person_makes_the_notice_conspicuous() {
        let due = |individuals, deceased| {
            let count = Undeliverable {
                individuals,
                deceased,
            };
            count.substitute_notice()
        };
        assert_eq!(due(0, 0), SubstituteNotice::None);
        assert_eq!(due(12, 12), SubstituteNotice::None);
        assert_eq!(due(1, 0), SubstituteNotice::OtherMeans);
        assert_eq!(due(10, 1), SubstituteNotice::OtherMeans);
        assert_eq!(due(10, 0), SubstituteNotice::Conspicuous);
        assert_eq!(due(4_000_000, 0), SubstituteNotice::Conspicuous);
    }
}
