//! Who calls, how honest callers behave, and what impostors try.

use jiff::civil::Date;

use super::letters::LetterHolder;
use crate::client::convert::wire_date;
use crate::codes::code::{BITS, Code};
use crate::lab::people::dice::Dice;
use crate::lab::people::listing::slip;
use crate::lab::people::names::nickname;
use crate::wire::redress::identity::v1::Claims;

/// How an honest caller behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Does everything right.
    Straight,
    /// Mistypes the code first.
    Mistypes,
    /// Begins, thinks it over, and comes back with the same code.
    Hesitates,
    /// Has lost the letter.
    LostLetter,
    /// Swaps day and month, uses a short name, or gives the old ZIP.
    Misremembers,
    /// Presses the button twice: two calls at once.
    Twice,
    /// Never sees the answer and repeats the request.
    Repeats,
}

/// What an impostor tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// Has a stolen letter, but not what the roster knows.
    StolenLetter,
    /// Has all leaked data, but neither letter nor the contact on record.
    LeakedData,
    /// Guesses codes.
    GuessedCodes,
    /// Uses another's enrollment with a verification of their own.
    AnothersEnrollment,
}

/// Who calls.
pub struct Scenario {
    /// Honest callers.
    pub callers: Vec<(LetterHolder, Habit)>,
    /// Impostors: a victim who never calls, and the impostor's own letter.
    pub impostors: Vec<(LetterHolder, LetterHolder, Trick)>,
}

/// Chooses `take_up` thousandths of the people as callers, and some of the others as victims.
pub fn plan(mut holders: Vec<LetterHolder>, take_up: u32, seed: u64) -> Scenario {
    let mut dice = Dice::new(seed, u64::MAX);
    shuffle(&mut holders, &mut dice);
    let callers = holders.len() * take_up as usize / 1_000;
    let mut rest = holders.split_off(callers);
    let callers: Vec<(LetterHolder, Habit)> = holders
        .into_iter()
        .map(|holder| {
            let habit = habit(&mut dice);
            // Whoever writes for a deceased person has no code to give.
            let has_code = !holder.code.is_empty();
            (holder, if has_code { habit } else { Habit::LostLetter })
        })
        .collect();
    let wanted = (callers.len() / 20).clamp(8, 400);
    let mut impostors = Vec::new();
    for trick in TRICKS.into_iter().cycle().take(wanted) {
        let (Some(victim), Some(own)) = (rest.pop(), rest.pop()) else {
            break;
        };
        // A letter without a code is not worth stealing.
        let has_code = !victim.code.is_empty();
        let trick = if has_code { trick } else { Trick::LeakedData };
        impostors.push((victim, own, trick));
    }
    Scenario { callers, impostors }
}

const TRICKS: [Trick; 4] = [
    Trick::StolenLetter,
    Trick::LeakedData,
    Trick::GuessedCodes,
    Trick::AnothersEnrollment,
];

fn habit(dice: &mut Dice) -> Habit {
    match dice.below(100) {
        0..8 => Habit::Mistypes,
        8..14 => Habit::Hesitates,
        14..20 => Habit::LostLetter,
        20..27 => Habit::Misremembers,
        27..31 => Habit::Twice,
        31..35 => Habit::Repeats,
        _ => Habit::Straight,
    }
}

fn shuffle(holders: &mut [LetterHolder], dice: &mut Dice) {
    for at in (1..holders.len()).rev() {
        let other = dice.below(u32::try_from(at + 1).unwrap_or(u32::MAX)) as usize;
        holders.swap(at, other);
    }
}

/// Gives a code with one mistyped symbol.
pub fn mistyped(code: &str, dice: &mut Dice) -> String {
    let mut symbols: Vec<char> = code.chars().collect();
    let places: Vec<usize> = (0..symbols.len())
        .filter(|at| symbols[*at] != '-')
        .collect();
    let at = *dice.pick(&places);
    symbols[at] = if symbols[at] == '7' { '4' } else { '7' };
    symbols.into_iter().collect()
}

/// A code that nobody was given, with valid check symbols.
pub fn guessed(dice: &mut Dice) -> String {
    let bits = (0..BITS).fold(0, |bits, _| bits << 1 | u128::from(dice.below(2)));
    Code::from_bits(bits).expose()
}

/// The claims of somebody who misremembers one thing.
pub fn misremembered(holder: &LetterHolder, dice: &mut Dice) -> Claims {
    let person = &holder.person;
    let mut claims = person.claims();
    let mut name = person.name();
    let born = person.date_of_birth;
    let swapped = born.with().month(born.day()).day(born.month()).build();
    match (dice.below(4), swapped, nickname(&person.given_name)) {
        (0, Ok(swapped), _) if swapped != born => claims.date_of_birth = Some(wire_date(swapped)),
        (1, _, Some(short)) => short.clone_into(&mut name.given_name),
        (2, ..) if person.family_name.len() > 4 => {
            name.family_name = slip(dice, &person.family_name);
        }
        _ => "46899".clone_into(&mut claims.postal_code),
    }
    claims.name = Some(name);
    claims
}

