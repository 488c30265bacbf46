//! What becomes of rows: one person, two people, or two for review.

use redress::identity::roster::plan::Outcome;
use redress::identity::roster::row::RawRow;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;

use super::{again, moved};
use crate::harness::{Database, apply, both};
use crate::identity::export::export;
use crate::identity::house::{FILE, House};
use crate::identity::people::{ada, but, claims};

/// The same rows as of another family: nobody of it meets anybody of the others.
fn of_family(number: usize, row: RawRow) -> RawRow {
    let letter = char::from(b'a' + u8::try_from(number).unwrap());
    but(row, |row| {
        let family = row.family_name.expose().clone();
        row.family_name = format!("{family}{letter}{letter}{letter}").into();
        let reference = row.external_ref.expose().clone();
        row.external_ref = format!("{reference}-{letter}").into();
        row.ssn = row
            .ssn
            .expose()
            .replace("-01-", &format!("-{}-", 21 + number))
            .into();
        row.postal_code = format!("46{}0{number}", 1 + number % 9).into();
        let year = (1930 + 7 * number).to_string();
        row.date_of_birth = row.date_of_birth.expose().replace("1961", &year).into();
        row.phone = format!("260-555-01{}", 10 + number).into();
        row.email = format!("{letter}@example.org").into();
    })
}

/// What becomes of the pairs that the field sends.
#[apply(both)]
async fn relatives_and_strangers_stay_apart_and_one_person_becomes_one(database: Database) {
    let twin = but(again(3), |row| row.given_name = "Beatrix".into());
    let stranger = but(again(3), |row| {
        row.given_name = "Nurjahan".into();
        row.family_name = "Karimzai".into();
        row.date_of_birth = "1980-01-01".into();
        row.address_line1 = "7 Elm St".into();
    });
    let spouse = but(again(3), |row| {
        row.given_name = "Gregor".into();
        row.date_of_birth = "1963-05-06".into();
    });
    let unnumbered = but(again(3), |row| row.ssn = "".into());
    let elder = but(ada(2), |row| row.suffix = "Sr".into());
    let younger = but(again(3), |row| {
        row.suffix = "Jr".into();
        row.date_of_birth = "".into();
    });
    let married = but(again(3), |row| {
        row.family_name = "Esterhuysen".into();
        row.date_of_birth = "1961-12-03".into();
    });
    let other_street = |row: RawRow| but(row, |row| row.address_line1 = "9 New Ave".into());
    let house = House::open(&database).await;
    for (number, (what, first, second, expected)) in [
        ("twins under one number", ada(2), twin, "for review"),
        ("strangers under one filler", ada(2), stranger, "two"),
        (
            "a spouse under the subscriber's number",
            ada(2),
            spouse,
            "two",
        ),
        ("one list without the number", ada(2), unnumbered, "one"),
        (
            "the younger, undated, under the elder's number",
            elder,
            younger,
            "two",
        ),
        (
            "a married name and a swapped date",
            ada(2),
            married,
            "for review",
        ),
        (
            "moved, with the number",
            ada(2),
            other_street(again(3)),
            "one",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let rows = [of_family(number, first), of_family(number, second)];
        let loaded = house.load(&format!("{number:x}"), &rows).await;
        let became = match &loaded.totals {
            totals if totals.merged == 1 => "one",
            totals if totals.for_review == 1 => "for review",
            totals if totals.accepted == 2 => "two",
            totals => panic!("{what}: {totals:?}"),
        };
        assert_eq!(became, expected, "{what}");
    }
    assert_eq!(house.count("review").await, 2);
    let newest = house.individuals().await.pop().unwrap();
    let letters = export(&house, None).await;
    let letter = letters.iter().find(|one| one.individual == newest.id);
    let lines = &letter.unwrap().lines;
    assert_eq!(lines[0].expose(), "9 New Ave", "the newest address");
}

#[apply(both)]
async fn lines_name_whom_they_tell_of(database: Database) {
    let house = House::open(&database).await;
    let answers = house.import(FILE, &[ada(2), moved(3), again(4)], 3).await;
    let matched = &answers[1].as_ref().unwrap().matched;
    let people = house.individuals().await;
    let expected = [
        (3, Outcome::Doubtful(people[1].id, people[0].id)),
        (4, Outcome::Merged(people[0].id)),
    ];
    assert_eq!(matched[..], expected);
}

/// A number that two people bear is neither's proof; once they are one person again it is.
#[apply(both)]
async fn a_number_that_two_people_bear_proves_nothing(database: Database) {
    let house = House::open(&database).await;
    let undated = but(ada(2), |row| row.date_of_birth = "".into());
    house.load(FILE, &[undated]).await;
    let first = house.individuals().await[0].id;
    let asked = || wire::Claims {
        ssn: "666-01-0001".into(),
        ..claims()
    };
    let letter = house.enrollment(first).await;
    let alone = house.verify(Some(letter), asked()).await.unwrap();
    assert_eq!(alone.state(), wire::VerificationState::Verified);
    let spouse = but(again(2), |row| {
        row.given_name = "Gregor".into();
        row.date_of_birth = "1963-05-06".into();
    });
    house.load("b", &[spouse]).await;
    let shared = house.verify(Some(letter), asked()).await.unwrap();
    assert_eq!(shared.state(), wire::VerificationState::Referred);
    let lost = house.verify(None, asked()).await.unwrap_err();
    assert_eq!(reason_of(&lost), Some(Reason::VerificationRefused));
}
