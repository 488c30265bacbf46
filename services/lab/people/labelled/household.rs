//! Who is drawn together: people who live together, and strangers who look like one.

use jiff::civil::Date;

use super::label::Role;
use crate::lab::people::dice::Dice;
use crate::lab::people::entities::Entity;
use crate::lab::people::person::{self, Person, Start};
use crate::lab::people::shape::Shape;
use crate::lab::people::{listing, names};

/// Of 1,000 draws so many are a family: a couple with up to three children. Six people in ten live in one then.
const FAMILIES: u32 = 300;
/// Of 1,000 draws so many are a father and his son of the same name.
const FATHERS_AND_SONS: u32 = 12;
/// Of 1,000 draws so many are two strangers of one name, beside those whom chance gives.
const NAMESAKES: u32 = 12;
/// Of 1,000 draws so many are somebody of whom one clinic knows neither number nor birth date.
const FILLERS: u32 = 8;

/// Of 1,000 families so many stand under the guarantor's number at their clinic.
const UNDER_THE_GUARANTOR: u32 = 400;
/// Of 1,000 families with two children or more so many have twins: twice as many as there are, so that they tell something.
const TWINS: u32 = 80;
/// Of 1,000 twins so many have names that sound alike.
const SOUND_ALIKE: u32 = 150;
/// Of 1,000 twins so many have numbers that follow each other, as they were issued before 2011.
const NUMBERS_IN_A_ROW: u32 = 330;
/// Of 1,000 twins so many stand under one number at their clinic, beside those under the guarantor's.
const TWINS_UNDER_ONE: u32 = 200;

/// Of 1,000 grown sons of their father's name so many live with him.
const SONS_AT_HOME: u32 = 300;
/// Of 1,000 sons with whom their father lives so many stand under his number at their clinic.
const SONS_UNDER_THE_FATHER: u32 = 300;

/// Of 1,000 strangers of one name so many have one middle name too.
const ONE_MIDDLE_NAME: u32 = 300;
/// Of 1,000 strangers of one name so many were born on one day.
const ONE_BIRTHDAY: u32 = 100;
/// Of 1,000 strangers of one name so many live in one ZIP code.
const ONE_ZIP: u32 = 100;

/// What clinics write where they do not know a number; each is a number that could have been issued.
const FILLER_NUMBERS: [&str; 4] = ["666123456", "666012345", "666111111", "666987654"];
/// What they write where they do not know a birth date.
const FILLER_DATE: Date = jiff::civil::date(1980, 1, 1);

/// Twins' names that sound alike: boys', then girls'.
const ALIKE: [[(&str, &str); 8]; 2] = [
    [
        ("Jayden", "Hayden"),
        ("Ethan", "Nathan"),
        ("Jon", "Jan"),
        ("Aiden", "Caden"),
        ("Tim", "Tom"),
        ("Darren", "Warren"),
        ("Jason", "Mason"),
        ("Brian", "Ryan"),
    ],
    [
        ("Anna", "Hanna"),
        ("Ella", "Bella"),
        ("Kayla", "Jayla"),
        ("Madison", "Addison"),
        ("Maria", "Marie"),
        ("Erin", "Karin"),
        ("Christine", "Christina"),
        ("Lena", "Lara"),
    ],
];

/// Somebody, before a clinic writes them down.
#[derive(Clone, Debug)]
pub struct Member {
    /// Number among all people.
    pub rank: u64,
    /// The person.
    pub person: Person,
    /// Whether a woman or a girl.
    pub woman: bool,
    /// What they are among those with whom they were drawn.
    pub role: Role,
    /// The clinic that lists them first.
    pub clinic: &'static Entity,
    /// What that clinic has instead of what is true.
    pub there: There,
}

/// What the first clinic has instead of what is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    /// Nothing.
    True,
    /// Another one's number.
    NumberOf(String),
    /// A filler number and a filler date.
    Filler(&'static str, Date),
}

/// Draws who comes next, one person or several; the first has this rank.
pub fn draw(dice: &mut Dice, shape: &Shape, rank: u64) -> Vec<Member> {
    const TO_FATHERS: u32 = FAMILIES + FATHERS_AND_SONS;
    const TO_NAMESAKES: u32 = TO_FATHERS + NAMESAKES;
    const TO_FILLERS: u32 = TO_NAMESAKES + FILLERS;
    match dice.below(1_000) {
        0..FAMILIES => family(dice, shape, rank),
        FAMILIES..TO_FATHERS => father_and_son(dice, shape, rank),
        TO_FATHERS..TO_NAMESAKES => namesakes(dice, shape, rank),
        TO_NAMESAKES..TO_FILLERS => {
            let mut member = single(dice, shape, rank);
            member.there = There::Filler(dice.pick::<&str>(&FILLER_NUMBERS), FILLER_DATE);
            vec![member]
        }
        _ => vec![single(dice, shape, rank)],
    }
}

fn single(dice: &mut Dice, shape: &Shape, rank: u64) -> Member {
    let start = Start::draw(dice, shape.as_of);
    member(dice, shape, rank, start)
}

fn member(dice: &mut Dice, shape: &Shape, rank: u64, start: Start) -> Member {
    let mut person = person::draw_from(dice, shape, rank, start);
    if start.woman {
        person.suffix = "";
    }
    Member {
        rank,
        person,
        woman: start.woman,
        role: Role::Single,
        clinic: listing::first_entity(dice),
        there: There::True,
    }
}

/// Gives somebody the name, the home and the clinic of another one.
fn join(dice: &mut Dice, member: &mut Member, head: &Member, age: u32) {
    let person = &mut member.person;
    person.family_name.clone_from(&head.person.family_name);
    person.address.clone_from(&head.person.address);
    person.phone.clone_from(&head.person.phone);
    person.suffix = "";
    rename(dice, member, age);
    member.role = Role::Relative;
    member.clinic = head.clinic;
}

