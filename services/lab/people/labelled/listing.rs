//! At which clinics somebody is listed, and what each of them has.

use super::household::{Member, There};
use super::slip::{self, Slip};
use crate::lab::people::dice::Dice;
use crate::lab::people::entities::{self, Entity};
use crate::lab::people::listing::{self, DATE_OF_BIRTH, Row};
use crate::lab::people::person::Person;

/// Of 1,000 people so many are listed at a second clinic.
const LISTED_TWICE: u32 = 300;
/// Of 1,000 of these so many are listed at a third one too.
const LISTED_THRICE: u32 = 150;

/// Of 1,000 listings of somebody with a telephone so many have the number.
const PHONE_IS_KNOWN: u32 = 850;
/// Of 1,000 listings of somebody with an e-mail address so many have it.
const EMAIL_IS_KNOWN: u32 = 600;
/// Of 1,000 listings of somebody with a suffix so many have it.
const SUFFIX_IS_KNOWN: u32 = 600;

/// What a clinic has of somebody.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The clinic.
    pub clinic: &'static Entity,
    /// What it has.
    pub person: Person,
    /// What of it is not as the person is, in order.
    pub slips: Vec<Slip>,
}

/// Draws the listings of somebody. The first one has no slip but those of the clinic's own habits.
pub fn draw(dice: &mut Dice, member: &Member) -> Vec<Listed> {
    let mut all = vec![first(dice, member)];
    for share in [LISTED_TWICE, LISTED_THRICE] {
        if !dice.chance(share) {
            break;
        }
        let has = |clinic: &Entity| all.iter().any(|listed| listed.clinic.key == clinic.key);
        let mut clinic = entities::draw(dice);
        while has(clinic) {
            clinic = entities::draw(dice);
        }
        all.push(further(dice, member, clinic));
    }
    all
}

fn first(dice: &mut Dice, member: &Member) -> Listed {
    let mut listed = begin(dice, member, member.clinic);
    match &member.there {
        There::True => {}
        There::NumberOf(number) => {
            listed.person.ssn = Some(number.clone());
            listed.slips.push(Slip::NumberOfAnother);
        }
        There::Filler(number, date) => {
            listed.person.ssn = Some((*number).to_owned());
            listed.person.date_of_birth = *date;
            listed.slips.push(Slip::Filler);
        }
    }
    listed.finish()
}

fn further(dice: &mut Dice, member: &Member, clinic: &'static Entity) -> Listed {
    let mut listed = begin(dice, member, clinic);
    let slips = slip::make(dice, &mut listed.person, member.woman);
    listed.slips.extend(slips);
    listed.finish()
}

/// Leaves out what a clinic does not always know.
fn begin(dice: &mut Dice, member: &Member, clinic: &'static Entity) -> Listed {
    let mut listed = Listed {
        clinic,
        person: member.person.clone(),
        slips: Vec::new(),
    };
    let person = &mut listed.person;
    if !dice.chance(PHONE_IS_KNOWN) {
        person.phone.clear();
    }
    if !dice.chance(EMAIL_IS_KNOWN) {
        person.email.clear();
    }
    if !person.suffix.is_empty() && !dice.chance(SUFFIX_IS_KNOWN) {
        person.suffix = "";
        listed.slips.push(Slip::SuffixLeftOut);
    }
    if person.ssn.is_none() {
        listed.slips.push(Slip::HasNoNumber);
    }
    listed
}

impl Listed {
    fn finish(mut self) -> Self {
        if self.person.ssn.is_some() {
            self.slips.retain(|slip| *slip != Slip::HasNoNumber);
        }
        self.slips.sort_unstable();
        self
    }

    /// Gives the row of the file; `number` makes the clinic's reference.
    pub fn row(&self, dice: &mut Dice, number: u64) -> Row {
        let mut row = listing::row(dice, self.clinic, &self.person, number);
        if self.slips.contains(&Slip::BirthDateLeftOut) {
            row[DATE_OF_BIRTH].clear();
        }
        row
    }
}