/// The claims of a thief: name and address from the letter, the rest guessed, better than most thieves could.
pub fn from_stolen_letter(victim: &LetterHolder, try_number: u32, dice: &mut Dice) -> Claims {
    let mut claims = victim.person.claims();
    let born = victim.person.date_of_birth;
    let far = born.saturating_sub(jiff::Span::new().days(i64::from(dice.between(400, 9_000))));
    claims.ssn = String::new();
    claims.date_of_birth = Some(wire_date(match try_number % 4 {
        0 => one_digit_off(born),
        1 => swapped(far),
        2 => far,
        _ => {
            claims.ssn = format!("66699{:04}", dice.between(1, 9_999));
            far
        }
    }));
    claims
}

/// The true date but for the last digit of its year.
fn one_digit_off(born: Date) -> Date {
    let year = if born.year() % 10 == 0 {
        born.year() + 1
    } else {
        born.year() - 1
    };
    // A leap day has no place in the next year.
    let off = born.with().year(year).build();
    off.unwrap_or(born.saturating_sub(jiff::Span::new().days(360)))
}

/// A date with day and month swapped, where that is a date.
fn swapped(date: Date) -> Date {
    let swapped = date.with().month(date.day()).day(date.month()).build();
    swapped.unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::callers::letters::Person;

    #[test]
    fn who_has_no_code_calls_without_one() {
        let planned = plan(holders(1_000), 250, 1);
        let habits = planned.callers.iter().map(|(_, habit)| *habit);
        assert!(habits.into_iter().all(|habit| habit == Habit::LostLetter));
        let tricks = planned.impostors.iter().map(|(.., trick)| *trick);
        assert!(tricks.into_iter().all(|trick| trick == Trick::LeakedData));
    }

    fn holders(count: usize) -> Vec<LetterHolder> {
        let person = |at: usize| Person {
            given_name: "Robert".into(),
            middle_name: String::new(),
            family_name: "Roe".into(),
            date_of_birth: jiff::civil::date(1970, 1, 2),
            ssn: format!("{at:09}"),
            postal_code: "46802".into(),
            phone: String::new(),
            email: String::new(),
            population: "adult".into(),
        };
        (0..count)
            .map(|at| LetterHolder {
                person: person(at),
                code: String::new(),
                letters: 1,
            })
            .collect()
    }

    #[test]
    fn victims_never_call_and_the_seed_decides() {
        let planned = |seed| plan(holders(1_000), 250, seed);
        let first = planned(1);
        assert_eq!(first.callers.len(), 250);
        let calling: std::collections::HashSet<&str> = first
            .callers
            .iter()
            .map(|(it, _)| it.person.ssn.as_str())
            .collect();
        assert!(first.impostors.iter().all(|(victim, own, _)| {
            !calling.contains(victim.person.ssn.as_str())
                && !calling.contains(own.person.ssn.as_str())
        }));
        let ssns = |scenario: &Scenario| {
            scenario
                .callers
                .iter()
                .map(|(it, _)| it.person.ssn.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ssns(&first), ssns(&planned(1)));
        assert_ne!(ssns(&first), ssns(&planned(2)));
    }

    #[test]
    fn a_mistyped_code_differs_in_one_symbol() {
        let code = "0123-4567-89AB-CDEF";
        let typed = mistyped(code, &mut Dice::new(1, 1));
        assert_eq!(
            code.chars()
                .zip(typed.chars())
                .filter(|(a, b)| a != b)
                .count(),
            1
        );
    }

    #[test]
    fn a_thief_varies_and_is_never_right() {
        let victim = &holders(1)[0];
        let tries: Vec<Claims> = (0..4)
            .map(|at| from_stolen_letter(victim, at, &mut Dice::new(1, 1)))
            .collect();
        assert!(tries.windows(2).all(|two| two[0] != two[1]));
        let truth = victim.person.claims();
        for claims in &tries {
            assert_eq!(claims.name, truth.name);
            assert_ne!(claims.date_of_birth, truth.date_of_birth);
            assert_ne!(claims.ssn, truth.ssn);
        }
        let near = tries[0].date_of_birth.unwrap();
        assert_eq!((near.year, near.month, near.day), (1971, 1, 2));
    }

    #[test]
    fn a_guess_is_well_typed() {
        let mut dice = Dice::new(1, 1);
        let guesses: Vec<String> = (0..20).map(|_| guessed(&mut dice)).collect();
        assert!(guesses.iter().all(|guess| Code::parse(guess).is_ok()));
        assert!(guesses.windows(2).all(|two| two[0] != two[1]));
    }

    #[test]
    fn what_is_misremembered_differs_from_the_truth() {
        let holder = &holders(1)[0];
        for stream in 0..40 {
            assert_ne!(
                misremembered(holder, &mut Dice::new(1, stream)),
                holder.person.claims()
            );
        }
    }
}
