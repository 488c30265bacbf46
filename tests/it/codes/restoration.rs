//! Restoring identities: for whoever is affected, once at a time, and without an enrollment.

use redress::codes::enrollment::outcomes;
use redress::db::entities::outcome::{self, OutcomeClass, OutcomeResult};
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::restoration_service_server::RestorationService;
use redress::wire::redress::r#type::v1::OutcomeClass as Told;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tonic::Status;
use tonic_types::StatusExt as _;
use wire::RestorationState as State;

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

const ASKED: &str = "handoff WHERE kind = 'RESTORE' AND product_code = 'RESTORE' AND term_months = 0 \
    AND contract_code = 'R-1' AND enrollment_id = coverage_id";

impl House {
    fn offer(&self) -> wire::RestorationOffer {
        wire::RestorationOffer {
            partner_id: self.partner.to_string(),
            product_code: "RESTORE".into(),
            contract_code: "R-1".into(),
        }
    }

    /// A campaign whose partner restores identities, and somebody who is affected.
    async fn restoring(&self) -> (CampaignId, IndividualId) {
        let wanted = wire::Campaign {
            restoration: Some(self.offer()),
            ..self.wanted()
        };
        let created = self.create(wanted).await.unwrap();
        assert_eq!(created.restoration, Some(self.offer()));
        let campaign = created.campaign_id.parse().unwrap();
        (campaign, self.people(campaign, 1).await[0])
    }

    async fn ask(
        &self,
        role: Role,
        wanted: wire::RequestRestorationRequest,
    ) -> Result<wire::Restoration, Status> {
        let call = self.handlers.request_restoration(by(role, wanted));
        Ok(call.await?.into_inner().restoration.unwrap())
    }

    fn by_verification(&self, id: VerificationId) -> wire::RequestRestorationRequest {
        wire::RequestRestorationRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            verification_id: id.to_string(),
            individual_id: String::new(),
        }
    }

    fn by_papers(&self, id: IndividualId) -> wire::RequestRestorationRequest {
        wire::RequestRestorationRequest {
            verification_id: String::new(),
            individual_id: id.to_string(),
            ..self.by_verification(VerificationId::from_uuid(id.as_uuid()))
        }
    }

    async fn shown(
        &self,
        role: Role,
        (id, verification): (&str, Option<VerificationId>),
    ) -> Result<wire::Restoration, Status> {
        let wanted = wire::GetRestorationRequest {
            campaign: NUMBER.into(),
            restoration_id: id.into(),
            verification_id: verification.map(|id| id.to_string()).unwrap_or_default(),
        };
        let call = self.handlers.get_restoration(by(role, wanted));
        Ok(call.await?.into_inner().restoration.unwrap())
    }

    /// Applies what the partner reports of a restoration.
    async fn told(
        &self,
        of: &wire::Restoration,
        (result, class): (OutcomeResult, Option<OutcomeClass>),
        revision: i64,
    ) -> State {
        let id: EnrollmentId = of.restoration_id.parse().unwrap();
        let row = outcome::Model {
            campaign_id: of.campaign_id.parse().unwrap(),
            id: self.ids.next(),
            enrollment_id: id,
            coverage_id: of.restoration_id.parse().unwrap(),
            handoff_id: of.handoff_id.parse().unwrap(),
            result,
            outcome_class: class,
            native_code: None,
            revision,
            order_attempt: 1,
            effective_at: self.now(),
            term_ends_on: None,
            created_at: self.now(),
        };
        let insert = outcome::Entity::insert(outcome::ActiveModel::from(row).reset_all());
        insert.exec_without_returning(&self.owner).await.unwrap();
        outcomes::step(&self.context).await.unwrap();
        let shown = self.shown(Role::Operator, (&of.restoration_id, None)).await;
        shown.unwrap().state()
    }
}

#[apply(both)]
async fn whoever_is_affected_asks_without_enrolling_and_one_case_is_open(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person) = house.restoring().await;
    let verified = house.verify(campaign, person, None, "VERIFIED").await;
    let wanted = house.by_verification(verified);
    let first = house.ask(Role::CallCenter, wanted.clone()).await.unwrap();
    assert_eq!(first.state(), State::Requested);
    assert_eq!(first.individual_id, person.to_string());
    for again in [wanted, house.by_verification(verified)] {
        assert_eq!(house.ask(Role::CallCenter, again).await.unwrap(), first);
    }
    let papers = house.ask(Role::Operator, house.by_papers(person)).await;
    assert_eq!(papers.unwrap().restoration_id, first.restoration_id);
    assert_eq!(house.count(ASKED).await, 1);
    assert_eq!(house.count("handoff").await, 1);
    assert_eq!(house.count("enrollment").await, 0);

    let active = (OutcomeResult::Active, None);
    assert_eq!(house.told(&first, active, 1).await, State::Open);
    let shown = house.shown(Role::CallCenter, ("", Some(verified))).await;
    let shown = shown.unwrap();
    assert_eq!(shown.restoration_id, first.restoration_id);
    assert!(shown.open_time.is_some() && !shown.agent_text.is_empty());
    let ended = (OutcomeResult::Ended, None);
    assert_eq!(house.told(&first, ended, 2).await, State::Closed);
    // Something new has happened: another case, and another handoff.
    let second = house.ask(Role::Operator, house.by_papers(person)).await;
    assert_ne!(second.unwrap().restoration_id, first.restoration_id);
    assert_eq!(house.count(ASKED).await, 2);
    let listed = wire::ListRestorationsRequest {
        campaign: NUMBER.into(),
        ..wire::ListRestorationsRequest::default()
    };
    let listed = house.handlers.list_restorations(by(Role::Operator, listed));
    let listed = listed.await.unwrap().into_inner().restorations;
    let states: Vec<State> = listed.iter().map(wire::Restoration::state).collect();
    assert_eq!(states, [State::Closed, State::Requested]);
}

