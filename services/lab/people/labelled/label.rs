//! The truth about the rows of a roster.

use super::slip::Slip;

/// What somebody is among those with whom they were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Alone.
    Single,
    /// Of a family.
    Relative,
    /// One of two twins.
    Twin,
    /// A father or his son of the same name.
    FatherOrSon,
    /// One of two strangers of one name.
    Namesake,
}

/// The truth about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Key of the clinic.
    pub covered_entity: &'static str,
    /// The clinic's reference.
    pub external_ref: String,
    /// Who it is.
    pub person: u64,
    /// With whom they were drawn.
    pub household: u64,
    /// What they are there.
    pub role: Role,
    /// What of the row is not as the person is, in order.
    pub slips: Vec<Slip>,
}

/// What two people have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Twins.
    Twins,
    /// A father and his son of the same name.
    FatherAndSon,
    /// Two others of one household.
    Household,
    /// Strangers of one name who were drawn for it.
    Namesakes,
    /// Strangers under a filler.
    Fillers,
    /// Two others.
    Strangers,
}

impl Relation {
    /// Tells it of the people of two rows.
    pub fn of(a: &Label, b: &Label) -> Self {
        let has_filler = |row: &Label| row.slips.contains(&Slip::Filler);
        match (a.household == b.household, a.role, b.role) {
            (true, Role::Twin, Role::Twin) => Self::Twins,
            (true, Role::FatherOrSon, Role::FatherOrSon) => Self::FatherAndSon,
            (true, Role::Namesake, Role::Namesake) => Self::Namesakes,
            (true, ..) => Self::Household,
            (false, ..) if has_filler(a) && has_filler(b) => Self::Fillers,
            (false, ..) => Self::Strangers,
        }
    }

    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twins => "twins",
            Self::FatherAndSon => "father and son of one name",
            Self::Household => "others of one household",
            Self::Namesakes => "strangers of one name",
            Self::Fillers => "strangers under a filler",
            Self::Strangers => "other strangers",
        }
    }
}

/// What tells two rows of one person apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing.
    Alike,
    /// One slip.
    One(Slip),
    /// Two.
    Two,
    /// More.
    More,
}

impl Kind {
    /// Tells it of two rows. A slip that both have counts once.
    pub fn of(a: &Label, b: &Label) -> Self {
        match slips(a, b)[..] {
            [] => Self::Alike,
            [one] => Self::One(one),
            [_, _] => Self::Two,
            _ => Self::More,
        }
    }

    /// Names it as reports do.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alike => "no slip",
            Self::One(slip) => slip.name(),
            Self::Two => "two slips",
            Self::More => "three slips or more",
        }
    }
}

/// Gives the slips of two rows together, each once.
pub fn slips(a: &Label, b: &Label) -> Vec<Slip> {
    let mut all = [&a.slips[..], &b.slips[..]].concat();
    all.sort_unstable();
    all.dedup();
    all
}
