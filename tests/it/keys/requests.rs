//! Requests that come again around a rotation.

use std::sync::Arc;

use redress::db::{Db, Process};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::clock::Clock;
use redress::kernel::ids::Ids;
use redress::kernel::keyring::{Keyring, Purpose};
use redress::process::request::{Request, answered, record};
use redress::process::{Call, Context, Error};
use redress::wire::redress::enrollment::v1::GetCampaignReportRequest;
use uuid::Uuid;

use crate::harness::{Database, apply, both};

#[apply(both)]
async fn a_request_that_comes_again_is_known_by_any_key_that_is_held(database: Database) {
    let db = database.open(Process::Codes).await;
    let first = Keyring::generate(&[Purpose::Code]);
    let mut standby = first.clone();
    standby.add(Purpose::Code);
    let mut promoted = standby.clone();
    promoted.promote(Purpose::Code, Clock::system().now());
    let mut retired = promoted.clone();
    retired.remove(Purpose::Code, 1);
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    // Recorded before the rotation, and by the first instance that uses the new key.
    done(&db, &request(&db, &first, one)).await;
    done(&db, &request(&db, &promoted, other)).await;
    for keys in [&standby, &promoted] {
        for id in [one, other] {
            assert_eq!(ask(&db, &request(&db, keys, id)).await, Ok(Some(7)));
        }
    }
    // That is why an old key stays for as long as requests are kept.
    let unknown = ask(&db, &request(&db, &retired, one)).await;
    assert_eq!(unknown, Err(Error::RequestIdReused));
    assert_eq!(ask(&db, &request(&db, &retired, other)).await, Ok(Some(7)));
}

/// A request as a process with these keys knows it.
fn request(db: &Db, keys: &Keyring, id: Uuid) -> Request {
    let clock = Clock::system();
    let ids = Ids::system(clock.clone());
    let keys = Arc::new(keys.clone());
    let context = Context::new(clock, ids, db.clone(), keys, Purpose::Code);
    let caller = Caller::new(Role::Operator, "admin").expect("a caller");
    let message = GetCampaignReportRequest::default();
    let request = Call::plain(caller).request(&context, id, "OfATest", &message);
    request.expect("a key")
}

async fn done(db: &Db, request: &Request) {
    let now = Clock::system().now();
    db.run_tx("test.record", |tx| Box::pin(record(tx, request, &7, now)))
        .await
        .expect("it is recorded");
}

async fn ask(db: &Db, request: &Request) -> Result<Option<i32>, Error> {
    db.run_tx("test.ask", |tx| {
        Box::pin(async move { answered(tx, request).await })
    })
    .await
}
