//! A campaign that moves to another partner: nobody is without coverage in between, and nobody is ordered twice.

use std::time::Duration;

use redress::codes::enrollment::outcomes;
use redress::db::entities::outcome::{self, OutcomeClass, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, PartnerId};
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::Status;
use wire::{CoverageState as Covered, EnrollmentState as State};

use super::house::{House, NUMBER, by, insert_partner};
use crate::harness::{Database, apply, both};

use OutcomeResult::{Active, Canceled, Refused};

/// A campaign, its people's enrollments at the first partner, and another partner.
struct Moving {
    house: House,
    campaign: CampaignId,
    people: Vec<String>,
    other: PartnerId,
}

impl Moving {
    /// So many people whose coverage began on 17 July 2015 and has 24 months.
    async fn of(database: &Database, people: usize) -> Self {
        let house = House::open(database).await;
        let campaign = house.campaign().await;
        let individuals = house.people(campaign, people).await;
        let mut codes = Vec::new();
        if people > 0 {
            let batch = house.issue(campaign).await;
            codes = house.export(&batch).await.unwrap();
        }
        codes.sort_by_key(|(id, _)| individuals.iter().position(|it| it.to_string() == *id));
        let mut enrolled = Vec::new();
        for (individual, (_, code)) in individuals.into_iter().zip(&codes) {
            let enrollment = house.begun(code).await;
            let verified = house
                .verify(campaign, individual, Some(enrollment), "VERIFIED")
                .await;
            let done = house.complete(house.completion(enrollment, verified)).await;
            enrolled.push(done.unwrap().enrollment_id);
        }
        let other = house.ids.next();
        insert_partner(&house.owner, other, "zenith").await;
        let moving = Self {
            house,
            campaign,
            people: enrolled,
            other,
        };
        for person in &moving.people {
            moving
                .says(person, moving.house.partner, Active, None)
                .await;
        }
        moving
    }

    fn wanted(&self) -> wire::MigrateCoveragesRequest {
        wire::MigrateCoveragesRequest {
            request_id: self.house.request_id(),
            campaign: NUMBER.into(),
            from_partner_id: self.house.partner.to_string(),
            to_partner_id: self.other.to_string(),
            product_moves: vec![wire::ProductMove {
                from_product_code: "GOLD".into(),
                to_product_code: "SUN".into(),
                contract_code: "Z-9".into(),
            }],
        }
    }

    async fn migrate(&self, wanted: wire::MigrateCoveragesRequest) -> Result<[i64; 5], Status> {
        let answer = self
            .house
            .handlers
            .migrate_coverages(by(Role::Operator, wanted))
            .await?;
        let it = answer.into_inner().migration.unwrap();
        let counts = [it.unmoved, it.ordered, it.not_taken, it.moved, it.uncovered];
        Ok(counts)
    }

    /// Applies what a partner reports about somebody's newest coverage there.
    async fn says(
        &self,
        person: &str,
        partner: PartnerId,
        result: OutcomeResult,
        class: Option<OutcomeClass>,
    ) -> wire::Enrollment {
        let house = &self.house;
        let before = house.get(person).await;
        let partner = partner.to_string();
        let mut coverages = before.coverages.iter().rev();
        let coverage = coverages.find(|it| it.partner_id == partner).unwrap();
        let row = outcome::Model {
            campaign_id: self.campaign,
            id: house.ids.next(),
            enrollment_id: person.parse().unwrap(),
            coverage_id: coverage.coverage_id.parse().unwrap(),
            handoff_id: coverage.handoff_id.parse().unwrap(),
            result,
            outcome_class: class,
            native_code: None,
            revision: 0,
            order_attempt: 1,
            effective_at: house.now(),
            term_ends_on: None,
            created_at: house.now(),
        };
        let row = outcome::ActiveModel::from(row).reset_all();
        outcome::Entity::insert(row)
            .exec_without_returning(&house.owner)
            .await
            .unwrap();
        outcomes::step(&house.context).await.unwrap();
        house.clock.advance(Duration::from_secs(1));
        house.get(person).await
    }

    /// How many handoffs of a kind wait for a partner.
    async fn handoffs(&self, kind: &str, partner: PartnerId) -> usize {
        use redress::db::entities::handoff;
        use sea_orm::{ColumnTrait, QueryFilter};
        let query = handoff::Entity::find().filter(handoff::Column::PartnerId.eq(partner));
        let all = query.all(&self.house.owner).await.unwrap();
        all.iter()
            .filter(|it| <&str>::from(it.kind) == kind)
            .count()
    }
}

/// Where the coverages of somebody stand, and at whose.
fn stand(enrollment: &wire::Enrollment) -> Vec<(&str, Covered)> {
    let coverages = enrollment.coverages.iter();
    coverages
        .map(|it| (it.product_code.as_str(), it.state()))
        .collect()
}

