//! The blind keys of one description of a person: what they are made of, and what it tells that two descriptions share some.
//!
//! Whichever one field is wrong or missing, several keys are made of the others. So a claim or a row meets its person with a slip in
//! any field, and whoever shares a single weak key is hardly ever the one who is looked for.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What a key is made of; its name is the column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOf {
    /// The nine digits of the SSN.
    Ssn,
    /// Family name, first letter of the given name, birth date.
    NameDob,
    /// Family name, first letter of the given name, postal code.
    NamePostal,
    /// Birth date, postal code.
    DobPostal,
    /// Last four digits of the SSN, birth date.
    Last4Dob,
    /// First given name, birth date.
    GivenDob,
    /// Last four digits of the SSN, family name.
    Last4Family,
    /// Last four digits of the SSN, first given name.
    Last4Given,
    /// Last four digits of the SSN, postal code.
    Last4Postal,
    /// The first telephone number.
    Phone,
    /// The first e-mail address.
    Email,
}

impl KeyOf {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 11] = [
        Self::Ssn,
        Self::NameDob,
        Self::NamePostal,
        Self::DobPostal,
        Self::Last4Dob,
        Self::GivenDob,
        Self::Last4Family,
        Self::Last4Given,
        Self::Last4Postal,
        Self::Phone,
        Self::Email,
    ];

    /// Those by which another row of the same person is looked for. The last four digits find hardly anybody more; a telephone number is the
    /// household's.
    pub const OF_ROWS: [Self; 5] = [
        Self::Ssn,
        Self::NameDob,
        Self::NamePostal,
        Self::DobPostal,
        Self::GivenDob,
    ];

    /// Gives the name of its column.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Ssn => "ssn",
            Self::NameDob => "name_dob",
            Self::NamePostal => "name_postal",
            Self::DobPostal => "dob_postal",
            Self::Last4Dob => "last4_dob",
            Self::GivenDob => "given_dob",
            Self::Last4Family => "last4_family",
            Self::Last4Given => "last4_given",
            Self::Last4Postal => "last4_postal",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }

    /// Tells whether so few strangers share it that one is enough for a look at the record.
    pub const fn is_enough(self) -> bool {
        matches!(self, Self::Ssn | Self::NameDob)
    }

    /// Tells whether one is enough for a look where somebody claims to be the person: a claim has fewer fields than a record, and
    /// there are a few a second, not a million.
    pub const fn is_enough_for_a_claim(self) -> bool {
        matches!(
            self,
            Self::Ssn | Self::NameDob | Self::NamePostal | Self::DobPostal | Self::Last4Dob
        )
    }
}

/// The keys of one description of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys([Option<i64>; KeyOf::ALL.len()]);

impl Keys {
    /// Takes the keys as they are made.
    pub fn of(make: impl FnMut(KeyOf) -> Option<i64>) -> Self {
        Self(KeyOf::ALL.map(make))
    }

    /// Gives one of them.
    pub const fn get(&self, of: KeyOf) -> Option<i64> {
        self.0[of as usize]
    }

    /// Gives all of them in the order of the columns.
    pub const fn columns(&self) -> &[Option<i64>; KeyOf::ALL.len()] {
        &self.0
    }

    /// Gives those that are there.
    pub fn present(&self) -> impl Iterator<Item = (KeyOf, i64)> {
        let all = KeyOf::ALL.into_iter().zip(self.0);
        all.filter_map(|(of, key)| Some((of, key?)))
    }

    /// Gives those under which another row of the same person is looked for.
    pub fn of_rows(&self) -> impl Iterator<Item = i64> {
        KeyOf::OF_ROWS.into_iter().filter_map(|of| self.get(of))
    }

    /// Gives what these keys have beside those of another description: what is the same there is left out. Nothing where that is all.
    pub fn beside(&self, other: &Self) -> Option<Self> {
        let more = Self::of(|of| self.get(of).filter(|key| other.get(of) != Some(*key)));
        (more != Self::default()).then_some(more)
    }

