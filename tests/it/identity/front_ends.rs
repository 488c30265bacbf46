//! A campaign that names its front ends does not exist for any other.

use std::time::Duration;

use redress::identity::notice::token;
use redress::kernel::caller::Role;
use redress::kernel::ids::{EnrollmentId, VerificationId};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::ContactChannel;
use redress::wire::redress::identity::v1::get_individual_request::Person;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use sea_orm::ConnectionTrait;

use super::house::{House, NUMBER, agent, by};
use super::people::{claims, name};
use crate::harness::front_ends::{NO_NUMBER, methods, told};
use crate::harness::{Database, apply, both};

const PACKAGE: &str = "/redress.identity.v1.";

/// A campaign with all that one role's calls are about: begun while every front end served it.
struct Scene {
    house: House,
    role: Role,
    individual: String,
    enrollment: EnrollmentId,
    verification: String,
    contact: String,
    referral: String,
    token: String,
}

impl Scene {
    async fn open(database: &Database, role: Role) -> Self {
        let (house, enrollment) = House::with_letter(database).await;
        // By an agent, who is shown the contacts.
        let mut lost = by(role, house.asked(None, claims()));
        lost.extensions_mut().insert(agent());
        let lost = house.handlers.verify_identity(lost).await;
        let verification = lost.unwrap().into_inner().verification.unwrap();
        let verification = verification.verification_id;
        let doubtful = wire::Claims {
            name: name("Katherine", "Taylor"),
            ..claims()
        };
        house.verify(Some(enrollment), doubtful).await.unwrap();
        Self {
            token: Self::told_of_proofing(&house, enrollment).await,
            individual: house.individuals().await[0].id.to_string(),
            contact: house.contact(&verification, ContactChannel::Email).await,
            referral: house.referrals(0, "").await.referrals[0]
                .referral_id
                .clone(),
            house,
            role,
            enrollment,
            verification,
        }
    }

    /// Verifies somebody with the letter who is told of it, and gives the token of the notice.
    async fn told_of_proofing(house: &House, letter: EnrollmentId) -> String {
        let verified = house.verify(Some(letter), claims()).await.unwrap();
        let id: VerificationId = verified.verification_id.parse().unwrap();
        let indexer = house.context.steady_indexer(house.campaign).unwrap();
        let token = token::of(&indexer, id);
        let sql = format!(
            "UPDATE verification SET notice_mac = {}, noticed_at = {} WHERE id = {}",
            house.literal(token::mac(&indexer, &token)),
            house.context.now().as_micros(),
            house.literal(id)
        );
        house.owner.execute_unprepared(&sql).await.unwrap();
        token.expose().clone()
    }

    /// Names the front ends of the campaign, as another process would have some seconds ago.
    async fn serve(&self, front_ends: &str) {
        let sql = format!("UPDATE campaign SET front_ends = '{front_ends}'");
        self.house.owner.execute_unprepared(&sql).await.unwrap();
        self.house.clock.advance(Duration::from_secs(5));
    }

    /// Calls a method about a campaign, as a caller named `one`.
    async fn told(&self, method: &str, campaign: &str) -> String {
        self.told_to(self.role, method, campaign).await
    }

    async fn told_to(&self, role: Role, method: &str, campaign: &str) -> String {
        if method == "VerifyIdentity" {
            let message = wire::VerifyIdentityRequest {
                campaign: campaign.into(),
                ..self.house.asked(Some(self.enrollment), claims())
            };
            return told(self.house.handlers.verify_identity(by(role, message)).await);
        }
        if role == Role::Portal {
            self.of_a_verification(role, method, campaign).await
        } else {
            self.of_a_person(role, method, campaign).await
        }
    }

    /// What a call center and an operator may ask beside that.
    async fn of_a_person(&self, role: Role, method: &str, campaign: &str) -> String {
        let handlers = &self.house.handlers;
        let campaign = campaign.to_owned();
        let individual_id = self.individual.clone();
        let referral_id = self.referral.clone();
        match method {
            "GetIndividual" => {
                let person = Some(Person::IndividualId(individual_id));
                let message = wire::GetIndividualRequest { campaign, person };
                told(handlers.get_individual(by(role, message)).await)
            }
            "ListCorrections" => {
                let message = wire::ListCorrectionsRequest {
                    campaign,
                    individual_id,
                    ..Default::default()
                };
                told(handlers.list_corrections(by(role, message)).await)
            }
            "SearchIndividuals" => {
                let name = wire::NameQuery {
                    family_name: "O'Neill".into(),
                    birth_year: 1961,
                    ..Default::default()
                };
                let query = Some(wire::search_individuals_request::Query::Name(name));
                let message = wire::SearchIndividualsRequest { campaign, query };
                told(handlers.search_individuals(by(role, message)).await)
            }
            "ListMailEvents" => {
                let person = wire::list_mail_events_request::Person::IndividualId(individual_id);
                let message = wire::ListMailEventsRequest {
                    campaign,
                    person: Some(person),
                    ..Default::default()
                };
                told(handlers.list_mail_events(by(role, message)).await)
            }
            "GetReferral" => {
                let message = wire::GetReferralRequest {
                    campaign,
                    referral_id,
                };
                told(handlers.get_referral(by(role, message)).await)
            }
            "ListReferrals" => {
                let message = wire::ListReferralsRequest {
                    campaign,
                    ..Default::default()
                };
                told(handlers.list_referrals(by(role, message)).await)
            }
            "DecideReferral" => {
                let message = wire::DecideReferralRequest {
                    campaign,
                    ..self
                        .house
                        .decision(&referral_id, wire::ReferralState::Denied)
                };
                told(handlers.decide_referral(by(role, message)).await)
            }
            _ => self.of_a_verification(role, method, &campaign).await,
        }
    }

