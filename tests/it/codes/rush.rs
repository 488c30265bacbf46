//! The busiest hour: 64 callers redeem 2,000 codes at once, over real sockets, and every code is fought over.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use redress::kernel::client::Client;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::EnrollmentId;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_service_client::EnrollmentServiceClient;
use tonic::Status;

use super::house::{House, NUMBER};
use crate::harness::{Database, apply, both};

const CALLERS: usize = 64;
const CODES: usize = 2_000;
/// How many callers redeem the same code; they come to it at the same time.
const RIVALS: usize = 2;
/// Channels, each shared by eight callers.
const CHANNELS: usize = 8;

/// What lies in front of all callers: the letters, and what became of each.
struct Desk {
    house: House,
    channels: Vec<Client>,
    letters: Vec<(String, String)>,
    begun: Vec<OnceLock<EnrollmentId>>,
    wins: Vec<AtomicUsize>,
}

impl Desk {
    /// Has 64 callers take turns, each of which is for one letter.
    async fn all<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        turns: usize,
        work: impl Fn(Arc<Self>, EnrollmentServiceClient<Client>, usize) -> F + Clone + Send + 'static,
    ) {
        let next = Arc::new(AtomicUsize::new(0));
        let callers = (0..CALLERS).map(|n| {
            let (desk, next, work) = (Arc::clone(self), Arc::clone(&next), work.clone());
            let client = EnrollmentServiceClient::new(self.channels[n % CHANNELS].clone());
            tokio::spawn(async move {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= turns {
                        return;
                    }
                    work(Arc::clone(&desk), client.clone(), turn).await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
    }

    async fn begin(self: Arc<Self>, mut client: EnrollmentServiceClient<Client>, letter: usize) {
        let message = wire::BeginEnrollmentRequest {
            request_id: self.house.request_id(),
            campaign: NUMBER.into(),
            entitlement: Some(Entitlement::Code(self.letters[letter].1.clone())),
            channel: 0,
            ..Default::default()
        };
        let answer = loop {
            match client.begin_enrollment(message.clone()).await {
                Ok(answer) => break answer.into_inner(),
                Err(refused) => assert!(is_passing(&refused), "{refused:?}"),
            }
        };
        let id = answer.enrollment.unwrap().enrollment_id.parse().unwrap();
        self.begun[letter].set(id).unwrap();
    }

    async fn redeem(self: Arc<Self>, mut client: EnrollmentServiceClient<Client>, letter: usize) {
        let enrollment = *self.begun[letter].get().unwrap();
        // Everybody's verification has the id of the person.
        let verification = self.letters[letter].0.parse().unwrap();
        let complete = self.house.completion(enrollment, verification);
        loop {
            match client.complete_enrollment(complete.clone()).await {
                Ok(_) => {
                    self.wins[letter].fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Err(refused) if is_passing(&refused) => {}
                Err(refused) => {
                    assert_eq!(reason_of(&refused), Some(Reason::EnrollmentState));
                    return;
                }
            }
        }
    }
}

/// Tells whether the same request is worth sending again.
fn is_passing(refused: &Status) -> bool {
    let reason = reason_of(refused);
    matches!(
        reason,
        Some(Reason::StorageContended | Reason::StorageUnavailable | Reason::Overloaded)
    )
}

#[apply(both)]
async fn sixty_four_callers_redeem_two_thousand_codes_once_each(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.crowd(campaign, CODES).await;
    house.verify_everybody(campaign).await;
    let batch = house.issue(campaign).await;
    let letters = house.export(&batch).await.unwrap();
    assert_eq!(letters.len(), CODES);
    let doors = house.doors().await;
    let desk = Arc::new(Desk {
        house,
        channels: (0..CHANNELS)
            .map(|n| doors.portal(&format!("192.0.{n}.1")))
            .collect(),
        letters,
        begun: (0..CODES).map(|_| OnceLock::new()).collect(),
        wins: (0..CODES).map(|_| AtomicUsize::new(0)).collect(),
    });
    let start = Instant::now();
    desk.all(CODES, Desk::begin).await;
    let (begun, start) = (start.elapsed(), Instant::now());
    desk.all(CODES * RIVALS, |desk, client, turn| {
        desk.redeem(client, turn / RIVALS)
    })
    .await;
    let redeemed = start.elapsed();
    println!(
        "{CALLERS} callers, {CODES} codes: begun in {begun:.1?}, redeemed {RIVALS} times each in {redeemed:.1?}"
    );
    assert!(
        desk.wins
            .iter()
            .all(|wins| wins.load(Ordering::Relaxed) == 1)
    );
    let expected = i64::try_from(CODES).unwrap();
    for written in [
        "code WHERE state = 'REDEEMED'",
        "enrollment WHERE state = 'SUBMITTED'",
        "handoff",
        "consent",
        "audit_event WHERE action = 'enrollment.completed'",
    ] {
        assert_eq!(desk.house.count(written).await, expected, "{written}");
    }
}