/// Draws another e-mail address, for a name that has changed.
fn rename(dice: &mut Dice, member: &mut Member, age: u32) {
    let person = &mut member.person;
    person.email = person::email(
        dice,
        &person.given_name,
        &person.family_name,
        age,
        member.rank,
    );
}

fn family(dice: &mut Dice, shape: &Shape, rank: u64) -> Vec<Member> {
    let father_age = dice.between(26, 62);
    let mother_age = father_age - dice.below(6);
    let children = dice.below(4);
    let mut ages = vec![(father_age, false), (mother_age, true)];
    for _ in 0..children {
        let age = dice.between(0, (mother_age - 19).min(16));
        ages.push((age, dice.chance(490)));
    }
    let mut members: Vec<Member> = Vec::new();
    for (age, woman) in ages {
        let start = Start::of_age(dice, shape.as_of, age, woman);
        let mut one = member(dice, shape, rank + members.len() as u64, start);
        // Nobody gives two children one name.
        while members
            .iter()
            .any(|it| it.person.given_name == one.person.given_name)
        {
            let year = one.person.date_of_birth.year();
            names::given_name(dice, year, woman).clone_into(&mut one.person.given_name);
        }
        if let Some(head) = members.first() {
            join(dice, &mut one, head, age);
        } else {
            one.role = Role::Relative;
            one.person.suffix = "";
        }
        members.push(one);
    }
    if children >= 2 && dice.chance(TWINS) {
        make_twins(dice, &mut members);
    }
    if dice.chance(UNDER_THE_GUARANTOR) {
        put_under_the_first(&mut members);
    } else if members.iter().any(|member| member.role == Role::Twin) && dice.chance(TWINS_UNDER_ONE)
    {
        put_under_the_first(&mut members[2..4]);
    }
    members
}

/// Makes twins of the first two children.
fn make_twins(dice: &mut Dice, members: &mut [Member]) {
    let [_, _, one, other, ..] = members else {
        return;
    };
    other.person.date_of_birth = one.person.date_of_birth;
    other.person.population = one.person.population;
    if dice.chance(SOUND_ALIKE) {
        let names = dice.pick(&ALIKE[usize::from(one.woman)]);
        names.0.clone_into(&mut one.person.given_name);
        names.1.clone_into(&mut other.person.given_name);
        other.woman = one.woman;
    }
    if let Some(number) = &one.person.ssn
        && dice.chance(NUMBERS_IN_A_ROW)
    {
        other.person.ssn = Some(next(number));
    }
    one.role = Role::Twin;
    other.role = Role::Twin;
}

/// Gives a number that differs by one in the last digit.
fn next(number: &str) -> String {
    let (rest, last) = number.split_at(number.len() - 1);
    let last = last
        .parse()
        .map_or(0, |digit: u8| if digit == 9 { 8 } else { digit + 1 });
    format!("{rest}{last}")
}

/// Has the clinic write the first one's number for all.
fn put_under_the_first(members: &mut [Member]) {
    let Some((first, others)) = members.split_first_mut() else {
        return;
    };
    if let Some(number) = &first.person.ssn {
        for other in others {
            other.there = There::NumberOf(number.clone());
        }
    }
}

fn father_and_son(dice: &mut Dice, shape: &Shape, rank: u64) -> Vec<Member> {
    let age = dice.between(40, 78);
    let son_age = age - dice.between(19, 35);
    let at_home = son_age < 25 || dice.chance(SONS_AT_HOME);
    let start = Start::of_age(dice, shape.as_of, age, false);
    let mut father = member(dice, shape, rank, start);
    let start = Start::of_age(dice, shape.as_of, son_age, false);
    let mut son = member(dice, shape, rank + 1, start);
    let (given, middle) = (&father.person.given_name, &father.person.middle_name);
    son.person.given_name.clone_from(given);
    son.person.middle_name.clone_from(middle);
    if at_home {
        join(dice, &mut son, &father, son_age);
    } else {
        let family = &father.person.family_name;
        son.person.family_name.clone_from(family);
        rename(dice, &mut son, son_age);
    }
    father.person.suffix = "Sr";
    son.person.suffix = "Jr";
    let mut both = vec![father, son];
    if at_home && dice.chance(SONS_UNDER_THE_FATHER) {
        put_under_the_first(&mut both);
    }
    for one in &mut both {
        one.role = Role::FatherOrSon;
    }
    both
}

fn namesakes(dice: &mut Dice, shape: &Shape, rank: u64) -> Vec<Member> {
    let start = Start::draw(dice, shape.as_of);
    let one = member(dice, shape, rank, start);
    let start = if dice.chance(ONE_BIRTHDAY) {
        start
    } else {
        let mut other = Start::draw(dice, shape.as_of);
        other.woman = start.woman;
        other
    };
    let mut other = member(dice, shape, rank + 1, start);
    let (known, person) = (&one.person, &mut other.person);
    person.given_name.clone_from(&known.given_name);
    person.family_name.clone_from(&known.family_name);
    if dice.chance(ONE_MIDDLE_NAME) {
        person.middle_name.clone_from(&known.middle_name);
    }
    if dice.chance(ONE_ZIP) {
        let (here, there) = (&known.address, &mut person.address);
        there.city.clone_from(&here.city);
        there.region.clone_from(&here.region);
        there.postal_code.clone_from(&here.postal_code);
        there.country.clone_from(&here.country);
    }
    rename(dice, &mut other, start.age);
    let mut both = vec![one, other];
    for one in &mut both {
        one.role = Role::Namesake;
    }
    both
}