    async fn of_a_verification(&self, role: Role, method: &str, campaign: &str) -> String {
        let handlers = &self.house.handlers;
        let (campaign, request_id) = (campaign.to_owned(), self.house.request_id());
        let verification_id = self.verification.clone();
        match method {
            "SendConfirmationCode" => {
                let message = wire::SendConfirmationCodeRequest {
                    request_id,
                    campaign,
                    verification_id,
                    contact_id: self.contact.clone(),
                    channel: ContactChannel::Email.into(),
                };
                told(handlers.send_confirmation_code(by(role, message)).await)
            }
            "OrderLetter" => {
                let message = wire::OrderLetterRequest {
                    request_id,
                    campaign,
                    verification_id,
                };
                told(handlers.order_letter(by(role, message)).await)
            }
            "ConfirmCode" => {
                let sent = self.house.messages();
                let code = sent.last().and_then(|sent| sent["code"].as_str());
                let message = wire::ConfirmCodeRequest {
                    request_id,
                    campaign,
                    verification_id,
                    code: code.unwrap_or("123456").into(),
                };
                told(handlers.confirm_code(by(role, message)).await)
            }
            "GetVerification" => {
                let message = wire::GetVerificationRequest {
                    campaign,
                    verification_id,
                };
                told(handlers.get_verification(by(role, message)).await)
            }
            "RepudiateProofing" => {
                let message = wire::RepudiateProofingRequest {
                    request_id,
                    campaign,
                    token: self.token.clone(),
                };
                told(handlers.repudiate_proofing(by(role, message)).await)
            }
            "CorrectEnrollment" => {
                let message = wire::CorrectEnrollmentRequest {
                    request_id,
                    campaign,
                    enrollment_id: self.enrollment.to_string(),
                    verification_id,
                    correction: Some(wire::Correction {
                        language_code: "es".into(),
                        ..Default::default()
                    }),
                };
                told(handlers.correct_enrollment(by(role, message)).await)
            }
            other => {
                panic!("{other} has no call here: a method that front ends may call needs one")
            }
        }
    }
}

#[apply(both)]
async fn no_method_answers_a_call_center_about_a_campaign_that_does_not_name_it(
    database: Database,
) {
    nothing_answers(&database, Role::CallCenter).await;
}

#[apply(both)]
async fn no_method_answers_a_portal_about_a_campaign_that_does_not_name_it(database: Database) {
    nothing_answers(&database, Role::Portal).await;
}

async fn nothing_answers(database: &Database, role: Role) {
    let scene = Scene::open(database, role).await;
    let own_id = scene.house.campaign.to_string();
    let no_id = scene.house.request_id();
    let all = methods(PACKAGE, role);
    assert!(all.len() >= 5, "{all:?}");
    scene.serve(r#"["call-center/one-2","portal/two"]"#).await;
    for method in &all {
        let hidden = scene.told(method, NUMBER).await;
        assert_eq!(
            hidden,
            scene.told(method, NO_NUMBER).await,
            "{role} {method}"
        );
        let hidden = scene.told(method, &own_id).await;
        assert_eq!(hidden, scene.told(method, &no_id).await, "{role} {method}");
    }
    for method in methods(PACKAGE, Role::Operator) {
        if all.contains(&method) && method != "DecideReferral" {
            let seen = scene.told_to(Role::Operator, method, NUMBER).await;
            let none = scene.told_to(Role::Operator, method, NO_NUMBER).await;
            assert_ne!(seen, none, "{method}");
        }
    }
    // Who is named is served, and so would be found out here what is answered in the same way to everybody.
    scene.serve(r#"["call-center/one","portal/one"]"#).await;
    for method in &all {
        let none = scene.told(method, NO_NUMBER).await;
        let served = scene.told(method, NUMBER).await;
        assert_ne!(served, none, "{role} {method}");
    }
}

#[apply(both)]
async fn who_is_taken_out_is_served_for_some_seconds_at_most(database: Database) {
    let scene = Scene::open(&database, Role::CallCenter).await;
    let none = scene.told("ListReferrals", NO_NUMBER).await;
    assert_ne!(scene.told("ListReferrals", NUMBER).await, none);
    scene.serve(r#"["call-center/two"]"#).await;
    assert_eq!(scene.told("ListReferrals", NUMBER).await, none);
    scene.serve("[]").await;
    assert_ne!(scene.told("ListReferrals", NUMBER).await, none);
}

/// Whom a campaign names is remembered, so that a call costs no statement more; what is hidden is looked up like what is not there.
#[apply(both)]
async fn what_is_hidden_costs_as_many_statements_as_what_is_not_there(database: Database) {
    let scene = Scene::open(&database, Role::Portal).await;
    scene.serve(r#"["portal/two"]"#).await;
    let statements = scene.house.context.db.statements().clone();
    let mut counts = Vec::new();
    for campaign in [NUMBER, NO_NUMBER] {
        statements.watch();
        scene.told("VerifyIdentity", campaign).await;
        counts.push(statements.seen().len());
    }
    assert_eq!(counts[0], counts[1]);
    scene.serve("[]").await;
    scene.told("GetVerification", NUMBER).await;
    statements.watch();
    scene.told("GetVerification", NUMBER).await;
    let sent = statements.seen();
    let lookups = sent.iter().filter(|sql| sql.contains("front_ends"));
    assert_eq!(lookups.count(), 1, "the campaign's own row: {sent:?}");
}
