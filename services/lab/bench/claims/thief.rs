//! A thief who has the letter and knows the year of birth, with every try that the limits allow.
//!
//! The day is guessed. A wrong guess that is referred tells more than one that is refused: the date was near. So the thief keeps the
//! days that fit all answers, and guesses one of them next. The hour's limit of a person is as wide here as the
//! letter's own, so that a letter's whole life passes in a moment.
//!
//! Some thieves first ask without the letter, where nothing of its tries is spent, name and date alone, for as long as they are answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::impostor::envelope;
use super::line::{Asked, Line, Tally};
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::lab::bench::at_once::run;
use crate::lab::bench::campaign::Begun;
use crate::lab::bench::campaign::desk::{Answer, Desk};
use crate::lab::bench::campaign::subject::Subject;
use crate::lab::callers::letters::Person;
use crate::lab::people::dice::Dice;

const WHO: &str = "thief with the letter";
/// At most one victim in so many.
const ONE_IN: usize = 100;
/// Nobody on the roster was born then.
const WRONG_DAY: Date = date(1909, 1, 1);
/// A thief who is never stopped stops here.
const MANY: usize = 50;

/// How often thieves could try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// The most claims with one letter that were answered.
    pub of_letter: usize,
    /// The most claims about one victim without the letter that were answered.
    pub of_look_up: usize,
}

/// Counts the most that any of them had.
#[derive(Default)]
struct Most(AtomicUsize);

impl Most {
    fn saw(&self, tries: usize) {
        self.0.fetch_max(tries, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets them try; those of `by_look_up` ask without the letter first.
pub async fn steal(
    desk: &Desk,
    by_letter: &[Begun<'_>],
    by_look_up: &[Begun<'_>],
    seed: u64,
    show: Show,
) -> Result<(Vec<Line>, Tries), Problem> {
    let (letters, look_ups) = (Most::default(), Most::default());
    let begin = |victim: &Subject| {
        let dice = Dice::new(seed, victim.label.person);
        (dice, days_of(victim.person.date_of_birth.year()))
    };
    let progress = show("thieves guess", Unit::Pieces);
    let calls = by_letter.iter().map(async |victim| {
        let (dice, days) = begin(victim.0);
        guess(desk, victim, days, dice, &letters).await
    });
    let alone = Tally::of(run(calls, &progress).await?);
    let progress = show("thieves look victims up", Unit::Pieces);
    let calls = by_look_up.iter().map(async |victim| {
        let (dice, days) = begin(victim.0);
        let person = &victim.0.person;
        let days = look_up(desk, person, days, dice.clone(), &look_ups).await?;
        guess(desk, victim, days, dice, &letters).await
    });
    let helped = Tally::of(run(calls, &progress).await?);
    let line = |kind, tally| Line {
        who: WHO,
        kind,
        tally,
        asked: Asked::VerifiedOneIn(ONE_IN),
        rows: Vec::new(),
    };
    let lines = vec![
        line("the envelope and the year of birth", alone),
        line("the same, after a day's look-ups without it", helped),
    ];
    let tries = Tries {
        of_letter: letters.get(),
        of_look_up: look_ups.get(),
    };
    Ok((lines, tries))
}

fn days_of(year: i16) -> Vec<Date> {
    let first = Date::new(year, 1, 1).unwrap_or(Date::MIN);
    let days = first.series(1.day());
    days.take_while(|day| day.year() == year).collect()
}

/// Looks the victim up until they are found or it is not answered any more. Gives the days that are still possible.
async fn look_up(
    desk: &Desk,
    victim: &Person,
    mut days: Vec<Date>,
    mut dice: Dice,
    most: &Most,
) -> Result<Vec<Date>, Problem> {
    let mut said = envelope(victim);
    said.middle_name.clear();
    // The fewer things are claimed, the fewer limits count the claim.
    said.postal_code.clear();
    // Where a day that is certainly wrong is answered like any other, a look-up tells nothing.
    said.date_of_birth = WRONG_DAY;
    let nonsense = desk.ask(None, said.claims()).await?;
    if nonsense.is_none_or(|(answer, _)| answer != Answer::Refused) {
        return Ok(days);
    }
    let mut tries = 1;
    while days.len() > 1 {
        let day = draw(&mut dice, &days);
        said.date_of_birth = day;
        let Some((answer, _)) = desk.ask(None, said.claims()).await? else {
            break;
        };
        tries += 1;
        if answer == Answer::Refused {
            days.retain(|other| *other != day);
        } else {
            days = vec![day];
        }
    }
    most.saw(tries);
    Ok(days)
}

/// Guesses with the letter until it is verified or not answered any more.
async fn guess(
    desk: &Desk,
    (victim, enrollment): &(&Subject, String),
    mut days: Vec<Date>,
    mut dice: Dice,
    most: &Most,
) -> Result<Answer, Problem> {
    let mut said = envelope(&victim.person);
    let mut guessed = Vec::new();
    let mut last = Answer::Refused;
    while last != Answer::Verified && guessed.len() < MANY {
        let new = days.iter().filter(|day| !guessed.contains(*day));
        let new: Vec<Date> = new.copied().collect();
        let day = match (new.is_empty(), days.is_empty()) {
            (false, _) => draw(&mut dice, &new),
            (true, false) => draw(&mut dice, &days),
            (true, true) => break,
        };
        said.date_of_birth = day;
        let Some((answer, _)) = desk.ask(Some(enrollment), said.claims()).await? else {
            break;
        };
        last = answer;
        guessed.push(day);
        let was_refused = answer == Answer::Refused;
        days.retain(|other| is_near(*other, day) != was_refused);
    }
    most.saw(guessed.len());
    Ok(last)
}

fn draw(dice: &mut Dice, days: &[Date]) -> Date {
    *dice.pick(days)
}

/// Tells whether somebody who means the one may have written the other: one digit is another, or day and month are swapped.
fn is_near(a: Date, b: Date) -> bool {
    let digits = |day: Date| day.strftime("%Y%m%d").to_string().into_bytes();
    let differing = digits(a)
        .into_iter()
        .zip(digits(b))
        .filter(|(a, b)| a != b)
        .count();
    let is_swapped = a.year() == b.year() && (a.month(), a.day()) == (b.day(), b.month());
    differing <= 1 || is_swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_its_days_and_a_day_its_neighbours() {
        assert_eq!(days_of(1961).len(), 365);
        assert_eq!(days_of(1964).len(), 366);
        let day = date(1961, 3, 12);
        for near in [(3, 12), (3, 10), (3, 22), (12, 3)] {
            assert!(is_near(day, date(1961, near.0, near.1)), "{near:?}");
        }
        for far in [(3, 21), (4, 13), (11, 2)] {
            assert!(!is_near(day, date(1961, far.0, far.1)), "{far:?}");
        }
    }
}