#[apply(both)]
async fn whoever_moves_is_covered_until_the_new_partner_has_taken_them(database: Database) {
    let moving = Moving::of(&database, 2).await;
    let house = &moving.house;
    house.clock.set("2016-02-03T12:00:00Z".parse().unwrap());
    let wanted = moving.wanted();
    assert_eq!(
        moving.migrate(wanted.clone()).await.unwrap(),
        [0, 2, 0, 0, 0]
    );
    // The same request, and another one that asks for the same.
    assert_eq!(moving.migrate(wanted).await.unwrap(), [0, 2, 0, 0, 0]);
    let again = moving.migrate(moving.wanted()).await.unwrap();
    assert_eq!(again, [0, 2, 0, 0, 0]);
    assert_eq!(moving.handoffs("ENROLL", moving.other).await, 2);
    let [first, second] = [&moving.people[0], &moving.people[1]];
    let ordered = house.get(first).await;
    assert_eq!(ordered.state(), State::Active);
    let both = [("GOLD", Covered::Active), ("SUN", Covered::Submitted)];
    assert_eq!(stand(&ordered), both);
    let new = &ordered.coverages[1];
    assert_eq!(new.replaces_coverage_id, ordered.coverages[0].coverage_id);
    // To 17 July 2017 there are 17 months and some days.
    assert_eq!(new.term_months, 18);
    let contracts = "handoff WHERE contract_code = 'Z-9' AND product_code = 'SUN'";
    assert_eq!(house.count(contracts).await, 2);

    let moved = moving.says(first, moving.other, Active, None).await;
    assert_eq!(moved.state(), State::Active);
    let left = [("GOLD", Covered::Canceled), ("SUN", Covered::Active)];
    assert_eq!(stand(&moved), left);
    assert_eq!(moving.handoffs("CANCEL", house.partner).await, 1);
    let day = Some(Date {
        year: 2017,
        month: 8,
        day: 3,
    });
    assert_eq!(moved.coverages[1].term_end_date, day);
    // The old partner confirms, and nothing changes.
    let confirmed = moving.says(first, house.partner, Canceled, None).await;
    assert_eq!(confirmed, moved);

    let thin = Some(OutcomeClass::ThinFile);
    let stays = moving.says(second, moving.other, Refused, thin).await;
    assert_eq!(stays.state(), State::Active);
    assert_eq!(stays.next_step, None);
    let stands = [("GOLD", Covered::Active), ("SUN", Covered::Refused)];
    assert_eq!(stand(&stays), stands);
    let end = moving.migrate(moving.wanted()).await.unwrap();
    assert_eq!(end, [0, 0, 1, 1, 0]);
    assert_eq!(moving.handoffs("CANCEL", house.partner).await, 1);
    assert_eq!(moving.handoffs("ENROLL", moving.other).await, 2);
}

/// Who moves gains the months at both: at the new partner they are asked for once its coverage runs.
#[apply(both)]
async fn a_longer_term_goes_with_whoever_moves(database: Database) {
    let moving = Moving::of(&database, 1).await;
    let house = &moving.house;
    moving.migrate(moving.wanted()).await.unwrap();
    let wanted = wire::ExtendCoveragesRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        partner_id: house.partner.to_string(),
        product_code: "GOLD".into(),
        term_months: 36,
    };
    let call = house.handlers.extend_coverages(by(Role::Operator, wanted));
    call.await.unwrap();
    let months = |enrollment: &wire::Enrollment| -> Vec<i32> {
        let coverages = enrollment.coverages.iter();
        coverages.map(|it| it.term_months).collect()
    };
    let person = &moving.people[0];
    let before = house.get(person).await;
    let [old, new] = months(&before)[..] else {
        panic!("{before:?}")
    };
    assert_eq!((old, new > 24), (36, true));
    assert_eq!(moving.handoffs("EXTEND", house.partner).await, 1);
    assert_eq!(moving.handoffs("EXTEND", moving.other).await, 0);
    let moved = moving.says(person, moving.other, Active, None).await;
    assert_eq!(moving.handoffs("EXTEND", moving.other).await, 1);
    assert_eq!(months(&moved), [36, new]);
}

#[apply(both)]
async fn whoever_enrolls_later_is_ordered_from_the_new_partner(database: Database) {
    let moving = Moving::of(&database, 0).await;
    let house = &moving.house;
    assert_eq!(moving.migrate(moving.wanted()).await.unwrap(), [0; 5]);
    let person = house.people(moving.campaign, 1).await[0];
    let batch = house.issue(moving.campaign).await;
    let code = house.export(&batch).await.unwrap().remove(0).1;
    let enrollment = house.begun(&code).await;
    let verified = house
        .verify(moving.campaign, person, Some(enrollment), "VERIFIED")
        .await;
    let done = house.complete(house.completion(enrollment, verified)).await;
    assert_eq!(stand(&done.unwrap()), [("SUN", Covered::Submitted)]);
    let message = wire::GetCampaignRequest {
        campaign: NUMBER.into(),
    };
    let shown = house.handlers.get_campaign(by(Role::Operator, message));
    let shown = shown.await.unwrap().into_inner().campaign.unwrap();
    let mut products: Vec<(&str, bool)> = shown
        .products
        .iter()
        .map(|it| (it.product_code.as_str(), it.retire_time.is_some()))
        .collect();
    products.sort_unstable();
    assert_eq!(products, [("GOLD", true), ("SUN", false)]);
}

