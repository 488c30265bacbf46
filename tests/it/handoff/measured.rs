//! What a monitoring system sees: the queues, and counters that are there before their first event.

use std::time::Duration;

use redress::db::entities::handoff::{Kind, Queued};
use redress::db::entities::partner;
use redress::kernel::clock::Clock;
use redress::kernel::ids::{Ids, PartnerId};
use redress::kernel::keyring::{Keyring, Purpose};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, IntoActiveModel};

use super::seed::open_campaign;
use crate::harness::processes::{House, Service};
use crate::harness::walk::SETTLED;
use crate::harness::{Database, apply, both, http, poll};

const TWO_HOURS: Duration = Duration::from_hours(2);
const ALERTS: &str = include_str!("../../../deploy/observability/alerts.yml");

#[apply(both)]
async fn queues_are_measured_and_the_counters_of_alarms_exist_from_the_start(database: Database) {
    queue_three(&database.owner().await).await;
    let house = House::open(database).await;
    let depth = ["redress_handoff_queue_depth", "QUEUED"];
    let seen = poll::until("the queue to be measured", SETTLED, async || {
        let seen = metrics(&house, Service::Handoff).await;
        value(&seen, &depth).map(|_| seen)
    })
    .await;
    assert_eq!(value(&seen, &depth), Some(3.0), "{seen}");
    let age = value(&seen, &["redress_handoff_queue_oldest_seconds", "QUEUED"]).unwrap();
    assert!(age >= TWO_HOURS.as_secs_f64(), "{age}");
    assert!(
        seen.contains("partner=\"calls-us\"") && seen.contains("engagement_number=\"B123456\"")
    );
    assert!(seen.contains("service_instance_id="), "{seen}");

    let mut all = seen;
    for service in [Service::Identity, Service::Codes] {
        all += &metrics(&house, service).await;
    }
    let words = ALERTS.split(|at: char| !at.is_ascii_alphanumeric() && at != '_');
    let counters = words.filter(|word| word.starts_with("redress_") && word.ends_with("_total"));
    for counter in counters {
        assert!(
            all.contains(&format!("\n{counter}{{")),
            "{counter} is not there at the start"
        );
    }
    for gauge in [
        "redress_certificate_days_left_days",
        "redress_db_connections",
    ] {
        assert!(
            ALERTS.contains(gauge) && all.contains(&format!("\n{gauge}{{")),
            "{gauge}:\n{all}"
        );
    }
}

/// Three enrollments that have waited for two hours for a partner that does not call.
async fn queue_three(owner: &DatabaseConnection) {
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let (campaign_id, _) = open_campaign(
        owner,
        &ids,
        &Keyring::generate(&[Purpose::Person]),
        clock.now(),
    )
    .await;
    // Nobody is read: the processes of this house have keys of their own.
    let forget = owner.execute_unprepared("DELETE FROM campaign_key");
    forget.await.unwrap();
    let partner_id: PartnerId = ids.next();
    let partner = partner::Model {
        id: partner_id,
        name: "calls-us".to_owned(),
        mode: partner::Mode::Pull,
        endpoint: None,
        server_uri: None,
        state: partner::State::Active,
        max_in_flight: 32,
        projection: "{}".to_owned(),
        breaker: "{}".to_owned(),
        created_at: clock.now(),
        heard_at: None,
        throttled_until: None,
        paused_campaigns: "[]".to_owned(),
        file_layout: None,
        http_layout: None,
    };
    partner.into_active_model().insert(owner).await.unwrap();
    let queued: Vec<Queued> = (0..3)
        .map(|_| Queued {
            campaign_id,
            handoff_id: ids.next(),
            enrollment_id: ids.next(),
            coverage_id: ids.next(),
            individual_id: ids.next(),
            partner_id,
            product_code: "TRIPLE-24".to_owned(),
            term_months: 24,
            contract_code: None,
            cancel_reason: None,
            trace: None,
            at: clock.now() - TWO_HOURS,
        })
        .collect();
    let statement = Queued::statement(owner.get_database_backend(), Kind::Enroll, &queued);
    owner.execute_raw(statement).await.unwrap();
}

async fn metrics(house: &House, service: Service) -> String {
    let answer = http::get(house.address(service).admin, "/metrics").await;
    answer.unwrap().body
}

/// The value of the first line that holds all of these words.
fn value(text: &str, words: &[&str]) -> Option<f64> {
    let fits = |line: &&str| !line.starts_with('#') && words.iter().all(|word| line.contains(word));
    text.lines().find(fits)?.rsplit(' ').next()?.parse().ok()
}
