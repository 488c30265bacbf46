//! Guessing: random well-formed codes against live ones, with the throttles off. None is accepted, and the rate is printed.
//!
//! It always runs small. The large run, 10,000,000 guesses against 4,000,000 live codes, takes some minutes:
//!
//! ```sh
//! REDRESS_GUESS_LIVE=4000000 REDRESS_GUESS_TRIES=10000000 REDRESS_GUESS_CALLS=20000 \
//!     cargo test --release --test it guesses::random -- --nocapture --test-threads 1
//! ```
//!
//! Every guess is printed, read back and keyed by the library and looked up by the database under its primary key, many in
//! a statement; some go the whole way through a socket and CheckCode. Live codes are tried the same ways, to show that what
//! is there would be found.

use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use redress::codes::code::{BITS, Code, derive};
use redress::db::rows::{self, Is};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::CampaignId;
use redress::kernel::keyring::Purpose;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_client::EnrollmentCodeServiceClient;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::house::{House, NUMBER, by, limits};
use crate::harness::missing::env;
use crate::harness::{Database, apply, both};

/// Guesses in one statement.
const CHUNK: usize = 5_000;
/// Statements and calls under way at a time.
const AT_ONCE: usize = 8;

fn size(name: &str, small: usize) -> usize {
    env(name).map_or(small, |text| text.parse().expect("a number"))
}

/// A code that anybody could make up: all bits random, the check symbols right.
fn guess(house: &House) -> Code {
    Code::from_bits(u128::from_be_bytes(house.ids.random()) >> (128 - BITS))
}

/// How many a second.
fn rate(count: usize, since: Instant) -> f64 {
    f64::from(u32::try_from(count).expect("not that many")) / since.elapsed().as_secs_f64()
}

/// Counts those of the typed codes that the campaign has.
async fn found(house: &House, campaign: CampaignId, typed: &[String]) -> i64 {
    let key = house.context.keys.get(Purpose::Code, 1).unwrap();
    let macs = typed.iter().map(|typed| {
        let code = Code::parse(typed).expect("it is well-formed");
        json!({ "mac": derive::mac(&key, campaign, &code) })
    });
    let macs = serde_json::Value::Array(macs.collect()).to_string();
    let read = house.context.db.read();
    let backend = ConnectionTrait::get_database_backend(read);
    // A join in this order: by the key of the table, one guess after the other.
    let sql = format!(
        "WITH {} SELECT count(*) AS n FROM v CROSS JOIN code c WHERE c.campaign_id = $2 AND c.mac = v.mac",
        rows::table(backend, &[("mac", Is::Uuid)])
    );
    let statement = Statement::from_sql_and_values(backend, sql, [macs.into(), campaign.into()]);
    let row = read.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

/// Some of the codes that are live.
async fn some_live(house: &House, batch: &wire::CodeBatch) -> Vec<String> {
    let message = wire::ExportCodesRequest {
        campaign: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: String::new(),
    };
    let pages = house
        .handlers
        .export_codes(by(Role::Operator, message))
        .await;
    let page = pages
        .unwrap()
        .into_inner()
        .try_next()
        .await
        .unwrap()
        .unwrap();
    let letters = page.codes.into_iter().filter(|plain| !plain.seed);
    letters.take(CHUNK).map(|plain| plain.code).collect()
}

#[apply(both)]
async fn random_well_formed_codes_are_never_accepted(database: Database) {
    let live = size("REDRESS_GUESS_LIVE", 10_000);
    let tries = size("REDRESS_GUESS_TRIES", 20_000);
    let calls = size("REDRESS_GUESS_CALLS", 200);
    let house = Arc::new(House::open_with(&database, limits(u32::MAX)).await);
    let campaign = house.campaign().await;
    house.crowd(campaign, live).await;
    let batch = house.issue(campaign).await;
    assert!(usize::try_from(batch.codes).unwrap() >= live);
    let known = some_live(&house, &batch).await;
    assert_eq!(
        found(&house, campaign, &known).await,
        i64::try_from(known.len()).unwrap()
    );

    let begun = Instant::now();
    let chunks = stream::iter((0..tries).step_by(CHUNK)).map(|from| {
        let house = Arc::clone(&house);
        tokio::spawn(async move {
            let count = CHUNK.min(tries - from);
            let typed: Vec<String> = (0..count).map(|_| guess(&house).expose()).collect();
            found(&house, campaign, &typed).await
        })
    });
    let hits: i64 = chunks
        .buffer_unordered(AT_ONCE)
        .map(Result::unwrap)
        .fold(0, async |all, hits| all + hits)
        .await;
    println!(
        "{tries} guesses against {live} live codes: {hits} found, {:.0} a second",
        rate(tries, begun)
    );

    let doors = house.doors().await;
    let client = EnrollmentCodeServiceClient::new(doors.portal("192.0.2.1"));
    let check = |code: String| {
        let mut client = client.clone();
        let message = wire::CheckCodeRequest {
            campaign: NUMBER.into(),
            code,
        };
        async move {
            client
                .check_code(message)
                .await
                .map_err(|refused| reason_of(&refused))
        }
    };
    let begun = Instant::now();
    let answers = stream::iter((0..calls).map(|_| check(guess(&house).expose())));
    let refused = answers.buffer_unordered(64).filter(|answer| {
        let refused = matches!(answer, Err(Some(Reason::CodeNotAccepted)));
        async move { refused }
    });
    assert_eq!(refused.count().await, calls);
    println!(
        "{calls} of them through CheckCode: {:.0} a second",
        rate(calls, begun)
    );
    check(known[0].clone())
        .await
        .expect("a live code is accepted");
    assert_eq!(hits, 0);
    assert_eq!(house.count("enrollment").await, 0);
}
