//! What a letter that comes back says of the address on record, where the event names the letter.

use std::time::Duration;

use redress::kernel::ids::IndividualId;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::r#type::v1::ItemReason;
use redress::wire::redress::r#type::v1::ItemResult::{Applied, Refused, Unchanged};
use sea_orm::ConnectionTrait;
use wire::MailEventKind::{AddressCorrected, Mailed, Returned};

use super::{event, outcomes};
use crate::harness::{Database, apply, both};
use crate::identity::house::House;
use crate::identity::people::{ada, but};

const DAY: Duration = Duration::from_hours(24);

impl House {
    /// Writes a letter that is printed now, as the codes process would.
    pub async fn print(&self, who: IndividualId, generation: i32, mailed_on: Option<&str>) {
        let now = self.context.now().as_micros();
        let campaign = self.literal(self.campaign.as_uuid());
        let new = || self.literal(self.ids.next::<IndividualId>().as_uuid());
        let (wave, batch, mac) = (new(), new(), new());
        let mailed = mailed_on.map_or("NULL, NULL".to_owned(), |day| format!("'{day}', {now}"));
        let who = self.literal(who.as_uuid());
        for sql in [
            format!(
                "INSERT INTO wave (campaign_id, id, name, kind, entities, regions, populations, members, enroll_by, enroll_by_at, \
                 created_at, mailed_on, mailed_at) VALUES ({campaign}, {wave}, 'wave {generation}', 'PLANNED', '[]', '[]', '[]', 0, \
                 '2016-01-31', {now}, {now}, {mailed})"
            ),
            format!(
                "INSERT INTO code_batch (campaign_id, id, state, key_version, codes, created_at, sealed_at, wave_id, completed_at, \
                 first_exported_at) VALUES ({campaign}, {batch}, 'SEALED', 1, 1, {now}, {now}, {wave}, {now}, {now})"
            ),
            format!(
                "INSERT INTO code (campaign_id, mac, individual_id, batch_id, generation, state) \
                 VALUES ({campaign}, {mac}, {who}, {batch}, {generation}, 'ISSUED')"
            ),
        ] {
            self.owner.execute_unprepared(&sql).await.unwrap();
        }
    }

    async fn is_out_of_reach(&self) -> bool {
        let row = self.individuals().await.remove(0);
        assert_eq!(row.returned, !row.mailable);
        row.returned
    }
}

fn of(generation: i32, mut event: wire::MailEvent) -> wire::MailEvent {
    event.generation = generation;
    event
}

fn known_by_the_mail_house(mut event: wire::MailEvent) -> wire::MailEvent {
    event.address_source = wire::AddressSource::MailHouse.into();
    event
}

#[apply(both)]
async fn a_late_return_of_the_first_letter_does_not_undo_a_corrected_address(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.print(who, 1, Some("2015-07-17")).await;
    house.clock.advance(5 * DAY);
    let corrected = known_by_the_mail_house(event(who, AddressCorrected, 20));
    house.record(vec![corrected]).await;
    house.print(who, 2, Some("2015-07-22")).await;
    house.clock.advance(7 * DAY);
    let late = vec![of(1, event(who, Returned, 28))];
    assert_eq!(outcomes(&house.record(late.clone()).await), [Applied]);
    assert!(!house.is_out_of_reach().await);
    assert_eq!(outcomes(&house.record(late).await), [Unchanged]);
    let history = house.history(who, 0).await;
    assert_eq!(history.last().unwrap().generation, 1);
    // The second letter comes back on the same day: it had the corrected address.
    let second = house.record(vec![of(2, event(who, Returned, 28))]).await;
    assert_eq!(outcomes(&second), [Applied]);
    assert!(house.is_out_of_reach().await);
}

#[apply(both)]
async fn without_its_number_a_return_is_taken_for_the_last_letters(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.print(who, 1, Some("2015-07-17")).await;
    house.clock.advance(5 * DAY);
    let corrected = known_by_the_mail_house(event(who, AddressCorrected, 20));
    house.record(vec![corrected]).await;
    house.record(vec![event(who, Returned, 22)]).await;
    assert!(house.is_out_of_reach().await);
}

#[apply(both)]
async fn an_address_from_the_register_was_on_the_letter_that_was_mailed_after_it(
    database: Database,
) {
    let (house, who) = House::with_ada(&database).await;
    house.print(who, 1, Some("2015-07-20")).await;
    house.clock.advance(10 * DAY);
    house.record(vec![event(who, AddressCorrected, 19)]).await;
    house.record(vec![of(1, event(who, Returned, 25))]).await;
    assert!(
        house.is_out_of_reach().await,
        "the mail house had asked the register before it mailed the letter"
    );
    house.record(vec![event(who, AddressCorrected, 26)]).await;
    assert!(!house.is_out_of_reach().await);
}

#[apply(both)]
async fn a_letter_that_there_never_was_is_refused_by_its_field(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.print(who, 1, None).await;
    let told = house
        .record(vec![
            of(1, event(who, Mailed, 3)),
            of(2, event(who, Mailed, 3)),
            of(-1, event(who, Mailed, 3)),
        ])
        .await;
    assert_eq!(outcomes(&told), [Applied, Refused, Refused]);
    let fields = told[1..]
        .iter()
        .map(|one| (one.field.as_str(), one.reason()));
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [
            ("events[1].generation", ItemReason::UnknownLetter),
            ("events[2].generation", ItemReason::Malformed)
        ]
    );
}

/// A covered entity's file corrects an address as an event does: what is recorded later of older letters does not undo it.
#[apply(both)]
async fn an_address_that_a_file_corrected_stays_good_whatever_comes_late(database: Database) {
    let (house, who) = House::with_ada(&database).await;
    house.print(who, 1, Some("2015-07-17")).await;
    house.clock.advance(3 * DAY);
    house.record(vec![event(who, Returned, 19)]).await;
    assert!(house.is_out_of_reach().await);
    let moved = but(ada(2), |row| {
        row.address_line1 = "1 Elm St".into();
        row.city = "Gary".into();
        row.postal_code = "46401".into();
    });
    house.load("b", &[moved]).await;
    assert!(!house.is_out_of_reach().await);
    let history = house.history(who, 0).await;
    let last = history.last().unwrap();
    assert_eq!(last.kind(), AddressCorrected);
    assert_eq!(last.address_source(), wire::AddressSource::CoveredEntity);
    assert_eq!(last.event_date.unwrap().day, 20);
    house.clock.advance(5 * DAY);
    let late = [event(who, Mailed, 17), of(1, event(who, Returned, 24))];
    house.record(late.to_vec()).await;
    assert!(!house.is_out_of_reach().await);
    // An older correction that becomes known late does not replace the newer one.
    house.record(vec![event(who, AddressCorrected, 18)]).await;
    let lines = super::lines(&crate::identity::export::export(&house, None).await);
    assert_eq!(lines[0][0], "1 Elm St");
}