#[apply(both)]
async fn two_agents_at_once_open_one_case(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person) = house.restoring().await;
    let verified = house.verify(campaign, person, None, "VERIFIED").await;
    let ask = || house.ask(Role::CallCenter, house.by_verification(verified));
    let (one, other) = tokio::join!(ask(), ask());
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(house.count(ASKED).await, 1);
}

#[apply(both)]
async fn what_the_partner_wants_or_refuses_is_told_and_what_is_late_changes_nothing(
    database: Database,
) {
    let house = House::open(&database).await;
    let (campaign, person) = house.restoring().await;
    let verified = house.verify(campaign, person, None, "VERIFIED").await;
    house
        .run("UPDATE verification SET requested_by = 'portal/test'")
        .await;
    let case = house.by_verification(verified);
    let case = house.ask(Role::Portal, case).await.unwrap();
    assert_eq!((&*case.partner_id, &*case.handoff_id), ("", ""));
    let case = house
        .shown(Role::Operator, (&case.restoration_id, None))
        .await;
    let case = case.unwrap();
    let alert = (
        OutcomeResult::ActionRequired,
        Some(OutcomeClass::VictimAlert),
    );
    assert_eq!(house.told(&case, alert, 0).await, State::ActionRequired);
    let public = house
        .shown(Role::Portal, ("", Some(verified)))
        .await
        .unwrap();
    assert_eq!(public.outcome_class(), Told::Other);
    let refused = (OutcomeResult::Refused, Some(OutcomeClass::NoHit));
    assert_eq!(house.told(&case, refused, 2).await, State::Refused);
    // Ordered again on an operator's word, it is opened and closed; what comes late then changes nothing.
    let active = (OutcomeResult::Active, None);
    assert_eq!(house.told(&case, active, 2).await, State::Open);
    let ended = (OutcomeResult::Ended, None);
    assert_eq!(house.told(&case, ended, 4).await, State::Closed);
    assert_eq!(house.told(&case, active, 3).await, State::Closed);
    assert_eq!(house.told(&case, active, 5).await, State::Open);
    let recorded = "audit_event WHERE action = 'outcome.recorded'";
    assert_eq!(house.count(recorded).await, 1);
    assert_eq!(house.count("restoration WHERE settled_at IS NULL").await, 1);
}

#[apply(both)]
async fn nobody_asks_for_somebody_who_was_not_verified_or_is_not_on_the_list(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person) = house.restoring().await;
    let refused = house.verify(campaign, person, None, "REFUSED").await;
    let stranger: IndividualId = house.ids.next();
    for (role, wanted, reason) in [
        (
            Role::CallCenter,
            house.by_verification(refused),
            Reason::NotVerified,
        ),
        (
            Role::CallCenter,
            house.by_papers(person),
            Reason::InvalidRequest,
        ),
        (
            Role::Operator,
            house.by_papers(stranger),
            Reason::IndividualNotFound,
        ),
    ] {
        let status = house.ask(role, wanted).await.unwrap_err();
        assert_eq!(reason_of(&status), Some(reason));
    }
    house
        .run("UPDATE individual SET withdrawn_at = created_at")
        .await;
    let status = house.ask(Role::Operator, house.by_papers(person)).await;
    let reason = reason_of(&status.unwrap_err());
    assert_eq!(reason, Some(Reason::IndividualNotFound));
    assert_eq!(house.count("handoff").await, 0);
    let shown = house
        .shown(Role::CallCenter, ("x", None))
        .await
        .unwrap_err();
    let wrong = shown.get_details_bad_request().unwrap().field_violations;
    assert_eq!(wrong[0].field, "verification_id");
}

#[apply(both)]
async fn a_campaign_offers_it_from_an_update_on(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let person = house.people(campaign, 1).await[0];
    let status = house.ask(Role::Operator, house.by_papers(person)).await;
    let reason = reason_of(&status.unwrap_err());
    assert_eq!(reason, Some(Reason::NotEligible));
    let change = |offer: wire::RestorationOffer| wire::UpdateCampaignRequest {
        request_id: house.request_id(),
        campaign: NUMBER.into(),
        changes: Some(wire::CampaignChanges {
            restoration: Some(offer),
            ..wire::CampaignChanges::default()
        }),
    };
    let unknown = wire::RestorationOffer {
        partner_id: house.request_id(),
        ..house.offer()
    };
    let update = house
        .handlers
        .update_campaign(by(Role::Operator, change(unknown)));
    let wrong = update.await.unwrap_err();
    let wrong = wrong.get_details_bad_request().unwrap().field_violations;
    assert_eq!(wrong[0].field, "changes.restoration.partner_id");
    let update = house
        .handlers
        .update_campaign(by(Role::Operator, change(house.offer())));
    let updated = update.await.unwrap().into_inner().campaign.unwrap();
    assert_eq!(updated.restoration, Some(house.offer()));
    let asked = house.ask(Role::Operator, house.by_papers(person)).await;
    assert_eq!(asked.unwrap().state(), State::Requested);
}
