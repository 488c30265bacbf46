//! `redress.handoff.v1.HandoffService`: what partners call. Which partner it is stands in its certificate.

use futures::StreamExt;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status};

use crate::db::idempotency;
use crate::handoff::error::Error;
use crate::handoff::grpc::{self, Handlers, request_key};
use crate::handoff::outcome::apply_status::{Said, Speaker};
use crate::handoff::outcome::report::say;
use crate::handoff::queue::model::Partner;
use crate::handoff::queue::retry_policy::Report;
use crate::handoff::queue::state::Fact;
use crate::handoff::{outcome, partner, queue};
use crate::kernel::caller::{self, Caller};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::ids::HandoffId;
use crate::kernel::server::draining_of;
use crate::wire::redress::bureau::v1::EnrollmentStatus;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::handoff::v1::handoff_service_server::HandoffService;

use super::stream::{Offer, Pull, Wish};

const ACKNOWLEDGE: &str = "redress.handoff.v1.HandoffService/AcknowledgeHandoffs";
const REPORT: &str = "redress.handoff.v1.HandoffService/ReportOutcomes";

/// The most items in one call.
const ITEMS: usize = 1_000;
/// What a partner gets that does not say how many it can take.
const DEFAULT_OUTSTANDING: u64 = 100;

#[tonic::async_trait]
impl HandoffService for Handlers {
    type PullHandoffsStream = BoxStream<'static, Result<wire::PullHandoffsResponse, Status>>;

    async fn pull_handoffs(
        &self,
        request: Request<wire::PullHandoffsRequest>,
    ) -> Result<Response<Self::PullHandoffsStream>, Status> {
        let caller = caller::of(&request)?;
        let draining = draining_of(&request);
        let message = request.into_inner();
        let wish = Wish {
            max_outstanding: outstanding(message.max_outstanding)?,
            drain: message.drain,
        };
        let partner = self.partner(&caller).await?;
        let pull = Pull::begin(&self.context, &partner, wish, draining)?;
        let answers = pull.stream().map(|offers| match offers {
            Ok(offers) => Ok(response(&offers)),
            Err(error) => Err(Status::from(error)),
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn acknowledge_handoffs(
        &self,
        request: Request<wire::AcknowledgeHandoffsRequest>,
    ) -> Result<Response<wire::AcknowledgeHandoffsResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let id = bulk(
            &message.request_id,
            "acknowledgements",
            message.acknowledgements.len(),
        )?;
        let key = request_key(&caller, ACKNOWLEDGE, id, &message);
        let items: Vec<Option<Said>> = message
            .acknowledgements
            .iter()
            .map(|item| self.taken(item))
            .collect();
        let ids = message
            .acknowledgements
            .into_iter()
            .map(|item| item.handoff_id);
        let results = self.say(&caller, &key, &items, ids).await?;
        Ok(Response::new(wire::AcknowledgeHandoffsResponse { results }))
    }

    async fn report_outcomes(
        &self,
        request: Request<wire::ReportOutcomesRequest>,
    ) -> Result<Response<wire::ReportOutcomesResponse>, Status> {
        let caller = caller::of(&request)?;
        let message = request.into_inner();
        let id = bulk(&message.request_id, "statuses", message.statuses.len())?;
        let key = request_key(&caller, REPORT, id, &message);
        let items: Vec<Option<Said>> = message
            .statuses
            .iter()
            .map(|status| self.told(status))
            .collect();
        let ids = message.statuses.into_iter().map(|status| status.handoff_id);
        let results = self.say(&caller, &key, &items, ids).await?;
        Ok(Response::new(wire::ReportOutcomesResponse { results }))
    }

    async fn get_handoff(
        &self,
        request: Request<wire::GetHandoffRequest>,
    ) -> Result<Response<wire::GetHandoffResponse>, Status> {
        let caller = caller::of(&request)?;
        let mut fields = Fields::default();
        let id: HandoffId = fields.id("handoff_id", &request.into_inner().handoff_id);
        fields.finish()?;
        let partner = self.partner(&caller).await?;
        let found = queue::store::of_partner(self.context.db.read(), partner.id, id).await?;
        let handoff = found.ok_or(Error::HandoffNotFound)?;
        Ok(Response::new(wire::GetHandoffResponse {
            handoff: Some(grpc::convert::handoff(&handoff)),
        }))
    }
}

impl Handlers {
    async fn partner(&self, caller: &Caller) -> Result<Partner, Error> {
        partner::store::by_name(self.context.db.read(), &caller.name).await
    }

    async fn say(
        &self,
        caller: &Caller,
        key: &idempotency::Request,
        items: &[Option<Said>],
        ids: impl Iterator<Item = String>,
    ) -> Result<Vec<wire::ItemResult>, Error> {
        let partner = self.partner(caller).await?;
        let speaker = Speaker {
            partner: partner.id,
            actor: &key.caller,
        };
        let verdicts = say(&self.context, speaker, key, items).await?;
        let result = |(handoff_id, verdict)| wire::ItemResult {
            handoff_id,
            verdict: grpc::convert::verdict(verdict).into(),
        };
        Ok(ids.zip(verdicts).map(result).collect())
    }

    fn taken(&self, item: &wire::HandoffAcknowledgement) -> Option<Said> {
        let report = Report {
            fact: Fact::Taken,
            reference: outcome::convert::reference(&item.partner_reference).ok()?,
            effective_at: self.context.clock.now(),
        };
        Some(Said {
            handoff: item.handoff_id.parse().ok()?,
            report,
        })
    }

    fn told(&self, status: &EnrollmentStatus) -> Option<Said> {
        let report = outcome::convert::read(status, self.context.clock.now()).ok()?;
        Some(Said {
            handoff: status.handoff_id.parse().ok()?,
            report,
        })
    }
}

fn outstanding(wish: i32) -> Result<u64, Fault> {
    match u64::try_from(wish) {
        Ok(0) => Ok(DEFAULT_OUTSTANDING),
        Ok(wish @ 1..=1_000) => Ok(wish),
        _ => Err(Fault::new(Reason::InvalidRequest).field("max_outstanding", "must be 0 to 1000")),
    }
}

fn bulk(request_id: &str, path: &'static str, items: usize) -> Result<uuid::Uuid, Fault> {
    let mut fields = Fields::default();
    let id = fields.request_id(request_id);
    if items == 0 || items > ITEMS {
        fields.wrong(path, "must hold 1 to 1000 items");
    }
    fields.finish()?;
    Ok(id)
}

fn response(offers: &[Offer]) -> wire::PullHandoffsResponse {
    wire::PullHandoffsResponse {
        offers: offers.iter().map(grpc::convert::offer).collect(),
    }
}
