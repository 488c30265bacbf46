//! What is decided about two people, and taken back.

use redress::db::FaultRates;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::identity::v1 as wire;
use wire::ReviewState::{KeptApart, Merged, Open};

use super::moved;
use crate::harness::{Database, apply, both};
use crate::identity::export::export;
use crate::identity::house::{FILE, House};
use crate::identity::mail::event;
use crate::identity::people::{ada, but};

#[apply(both)]
async fn what_is_merged_can_be_taken_back_to_the_last_byte(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let before = house.picture().await;
    let review = house.reviews(Open).await.remove(0);
    assert_eq!(review.score_centibits, {
        let weights = review.waterfall.iter().map(|one| one.weight_centibits);
        weights.sum::<i32>()
    });
    let merged = house.rule(&review.review_id, Merged).await;
    assert!(!merged.letter_out);
    let merged = merged.review.unwrap();
    assert_eq!(merged.state(), Merged);
    assert_eq!(
        merged.kept_individual_id, review.other_individual_id,
        "whoever was known first"
    );
    assert!(house.reviews(Open).await.is_empty());
    let letters = export(&house, None).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].entities, ["concentra", "st-francis"]);
    // The same row changes nothing, also where it belongs to the one who is gone.
    let same = house.load("b", &[moved(3)]).await;
    assert_eq!((same.totals.unchanged, same.totals.rows), (1, 1));
    let reopened = house.rule(&review.review_id, Open).await;
    assert!(reopened.record_restored);
    assert_eq!(house.picture().await, before);
    let again = house.reviews(Open).await.remove(0);
    assert_eq!(
        (again.review_id, again.decider.as_str()),
        (review.review_id, "")
    );
}

#[apply(both)]
async fn a_later_row_finds_the_one_who_stays_and_nobody_else(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let review = house.reviews(Open).await.remove(0);
    house.rule(&review.review_id, Merged).await;
    let third = but(moved(2), |row| {
        row.external_ref = "SF-77".into();
        row.address_line1 = "77 Far Rd".into();
        row.phone = "".into();
    });
    let third = house.load("b", &[third]).await;
    assert_eq!(third.totals.for_review, 1);
    let open = house.reviews(Open).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].other_individual_id, review.other_individual_id);
    // The one who stayed goes over to the third: that is taken back first.
    let newest = house.individuals().await.pop().unwrap().id;
    house.enrollment(newest).await;
    let second = house.rule(&open[0].review_id, Merged).await;
    let kept = second.review.unwrap().kept_individual_id;
    assert_eq!(kept, newest.to_string());
    assert_eq!(house.findable().await, 1);
    let first = house.ruling(&review.review_id, Open);
    let early = house.ruled(first).await.unwrap_err();
    assert_eq!(reason_of(&early), Some(Reason::ReviewState));
    house.rule(&open[0].review_id, Open).await;
    house.rule(&review.review_id, Open).await;
    assert_eq!(house.findable().await, 3);
}

/// Two clinics' rows of somebody whose enrollment runs, or whose letter is out.
#[apply(both)]
async fn whoever_has_an_enrollment_or_a_letter_stays(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let people = house.individuals().await;
    house.print(people[0].id, 1, None).await;
    let review = house.reviews(Open).await.remove(0).review_id;
    house.enrollment(people[1].id).await;
    let merged = house.rule(&review, Merged).await;
    assert!(merged.letter_out, "the letter of the one who is gone");
    let kept = merged.review.unwrap().kept_individual_id;
    assert_eq!(kept, people[1].id.to_string());
    house.rule(&review, Open).await;
    house.enrollment(people[0].id).await;
    let both = house
        .ruled(house.ruling(&review, Merged))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&both), Some(Reason::BothEnrolled));
}

