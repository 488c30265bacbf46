//! What a roster says beside who somebody is: language, what was exposed, earlier names and addresses, confidential communication.

use redress::identity::roster::decrypt::decrypt;
use redress::identity::roster::import::Totals;
use redress::identity::roster::keys::RosterKeys;
use redress::identity::roster::row::RawRow;
use redress::identity::roster::store;
use redress::kernel::caller::Role;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::get_individual_request::Person;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use redress::wire::redress::r#type::v1::DataElement;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but};
use crate::harness::{Database, apply, both};

/// Katherine as a covered entity lists her that knows much.
fn known_well(line: i64) -> RawRow {
    but(ada(line), |row| {
        row.language = "ES-mx".into();
        row.data_elements = "SSN; date of birth; dental casts".into();
        row.prior_names = "Katherine Byron".into();
        row.prior_addresses = "1 Elm St, Gary IN 46401; 2 Oak St, Gary IN 46401".into();
        row.confidential = "yes".into();
        row.phone = "260-555-0142; 260-555-0143".into();
    })
}

impl House {
    /// A person as the call center sees them, if there is one.
    pub async fn masked_individual(&self, person: Person) -> Option<wire::MaskedIndividual> {
        let message = wire::GetIndividualRequest {
            campaign: NUMBER.into(),
            person: Some(person),
        };
        let answer = self.handlers.get_individual(by(Role::CallCenter, message));
        answer.await.ok()?.into_inner().individual
    }

    async fn first_masked(&self) -> wire::MaskedIndividual {
        let id = self.individuals().await[0].id.to_string();
        let seen = self.masked_individual(Person::IndividualId(id)).await;
        seen.unwrap()
    }

    /// The first person of the roster, decrypted.
    async fn person(&self) -> redress::kernel::person::Person {
        let row = self.individuals().await.remove(0);
        let key = store::find_key(self.context.db.read(), self.campaign).await;
        let keys = RosterKeys::of(&self.context, &key.unwrap().unwrap()).unwrap();
        decrypt(&keys.sealer, &row).unwrap().unwrap()
    }
}

#[apply(both)]
async fn a_masked_individual_tells_language_exposed_data_and_confidential_communication(
    database: Database,
) {
    let house = House::open(&database).await;
    house.load(FILE, &[known_well(2)]).await;
    let seen = house.first_masked().await;
    assert_eq!(seen.language_code, "es-MX");
    let elements: Vec<_> = seen.data_elements().collect();
    assert_eq!(
        elements,
        [
            DataElement::DateOfBirth,
            DataElement::Ssn,
            DataElement::Other
        ]
    );
    assert!(seen.confidential_communication);

    let person = house.person().await;
    let shown = |texts: &[redress::kernel::person::Text]| -> Vec<String> {
        texts.iter().map(|text| text.expose().clone()).collect()
    };
    assert_eq!(
        shown(&person.data_elements),
        ["SSN", "date of birth", "dental casts"]
    );
    assert_eq!(shown(&person.prior_names), ["Katherine Byron"]);
    assert_eq!(person.prior_addresses.len(), 2);
    assert_eq!(shown(&person.other_phones), ["+12605550143"]);
    let again = house.load(FILE, &[known_well(2)]).await;
    assert_eq!(again.totals.unchanged, 1);
}

#[apply(both)]
async fn a_second_listing_adds_what_it_knows_and_takes_nothing_away(database: Database) {
    let house = House::open(&database).await;
    house
        .load("a", &[but(ada(2), |row| row.data_elements = "NAME".into())])
        .await;
    let seen = house.first_masked().await;
    assert_eq!(
        (seen.language_code.as_str(), seen.confidential_communication),
        ("", false)
    );
    let second = but(known_well(2), |row| {
        row.covered_entity = "st-francis".into();
    });
    let merged = house.load("b", &[second]).await.totals;
    assert_eq!(
        merged,
        Totals {
            rows: 1,
            merged: 1,
            ..Totals::default()
        }
    );
    let third = but(ada(2), |row| {
        row.covered_entity = "st-francis".into();
        row.external_ref = "SF-9".into();
        row.language = "en".into();
        row.email = "k.oneill@example.org".into();
    });
    house.load("c", &[third]).await;
    let seen = house.first_masked().await;
    assert_eq!(seen.language_code, "es-MX", "the first that was said stays");
    assert!(seen.confidential_communication);
    assert_eq!(seen.data_elements.len(), 4);
    let person = house.person().await;
    assert_eq!((person.phones().count(), person.emails().count()), (2, 2));
}

#[apply(both)]
async fn a_word_that_is_none_of_the_vocabulary_is_reported_as_corrupt(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let update = "UPDATE individual SET data_elements = '[\"SHOE_SIZE\"]'";
    sea_orm::ConnectionTrait::execute_unprepared(&house.owner, update)
        .await
        .unwrap();
    let row = house.individuals().await.remove(0);
    assert!(row.data_elements().is_err());
}
