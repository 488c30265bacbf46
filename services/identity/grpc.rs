//! The services: each RPC is in the `grpc` file of its feature, and an error becomes a status here.

use futures::StreamExt;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::process::status;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use crate::wire::redress::identity::v1::review_service_server::ReviewService;
use crate::wire::redress::identity::v1::roster_service_server::RosterService;

use super::context::Context;
use super::error::Error;
use super::refusal_grid::{Waits, on_grid};
use super::{correction, mail, notice, referral, review, roster, verification};

/// The handlers of all of them.
#[derive(Clone)]
pub struct Handlers {
    pub(super) context: Context,
}

impl Handlers {
    /// Takes the context of the process.
    pub fn new(context: Context) -> Self {
        Self { context }
    }
}

type Stream<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl RosterService for Handlers {
    type ImportRosterStream = Stream<wire::ImportRosterResponse>;
    type ExportMailingAddressesStream = Stream<wire::ExportMailingAddressesResponse>;
    type ExportUnreachableStream = Stream<wire::ExportUnreachableResponse>;

    async fn import_roster(
        &self,
        request: Request<Streaming<wire::ImportRosterRequest>>,
    ) -> Result<Response<Self::ImportRosterStream>, Status> {
        stream(roster::grpc::import::import_roster(&self.context, request))
    }

    async fn get_import(
        &self,
        request: Request<wire::GetImportRequest>,
    ) -> Result<Response<wire::GetImportResponse>, Status> {
        answer(roster::grpc::import::get_import(&self.context, &request).await)
    }

    async fn list_imports(
        &self,
        request: Request<wire::ListImportsRequest>,
    ) -> Result<Response<wire::ListImportsResponse>, Status> {
        answer(roster::grpc::import::list_imports(&self.context, &request).await)
    }

    async fn get_individual(
        &self,
        request: Request<wire::GetIndividualRequest>,
    ) -> Result<Response<wire::GetIndividualResponse>, Status> {
        answer(roster::grpc::get_individual(&self.context, &request).await)
    }

    async fn list_corrections(
        &self,
        request: Request<wire::ListCorrectionsRequest>,
    ) -> Result<Response<wire::ListCorrectionsResponse>, Status> {
        answer(roster::grpc::list_corrections(&self.context, &request).await)
    }

    async fn search_individuals(
        &self,
        request: Request<wire::SearchIndividualsRequest>,
    ) -> Result<Response<wire::SearchIndividualsResponse>, Status> {
        answer(roster::grpc::search_individuals(&self.context, &request).await)
    }

    async fn list_individuals(
        &self,
        request: Request<wire::ListIndividualsRequest>,
    ) -> Result<Response<wire::ListIndividualsResponse>, Status> {
        answer(roster::grpc::list_individuals(&self.context, &request).await)
    }

    async fn withdraw_listings(
        &self,
        request: Request<wire::WithdrawListingsRequest>,
    ) -> Result<Response<wire::WithdrawListingsResponse>, Status> {
        answer(roster::grpc::withdraw_listings(&self.context, &request).await)
    }

    async fn export_unreachable(
        &self,
        request: Request<wire::ExportUnreachableRequest>,
    ) -> Result<Response<Self::ExportUnreachableStream>, Status> {
        stream(roster::grpc::export_unreachable(&self.context, &request).await)
    }

    async fn export_mailing_addresses(
        &self,
        request: Request<wire::ExportMailingAddressesRequest>,
    ) -> Result<Response<Self::ExportMailingAddressesStream>, Status> {
        stream(roster::grpc::export_mailing_addresses(&self.context, &request).await)
    }

    async fn record_mail_events(
        &self,
        request: Request<wire::RecordMailEventsRequest>,
    ) -> Result<Response<wire::RecordMailEventsResponse>, Status> {
        answer(mail::grpc::record_mail_events(&self.context, &request).await)
    }

    async fn list_mail_events(
        &self,
        request: Request<wire::ListMailEventsRequest>,
    ) -> Result<Response<wire::ListMailEventsResponse>, Status> {
        answer(mail::grpc::list_mail_events(&self.context, &request).await)
    }

    async fn get_roster_statistics(
        &self,
        request: Request<wire::GetRosterStatisticsRequest>,
    ) -> Result<Response<wire::GetRosterStatisticsResponse>, Status> {
        answer(roster::grpc::get_roster_statistics(&self.context, &request).await)
    }
}

