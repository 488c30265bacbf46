//! Impostors, each with one claim: what they have is right, and it is not enough.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::{Date, date};

use super::line::{Asked, Line, Tally};
use super::slip::by_last_four;
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::lab::bench::at_once::run;
use crate::lab::bench::campaign::Begun;
use crate::lab::bench::campaign::desk::{Answer, Desk};
use crate::lab::bench::campaign::subject::{Known, Subject};
use crate::lab::callers::letters::Person;
use crate::lab::people::dice::Dice;
use crate::lab::people::labelled::label::Relation;
use crate::lab::people::names;
use crate::wire::redress::identity::v1::Claims;

const WHO: &str = "impostor with the letter";
/// Where the list has no number of the victim, nothing on it tells such a stranger from them.
const BORN_ALIKE: &str = "a stranger's of the same name and birth date";

/// The first day on which somebody may have been born whose date is guessed, and how many days follow.
const FIRST_DAY: Date = date(1930, 1, 1);
const DAYS: u32 = 27_000;
/// Of 1,000 twins so many have a number that follows the other's, as numbers were issued before 2011.
const NUMBERS_IN_A_ROW: u32 = 330;

/// A claim with somebody else's letter.
pub struct Attempt {
    /// What is special about it.
    kind: &'static str,
    /// The victim's enrollment, which the letter's code began.
    enrollment: String,
    /// What is claimed.
    claims: Claims,
}

/// The letter of one, and all that is true of another.
pub fn others<'a>(
    victims: &'a [Begun<'a>],
    own: &'a [&'a Subject],
) -> impl Iterator<Item = Attempt> + 'a {
    // The next one, so that nobody is paired with themself.
    let own = own.iter().cycle().skip(1);
    let pairs = victims.iter().zip(own);
    pairs.map(|((_, enrollment), own)| Attempt {
        kind: "another person's data",
        enrollment: enrollment.clone(),
        claims: by_last_four(&own.person).claims(),
    })
}

/// The envelope with a birth date at random.
pub fn envelopes<'a>(victims: &'a [Begun<'a>], seed: u64) -> impl Iterator<Item = Attempt> + 'a {
    victims.iter().map(move |(victim, enrollment)| {
        let mut dice = Dice::new(seed, victim.label.person);
        let mut said = envelope(&victim.person);
        while said.date_of_birth == victim.person.date_of_birth {
            let days = i64::from(dice.below(DAYS));
            said.date_of_birth = FIRST_DAY.saturating_add(Span::new().days(days));
        }
        Attempt {
            kind: "an envelope's data, a birth date at random",
            enrollment: enrollment.clone(),
            claims: said.claims(),
        }
    })
}

/// What stands on an envelope; the birth date is still to be guessed.
pub fn envelope(victim: &Person) -> Person {
    Person {
        ssn: String::new(),
        ..victim.clone()
    }
}

/// Whoever lives with the victim and opens the letter, with their own data.
pub fn household<'a>(
    victims: &'a [Begun<'a>],
    households: &'a BTreeMap<u64, Vec<&'a Known>>,
) -> impl Iterator<Item = Attempt> + 'a {
    victims.iter().filter_map(|(victim, enrollment)| {
        let members = households.get(&victim.label.household)?;
        let mut others = members
            .iter()
            .filter(|one| one.label.person != victim.label.person);
        let other = others.next()?;
        Some(Attempt {
            kind: match Relation::of(&victim.label, &other.label) {
                Relation::FatherAndSon => "a father's or son's of the same name",
                Relation::Namesakes
                    if victim.person.date_of_birth == other.person.date_of_birth =>
                {
                    BORN_ALIKE
                }
                Relation::Namesakes => "a stranger's of the same name",
                _ => "a spouse's, parent's or child's",
            },
            enrollment: enrollment.clone(),
            claims: by_last_four(&other.person).claims(),
        })
    })
}