    /// Tells whether two descriptions may be of one person, as far as their keys tell.
    ///
    /// Whoever shares a single weak key with a record is worth a look only where one of the two has no number: two numbers that differ, and
    /// nothing else in common, are two people.
    pub fn may_be_of_one(&self, other: &Self) -> bool {
        let shared = KeyOf::ALL
            .into_iter()
            .filter(|of| self.get(*of).is_some_and(|key| other.get(*of) == Some(key)));
        let no_number = [self, other]
            .iter()
            .any(|keys| keys.get(KeyOf::Ssn).is_none());
        let mut weak = 0;
        for of in shared {
            if of.is_enough() {
                return true;
            }
            weak += 1;
        }
        weak >= 2 || (no_number && weak == 1)
    }

    /// Gives a number that stands for these keys.
    pub fn digest(&self) -> i64 {
        // Each key is a keyed hash already: any mixture that tells their places apart will do.
        let mixed = self.0.iter().fold(0_u64, |mixed, key| {
            let key = key.unwrap_or_default().cast_unsigned();
            (mixed.rotate_left(7) ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        // Zero stands for the description that counts.
        mixed.max(1).cast_signed()
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (of, key) in KeyOf::ALL.iter().zip(self.0) {
            map.serialize_entry(of.column(), &key)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(present: &[(KeyOf, i64)]) -> Keys {
        Keys::of(|of| {
            let found = present.iter().find(|(one, _)| *one == of);
            found.map(|(_, key)| *key)
        })
    }

    #[test]
    fn columns_stand_in_the_order_of_the_kinds() {
        for (at, of) in KeyOf::ALL.into_iter().enumerate() {
            assert_eq!(of as usize, at);
        }
        let one = keys(&[(KeyOf::Ssn, 1), (KeyOf::Email, 2)]);
        assert_eq!(one.columns()[0], Some(1));
        assert_eq!(one.columns()[10], Some(2));
        let json = serde_json::to_value(one).unwrap();
        assert_eq!((&json["ssn"], &json["email"]), (&1.into(), &2.into()));
        assert!(json["phone"].is_null());
    }

    #[test]
    fn two_numbers_and_one_weak_key_are_two_people() {
        let a = keys(&[(KeyOf::Ssn, 1), (KeyOf::GivenDob, 5), (KeyOf::Phone, 6)]);
        let another = keys(&[(KeyOf::Ssn, 2), (KeyOf::GivenDob, 5)]);
        let unnumbered = keys(&[(KeyOf::GivenDob, 5)]);
        let at_home = keys(&[(KeyOf::Ssn, 2), (KeyOf::GivenDob, 5), (KeyOf::Phone, 6)]);
        let named = keys(&[(KeyOf::Ssn, 1), (KeyOf::NameDob, 7)]);
        assert!(!a.may_be_of_one(&another));
        assert!(a.may_be_of_one(&unnumbered));
        assert!(a.may_be_of_one(&at_home));
        assert!(a.may_be_of_one(&named));
        assert!(!unnumbered.may_be_of_one(&keys(&[(KeyOf::GivenDob, 6)])));
        assert!(!Keys::default().may_be_of_one(&Keys::default()));
    }

    #[test]
    fn a_former_description_has_what_is_not_known_already() {
        let now = keys(&[(KeyOf::Ssn, 1), (KeyOf::NamePostal, 5)]);
        let former = keys(&[(KeyOf::Ssn, 1), (KeyOf::NamePostal, 4), (KeyOf::Phone, 9)]);
        let beside = former.beside(&now).unwrap();
        assert_eq!(beside, keys(&[(KeyOf::NamePostal, 4), (KeyOf::Phone, 9)]));
        assert_eq!(now.beside(&now), None);
        assert_ne!(beside.digest(), former.digest());
        assert_ne!(Keys::default().digest(), 0);
    }
}
