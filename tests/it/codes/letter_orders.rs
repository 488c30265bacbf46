//! Letters that people ordered who lost theirs: carried out once, and never so that it hurts whom they are for.

use std::time::Duration;

use futures::future::join_all;
use redress::codes::letter::orders;
use redress::db::FaultRates;
use redress::db::entities::letter_order::Model as Order;
use redress::kernel::ids::{CampaignId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use sea_orm::ConnectionTrait;
use wire::CodeState::{Issued, Superseded};
use wire::EnrollmentState::Canceled;

use super::house::House;
use super::waves::date;
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);
const ORDERED: &str = "audit_event WHERE action = 'code.reissued'";

/// Somebody whose letter was mailed on 20 July, three days before.
struct Lost {
    house: House,
    campaign: CampaignId,
    person: IndividualId,
    code: String,
    verification: VerificationId,
}

impl Lost {
    async fn new(database: &Database) -> Self {
        let house = House::open(database).await;
        let campaign = house.campaign().await;
        let person = house.people(campaign, 1).await[0];
        let batch = house.issue(campaign).await;
        let code = house.export(&batch).await.unwrap().remove(0).1;
        house.clock.advance(6 * DAY);
        let mailed = house.mailed(campaign, &batch.wave_id, date(2015, 7, 20));
        mailed.await.unwrap();
        let verification = house
            .verify(campaign, person, None, "CONFIRMATION_REQUIRED")
            .await;
        Self {
            house,
            campaign,
            person,
            code,
            verification,
        }
    }

    /// The same when the letter proves nothing any more.
    async fn long_ago(database: &Database) -> Self {
        let lost = Self::new(database).await;
        lost.house.clock.advance(21 * DAY);
        lost
    }

    async fn order(&self, attended: bool) {
        let order = Order {
            campaign_id: self.campaign,
            individual_id: self.person,
            verification_id: self.verification,
            attended,
            ordered_by: "portal/web".into(),
            ordered_at: self.house.now(),
            possible_at: None,
        };
        self.house.order(order).await;
    }

    /// Orders, and gives why it was not carried out, if it was not.
    async fn ordered(&self, attended: bool) -> Option<String> {
        self.order(attended).await;
        let before = self.house.count(ORDERED).await;
        assert_eq!(orders::step(&self.house.context).await.unwrap(), 1);
        assert_eq!(self.house.count("letter_order").await, 0);
        if self.house.count(ORDERED).await > before {
            return None;
        }
        Some(self.house.declined().await.remove(0))
    }

    async fn states(&self) -> Vec<wire::CodeState> {
        let lineage = self.house.lineage(self.campaign, self.person).await;
        lineage.iter().map(wire::LetterCode::state).collect()
    }

    /// Prints and mails the newest letter, and lets its proof die.
    async fn mail_newest(&self) {
        let newest = self
            .house
            .lineage(self.campaign, self.person)
            .await
            .remove(0);
        self.house.print(self.campaign, &newest).await;
        let today = self.house.now().date_in(&jiff::tz::TimeZone::UTC).unwrap();
        self.house.clock.advance(DAY);
        let on = date(
            today.year().into(),
            today.month().into(),
            today.day().into(),
        );
        self.house
            .mailed(self.campaign, &newest.wave_id, on)
            .await
            .unwrap();
    }
}

impl House {
    async fn order(&self, order: Order) {
        let backend = self.owner.get_database_backend();
        let statement = Order::insert(backend, &[order]);
        self.owner.execute_raw(statement).await.unwrap();
    }

