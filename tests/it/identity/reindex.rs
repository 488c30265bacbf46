//! Blind keys of people whom a program loaded that knew fewer of them, and of people as they were before.

use redress::db::entities::individual_index::{Column, Entity, Model};
use redress::identity::roster::reindex::reindex;
use redress::wire::redress::identity::v1::VerificationState;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use tokio_util::sync::CancellationToken;

use super::house::{FILE, House};
use super::people::{ada, but, claims, somebody};
use crate::harness::{Database, apply, both};

impl House {
    async fn keys(&self) -> Vec<Model> {
        let all = Entity::find()
            .order_by_asc(Column::IndividualId)
            .order_by_asc(Column::Description);
        all.all(&self.owner).await.unwrap()
    }
}

/// More people than one page of the pass has.
#[apply(both)]
async fn the_keys_of_everybody_are_made_whole_once(database: Database) {
    let house = House::open(&database).await;
    let rows: Vec<_> = (2..602).map(somebody).collect();
    house.load(FILE, &rows).await;
    let whole = house.keys().await;
    assert!(
        whole
            .iter()
            .all(|row| row.email.is_some() && row.last4_given.is_some())
    );
    let before = "UPDATE individual_index SET made_by = 0, given_dob = NULL, last4_family = NULL, last4_given = NULL, \
        last4_postal = NULL, phone = NULL, email = NULL";
    house.owner.execute_unprepared(before).await.unwrap();
    let token = CancellationToken::new();
    let (one, other) = tokio::join!(
        reindex(&house.context, &token),
        reindex(&house.context, &token)
    );
    assert_eq!(one.unwrap() + other.unwrap(), 600);
    assert_eq!(house.keys().await, whole);
    assert_eq!(reindex(&house.context, &token).await.unwrap(), 0);
}

/// Who was loaded before people were described by their names of before and their further contacts is found by them, once.
#[apply(both)]
async fn names_of_before_and_further_contacts_are_written_later(database: Database) {
    let house = House::open(&database).await;
    let married = but(ada(2), |row| {
        row.prior_names = "Katherine Byron; Katherine Lovelace".into();
    });
    let twice = but(ada(3), |row| {
        row.external_ref = "MRN-2".into();
        row.email = "second@example.org".into();
        row.phone = "260-555-0999".into();
    });
    house.load(FILE, &[married, twice, somebody(4)]).await;
    let whole = house.keys().await;
    assert!(whole.len() > 4, "{}", whole.len());
    let token = CancellationToken::new();
    let older = "UPDATE individual_index SET made_by = 1";
    house.owner.execute_unprepared(older).await.unwrap();
    assert_eq!(reindex(&house.context, &token).await.unwrap(), 2);
    assert_eq!(house.keys().await, whole, "they are there already");
    let bare = "DELETE FROM individual_index WHERE description <> 0";
    house.owner.execute_unprepared(bare).await.unwrap();
    house.owner.execute_unprepared(older).await.unwrap();
    assert_eq!(reindex(&house.context, &token).await.unwrap(), 2);
    let written = house.keys().await;
    assert!(written.iter().all(|row| whole.contains(row)));
    for (column, people) in [("name_dob", 2), ("email", 1), ("phone", 1)] {
        let described = format!("individual_index WHERE description <> 0 AND {column} IS NOT NULL");
        assert_eq!(house.count(&described).await, people, "{column}");
    }
    assert_eq!(reindex(&house.context, &token).await.unwrap(), 0);
}

/// Who was merged and moved is found by a list that knows the old address.
#[apply(both)]
async fn a_row_with_a_former_address_finds_who_has_moved(database: Database) {
    let house = House::open(&database).await;
    let moved = but(ada(3), |row| {
        row.external_ref = "MRN-2".into();
        row.address_line1 = "9 New Ave".into();
        row.postal_code = "47401".into();
    });
    let first = house.load(FILE, &[ada(2), moved]).await;
    assert_eq!(first.totals.merged, 1);
    let bare = but(ada(4), |row| {
        row.external_ref = "MRN-3".into();
        row.ssn = "".into();
        row.date_of_birth = "".into();
    });
    let later = house.load("b", &[bare]).await;
    assert_eq!(later.totals.for_review, 1);
    let former = house.count("individual_index WHERE description <> 0").await;
    assert_eq!(former, 1);
    // The same file again adds no description.
    let again = but(ada(3), |row| {
        row.external_ref = "MRN-4".into();
    });
    house.load("c", &[again]).await;
    let now = house.count("individual_index WHERE description <> 0").await;
    assert_eq!(
        now, 2,
        "the address of the last list, and that of the first"
    );
}

/// Who has married since, or lost the letter under the name from before, says the name that the post used to know.
#[apply(both)]
async fn a_person_is_found_by_a_family_name_from_before(database: Database) {
    let house = House::open(&database).await;
    let married = but(ada(2), |row| {
        row.prior_names = "Katherine Byron; Katherine Lovelace Jr".into();
    });
    house.load(FILE, &[married]).await;
    assert_eq!(house.count("individual_index").await, 3);
    for family in ["Byron", "Lovelace"] {
        let mut said = claims();
        said.name.as_mut().unwrap().family_name = family.into();
        let found = house.verify(None, said).await.unwrap();
        assert_eq!(found.state(), VerificationState::ConfirmationRequired);
        assert!(!found.contacts.is_empty(), "{family}");
    }
    // The same file again adds no description.
    let married = but(ada(2), |row| {
        row.prior_names = "Katherine Byron; Katherine Lovelace Jr".into();
        row.email = "katherine.new@example.org".into();
    });
    house.load("b", &[married]).await;
    let named = "individual_index WHERE description <> 0 AND name_dob IS NOT NULL";
    assert_eq!(house.count(named).await, 2);
}
