//! The machine of a referral.

/// How a referral was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The person is who they say.
    Approved,
    /// Not enough to say so.
    Denied,
}

impl Ruling {
    /// Gives the name in the column and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Denied => "DENIED",
        }
    }
}

/// A referral: OPEN -> APPROVED | DENIED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referral {
    /// Waits for a person.
    Open,
    /// Decided, once and for all.
    Decided(Ruling),
}

/// Why a referral cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// Somebody was faster.
    #[error("the referral was decided")]
    Decided,
    /// Who asked may not decide.
    #[error("a second person is required")]
    SamePerson,
}

impl Referral {
    /// Gives the name in the column and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Decided(ruling) => ruling.as_str(),
        }
    }

    /// Reads [`Referral::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Open,
            Self::Decided(Ruling::Approved),
            Self::Decided(Ruling::Denied),
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }

    /// Decides, if it waits and if the reviewer is not who asked.
    pub fn on(self, ruling: Ruling, opened_by: &str, reviewer: &str) -> Result<Self, Undecidable> {
        match self {
            Self::Open if opened_by == reviewer => Err(Undecidable::SamePerson),
            Self::Open => Ok(Self::Decided(ruling)),
            Self::Decided(_) => Err(Undecidable::Decided),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referral_is_decided_once_and_by_another() {
        let decided = Referral::Open
            .on(Ruling::Approved, "portal/one", "operator/ann")
            .unwrap();
        assert_eq!(decided, Referral::Decided(Ruling::Approved));
        assert_eq!(
            decided.on(Ruling::Denied, "portal/one", "operator/bob"),
            Err(Undecidable::Decided)
        );
        assert_eq!(
            Referral::Open.on(Ruling::Approved, "a", "a"),
            Err(Undecidable::SamePerson)
        );
        assert_eq!(
            Referral::parse("DENIED"),
            Some(Referral::Decided(Ruling::Denied))
        );
        assert_eq!(Referral::parse("MAYBE"), None);
    }
}
