//! One person's way through the handlers.

use std::time::Duration;

use redress::db::entities::verification;
use redress::kernel::caller::{Caller, Role};
use redress::kernel::crypto::sha256_hex;
use redress::kernel::fields::CampaignKey;
use redress::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use redress::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use sea_orm::{ActiveEnum, ActiveModelTrait, EntityTrait};
use tonic::Status;

use super::house::{CONSENT, House, NUMBER, by};

impl House {
    pub async fn begin_as(
        &self,
        request_id: &str,
        entitlement: Entitlement,
    ) -> Result<wire::BeginEnrollmentResponse, Status> {
        // The call center verified the person, so it is the one that goes on without a letter.
        let role = match &entitlement {
            Entitlement::VerificationId(_) => Role::CallCenter,
            Entitlement::Code(_) => Role::Portal,
        };
        let message = wire::BeginEnrollmentRequest {
            request_id: request_id.into(),
            campaign: NUMBER.into(),
            entitlement: Some(entitlement),
            channel: 0,
            ..Default::default()
        };
        Ok(self
            .handlers
            .begin_enrollment(by(role, message))
            .await?
            .into_inner())
    }

    pub async fn begin(&self, code: &str) -> Result<wire::BeginEnrollmentResponse, Status> {
        self.begin_as(&self.request_id(), Entitlement::Code(code.into()))
            .await
    }

    pub async fn check(&self, code: &str) -> Result<wire::CheckCodeResponse, Status> {
        self.check_in(NUMBER, code).await
    }

    /// Has a portal's call ask which front ends serve a campaign, which is remembered for some seconds.
    pub async fn ask_of(&self, number: &str) {
        let caller = Caller::new(Role::Portal, "one").unwrap();
        let key = CampaignKey::Number(number.into());
        self.context.number_for(&caller, Some(key)).await.unwrap();
    }

    pub async fn check_in(
        &self,
        number: &str,
        code: &str,
    ) -> Result<wire::CheckCodeResponse, Status> {
        let message = wire::CheckCodeRequest {
            campaign: number.into(),
            code: code.into(),
        };
        let answer = self.handlers.check_code(by(Role::Portal, message)).await?;
        Ok(answer.into_inner())
    }

    pub async fn begin_in(
        &self,
        number: &str,
        code: &str,
    ) -> Result<wire::BeginEnrollmentResponse, Status> {
        let message = wire::BeginEnrollmentRequest {
            request_id: self.request_id(),
            campaign: number.into(),
            entitlement: Some(Entitlement::Code(code.into())),
            channel: 0,
            ..Default::default()
        };
        let request = by(Role::Portal, message);
        Ok(self.handlers.begin_enrollment(request).await?.into_inner())
    }

    /// Begins and gives the id.
    pub async fn begun(&self, code: &str) -> EnrollmentId {
        self.begin(code)
            .await
            .unwrap()
            .enrollment
            .unwrap()
            .enrollment_id
            .parse()
            .unwrap()
    }

    /// Verifies somebody, as the identity process would.
    pub async fn verify(
        &self,
        campaign: CampaignId,
        person: IndividualId,
        enrollment: Option<EnrollmentId>,
        state: &str,
    ) -> VerificationId {
        let id = self.ids.next();
        let row = verification::Model {
            campaign_id: campaign,
            id,
            individual_id: Some(person),
            enrollment_id: enrollment,
            path: if enrollment.is_some() {
                verification::Path::Letter
            } else {
                verification::Path::Lookup
            },
            state: ActiveEnum::try_from_value(&state.to_owned()).unwrap(),
            score_centibits: 2_000,
            waterfall: "[]".into(),
            requested_by: "call-center/test".into(),
            created_at: self.now(),
            decided_at: Some(self.now()),
            expires_at: self.now() + Duration::from_hours(1),
            evidence: "[]".into(),
            representative_relationship: None,
            representative_authority: None,
            representative_evidence: "[]".into(),
            representative_name: None,
            notice: None,
            notice_mac: None,
            noticed_at: None,
            notice_attempts: 0,
            notice_retry_at: None,
            notice_refused_at: None,
            repudiated_at: None,
            repudiated_by: None,
            language: None,
            guardian_verification_id: None,
            lapsed_at: None,
        };
        let row = verification::ActiveModel::from(row).reset_all();
        verification::Entity::insert(row)
            .exec_without_returning(&self.owner)
            .await
            .unwrap();
        id
    }

    /// The request that completes an enrollment.
    pub fn completion(
        &self,
        enrollment: EnrollmentId,
        verification: VerificationId,
    ) -> wire::CompleteEnrollmentRequest {
        wire::CompleteEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.to_string(),
            verification_id: verification.to_string(),
            consent: Some(wire::Consent {
                version: "2015-07".into(),
                text_sha256: sha256_hex(CONSENT.as_bytes()),
                agreed: true,
                language_code: "en".into(),
                ..Default::default()
            }),
        }
    }

    pub async fn complete(
        &self,
        message: wire::CompleteEnrollmentRequest,
    ) -> Result<wire::Enrollment, Status> {
        let answer = self
            .handlers
            .complete_enrollment(by(Role::CallCenter, message))
            .await?;
        Ok(answer.into_inner().enrollment.unwrap())
    }

    /// Somebody who has completed: campaign, enrollment and its handoff.
    pub async fn submitted(&self) -> (CampaignId, wire::Enrollment) {
        let (campaign, person, code) = self.one_letter().await;
        let enrollment = self.begun(&code).await;
        let verification = self
            .verify(campaign, person, Some(enrollment), "VERIFIED")
            .await;
        (
            campaign,
            self.complete(self.completion(enrollment, verification))
                .await
                .unwrap(),
        )
    }

    pub async fn get(&self, enrollment: &str) -> wire::Enrollment {
        let message = wire::GetEnrollmentRequest {
            campaign: NUMBER.into(),
            which: Some(wire::get_enrollment_request::Which::EnrollmentId(
                enrollment.into(),
            )),
        };
        self.handlers
            .get_enrollment(by(Role::Operator, message))
            .await
            .unwrap()
            .into_inner()
            .enrollment
            .unwrap()
    }

    pub async fn cancel(&self, enrollment: &str) -> Result<wire::Enrollment, Status> {
        let message = wire::CancelEnrollmentRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            enrollment_id: enrollment.into(),
            reason: wire::CancelReason::PersonAsked.into(),
            verification_id: String::new(),
        };
        Ok(self
            .handlers
            .cancel_enrollment(by(Role::Operator, message))
            .await?
            .into_inner()
            .enrollment
            .unwrap())
    }
}
