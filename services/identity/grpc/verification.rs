//! IdentityVerificationService.

use tonic::{Request, Response, Status};

use crate::identity::error::Error;
use crate::identity::matching::contact::Channel;
use crate::identity::referral;
use crate::identity::referral::decide::Decide;
use crate::identity::referral::state::Ruling;
use crate::identity::verification::confirm::{self, Confirm};
use crate::identity::verification::read;
use crate::identity::verification::send::{self, DIGITS, Send};
use crate::identity::verification::verify::{self, Verify};
use crate::kernel::fields::Fields;
use crate::kernel::ids::CampaignId;
use crate::kernel::paging;
use crate::kernel::secrets::Secret;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;

use super::{Handlers, call_of, claims, status, write};

#[tonic::async_trait]
impl IdentityVerificationService for Handlers {
    async fn verify_identity(
        &self,
        request: Request<wire::VerifyIdentityRequest>,
    ) -> Result<Response<wire::VerifyIdentityResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let engagement_number =
            fields.engagement_number("engagement_number", &message.engagement_number);
        let enrollment = fields.maybe_id("enrollment_id", &message.enrollment_id);
        let claims = claims::read(&mut fields, message.claims.as_ref());
        fields.finish()?;
        // Nothing is missing but what a problem names.
        let claims = claims.ok_or_else(|| status(Error::field("claims", "must be given")))?;
        let request = self
            .request(&call, id, "VerifyIdentity", message)
            .map_err(status)?;
        let command = Verify {
            request,
            engagement_number,
            enrollment,
            claims,
        };
        let view = verify::verify(&self.context, &call, &command)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::VerifyIdentityResponse {
            verification: Some(write::verification(view)),
        }))
    }

    async fn send_confirmation_code(
        &self,
        request: Request<wire::SendConfirmationCodeRequest>,
    ) -> Result<Response<wire::SendConfirmationCodeResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let engagement_number =
            fields.engagement_number("engagement_number", &message.engagement_number);
        let verification = fields.id("verification_id", &message.verification_id);
        let channel = channel(message.channel());
        fields.demand(channel.is_some(), "channel", "must be EMAIL, SMS or VOICE");
        fields.finish()?;
        let request = self
            .request(&call, id, "SendConfirmationCode", message)
            .map_err(status)?;
        let channel = channel.unwrap_or(Channel::Email);
        let command = Send {
            request,
            engagement_number,
            verification,
            channel,
        };
        let expires_at = send::send(&self.context, &call, &command)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::SendConfirmationCodeResponse {
            expire_time: Some(expires_at.to_proto()),
        }))
    }

    async fn confirm_code(
        &self,
        request: Request<wire::ConfirmCodeRequest>,
    ) -> Result<Response<wire::ConfirmCodeResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let engagement_number =
            fields.engagement_number("engagement_number", &message.engagement_number);
        let verification = fields.id("verification_id", &message.verification_id);
        let code: String = message
            .code
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        fields.demand(is_code, "code", "must be six digits");
        fields.finish()?;
        let request = self
            .request(&call, id, "ConfirmCode", message)
            .map_err(status)?;
        let command = Confirm {
            request,
            engagement_number,
            verification,
            code: Secret::new(code),
        };
        let view = confirm::confirm(&self.context, &call, &command)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::ConfirmCodeResponse {
            verification: Some(write::verification(view)),
        }))
    }

    async fn get_verification(
        &self,
        request: Request<wire::GetVerificationRequest>,
    ) -> Result<Response<wire::GetVerificationResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let engagement_number =
            fields.engagement_number("engagement_number", &message.engagement_number);
        let verification = fields.id("verification_id", &message.verification_id);
        fields.finish()?;
        let view = read::get(&self.context, &call, &engagement_number, verification)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::GetVerificationResponse {
            verification: Some(write::verification(view)),
        }))
    }

    async fn list_referrals(
        &self,
        request: Request<wire::ListReferralsRequest>,
    ) -> Result<Response<wire::ListReferralsResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        fields.finish()?;
        let size = paging::page_size(message.page_size)?;
        let (cases, next_page_token) =
            referral::decide::list(&self.context, campaign, size, &message.page_token)
                .await
                .map_err(status)?;
        let referrals = cases.iter().map(write::case).collect();
        Ok(Response::new(wire::ListReferralsResponse {
            referrals,
            next_page_token,
        }))
    }

    async fn decide_referral(
        &self,
        request: Request<wire::DecideReferralRequest>,
    ) -> Result<Response<wire::DecideReferralResponse>, Status> {
        let call = call_of(&request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign = fields.id("campaign_id", &message.campaign_id);
        let referral = fields.id("referral_id", &message.referral_id);
        let ruling = match message.decision() {
            wire::ReferralState::Approved => Some(Ruling::Approved),
            wire::ReferralState::Denied => Some(Ruling::Denied),
            wire::ReferralState::Unspecified | wire::ReferralState::Open => None,
        };
        fields.demand(ruling.is_some(), "decision", "must be APPROVED or DENIED");
        fields.finish()?;
        let request = self
            .request(&call, id, "DecideReferral", message)
            .map_err(status)?;
        let ruling = ruling.unwrap_or(Ruling::Denied);
        let case = referral::decide::decide(
            &self.context,
            &call,
            &Decide {
                request,
                campaign,
                referral,
                ruling,
            },
        )
        .await;
        let case = case.map_err(status)?;
        Ok(Response::new(wire::DecideReferralResponse {
            referral: Some(write::case(&case)),
        }))
    }
}

fn channel(wire: wire::ContactChannel) -> Option<Channel> {
    match wire {
        wire::ContactChannel::Unspecified => None,
        wire::ContactChannel::Email => Some(Channel::Email),
        wire::ContactChannel::Sms => Some(Channel::Sms),
        wire::ContactChannel::Voice => Some(Channel::Voice),
    }
}