#[apply(both)]
async fn whoever_withdraws_meanwhile_is_canceled_at_both(database: Database) {
    let moving = Moving::of(&database, 1).await;
    let house = &moving.house;
    moving.migrate(moving.wanted()).await.unwrap();
    let person = &moving.people[0];
    let message = wire::CancelEnrollmentRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        enrollment_id: person.clone(),
        reason: wire::CancelReason::PersonAsked.into(),
        verification_id: String::new(),
    };
    let canceled = house
        .handlers
        .cancel_enrollment(by(Role::Operator, message));
    canceled.await.unwrap();
    // The new partner activates what it was asked to cancel: too late.
    let late = moving.says(person, moving.other, Active, None).await;
    assert_eq!(late.state(), State::CancelPending);
    let one = moving.says(person, house.partner, Canceled, None).await;
    assert_eq!(one.state(), State::CancelPending);
    let both = moving.says(person, moving.other, Canceled, None).await;
    assert_eq!(both.state(), State::Canceled);
    for partner in [house.partner, moving.other] {
        assert_eq!(moving.handoffs("CANCEL", partner).await, 1);
    }
    assert_eq!(moving.migrate(moving.wanted()).await.unwrap(), [0; 5]);
}

#[apply(both)]
async fn two_operators_at_once_move_everybody_once(database: Database) {
    let moving = Moving::of(&database, 3).await;
    let (one, other) = tokio::join!(
        moving.migrate(moving.wanted()),
        moving.migrate(moving.wanted())
    );
    assert_eq!(
        (one.unwrap(), other.unwrap()),
        ([0, 3, 0, 0, 0], [0, 3, 0, 0, 0])
    );
    assert_eq!(moving.handoffs("ENROLL", moving.other).await, 3);
}

#[apply(both)]
async fn what_moved_can_move_back(database: Database) {
    let moving = Moving::of(&database, 1).await;
    let person = &moving.people[0];
    moving.migrate(moving.wanted()).await.unwrap();
    moving.says(person, moving.other, Active, None).await;
    let back = wire::MigrateCoveragesRequest {
        from_partner_id: moving.other.to_string(),
        to_partner_id: moving.house.partner.to_string(),
        product_moves: vec![wire::ProductMove {
            from_product_code: "SUN".into(),
            to_product_code: "GOLD".into(),
            contract_code: String::new(),
        }],
        ..moving.wanted()
    };
    assert_eq!(moving.migrate(back).await.unwrap(), [0, 1, 0, 0, 0]);
    let back = moving
        .says(person, moving.house.partner, Active, None)
        .await;
    let stands = [
        ("GOLD", Covered::Canceled),
        ("SUN", Covered::Canceled),
        ("GOLD", Covered::Active),
    ];
    assert_eq!(
        (back.state(), stand(&back)),
        (State::Active, stands.to_vec())
    );
}

#[apply(both)]
async fn a_move_that_cannot_be_is_refused_by_its_field(database: Database) {
    let moving = Moving::of(&database, 1).await;
    let nobody = moving.house.ids.next::<PartnerId>().to_string();
    let good = moving.wanted();
    let with_move = |from: &str, to: &str| wire::MigrateCoveragesRequest {
        product_moves: vec![wire::ProductMove {
            from_product_code: from.into(),
            to_product_code: to.into(),
            contract_code: String::new(),
        }],
        ..moving.wanted()
    };
    for (wanted, field) in [
        (
            wire::MigrateCoveragesRequest {
                to_partner_id: nobody.clone(),
                ..good.clone()
            },
            "to_partner_id",
        ),
        (
            wire::MigrateCoveragesRequest {
                to_partner_id: good.from_partner_id.clone(),
                ..good.clone()
            },
            "to_partner_id",
        ),
        (
            wire::MigrateCoveragesRequest {
                from_partner_id: nobody,
                ..good.clone()
            },
            "from_partner_id",
        ),
        (
            with_move("LEAD", "SUN"),
            "product_moves[0].from_product_code",
        ),
        (with_move("GOLD", ""), "product_moves[0].to_product_code"),
    ] {
        let refused = moving.migrate(wanted).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest), "{field}");
        let told = format!("{refused:?}");
        assert!(told.contains(field), "{field}: {told}");
    }
    assert_eq!(moving.handoffs("ENROLL", moving.other).await, 0);
    assert_eq!(
        moving.house.count("product WHERE retired_at IS NULL").await,
        1
    );
    // Whoever moves on with other codes than at first is told so.
    moving.migrate(good).await.unwrap();
    let refused = moving.migrate(with_move("GOLD", "MOON")).await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("product_moves"),
        "{refused:?}"
    );
}