#[tonic::async_trait]
impl IdentityVerificationService for Handlers {
    async fn verify_identity(
        &self,
        request: Request<wire::VerifyIdentityRequest>,
    ) -> Result<Response<wire::VerifyIdentityResponse>, Status> {
        let has_letter = !request.get_ref().enrollment_id.is_empty();
        let waits = if has_letter {
            Waits::Refusals
        } else {
            Waits::All
        };
        let called = Box::pin(verification::grpc::verify_identity(&self.context, &request));
        answer(on_grid(self.context.rules.refusal_grid, waits, called).await)
    }

    async fn send_confirmation_code(
        &self,
        request: Request<wire::SendConfirmationCodeRequest>,
    ) -> Result<Response<wire::SendConfirmationCodeResponse>, Status> {
        let called = Box::pin(verification::grpc::send_confirmation_code(
            &self.context,
            &request,
        ));
        answer(on_grid(self.context.rules.refusal_grid, Waits::All, called).await)
    }

    async fn order_letter(
        &self,
        request: Request<wire::OrderLetterRequest>,
    ) -> Result<Response<wire::OrderLetterResponse>, Status> {
        let called = Box::pin(verification::grpc::order_letter(&self.context, &request));
        answer(on_grid(self.context.rules.refusal_grid, Waits::All, called).await)
    }

    async fn confirm_code(
        &self,
        request: Request<wire::ConfirmCodeRequest>,
    ) -> Result<Response<wire::ConfirmCodeResponse>, Status> {
        let called = Box::pin(verification::grpc::confirm_code(&self.context, &request));
        answer(on_grid(self.context.rules.refusal_grid, Waits::Refusals, called).await)
    }

    async fn get_verification(
        &self,
        request: Request<wire::GetVerificationRequest>,
    ) -> Result<Response<wire::GetVerificationResponse>, Status> {
        answer(verification::grpc::get_verification(&self.context, &request).await)
    }

    async fn correct_enrollment(
        &self,
        request: Request<wire::CorrectEnrollmentRequest>,
    ) -> Result<Response<wire::CorrectEnrollmentResponse>, Status> {
        answer(correction::grpc::correct_enrollment(&self.context, &request).await)
    }

    async fn get_referral(
        &self,
        request: Request<wire::GetReferralRequest>,
    ) -> Result<Response<wire::GetReferralResponse>, Status> {
        answer(referral::grpc::get_referral(&self.context, &request).await)
    }

    async fn list_referrals(
        &self,
        request: Request<wire::ListReferralsRequest>,
    ) -> Result<Response<wire::ListReferralsResponse>, Status> {
        answer(referral::grpc::list_referrals(&self.context, &request).await)
    }

    async fn decide_referral(
        &self,
        request: Request<wire::DecideReferralRequest>,
    ) -> Result<Response<wire::DecideReferralResponse>, Status> {
        answer(referral::grpc::decide_referral(&self.context, &request).await)
    }

    async fn repudiate_proofing(
        &self,
        request: Request<wire::RepudiateProofingRequest>,
    ) -> Result<Response<wire::RepudiateProofingResponse>, Status> {
        answer(notice::grpc::repudiate_proofing(&self.context, &request).await)
    }

    async fn list_repudiations(
        &self,
        request: Request<wire::ListRepudiationsRequest>,
    ) -> Result<Response<wire::ListRepudiationsResponse>, Status> {
        answer(notice::grpc::list_repudiations(&self.context, &request).await)
    }
}

#[tonic::async_trait]
impl ReviewService for Handlers {
    async fn list_reviews(
        &self,
        request: Request<wire::ListReviewsRequest>,
    ) -> Result<Response<wire::ListReviewsResponse>, Status> {
        answer(review::grpc::list_reviews(&self.context, &request).await)
    }

    async fn get_review(
        &self,
        request: Request<wire::GetReviewRequest>,
    ) -> Result<Response<wire::GetReviewResponse>, Status> {
        answer(review::grpc::get_review(&self.context, &request).await)
    }

    async fn decide_review(
        &self,
        request: Request<wire::DecideReviewRequest>,
    ) -> Result<Response<wire::DecideReviewResponse>, Status> {
        answer(review::grpc::decide_review(&self.context, &request).await)
    }
}

fn answer<T>(answer: Result<T, Error>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(status)
}

fn stream<T: 'static>(
    answers: Result<BoxStream<'static, Result<T, Error>>, Error>,
) -> Result<Response<Stream<T>>, Status> {
    answer(answers.map(|answers| answers.map(|one| one.map_err(status)).boxed()))
}