/// A twin who is not on the list: the same family name, birth date and address.
pub fn twins<'a>(victims: &'a [Begun<'a>], seed: u64) -> impl Iterator<Item = Attempt> + 'a {
    victims.iter().map(move |(victim, enrollment)| {
        let mut dice = Dice::new(seed, victim.label.person);
        let mut twin = by_last_four(&victim.person);
        twin.middle_name.clear();
        twin.given_name = twins_name(&mut dice, &victim.person);
        twin.ssn = match dice.below(4) {
            0 => String::new(),
            _ if dice.chance(NUMBERS_IN_A_ROW) => next(&twin.ssn),
            _ => format!("{:04}", dice.between(1, 9_999)),
        };
        if twin.ssn == by_last_four(&victim.person).ssn {
            twin.ssn.clear();
        }
        Attempt {
            kind: "a twin's",
            enrollment: enrollment.clone(),
            claims: twin.claims(),
        }
    })
}

/// Parents give two children neither one name nor two forms of one.
fn twins_name(dice: &mut Dice, victim: &Person) -> String {
    let known = victim.given_name.as_str();
    loop {
        let woman = dice.chance(500);
        let name = names::given_name(dice, victim.date_of_birth.year(), woman);
        let is_short = |long: &str, short: &str| names::nickname(long) == Some(short);
        if !shares_beginning(name, known) && !is_short(name, known) && !is_short(known, name) {
            return name.to_owned();
        }
    }
}

/// Mary and Marie, John and Jonathan: forms of one name mostly begin alike.
fn shares_beginning(a: &str, b: &str) -> bool {
    let beginning = |name: &str| -> String { name.to_lowercase().chars().take(2).collect() };
    beginning(a) == beginning(b)
}

fn next(digits: &str) -> String {
    let number: u32 = digits.parse().unwrap_or(0);
    format!("{:04}", number % 9_999 + 1)
}

/// Makes these attempts, and gives a line for each kind.
pub async fn attempt(
    desk: &Desk,
    attempts: impl Iterator<Item = Attempt>,
    show: Show,
) -> Result<Vec<Line>, Problem> {
    let progress = show("impostors claim", Unit::Pieces);
    let attempts: Vec<Attempt> = attempts.collect();
    let calls = attempts.iter().map(async |attempt| {
        let claims = attempt.claims.clone();
        let answer = desk.claim(Some(&attempt.enrollment), claims).await?;
        Ok((attempt.kind, answer))
    });
    let mut kinds: BTreeMap<&'static str, Tally> = BTreeMap::new();
    for (kind, answer) in run(calls, &progress).await? {
        kinds.entry(kind).or_default().add(answer);
    }
    let line = |(kind, tally)| Line {
        who: WHO,
        kind,
        tally,
        asked: match kind {
            BORN_ALIKE => Asked::Nothing,
            _ => Asked::NobodyVerified,
        },
        rows: Vec::new(),
    };
    Ok(kinds.into_iter().map(line).collect())
}

/// Whoever has all data of the victims, whole numbers too, but neither a letter nor a contact.
pub async fn with_stolen_data(
    desk: &Desk,
    victims: &[&Subject],
    show: Show,
) -> Result<Line, Problem> {
    let progress = show("impostors without a letter claim", Unit::Pieces);
    let calls = victims
        .iter()
        .map(|victim| desk.claim_and_begin(victim.person.claims()));
    let answers: Vec<Answer> = run(calls, &progress).await?;
    Ok(Line {
        who: "impostor without letter and contact",
        kind: "name, birth date, address and number",
        tally: Tally::of(answers),
        asked: Asked::NobodyVerified,
        rows: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twins_name_is_no_form_of_the_other() {
        assert!(shares_beginning("Mary", "Marie") && !shares_beginning("Mary", "Ellen"));
        assert_eq!(next("0041"), "0042");
        assert_eq!(next("9999"), "0001");
    }
}