/// The one who stays is written to where a letter arrives.
#[apply(both)]
async fn the_address_that_a_letter_reaches_is_kept(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let people = house.individuals().await;
    house.print(people[0].id, 1, Some("2015-07-01")).await;
    let verdicts = house
        .record(vec![event(people[0].id, wire::MailEventKind::Returned, 10)])
        .await;
    assert_eq!(verdicts.len(), 1);
    assert!(!house.individuals().await[0].mailable);
    let review = house.reviews(Open).await.remove(0).review_id;
    let merged = house.rule(&review, Merged).await.review.unwrap();
    assert_eq!(merged.kept_individual_id, people[0].id.to_string());
    let letters = export(&house, None).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].lines[0].expose(), "9 New Ave");
    assert!(house.rule(&review, Open).await.record_restored);
    let back = house.individuals().await;
    assert!(back[0].returned && !back[0].mailable && back[1].mailable);
}

/// Whoever asked to be written to elsewhere is written to there alone (45 CFR 164.522(b)).
#[apply(both)]
async fn a_wish_to_be_written_to_elsewhere_outlives_a_merge(database: Database) {
    let house = House::open(&database).await;
    let elsewhere = but(moved(3), |row| row.confidential = "yes".into());
    house.load(FILE, &[ada(2), elsewhere]).await;
    let review = house.reviews(Open).await.remove(0).review_id;
    house.rule(&review, Merged).await;
    let letters = export(&house, None).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].lines[0].expose(), "9 New Ave");
}

#[apply(both)]
async fn a_decision_is_taken_once_and_what_cannot_be_decided_is_said(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let review = house.reviews(Open).await.remove(0).review_id;
    let message = house.ruling(&review, KeptApart);
    let first = house.ruled(message.clone()).await.unwrap();
    assert_eq!(house.ruled(message.clone()).await.unwrap(), first);
    let other = wire::DecideReviewRequest {
        decision: Merged.into(),
        ..message
    };
    house.ruled(other).await.unwrap_err();
    let late = house.ruled(house.ruling(&review, Merged)).await;
    assert_eq!(reason_of(&late.unwrap_err()), Some(Reason::ReviewState));
    // The same rows, and the same pair by another row, are not asked about again.
    house
        .load(
            "b",
            &[
                but(ada(2), |row| row.phone = "260-555-0188".into()),
                moved(3),
            ],
        )
        .await;
    assert!(house.reviews(Open).await.is_empty());
    assert_eq!(house.reviews(KeptApart).await.len(), 1);
    let unknown = house.ruling(&house.request_id(), Merged);
    let unknown = house.ruled(unknown).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::ReviewNotFound));
    for wrong in [
        wire::DecideReviewRequest {
            reason: String::new(),
            ..house.ruling(&review, Open)
        },
        wire::DecideReviewRequest {
            decision: 0,
            ..house.ruling(&review, Open)
        },
        wire::DecideReviewRequest {
            review_id: "x".into(),
            ..house.ruling(&review, Open)
        },
    ] {
        let refused = house.ruled(wrong).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    }
    let events = house.number("SELECT COUNT(*) FROM audit_event WHERE action = 'review.decided'");
    assert_eq!(events.await, 1);
}

/// Two decide at once, and the database fails at every step.
#[apply(both)]
async fn of_two_decisions_at_once_one_holds_whatever_the_database_does(database: Database) {
    let house = House::open(&database).await;
    house.load(FILE, &[ada(2), moved(3)]).await;
    let review = house.reviews(Open).await.remove(0).review_id;
    house.context.db.faults().set(FaultRates {
        serialization: 0.3,
        lost_answer: 0.3,
        seed: 0,
    });
    let (a, b) = tokio::join!(
        house.ruled(house.ruling(&review, Merged)),
        house.ruled(house.ruling(&review, KeptApart))
    );
    house.context.db.faults().set(FaultRates::default());
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let gone = house
        .number("SELECT COUNT(*) FROM individual WHERE withdrawn_at IS NOT NULL")
        .await;
    assert_eq!(gone == 1, a.is_ok());
    assert_eq!(house.findable().await, 2 - gone);
}
