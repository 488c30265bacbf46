//! Which rules apply to an individual.

/// Adult, minor or deceased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Population {
    /// An adult.
    Adult,
    /// Under age: a guardian acts, a product of its own.
    Minor,
    /// Deceased: next of kin or estate; restoration only.
    Deceased,
}

impl Population {
    /// Every population.
    pub const ALL: [Self; 3] = [Self::Adult, Self::Minor, Self::Deceased];

    /// Gives the name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adult => "ADULT",
            Self::Minor => "MINOR",
            Self::Deceased => "DECEASED",
        }
    }

    /// Reads [`Population::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|population| population.as_str() == text)
    }
}
