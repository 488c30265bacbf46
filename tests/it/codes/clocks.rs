//! Two processes on one database whose machines' clocks are hours and days apart.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil;
use jiff::tz::TimeZone;
use redress::codes::settings::Throttles;
use redress::db::Process;
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::process;
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;

use super::house::{House, limits};
use super::refusals::STRANGER;
use crate::harness::clocks::{ahead, following};
use crate::harness::{Database, apply, both};

/// How long it takes until one more try fits.
const INTERVAL: Duration = Duration::from_secs(6);

fn ten_a_minute() -> Throttles {
    Throttles {
        campaign: 10,
        ..limits(1_000)
    }
}

fn wire_date(day: civil::Date) -> Date {
    Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    }
}

/// Somebody's code, in a campaign of these days.
async fn letter(house: &House) -> String {
    letters(house, 1).await.remove(0)
}

async fn letters(house: &House, people: usize) -> Vec<String> {
    let today = house.now().date_in(&TimeZone::UTC).unwrap();
    let campaign = wire::Campaign {
        breach_date: Some(wire_date(today - 90.days())),
        discovery_date: Some(wire_date(today - 60.days())),
        enroll_by_date: Some(wire_date(today + 90.days())),
        ..house.wanted()
    };
    let campaign = house.create(campaign).await.unwrap();
    let campaign = campaign.campaign_id.parse().unwrap();
    house.people(campaign, people).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap().into_iter();
    codes.map(|(_, code)| code).collect()
}

#[apply(both)]
async fn a_throttle_counts_alike_in_processes_days_apart(database: Database) {
    let db = database.open(Process::Codes).await;
    let house = House::open_at(&database, ten_a_minute(), following(&db, 0).await).await;
    let code = letter(&house).await;
    for hours in [48, 1, -1, -48] {
        // Nothing is left of the tries before.
        house.run("DELETE FROM throttle").await;
        process::follow(&house.context.clock, &db).await.unwrap();
        let off = house.twin(&database, following(&db, hours).await).await;
        for _ in 0..5 {
            for one in [&house, &off] {
                let refused = one.begin(STRANGER).await.unwrap_err();
                assert_eq!(reason_of(&refused), Some(Reason::CodeNotAccepted));
            }
        }
        for one in [&off, &house] {
            let refused = one.begin(&code).await.unwrap_err();
            assert_eq!(reason_of(&refused), Some(Reason::Throttled));
            assert!(retry_after_of(&refused).unwrap() <= INTERVAL);
        }
    }
    house.clock.advance(INTERVAL);
    house.begin(&code).await.unwrap();
}

/// What a process wrote that did not know how late it is, as those of before did not.
#[apply(both)]
async fn what_a_wrong_clock_charged_holds_nobody_back_for_long(database: Database) {
    let db = database.open(Process::Codes).await;
    let house = House::open_at(&database, ten_a_minute(), following(&db, 0).await).await;
    let code = letter(&house).await;
    let wrong = house.twin(&database, ahead(&db, 48).await).await;
    for _ in 0..10 {
        wrong.begin(STRANGER).await.unwrap_err();
    }
    let refused = wrong.begin(&code).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::Throttled));
    // The clock is corrected, and the row with the first try.
    process::follow(&wrong.context.clock, &db).await.unwrap();
    let begun = wrong.begin(&code).await.unwrap();
    process::follow(&house.context.clock, &db).await.unwrap();
    let refused = house.begin(STRANGER).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::Throttled));
    assert!(retry_after_of(&refused).unwrap() <= INTERVAL);
    house.clock.advance(INTERVAL);
    let again = house.begin(&code).await.unwrap();
    let id = |answer: &wire::BeginEnrollmentResponse| {
        let enrollment = answer.enrollment.as_ref().unwrap();
        enrollment.enrollment_id.clone()
    };
    assert_eq!(id(&begun), id(&again), "the same person's");
}

#[apply(both)]
async fn a_code_ends_at_one_instant_in_every_process(database: Database) {
    let db = database.open(Process::Codes).await;
    let house = House::open_at(&database, limits(1_000), following(&db, 0).await).await;
    let codes = letters(&house, 2).await;
    let ends = async |at: redress::kernel::clock::Timestamp| {
        let at = at.as_micros();
        for table in ["wave", "campaign"] {
            let sql = format!("UPDATE {table} SET enroll_by_at = {at}");
            house.run(&sql).await;
        }
        house.context.campaign_cache.forget();
    };
    let half_an_hour = Duration::from_mins(30);
    let early = house.twin(&database, following(&db, 1).await).await;
    let late = house.twin(&database, following(&db, -1).await).await;
    ends(house.now() + half_an_hour).await;
    for one in [&early, &late, &house] {
        one.begin(&codes[0]).await.unwrap();
    }
    ends(house.now() - half_an_hour).await;
    for one in [&early, &late, &house] {
        let refused = one.begin(&codes[1]).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::CodeNotAccepted));
    }
}
