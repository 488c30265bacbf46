//! Two processes on one database whose machines' clocks are an hour apart.

use std::time::Duration;

use redress::db::Process;
use redress::identity::grpc::Handlers;
use redress::identity::rules::PHONE_CODE_LIFE;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::Ids;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;

use super::house::{FILE, House, NUMBER, by, generous};
use super::people::{ada, claims};
use crate::harness::clocks::following;
use crate::harness::{Database, apply, both};

/// A code that one process sent is good for as long as it says in the other.
#[apply(both)]
async fn a_confirmation_code_ends_at_one_instant_in_every_process(database: Database) {
    let db = database.open(Process::Identity).await;
    let house = House::open_at(&database, generous(), following(&db, 0).await).await;
    house.load(FILE, &[ada(2)]).await;
    for hours in [1, -1] {
        let verification = house.verify(None, claims()).await.unwrap().verification_id;
        let mut twin = house.twin(database.open(Process::Identity).await);
        let earliest = db.now().await.unwrap() + PHONE_CODE_LIFE;
        let (clock, _hand) = following(&db, hours).await;
        twin.common.ids = Ids::seeded(clock.clone(), 9);
        twin.common.clock = clock;
        let message = wire::SendConfirmationCodeRequest {
            request_id: house.request_id(),
            campaign: NUMBER.into(),
            contact_id: house.contact(&verification, ContactChannel::Sms).await,
            verification_id: verification.clone(),
            channel: ContactChannel::Sms.into(),
        };
        let sent = Handlers::new(twin)
            .send_confirmation_code(by(Role::Portal, message))
            .await;
        let ends = sent.unwrap().into_inner().expire_time.unwrap().seconds;
        let latest = db.now().await.unwrap() + PHONE_CODE_LIFE;
        assert!((earliest.to_proto().seconds..=latest.to_proto().seconds).contains(&ends));
        let code = house.last_code();
        house
            .clock
            .advance(PHONE_CODE_LIFE + Duration::from_mins(1));
        let refused = house.confirm(&verification, &code).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::ConfirmationNotAccepted));
    }
}
