//! Whoever's term is over is told so, once, and nobody is in another one's way.

use std::time::Duration;

use redress::identity::notice::term_over::step;
use redress::identity::sender::SendError;
use redress::identity::sender::text::TERM_OVER;
use redress::kernel::ids::IndividualId;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::house::{FILE, House};
use super::notice::Choosy;
use super::people::{ada, but, somebody};
use crate::harness::{Database, apply, both};

impl House {
    /// Ends somebody's enrollment, as the codes process does.
    async fn term_ended(&self, person: IndividualId) {
        let enrollment = self.enrollment(person).await;
        let sql = format!(
            "INSERT INTO term_notice (campaign_id, enrollment_id, individual_id, created_at) \
             SELECT campaign_id, id, individual_id, 1 FROM enrollment WHERE id = {}",
            self.literal(enrollment)
        );
        self.owner.execute_unprepared(&sql).await.unwrap();
    }

    fn told_of_the_end(&self) -> Vec<Value> {
        let mut all = self.messages();
        all.retain(|message| message["text"] == TERM_OVER);
        all
    }

    async fn in_state(&self, state: &str) -> i64 {
        self.count(&format!("term_notice WHERE state = '{state}'"))
            .await
    }
}

/// A crash between sending and writing it down sends the same message again, which is one.
#[apply(both)]
async fn whose_term_is_over_is_told_once(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2)]).await;
    house.term_ended(house.individuals().await[0].id).await;
    assert_eq!(step(&house.context).await.unwrap(), 1);
    assert_eq!(step(&house.context).await.unwrap(), 0);
    let told = house.told_of_the_end();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["channel"], "EMAIL");
    let again = "UPDATE term_notice SET state = 'DUE'";
    house.owner.execute_unprepared(again).await.unwrap();
    assert_eq!(step(&house.context).await.unwrap(), 1);
    assert_eq!(house.told_of_the_end(), told);
    assert_eq!(house.in_state("SENT").await, 1);
}

#[apply(both)]
async fn who_has_no_contact_is_told_by_post_or_not_at_all(database: Database) {
    let house = House::open(&database).await;
    let row = but(ada(2), |row| {
        row.email = "".into();
        row.phone = "".into();
    });
    house.load(FILE, &[row]).await;
    house.term_ended(house.individuals().await[0].id).await;
    assert_eq!(step(&house.context).await.unwrap(), 1);
    assert_eq!(house.told_of_the_end()[0]["channel"], "POST");
    for change in [
        "UPDATE individual SET mailable = FALSE",
        "UPDATE term_notice SET state = 'DUE'",
    ] {
        house.owner.execute_unprepared(change).await.unwrap();
    }
    assert_eq!(step(&house.context).await.unwrap(), 1);
    assert_eq!(house.in_state("NOWHERE").await, 1);
}

/// However many a carrier does not take, the one behind them is told; they wait ever longer, and what is refused for good is not sent again.
#[apply(both)]
async fn what_cannot_be_sent_stands_in_nobodys_way(database: Database) {
    let mut house = House::open(&database).await;
    let rows: Vec<_> = (2..107).map(somebody).collect();
    house.load(FILE, &rows).await;
    for person in house.individuals().await {
        house.term_ended(person.id).await;
    }
    let choosy = Choosy::new("p106@example.org", SendError::Transient);
    house.context.sender = choosy.clone();
    assert_eq!(step(&house.context).await.unwrap(), 1);
    assert_eq!(step(&house.context).await.unwrap(), 0);
    assert_eq!(house.in_state("DUE").await, 104);
    let tried_once = "term_notice WHERE attempts = 1";
    assert_eq!(house.count(tried_once).await, 105);
    *choosy.error.lock().unwrap() = SendError::Permanent;
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(step(&house.context).await.unwrap(), 104);
    assert_eq!(house.in_state("REFUSED").await, 104);
    assert_eq!(*choosy.taken.lock().unwrap(), 1);
}
