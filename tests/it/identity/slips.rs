//! Claims by the thousand against the rules of a letter: true people with one slip, and impostors. No database: the comparison and
//! the thresholds are pure.
//!
//! People are drawn as for a roster. The records are of three kinds: birth date and number, the birth date alone, the number alone.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use redress::identity::matching::compare::{self, Claims};
use redress::identity::matching::policy::{Decision, Policy};
use redress::identity::matching::{fold, nickname, ssn};
use redress::identity::rules::Throttles;
use redress::kernel::person::Person;
use redress::lab::people::dice::Dice;
use redress::lab::people::names;

const MANY: u64 = 10_000;

/// What somebody says, as text, so that it can be slipped in.
#[derive(Clone)]
struct Said {
    given: String,
    family: String,
    born: Date,
    ssn: String,
    postal: String,
}

fn draw(dice: &mut Dice) -> Said {
    let year = dice.between(1920, 1997);
    let woman = dice.chance(500);
    let year = i16::try_from(year).unwrap();
    Said {
        given: names::given_name(dice, year, woman).into(),
        family: names::surname(dice),
        born: day_of(dice, year),
        ssn: format!("666{:06}", dice.between(10_001, 999_999)),
        postal: format!("{:05}", dice.between(10_001, 99_000)),
    }
}

fn day_of(dice: &mut Dice, year: i16) -> Date {
    date(year, 1, 1).saturating_add(i64::from(dice.below(365)).days())
}

/// What is on record of somebody.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Record {
    Whole,
    BirthDate,
    Number,
}

const RECORDS: [Record; 3] = [Record::Whole, Record::BirthDate, Record::Number];

fn record(of: &Said, kind: Record) -> Person {
    Person {
        given_name: of.given.as_str().into(),
        family_name: of.family.as_str().into(),
        date_of_birth: (kind != Record::Number).then_some(of.born),
        ssn: (kind != Record::BirthDate).then(|| of.ssn.as_str().into()),
        postal_code: Some(of.postal.as_str().into()),
        ..Person::default()
    }
}

fn decide(said: &Said, record: &Person) -> Decision {
    let claims = Claims {
        given: fold::name(&said.given),
        middle: fold::name(""),
        family: fold::family(&said.family),
        born: said.born,
        ssn: ssn::parse_claimed(&said.ssn),
        postal: Some(fold::postal(&said.postal)),
    };
    Policy::default().decide_by_letter(&compare::compare(&claims, record))
}

/// The number as it is asked for: whole, its last four digits, or not at all.
fn shorten(said: &mut Said, asked: u64) {
    match asked % 3 {
        0 => {}
        1 => said.ssn = said.ssn[5..].to_owned(),
        _ => said.ssn.clear(),
    }
}

/// Changes one symbol or swaps two neighbours.
fn typo(dice: &mut Dice, text: &str, symbols: &[char]) -> String {
    let mut typed: Vec<char> = text.chars().collect();
    let at = dice.below(u32::try_from(typed.len() - 1).unwrap()) as usize;
    if dice.chance(300) {
        typed.swap(at, at + 1);
    } else {
        typed[at] = *dice.pick(symbols);
    }
    typed.into_iter().collect()
}

const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const LETTERS: [char; 6] = ['a', 'e', 'n', 'r', 's', 't'];

/// A date with one digit typed wrong, two swapped, day and month swapped, or the year before; some are no date at all.
fn slipped(dice: &mut Dice, born: Date) -> Option<Date> {
    match dice.below(4) {
        0 => born.with().month(born.day()).day(born.month()).build().ok(),
        1 => born.with().year(born.year() - 1).build().ok(),
        _ => {
            let typed = typo(dice, &born.strftime("%Y%m%d").to_string(), &DIGITS);
            Date::strptime("%Y%m%d", typed).ok()
        }
    }
}

/// Makes one slip in one field.
fn slip(dice: &mut Dice, said: &mut Said, field: u64) {
    match field % 5 {
        0 => said.given = typo(dice, &said.given, &LETTERS),
        1 => said.family = typo(dice, &said.family, &LETTERS),
        2 => said.born = slipped(dice, said.born).unwrap_or(said.born),
        3 if !said.ssn.is_empty() => said.ssn = typo(dice, &said.ssn, &DIGITS),
        4 => said.postal = typo(dice, &said.postal, &DIGITS),
        _ => {}
    }
}