    /// Why orders were not carried out, the last first.
    async fn declined(&self) -> Vec<String> {
        let sql = "SELECT detail FROM audit_event WHERE action = 'letter_order.declined' ORDER BY at DESC, id DESC";
        let backend = self.owner.get_database_backend();
        let rows = sea_orm::Statement::from_string(backend, sql);
        let rows = self.owner.query_all_raw(rows).await.unwrap();
        let detail = |row: &sea_orm::QueryResult| -> serde_json::Value {
            let text: String = row.try_get_by_index(0).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        let why = |row| detail(row)["why"].as_str().unwrap().to_owned();
        rows.iter().map(why).collect()
    }
}

#[apply(both)]
async fn an_order_becomes_a_letter_once(database: Database) {
    let lost = Lost::long_ago(&database).await;
    assert_eq!(lost.ordered(false).await, None);
    assert_eq!(lost.states().await, [Issued, Superseded]);
    assert!(lost.house.begin(&lost.code).await.is_err());
    assert_eq!(orders::step(&lost.house.context).await.unwrap(), 0);
    let detail = lost
        .house
        .row("SELECT detail FROM audit_event WHERE action = 'code.reissued'");
    let detail: String = detail.await.try_get_by_index(0).unwrap();
    assert!(detail.contains("\"why\":\"ORDERED\""), "{detail}");
    assert!(detail.contains("portal/web"), "{detail}");
}

#[apply(both)]
async fn a_young_letter_stays_unless_an_agent_orders(database: Database) {
    let lost = Lost::new(&database).await;
    assert_eq!(lost.ordered(false).await.as_deref(), Some("LETTER_YOUNG"));
    assert_eq!(lost.states().await, [Issued]);
    assert_eq!(lost.ordered(true).await, None);
    assert_eq!(lost.states().await, [Issued, Superseded]);
    // The new one is not mailed, however long ago it was made.
    lost.house.clock.advance(60 * DAY);
    assert_eq!(lost.ordered(false).await.as_deref(), Some("LETTER_YOUNG"));
    assert_eq!(lost.states().await, [Issued, Superseded]);
}

#[apply(both)]
async fn a_person_has_one_letter_in_30_days_without_an_agent_and_loses_none_of_an_agents(
    database: Database,
) {
    let lost = Lost::long_ago(&database).await;
    assert_eq!(lost.ordered(false).await, None);
    lost.mail_newest().await;
    lost.house.clock.advance(23 * DAY);
    assert_eq!(lost.ordered(false).await.as_deref(), Some("LIMIT"));
    lost.house.clock.advance(6 * DAY);
    assert_eq!(lost.ordered(false).await, None);
    for _ in 0..3 {
        lost.mail_newest().await;
        lost.house.reissue(lost.person).await.unwrap();
    }
    assert_eq!(lost.states().await.len(), 6);
}

/// Who is on the way with the old letter goes on; whoever has left it begins anew with the new one.
#[apply(both)]
async fn an_enrollment_under_way_keeps_its_letter_and_a_forgotten_one_ends(database: Database) {
    let lost = Lost::long_ago(&database).await;
    let house = &lost.house;
    let enrollment = house.begun(&lost.code).await;
    let verification = house.verify(lost.campaign, lost.person, Some(enrollment), "VERIFIED");
    verification.await;
    let under_way = Some("ENROLLMENT_UNDER_WAY");
    assert_eq!(lost.ordered(false).await.as_deref(), under_way);
    house.clock.advance(DAY);
    house
        .run("UPDATE verification SET state = 'REFERRED' WHERE enrollment_id IS NOT NULL")
        .await;
    assert_eq!(lost.ordered(false).await.as_deref(), under_way);
    let decided = "UPDATE verification SET state = 'REFUSED' WHERE enrollment_id IS NOT NULL";
    house.run(decided).await;
    assert_eq!(lost.ordered(false).await, None);
    assert_eq!(house.get(&enrollment.to_string()).await.state(), Canceled);
}

#[apply(both)]
async fn who_is_owed_no_letter_gets_none_and_holds_up_nobody(database: Database) {
    let lost = Lost::long_ago(&database).await;
    let house = &lost.house;
    let change = async |sql: &str, back: &str, why: &str| {
        house.run(sql).await;
        assert_eq!(lost.ordered(false).await.as_deref(), Some(why), "{sql}");
        assert_eq!(lost.states().await, [Issued], "{sql}");
        house.run(back).await;
    };
    for (column, value, none, why) in [
        // As a merge leaves the one who became another.
        ("withdrawn_at", "1", "NULL", "WITHDRAWN"),
        ("mailable", "FALSE", "TRUE", "NOT_MAILABLE"),
    ] {
        let set = |value| format!("UPDATE individual SET {column} = {value}");
        change(&set(value), &set(none), why).await;
    }
    let refused = "UPDATE verification SET state = 'REFUSED'";
    let back = "UPDATE verification SET state = 'CONFIRMATION_REQUIRED'";
    change(refused, back, "VERIFICATION_REFUSED").await;
    let closed = "UPDATE campaign SET state = 'CLOSED', closed_at = 1";
    let open = "UPDATE campaign SET state = 'OPEN', closed_at = NULL";
    change(closed, open, "CAMPAIGN_CLOSED").await;
    // Beside some that cannot be carried out, another one is.
    let erased = house.person(lost.campaign, "ADULT", "IN", true).await;
    let erase = "UPDATE individual SET salt = NULL, sealed = NULL, erased_at = 1 WHERE id <> (SELECT individual_id FROM code WHERE generation = 1)";
    house.run(erase).await;
    let stranger = house.person(lost.campaign, "ADULT", "IN", true).await;
    for individual_id in [erased, stranger] {
        let order = Order {
            campaign_id: lost.campaign,
            individual_id,
            verification_id: lost.verification,
            attended: false,
            ordered_by: "portal/web".into(),
            ordered_at: house.now(),
            possible_at: None,
        };
        house.order(order).await;
    }
    lost.order(false).await;
    assert_eq!(orders::step(&house.context).await.unwrap(), 3);
    let mut declined = house.declined().await;
    declined.truncate(2);
    declined.sort();
    assert_eq!(declined, ["ERASED", "NO_LETTER_YET"]);
    assert_eq!(lost.states().await, [Issued, Superseded]);
}

#[apply(both)]
async fn who_is_enrolled_gets_no_letter(database: Database) {
    let lost = Lost::long_ago(&database).await;
    let house = &lost.house;
    let enrollment = house.begun(&lost.code).await;
    let verification = house.verify(lost.campaign, lost.person, Some(enrollment), "VERIFIED");
    let completion = house.completion(enrollment, verification.await);
    house.complete(completion).await.unwrap();
    assert_eq!(lost.ordered(false).await.as_deref(), Some("ENROLLED"));
    assert_eq!(lost.ordered(true).await.as_deref(), Some("ENROLLED"));
}

#[apply(both)]
async fn one_order_taken_by_many_is_one_letter(database: Database) {
    let lost = Lost::long_ago(&database).await;
    lost.order(false).await;
    let steps = join_all((0..8).map(|_| orders::step(&lost.house.context))).await;
    assert!(steps.iter().all(Result::is_ok), "{steps:?}");
    assert_eq!(lost.states().await, [Issued, Superseded]);
    assert_eq!(lost.house.count(ORDERED).await, 1);
    assert!(lost.house.declined().await.is_empty());
}

/// A commit that is refused, or whose answer is lost, is what a crash between two steps leaves behind.
#[apply(both)]
async fn whatever_becomes_of_a_commit_it_is_one_letter(database: Database) {
    let lost = Lost::long_ago(&database).await;
    for seed in 0..12 {
        lost.house.context.db.faults().set(FaultRates {
            serialization: 0.4,
            lost_answer: 0.4,
            seed,
        });
        lost.order(false).await;
        // The step may give up; the order then waits for the next one.
        while lost.house.count("letter_order").await > 0 {
            drop(orders::step(&lost.house.context).await);
        }
    }
    lost.house.context.db.faults().clear();
    assert_eq!(lost.states().await, [Issued, Superseded]);
    assert_eq!(lost.house.count(ORDERED).await, 1);
    let declined = lost.house.declined().await;
    assert_eq!(declined, vec!["LETTER_YOUNG"; 11]);
}

/// An agent's order takes the place of one that waits, and not the other way round.
#[apply(both)]
async fn one_order_a_person_waits(database: Database) {
    let lost = Lost::new(&database).await;
    for attended in [false, true, false] {
        lost.order(attended).await;
    }
    assert_eq!(lost.house.count("letter_order WHERE attended").await, 1);
    assert_eq!(orders::step(&lost.house.context).await.unwrap(), 1);
    assert_eq!(lost.states().await, [Issued, Superseded]);
}

/// An agent has too many sent: the order waits no more, is told, and another one takes its place.
#[apply(both)]
async fn an_agents_order_that_a_limit_declines_is_kept_to_be_told(database: Database) {
    let lost = Lost::long_ago(&database).await;
    // All but the first are one letter, for it is still to be printed; each counts as the agent's.
    for _ in 0..lost.house.context.reissues.per_agent {
        assert_eq!(lost.ordered(true).await, None);
    }
    let kept = "letter_order WHERE possible_at IS NOT NULL";
    for again in 1..=2 {
        lost.order(true).await;
        assert_eq!(orders::step(&lost.house.context).await.unwrap(), 1);
        assert_eq!(orders::step(&lost.house.context).await.unwrap(), 0);
        assert_eq!(lost.house.count(kept).await, 1);
        assert_eq!(lost.house.declined().await, vec!["LIMIT"; again]);
    }
    let at = lost.house.row("SELECT possible_at FROM letter_order").await;
    let at: i64 = at.try_get_by_index(0).unwrap();
    let wait = at - lost.house.now().as_micros();
    assert!(wait > 0, "{wait}");
    let wait = u64::try_from(wait).unwrap();
    lost.house.clock.advance(Duration::from_micros(wait));
    assert_eq!(lost.ordered(true).await, None);
    // Nobody is told of an order without an agent.
    lost.mail_newest().await;
    lost.house.clock.advance(25 * DAY);
    assert_eq!(lost.ordered(false).await, None);
    lost.mail_newest().await;
    lost.house.clock.advance(25 * DAY);
    assert_eq!(lost.ordered(false).await.as_deref(), Some("LIMIT"));
}
