//! Both sides of the two tables that codes and handoff share: what one writes, the other reads with the same content.

use redress::process;
use std::sync::Arc;
use std::time::Duration;

use redress::codes::enrollment::outcomes;
use redress::db::Process;
use redress::db::entities::handoff::Kind;
use redress::db::entities::outcome::OutcomeClass;
use redress::handoff::activation::lease::{Terms, lease};
use redress::handoff::context::Context;
use redress::handoff::outcome::apply_status::{Reporter, StatusReport, Verdict, apply_status};
use redress::handoff::partner;
use redress::handoff::queue::due;
use redress::handoff::queue::lease_store::{Leased, Pick};
use redress::handoff::queue::retry_policy::PartnerStatus;
use redress::handoff::queue::state::Fact;
use redress::handoff::settings::Rules;
use redress::kernel::ids::HandoffId;
use redress::kernel::keyring::{Keyring, Purpose};
use redress::process::convert::class_to_wire;
use redress::wire::redress::enrollment::v1::EnrollmentState;
use sea_orm::Iterable;

use super::house::House;
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::{Database, apply, both};

/// The handoff process beside the codes process, on the same database and clock.
struct Handoffs(Context);

impl Handoffs {
    async fn beside(house: &House, database: &Database) -> Self {
        let (clock, ids) = (house.context.clock.clone(), house.ids.clone());
        let db = database.open(Process::Handoff).await;
        let keys = Arc::new(Keyring::default());
        let common = process::Context::new(clock, ids, db, keys, Purpose::Person);
        Self(Context::new(common, Rules::default()))
    }

    async fn lease(&self, house: &House) -> Leased {
        let partner = partner::store::by_id(self.0.db.read(), house.partner);
        let (db, now) = (self.0.db.read(), self.0.clock.now());
        let campaigns = due::campaigns(db, house.partner, &due::WAITING, now);
        let campaigns = campaigns.await.unwrap();
        let terms = Terms {
            campaign: campaigns[0],
            pick: Pick::Oldest { retries: 1 },
            of_partner: Some(10),
            owner: "test".to_owned(),
            actor: "service/test".to_owned(),
            most: 10,
            lease_for: Duration::from_secs(30),
        };
        let partner = partner.await.unwrap();
        let leased = lease(&self.0, &partner, &terms);
        let mut leased = leased.await.unwrap().leased;
        assert_eq!(leased.len(), 1);
        leased.remove(0)
    }

    async fn apply(&self, house: &House, handoff: HandoffId, fact: Fact) {
        let reporter = Reporter {
            partner: house.partner,
            actor: "partner/test",
        };
        let status = PartnerStatus::of(fact, house.now());
        let reports = &[StatusReport { handoff, status }];
        let applied = self.0.db.run_tx("test.apply", |tx| {
            Box::pin(async move { apply_status(tx, &self.0, reporter, reports).await })
        });
        assert_eq!(applied.await.unwrap(), [Verdict::Recorded]);
        assert_eq!(outcomes::step(&house.context).await.unwrap(), 1);
    }
}

#[apply(both)]
async fn what_codes_queues_is_what_handoff_leases(database: Database) {
    let house = House::open(&database).await;
    let handoffs = Handoffs::beside(&house, &database).await;
    let (campaign, enrollment) = house.submitted().await;
    let enroll = handoffs.lease(&house).await.handoff;
    assert_eq!(enroll.kind, Kind::Enroll);
    assert_eq!(enroll.id.to_string(), enrollment.handoff());
    assert_eq!(enroll.enrollment_id.to_string(), enrollment.enrollment_id);
    assert_eq!(
        (enroll.campaign_id, enroll.partner_id),
        (campaign, house.partner)
    );
    assert_eq!(
        (enroll.product_code.as_str(), enroll.term_months),
        ("GOLD", 24)
    );
    assert_eq!(enroll.created_at, house.now());

    handoffs.apply(&house, enroll.id, Fact::Active).await;
    house.cancel(&enrollment.enrollment_id).await.unwrap();
    let cancel = handoffs.lease(&house).await.handoff;
    assert_eq!(cancel.kind, Kind::Cancel);
    assert_eq!(cancel.enrollment_id, enroll.enrollment_id);
    assert_eq!(cancel.individual_id, enroll.individual_id);
    assert_eq!(
        (cancel.campaign_id, cancel.partner_id),
        (campaign, house.partner)
    );
    assert_eq!(
        (cancel.product_code, cancel.term_months),
        (enroll.product_code, 24)
    );
}

#[apply(both)]
async fn what_handoff_writes_as_an_outcome_codes_applies(database: Database) {
    let house = House::open(&database).await;
    let handoffs = Handoffs::beside(&house, &database).await;
    let (_, enrollment) = house.submitted().await;
    let id = handoffs.lease(&house).await.handoff.id;
    let standing = async || {
        let enrollment = house.get(&enrollment.enrollment_id).await;
        (enrollment.state(), enrollment.class())
    };
    for class in OutcomeClass::iter() {
        handoffs
            .apply(&house, id, Fact::ActionRequired(class))
            .await;
        let waiting = (EnrollmentState::ActionRequired, class_to_wire(Some(class)));
        assert_eq!(standing().await, waiting);
    }
    handoffs.apply(&house, id, Fact::Active).await;
    assert_eq!(
        standing().await,
        (EnrollmentState::Active, class_to_wire(None))
    );
    handoffs.apply(&house, id, Fact::Canceled).await;
    assert_eq!(standing().await.0, EnrollmentState::Canceled);
}

#[apply(both)]
async fn a_refusal_comes_with_its_class(database: Database) {
    let house = House::open(&database).await;
    let handoffs = Handoffs::beside(&house, &database).await;
    let (_, enrollment) = house.submitted().await;
    let id = handoffs.lease(&house).await.handoff.id;
    handoffs
        .apply(&house, id, Fact::Refused(OutcomeClass::ThinFile))
        .await;
    let refused = house.get(&enrollment.enrollment_id).await;
    assert_eq!(
        (refused.state(), refused.class()),
        (
            EnrollmentState::Refused,
            class_to_wire(Some(OutcomeClass::ThinFile))
        )
    );
}