#[test]
fn a_true_person_with_one_slip_is_never_refused() {
    let mut verified = 0;
    for at in 0..MANY {
        let mut dice = Dice::new(1, at);
        let person = draw(&mut dice);
        for kind in RECORDS {
            let mut said = person.clone();
            shorten(&mut said, at / 5);
            slip(&mut dice, &mut said, at);
            let decision = decide(&said, &record(&person, kind));
            assert_ne!(decision, Decision::Refuse, "{kind:?}, field {}", at % 5);
            let exact = said.born == person.born || said.ssn == person.ssn;
            assert!(decision != Decision::Accept || exact, "{kind:?}");
            verified += u64::from(kind == Record::Whole && decision == Decision::Accept);
        }
    }
    // Of those who slip in some field: names and ZIP mostly go through, a date or a number does not.
    assert!(verified * 100 / MANY >= 50, "{verified}");
}

#[test]
fn a_true_person_without_a_slip_is_verified() {
    for at in 0..MANY {
        let person = draw(&mut Dice::new(2, at));
        let mut said = person.clone();
        shorten(&mut said, at);
        let known = record(&person, Record::Whole);
        assert_eq!(decide(&said, &known), Decision::Accept);
    }
}

/// Nobody whose given name is another's, but for nicknames: those cannot be told from the name itself.
#[test]
fn a_twin_or_a_spouse_with_the_same_birth_date_is_never_verified() {
    let mut tried = 0;
    for at in 0..2 * MANY {
        let mut dice = Dice::new(3, at);
        let person = draw(&mut dice);
        let twin = draw(&mut dice).given.to_lowercase();
        let name = person.given.to_lowercase();
        if twin == name || nickname::related(&twin, &name) {
            continue;
        }
        let mut said = Said {
            given: twin,
            ..person.clone()
        };
        shorten(&mut said, at);
        for kind in RECORDS {
            let decision = decide(&said, &record(&person, kind));
            assert_ne!(decision, Decision::Accept, "{kind:?}");
        }
        tried += 1;
    }
    assert!(tried >= MANY);
}

/// With the letter in hand: a household member's own data, another person's, an envelope's with random dates and digits.
#[test]
fn of_ten_thousand_impostors_of_a_kind_nobody_is_verified() {
    for at in 0..MANY {
        let mut dice = Dice::new(4, at);
        let (victim, other) = (draw(&mut dice), draw(&mut dice));
        let member = Said {
            family: victim.family.clone(),
            postal: victim.postal.clone(),
            ..other.clone()
        };
        let mut guess = Said {
            born: other.born,
            ssn: other.ssn.clone(),
            ..victim.clone()
        };
        shorten(&mut guess, at);
        for (kind, said) in RECORDS
            .into_iter()
            .flat_map(|kind| [(kind, &member), (kind, &other), (kind, &guess)])
        {
            if said.born == victim.born {
                continue;
            }
            let decision = decide(said, &record(&victim, kind));
            assert_ne!(decision, Decision::Accept, "{kind:?}");
        }
    }
}

/// Gives how many of these birth dates the best guesser finds with so many tries, who is told whether a guess was near.
fn found(person: &Said, dates: &[Date], tries: u32) -> usize {
    if tries <= 1 || dates.is_empty() {
        return usize::from(tries > 0 && !dates.is_empty());
    }
    let guesses = dates.iter().step_by(dates.len().div_ceil(24));
    let after = guesses.map(|guess| {
        let said = Said {
            born: *guess,
            ssn: String::new(),
            ..person.clone()
        };
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for born in dates.iter().filter(|born| *born != guess) {
            let known = record(
                &Said {
                    born: *born,
                    ..person.clone()
                },
                Record::Whole,
            );
            match decide(&said, &known) {
                Decision::Refer => near.push(*born),
                Decision::Refuse => far.push(*born),
                Decision::Accept => panic!("another date was accepted"),
            }
        }
        1 + found(person, &near, tries - 1) + found(person, &far, tries - 1)
    });
    after.max().unwrap_or(0)
}

#[test]
fn with_the_envelope_and_the_year_of_birth_a_guesser_finds_fewer_than_one_in_a_hundred() {
    let person = draw(&mut Dice::new(5, 1));
    let year: Vec<Date> = date(1961, 1, 1)
        .series(1.day())
        .take_while(|day| day.year() == 1961)
        .collect();
    let tries = Throttles::default().letter_verified;
    let found = found(&person, &year, tries);
    assert_eq!(found, 3);
    assert!(found * 100 < year.len());
}
