//! The history of a person's letters: told in order, and what follows for the address.

use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::r#type::v1::ItemResult::Applied;
use redress::wire::redress::r#type::v1::PostalAddress;
use wire::MailEventKind::{AddressCorrected, Mailed, Remailed, Returned};

use super::{event, gary, lines, outcomes};
use crate::harness::{Database, apply, both};
use crate::identity::export::export;
use crate::identity::house::House;
use crate::identity::people::{ada, but};

#[apply(both)]
async fn a_history_is_told_in_order_however_it_was_recorded(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    let late = [event(who, Remailed, 13), event(who, AddressCorrected, 12)];
    assert_eq!(outcomes(&house.record(late.to_vec()).await), [Applied; 2]);
    let early = [
        event(who, Returned, 10),
        event(who, Mailed, 3),
        event(who, Returned, 12),
    ];
    assert_eq!(outcomes(&house.record(early.to_vec()).await), [Applied; 3]);
    for size in [0, 2] {
        let history = house.history(who, size).await;
        let told: Vec<_> = history
            .iter()
            .map(|event| (event.event_date.unwrap().day, event.kind()))
            .collect();
        let order = [
            (3, Mailed),
            (10, Returned),
            (12, Returned),
            (12, AddressCorrected),
            (13, Remailed),
        ];
        assert_eq!(told, order, "pages of {size}");
        assert_eq!(
            history[1].return_reason(),
            wire::ReturnReason::MovedLeftNoAddress
        );
        assert_eq!(history[3].address_source(), wire::AddressSource::UspsNcoa);
        assert!(history[0].record_time.is_some());
    }
    let viewed = "SELECT COUNT(*) FROM audit_event WHERE action = 'individual.mail_events_viewed'";
    assert_eq!(house.number(viewed).await, 4, "one a page");
    assert!(
        house.individuals().await[0].mailable,
        "the letters came back from the old address"
    );
}

#[apply(both)]
async fn who_moved_gets_no_letter_until_the_address_is_corrected(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    let before = house.individuals().await.remove(0);
    house.record(vec![event(who, Returned, 10)]).await;
    let returned = house.individuals().await.remove(0);
    assert!(returned.returned && !returned.mailable);
    assert!(export(&house, None).await.is_empty());
    house.record(vec![event(who, AddressCorrected, 11)]).await;
    let found = house.individuals().await.remove(0);
    assert!(!found.returned && found.mailable);
    assert_eq!(
        (found.region.as_str(), found.country.as_str()),
        ("IN", "US")
    );
    assert_eq!(
        lines(&export(&house, None).await),
        [["9 Elm Ave", "Gary IN 46402-1234"]]
    );
    assert_eq!(
        (found.salt, found.population),
        (before.salt, before.population)
    );
    house.record(vec![event(who, Returned, 12)]).await;
    assert!(!house.individuals().await[0].mailable);
    let abroad = PostalAddress {
        region: String::new(),
        postal_code: "10115".into(),
        city: "Berlin".into(),
        country: "de".into(),
        ..gary("Chausseestr. 5")
    };
    let mut moved = event(who, AddressCorrected, 14);
    moved.address = Some(abroad);
    house.record(vec![moved]).await;
    let person = house.individuals().await.remove(0);
    assert_eq!(
        (
            person.region.as_str(),
            person.country.as_str(),
            person.mailable
        ),
        ("", "DE", true)
    );
    assert_eq!(
        lines(&export(&house, None).await),
        [["Chausseestr. 5", "Berlin 10115", "GERMANY"]]
    );
}

#[apply(both)]
async fn the_person_is_looked_up_by_the_new_postal_code_and_as_a_former_one_by_the_old(
    database: Database,
) {
    let (house, who) = House::with_ada(&database).await;
    let index = async |column: &str| {
        house
            .number(&format!(
                "SELECT {column} FROM individual_index WHERE description = 0"
            ))
            .await
    };
    let steady = ["ssn", "name_dob", "last4_dob"];
    let moving = ["name_postal", "dob_postal"];
    let mut before = Vec::new();
    for column in steady.into_iter().chain(moving) {
        before.push(index(column).await);
    }
    house.record(vec![event(who, AddressCorrected, 11)]).await;
    for (column, before) in steady.into_iter().chain(moving).zip(before) {
        assert_eq!(
            index(column).await == before,
            steady.contains(&column),
            "{column}"
        );
        let former = format!("individual_index WHERE description <> 0 AND {column} = {before}");
        let is_kept = house.count(&former).await == 1;
        assert_eq!(is_kept, moving.contains(&column), "{column}");
    }
}

#[apply(both)]
async fn an_older_correction_that_comes_late_changes_no_address(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let mut late = event(who, AddressCorrected, 11);
    late.address = Some(gary("1 Old Rd"));
    assert_eq!(outcomes(&house.record(vec![late]).await), [Applied]);
    assert_eq!(lines(&export(&house, None).await)[0][0], "9 Elm Ave");
}

/// A second entity lists the person at the address that letters came back from.
#[apply(both)]
async fn an_import_does_not_undo_what_the_post_said(database: Database) {
    let house = House::open(&database).await;
    house
        .load("a", &[but(ada(2), |row| row.phone = "".into())])
        .await;
    let who = house.individuals().await[0].id;
    house.record(vec![event(who, Returned, 10)]).await;
    house
        .load(
            "b",
            &[but(ada(2), |row| row.covered_entity = "st-francis".into())],
        )
        .await;
    assert!(!house.individuals().await[0].mailable);
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let again = but(ada(2), |row| row.external_ref = "MRN-9".into());
    house
        .load("c", &[but(again, |row| row.suffix = "Jr".into())])
        .await;
    assert!(house.individuals().await[0].mailable);
    assert_eq!(lines(&export(&house, None).await)[0][0], "9 Elm Ave");
}

#[apply(both)]
async fn neither_the_audit_nor_the_history_knows_an_address(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.record(vec![event(who, AddressCorrected, 12)]).await;
    let detail = "SELECT detail FROM audit_event WHERE action = 'individual.address_corrected'";
    assert_eq!(
        house.text(detail).await,
        r#"{"on":"2015-07-12","source":"USPS_NCOA"}"#
    );
    let sealed = house.individuals().await.remove(0).sealed.unwrap();
    assert!(!sealed.windows(3).any(|bytes| bytes == b"Elm"));
    assert_eq!(
        house.text("SELECT recorded_by FROM mail_event").await,
        "operator/one"
    );
}
