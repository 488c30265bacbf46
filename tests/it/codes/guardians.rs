//! A child's enrollment rests on the guardian's own verification.

use redress::codes::enrollment::repudiations;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, EnrollmentId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::r#type::v1::{Authority, Population, Relationship};
use sea_orm::DbBackend;
use tonic::Status;

use super::house::House;
use crate::harness::{Database, apply, both};

/// Writes an id as a statement does.
fn literal(house: &House, id: VerificationId) -> String {
    let id = id.as_uuid();
    match house.owner.get_database_backend() {
        DbBackend::Postgres => format!("'{id}'"),
        _ => format!("X'{}'", id.simple()),
    }
}

/// A child and two parents with a letter each.
struct Family {
    house: House,
    campaign: CampaignId,
    code: String,
    /// The parents' enrollments, with their verifications.
    parents: Vec<(EnrollmentId, VerificationId)>,
}

impl Family {
    async fn open(database: &Database) -> Self {
        let house = House::open(database).await;
        let mut wanted = house.wanted();
        wanted.products.push(wire::Product {
            population: Population::Minor.into(),
            product_code: "CHILD".into(),
            ..wanted.products[0].clone()
        });
        let created = house.create(wanted).await.unwrap();
        let campaign = created.campaign_id.parse().unwrap();
        let mut people = house.people(campaign, 2).await;
        people.push(house.person(campaign, "MINOR", "IN", true).await);
        let batch = house.issue(campaign).await;
        let codes = house.export(&batch).await.unwrap();
        let of = |id: String| {
            codes
                .iter()
                .find(|(whose, _)| *whose == id)
                .unwrap()
                .1
                .clone()
        };
        let mut parents = Vec::new();
        for parent in &people[..2] {
            let enrollment = house.begun(&of(parent.to_string())).await;
            let own = house
                .verify(campaign, *parent, Some(enrollment), "VERIFIED")
                .await;
            parents.push((enrollment, own));
        }
        Self {
            code: of(people[2].to_string()),
            house,
            campaign,
            parents,
        }
    }

    /// Begins for the child, and verifies it by the own verification of a parent, as the identity process would.
    async fn acts(&self, parent: usize) -> (EnrollmentId, VerificationId) {
        let house = &self.house;
        let enrollment = house.begun(&self.code).await;
        let child = house.get(&enrollment.to_string()).await.individual_id;
        let verification = house
            .verify(
                self.campaign,
                child.parse().unwrap(),
                Some(enrollment),
                "VERIFIED",
            )
            .await;
        let bound = format!(
            "UPDATE verification SET guardian_verification_id = {}, representative_relationship = 'PARENT', \
             representative_authority = 'BY_LAW' WHERE id = {}",
            literal(house, self.parents[parent].1),
            literal(house, verification)
        );
        house.run(&bound).await;
        (enrollment, verification)
    }

    async fn complete(
        &self,
        (enrollment, verification): (EnrollmentId, VerificationId),
    ) -> Result<wire::Enrollment, Status> {
        let mut message = self.house.completion(enrollment, verification);
        let consent = message.consent.as_mut().unwrap();
        consent.set_relationship(Relationship::Parent);
        consent.set_authority(Authority::ByLaw);
        self.house.complete(message).await
    }

    async fn void(&self, sql: &str) {
        let own = literal(&self.house, self.parents[0].1);
        self.house.run(&sql.replace("{own}", &own)).await;
    }
}

#[apply(both)]
async fn a_child_is_enrolled_only_while_the_guardians_verification_stands(database: Database) {
    let family = Family::open(&database).await;
    let begun = family.acts(0).await;
    for (void, again) in [
        (
            "UPDATE verification SET state = 'REFUSED' WHERE id = {own}",
            "UPDATE verification SET state = 'VERIFIED' WHERE id = {own}",
        ),
        (
            "UPDATE code SET state = 'SUPERSEDED', settled_at = 1 WHERE mac = (SELECT e.code_mac FROM enrollment e \
             JOIN verification v ON v.enrollment_id = e.id WHERE v.id = {own})",
            "UPDATE code SET state = 'ISSUED', settled_at = NULL WHERE state = 'SUPERSEDED'",
        ),
        (
            "UPDATE verification SET guardian_verification_id = campaign_id WHERE guardian_verification_id = {own}",
            "UPDATE verification SET guardian_verification_id = {own} WHERE guardian_verification_id IS NOT NULL",
        ),
        (
            "UPDATE individual SET population = 'ADULT' WHERE population = 'MINOR'",
            "UPDATE individual SET population = 'MINOR' WHERE id = (SELECT individual_id FROM verification WHERE guardian_verification_id = {own})",
        ),
    ] {
        family.void(void).await;
        let refused = family.complete(begun).await.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::NotVerified), "{void}");
        family.void(again).await;
    }
    // The guardian's own enrollment need not be completed first, and its code is not the child's.
    let enrolled = family.complete(begun).await.unwrap();
    assert_eq!(enrolled.state(), wire::EnrollmentState::Submitted);
    // What the identity process writes when the guardian repudiates.
    let repudiated = "UPDATE verification SET state = 'REFUSED', repudiated_at = 1, repudiated_by = 'portal/test' \
        WHERE id = {own} OR guardian_verification_id = {own}";
    family.void(repudiated).await;
    assert_eq!(repudiations::step(&family.house.context).await.unwrap(), 1);
    let child = family.house.get(&enrolled.enrollment_id).await;
    assert_eq!(child.state(), wire::EnrollmentState::CancelPending);
}

#[apply(both)]
async fn two_guardians_make_one_enrollment(database: Database) {
    let family = Family::open(&database).await;
    let first = family.acts(0).await;
    let second = family.acts(1).await;
    assert_eq!(first.0, second.0, "the second one goes on with it");
    let (one, other) = tokio::join!(family.complete(first), family.complete(second));
    let (won, lost) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(won.unwrap().state(), wire::EnrollmentState::Submitted);
    assert_eq!(reason_of(&lost.unwrap_err()), Some(Reason::EnrollmentState));
    assert_eq!(family.house.count("handoff").await, 1);
    let late = family.house.begin(&family.code).await.unwrap_err();
    assert_eq!(reason_of(&late), Some(Reason::CodeNotAccepted));
    // By the letter's code the second one is told that the child is enrolled.
    let known = family.house.enrollment_by(Role::CallCenter, &family.code);
    let known = known.await.unwrap();
    assert_eq!(known.enrollment_id, first.0.to_string());
    assert_eq!(known.state(), wire::EnrollmentState::Submitted);
}
