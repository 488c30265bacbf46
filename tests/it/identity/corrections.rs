//! A later file corrects the record under the same reference, and the history keeps what was before.

use redress::db::entities::individual;
use redress::identity::roster::decrypt::decrypt;
use redress::identity::roster::keys::RosterKeys;
use redress::identity::roster::row::RawRow;
use redress::identity::roster::store;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::person::Person;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use sea_orm::ConnectionTrait;

use super::house::{FILE, House, NUMBER, by};
use super::people::{ada, but};
use crate::harness::{Database, apply, both};

const LATER: &str = "b";

impl House {
    async fn decrypted(&self, row: &individual::Model) -> Person {
        let key = store::find_key(self.context.db.read(), self.campaign).await;
        let keys = RosterKeys::of(&self.context, &key.unwrap().unwrap()).unwrap();
        decrypt(&keys.sealer, row).unwrap().unwrap()
    }

    async fn corrections(&self, individual_id: String) -> Vec<wire::RosterCorrection> {
        let message = wire::ListCorrectionsRequest {
            campaign: NUMBER.into(),
            individual_id,
            ..Default::default()
        };
        let answer = self.handlers.list_corrections(by(Role::Operator, message));
        answer.await.unwrap().into_inner().corrections
    }
}

fn moved() -> RawRow {
    but(ada(2), |row| {
        row.family_name = "Byron".into();
        row.address_line1 = "1 Elm St".into();
        row.address_line2 = "".into();
        row.city = "Gary".into();
        row.postal_code = "46401".into();
        row.phone = "".into();
    })
}

#[apply(both)]
async fn a_corrected_file_corrects_the_record_and_keeps_the_history(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let before = house.individuals().await.remove(0);
    house.clock.advance(std::time::Duration::from_hours(1));
    let last = house.load(LATER, &[moved()]).await;
    assert_eq!((last.totals.corrected, last.totals.rejected), (1, 0));
    let after = house.individuals().await.remove(0);
    assert_eq!((after.id, &after.salt), (before.id, &before.salt));
    let person = house.decrypted(&after).await;
    assert_eq!(person.family_name.expose(), "Byron");
    assert_eq!(person.city.as_ref().unwrap().expose(), "Gary");
    assert_eq!(person.prior_names.len(), 1);
    assert!(person.prior_addresses[0].expose().contains("Fort Wayne"));
    assert!(person.phone.is_some(), "an empty cell takes nothing away");
    let history = house.corrections(after.id.to_string()).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].fields, ["address", "name"]);
    assert_eq!(history[0].actor, "operator/ann");
    assert_eq!(history[0].import_id, last.import.unwrap().to_string());
    // The old file again, and the new one again: nothing moves.
    for (file, row) in [(FILE, ada(2)), (LATER, moved())] {
        house.clock.advance(std::time::Duration::from_hours(1));
        let again = house.load(file, &[row]).await;
        assert_eq!(
            (again.totals.unchanged, again.totals.corrected),
            (1, 0),
            "{file}"
        );
    }
    assert_eq!(house.individuals().await.remove(0), after);
    assert_eq!(house.corrections(after.id.to_string()).await, history);
    // A third file may say what the first one said: that is a correction, too.
    let back = house.load("c", &[ada(2)]).await;
    assert_eq!(back.totals.corrected, 1);
    let person = house.decrypted(&house.individuals().await.remove(0)).await;
    assert_eq!(person.family_name.expose(), "O'Neill");
}

/// Letters came back from the old address; the corrected one is another.
#[apply(both)]
async fn a_corrected_address_is_good_again_after_a_return(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let returned = "UPDATE individual SET returned = TRUE, mailable = FALSE";
    house.owner.execute_unprepared(returned).await.unwrap();
    let contact = but(ada(2), |row| row.email = "new@example.org".into());
    house.load(LATER, &[contact]).await;
    let row = house.individuals().await.remove(0);
    assert!(!row.mailable && row.returned, "the address is the old one");
    house.clock.advance(std::time::Duration::from_hours(1));
    house.load("c", &[moved()]).await;
    let row = house.individuals().await.remove(0);
    assert!(row.mailable && !row.returned);
}

/// A death that was reported wrongly is corrected by who says the opposite, and by nobody's silence.
#[apply(both)]
async fn a_death_is_taken_back_only_by_a_word(database: Database) {
    let house = House::open(&database).await;
    let dead = but(ada(2), |row| row.population = "deceased".into());
    house.load(FILE, &[dead]).await;
    let silent = but(ada(2), |row| row.city = "Gary".into());
    house.load(LATER, &[silent]).await;
    let population = async || house.individuals().await.remove(0).population;
    assert_eq!(population().await, individual::Population::Deceased);
    house.clock.advance(std::time::Duration::from_hours(1));
    let alive = but(ada(2), |row| row.population = "adult".into());
    house.load("c", &[alive]).await;
    assert_eq!(population().await, individual::Population::Adult);
}

#[apply(both)]
async fn a_reference_of_somebody_else_is_refused_and_nothing_moves(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    let before = house.individuals().await;
    let other = but(ada(2), |row| {
        row.given_name = "Robert".into();
        row.family_name = "Poe".into();
        row.date_of_birth = "1990-01-01".into();
        row.ssn = "666-01-0009".into();
    });
    let last = house.load(LATER, &[other]).await;
    assert_eq!((last.totals.rejected, last.totals.corrected), (1, 0));
    assert_eq!(house.individuals().await, before);
    assert_eq!(house.count("individual_history").await, 0);
}

/// What was before is sealed, and erased with the person.
#[apply(both)]
async fn the_history_holds_nothing_in_clear_and_is_asked_for_by_id(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    house.clock.advance(std::time::Duration::from_hours(1));
    house.load(LATER, &[moved()]).await;
    let fields = house.text("SELECT fields FROM individual_history").await;
    assert_eq!(fields, r#"["address","name"]"#);
    let sealed = "individual_history WHERE sealed IS NOT NULL";
    assert_eq!(house.count(sealed).await, 1);
    let message = wire::ListCorrectionsRequest {
        campaign: NUMBER.into(),
        individual_id: house.request_id(),
        ..Default::default()
    };
    let unknown = house
        .handlers
        .list_corrections(by(Role::CallCenter, message));
    let unknown = unknown.await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::IndividualNotFound));
}
