//! Minors who come of age.

use redress::db::entities::individual::Population::{self, Adult, Deceased, Minor};
use redress::identity::roster::row::RawRow;
use redress::identity::verification::of_age::come_of_age;
use redress::kernel::keyring::{Keyring, Purpose};
use std::sync::Arc;
use std::time::Duration;

use super::house::{FILE, House};
use super::people::{but, somebody};
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

/// The house's day is 17 July 2015, and so is it in Indiana.
fn born(line: i64, date: &str) -> RawRow {
    but(somebody(line), |row| row.date_of_birth = date.into())
}

impl House {
    async fn populations(&self) -> Vec<Population> {
        let people = self.individuals().await;
        people.iter().map(|row| row.population).collect()
    }
}

#[apply(both)]
async fn a_minor_is_an_adult_from_the_eighteenth_birthday_on(database: Database) {
    let house = House::open(&database).await;
    let rows = [
        born(2, "1997-07-18"),
        born(3, "1997-07-20"),
        but(born(4, ""), |row| row.population = "minor".into()),
        but(born(5, "1997-07-18"), |row| {
            row.population = "deceased".into();
        }),
    ];
    house.load(FILE, &rows).await;
    assert_eq!(house.populations().await, [Minor, Minor, Minor, Deceased]);
    assert_eq!(come_of_age(&house.context).await.unwrap(), 0);
    // At this hour it is still the day before in Indiana.
    house.clock.advance(Duration::from_hours(15));
    assert_eq!(come_of_age(&house.context).await.unwrap(), 0);
    house.clock.advance(Duration::from_hours(9));
    assert_eq!(come_of_age(&house.context).await.unwrap(), 1);
    assert_eq!(house.populations().await, [Adult, Minor, Minor, Deceased]);
    assert_eq!(come_of_age(&house.context).await.unwrap(), 0);
    house.clock.advance(2 * DAY);
    let (one, other) = tokio::join!(come_of_age(&house.context), come_of_age(&house.context));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(house.populations().await, [Adult, Adult, Minor, Deceased]);
    // The same file again makes no child of an adult.
    house.load(FILE, &rows).await;
    assert_eq!(house.populations().await, [Adult, Adult, Minor, Deceased]);
    let told =
        house.number("SELECT COUNT(*) FROM audit_event WHERE action = 'individual.came_of_age'");
    assert!(told.await >= 2);
}

#[apply(both)]
async fn more_minors_than_a_page_are_all_looked_at(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<RawRow> = (2..1_203).map(|line| born(line, "1997-07-18")).collect();
    let answers = house.import(FILE, &rows, 500).await;
    answers.last().unwrap().as_ref().unwrap();
    house.clock.advance(DAY);
    assert_eq!(come_of_age(&house.context).await.unwrap(), 1_201);
}

#[apply(both)]
async fn a_campaign_whose_key_is_missing_is_passed_over(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[born(2, "1997-07-18")]).await;
    house.clock.advance(DAY);
    let mut other = house.context.clone();
    other.common.keys = Arc::new(Keyring::generate(&[Purpose::Index, Purpose::Person]));
    assert_eq!(come_of_age(&other).await.unwrap(), 0);
    assert_eq!(come_of_age(&house.context).await.unwrap(), 1);
}
