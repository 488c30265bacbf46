//! What partners report by calls of their own. The certificate tells which partner it is.

use tonic::Request;
use uuid::Uuid;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::partner;
use crate::handoff::queue::retry_policy::PartnerStatus;
use crate::handoff::queue::state::Fact;
use crate::kernel::fault::Fault;
use crate::kernel::fields::Fields;
use crate::process::convert::Item;
use crate::process::{Call, request};
use crate::wire::redress::bureau::v1::EnrollmentStatus;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::{ItemReason, ItemVerdict};

use super::apply_status::{Reporter, StatusReport, Verdict};
use super::{convert, report};

const ACKNOWLEDGE: &str = "redress.handoff.v1.HandoffService/AcknowledgeHandoffs";
const REPORT: &str = "redress.handoff.v1.HandoffService/ReportOutcomes";

/// The most items in one call.
const ITEMS: usize = 1_000;

pub(crate) async fn acknowledge_handoffs(
    context: &Context,
    request: Request<wire::AcknowledgeHandoffsRequest>,
) -> Result<wire::AcknowledgeHandoffsResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let items = message.acknowledgements.len();
    let id = check(&message.request_id, "acknowledgements", items)?;
    let key = call.request(context, id, ACKNOWLEDGE, &message)?;
    let acknowledged = message.acknowledgements.into_iter();
    let items = acknowledged.map(|item| (acknowledgement(context, &item), item.handoff_id));
    let verdicts = apply(context, &call, &key, "acknowledgements", items.unzip()).await?;
    Ok(wire::AcknowledgeHandoffsResponse { verdicts })
}

pub(crate) async fn report_outcomes(
    context: &Context,
    request: Request<wire::ReportOutcomesRequest>,
) -> Result<wire::ReportOutcomesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.into_inner();
    let id = check(&message.request_id, "statuses", message.statuses.len())?;
    let key = call.request(context, id, REPORT, &message)?;
    let statuses = message.statuses.into_iter();
    let items = statuses.map(|status| (outcome(context, &status), status.handoff_id));
    let verdicts = apply(context, &call, &key, "statuses", items.unzip()).await?;
    Ok(wire::ReportOutcomesResponse { verdicts })
}

pub(crate) fn check(request_id: &str, path: &'static str, items: usize) -> Result<Uuid, Fault> {
    let mut fields = Fields::default();
    let id = fields.request_id(request_id);
    let fits = (1..=ITEMS).contains(&items);
    fields.demand(fits, path, "must hold 1 to 1000 items");
    fields.finish()?;
    Ok(id)
}

fn acknowledgement(context: &Context, item: &wire::HandoffAcknowledgement) -> Option<StatusReport> {
    Some(StatusReport {
        handoff: item.handoff_id.parse().ok()?,
        status: PartnerStatus {
            reference: convert::reference(&item.partner_reference).ok()?,
            attempt: convert::attempt(item.attempt).ok()?,
            ..PartnerStatus::of(Fact::Accepted, context.clock.now())
        },
    })
}

fn outcome(context: &Context, status: &EnrollmentStatus) -> Option<StatusReport> {
    Some(StatusReport {
        handoff: status.handoff_id.parse().ok()?,
        status: convert::status(status, context.clock.now()).ok()?,
    })
}

async fn apply(
    context: &Context,
    call: &Call,
    key: &request::Request,
    path: &'static str,
    (items, ids): (Vec<Option<StatusReport>>, Vec<String>),
) -> Result<Vec<ItemVerdict>, Error> {
    let partner = partner::store::by_name(context.db.read(), &call.caller.name).await?;
    let reporter = Reporter {
        partner: partner.id,
        actor: &key.caller,
    };
    let verdicts = report::report(context, reporter, key, &items).await?;
    let items = ids.iter().zip(verdicts).enumerate();
    Ok(items
        .map(|(at, (id, verdict))| verdict_to_wire(path, (at, id), verdict))
        .collect())
}

/// Writes a verdict on the item at a place of a request.
pub(crate) fn verdict_to_wire(
    path: &str,
    (at, id): (usize, &str),
    verdict: Verdict,
) -> ItemVerdict {
    let item = Item::at(at, id);
    let (reason, field, help) = match verdict {
        Verdict::Recorded => return item.applied(),
        Verdict::Unchanged => return item.unchanged(),
        Verdict::Unknown => (
            ItemReason::UnknownHandoff,
            format!("{path}[{at}].handoff_id"),
            "compare the id with the handoff that was offered; this partner has none of this id",
        ),
        Verdict::Contradicts => (
            ItemReason::Contradicts,
            format!("{path}[{at}]"),
            "do not send it again; an operator compares it with what was recorded before",
        ),
        Verdict::Malformed => (
            ItemReason::Malformed,
            format!("{path}[{at}]"),
            "give the handoff's id as it was offered, and the other fields within their rules",
        ),
    };
    item.refused(reason, field, help)
}
