//! A campaign that names its front ends does not exist for any other.

use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::ids::{EnrollmentId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use redress::wire::redress::enrollment::v1::restoration_service_server::RestorationService;

use super::house::{House, NUMBER, by};
use crate::harness::front_ends::{NO_NUMBER, methods, told};
use crate::harness::{Database, apply, both};

const PACKAGE: &str = "/redress.enrollment.v1.";

/// A campaign with all that one role's calls are about: begun while every front end served it.
struct Scene {
    house: House,
    role: Role,
    id: String,
    individual: IndividualId,
    code: String,
    enrollment: EnrollmentId,
    verification: VerificationId,
}

impl Scene {
    async fn open(database: &Database, role: Role) -> Self {
        let house = House::open(database).await;
        let (campaign, individual, code) = house.one_letter().await;
        let message = wire::BeginEnrollmentRequest {
            request_id: house.request_id(),
            campaign: NUMBER.into(),
            entitlement: Some(Entitlement::Code(code.clone())),
            ..Default::default()
        };
        let begun = house.handlers.begin_enrollment(by(role, message)).await;
        let begun = begun.unwrap().into_inner().enrollment.unwrap();
        let enrollment = begun.enrollment_id.parse().unwrap();
        let verification = house
            .verify(campaign, individual, Some(enrollment), "VERIFIED")
            .await;
        house
            .run(&format!(
                "UPDATE verification SET requested_by = '{role}/test'"
            ))
            .await;
        Self {
            house,
            role,
            id: campaign.to_string(),
            individual,
            code,
            enrollment,
            verification,
        }
    }

    /// Names the front ends of the campaign, as an operator does.
    async fn serve(&self, names: &[&str]) -> wire::Campaign {
        let names = names.iter().copied().map(Into::into).collect();
        let message = wire::UpdateCampaignRequest {
            request_id: self.house.request_id(),
            campaign: NUMBER.into(),
            changes: Some(wire::CampaignChanges {
                front_ends: Some(wire::FrontEnds { names }),
                ..Default::default()
            }),
        };
        let handlers = &self.house.handlers;
        let answer = handlers.update_campaign(by(Role::Operator, message)).await;
        answer.unwrap().into_inner().campaign.unwrap()
    }

    /// Calls a method about a campaign, as a caller named `test`.
    async fn told(&self, method: &str, campaign: &str) -> String {
        let handlers = &self.house.handlers;
        let role = self.role;
        match method {
            "GetCampaign" => {
                let campaign = campaign.into();
                let message = wire::GetCampaignRequest { campaign };
                told(handlers.get_campaign(by(role, message)).await)
            }
            "GetPublicCampaign" => {
                let campaign = campaign.into();
                let message = wire::GetPublicCampaignRequest { campaign };
                told(handlers.get_public_campaign(by(role, message)).await)
            }
            "ReissueCode" => {
                let message = wire::ReissueCodeRequest {
                    request_id: self.house.request_id(),
                    campaign: campaign.into(),
                    individual_id: self.individual.to_string(),
                    reason: wire::ReissueReason::Lost.into(),
                    ..Default::default()
                };
                told(handlers.reissue_code(by(role, message)).await)
            }
            "ListCodes" => {
                let message = wire::ListCodesRequest {
                    campaign: campaign.into(),
                    individual_id: self.individual.to_string(),
                    ..Default::default()
                };
                told(handlers.list_codes(by(role, message)).await)
            }
            "CheckCode" => {
                let message = wire::CheckCodeRequest {
                    campaign: campaign.into(),
                    code: self.code.clone(),
                };
                told(handlers.check_code(by(role, message)).await)
            }
            _ => self.of_an_enrollment(method, campaign).await,
        }
    }

    async fn of_an_enrollment(&self, method: &str, campaign: &str) -> String {
        let handlers = &self.house.handlers;
        let role = self.role;
        let (campaign, request_id) = (campaign.to_owned(), self.house.request_id());
        let enrollment_id = self.enrollment.to_string();
        let verification_id = self.verification.to_string();
        match method {
            "BeginEnrollment" => {
                let message = wire::BeginEnrollmentRequest {
                    request_id,
                    campaign,
                    entitlement: Some(Entitlement::Code(self.code.clone())),
                    ..Default::default()
                };
                told(handlers.begin_enrollment(by(role, message)).await)
            }
            "CompleteEnrollment" => {
                let message = wire::CompleteEnrollmentRequest {
                    campaign,
                    ..self.house.completion(self.enrollment, self.verification)
                };
                told(handlers.complete_enrollment(by(role, message)).await)
            }
            "GetEnrollment" => {
                let which = wire::get_enrollment_request::Which::EnrollmentId(enrollment_id);
                let message = wire::GetEnrollmentRequest {
                    campaign,
                    which: Some(which),
                };
                told(handlers.get_enrollment(by(role, message)).await)
            }
            "CancelEnrollment" => {
                let message = wire::CancelEnrollmentRequest {
                    request_id,
                    campaign,
                    enrollment_id,
                    verification_id,
                    reason: wire::CancelReason::PersonAsked.into(),
                };
                told(handlers.cancel_enrollment(by(role, message)).await)
            }
            "ResubmitEnrollment" => {
                let message = wire::ResubmitEnrollmentRequest {
                    request_id,
                    campaign,
                    enrollment_id,
                    verification_id,
                    coverage_ids: Vec::new(),
                };
                told(handlers.resubmit_enrollment(by(role, message)).await)
            }
            "RequestRestoration" => {
                let message = wire::RequestRestorationRequest {
                    request_id,
                    campaign,
                    verification_id,
                    individual_id: String::new(),
                };
                told(handlers.request_restoration(by(role, message)).await)
            }
            "GetRestoration" => {
                let message = wire::GetRestorationRequest {
                    campaign,
                    restoration_id: String::new(),
                    verification_id,
                };
                told(handlers.get_restoration(by(role, message)).await)
            }
            other => {
                panic!("{other} has no call here: a method that front ends may call needs one")
            }
        }
    }

    /// The ids of the campaigns that a caller finds in the list, one a page, and the front ends that it is shown.
    async fn listed(&self, role: Role) -> Vec<(String, Vec<String>)> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = wire::ListCampaignsRequest {
                page_size: 1,
                page_token,
            };
            let answer = self.house.handlers.list_campaigns(by(role, message)).await;
            let page = answer.unwrap().into_inner();
            assert!(page.campaigns.len() == 1 || page.next_page_token.is_empty());
            let campaigns = page.campaigns.into_iter();
            all.extend(campaigns.map(|it| (it.campaign_id, it.front_ends)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
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
    // A list without a campaign has its own test.
    let mut all = methods(PACKAGE, role);
    all.retain(|method| *method != "ListCampaigns");
    assert!(all.len() >= 7, "{all:?}");
    let no_id = scene.house.request_id();
    scene.serve(&["call-center/test-2", "portal/other"]).await;
    for method in &all {
        let hidden = scene.told(method, NUMBER).await;
        let none = scene.told(method, NO_NUMBER).await;
        assert_eq!(hidden, none, "{role} {method}");
        let hidden = scene.told(method, &scene.id).await;
        assert_eq!(hidden, scene.told(method, &no_id).await, "{role} {method}");
    }
    // Who is named is served, so that what would be answered in the same way to everybody is found out. Another letter ends the rest.
    all.sort_by_key(|method| *method == "ReissueCode");
    scene.serve(&["call-center/test", "portal/test"]).await;
    for method in &all {
        let none = scene.told(method, NO_NUMBER).await;
        let served = scene.told(method, NUMBER).await;
        assert_ne!(served, none, "{role} {method}");
    }
}

#[apply(both)]
async fn a_list_holds_the_campaigns_that_the_caller_serves(database: Database) {
    let scene = Scene::open(&database, Role::CallCenter).await;
    let named = ["call-center/test-2", "portal/test"].map(String::from);
    let wanted = wire::Campaign {
        engagement_number: "C123456".into(),
        front_ends: named.to_vec(),
        ..scene.house.wanted()
    };
    let foreign = scene.house.create(wanted).await.unwrap();
    assert_eq!(foreign.front_ends, named);
    let own = scene.serve(&["call-center/test"]).await;
    assert_eq!(own.front_ends, ["call-center/test"]);
    for role in [Role::Operator, Role::Auditor] {
        let seen = scene.listed(role).await;
        let all = [&foreign, &own].map(|it| (it.campaign_id.clone(), it.front_ends.clone()));
        assert_eq!(seen, all);
    }
    let seen = scene.listed(Role::CallCenter).await;
    assert_eq!(seen, [(own.campaign_id.clone(), Vec::new())]);
    let everybody = scene.serve(&[]).await;
    assert!(everybody.front_ends.is_empty());
}

/// What another instance changed is known here after some seconds.
#[apply(both)]
async fn what_another_instance_changes_holds_here(database: Database) {
    let scene = Scene::open(&database, Role::Portal).await;
    let none = scene.told("GetPublicCampaign", NO_NUMBER).await;
    let change = async |names: &str| {
        let sql = format!("UPDATE campaign SET front_ends = '{names}'");
        scene.house.run(&sql).await;
    };
    assert_ne!(scene.told("GetPublicCampaign", NUMBER).await, none);
    change(r#"["portal/other"]"#).await;
    scene.house.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.told("GetPublicCampaign", NUMBER).await, none);
    change(r#"["portal/other","portal/test"]"#).await;
    scene.house.clock.advance(Duration::from_secs(5));
    assert_ne!(scene.told("GetPublicCampaign", NUMBER).await, none);
}
