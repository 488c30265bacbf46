//! Lists as they come in: the stream of Reconcile.

use tonic::{Request, Streaming};

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::reconciliation::reconcile::{Header, Incoming, Listed, begin};
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::process::Call;
use crate::process::convert::class_of;
use crate::wire::redress::handoff::v1 as wire;
use wire::reconcile_request::Part;

use super::stream::{Parts, demand_room, out_of_place, references};
use super::{convert, whose_alone};

const RECONCILE: &str = "redress.handoff.v1.ReconciliationService/Reconcile";
/// How far the as-of time may lie ahead, for clocks that differ.
const AHEAD: std::time::Duration = std::time::Duration::from_mins(5);

/// Reconcile.
pub(crate) async fn reconcile(
    context: &Context,
    request: Request<Streaming<wire::ReconcileRequest>>,
) -> Result<wire::ReconcileResponse, Error> {
    let call = Call::of(&request)?;
    let mut parts = Parts::of(request, |message: wire::ReconcileRequest| message.part);
    let Some(Part::Header(header)) = parts.next().await? else {
        return Err(out_of_place("must begin with the header"));
    };
    let mut fields = Fields::default();
    let request_id = fields.request_id(&header.request_id);
    let read = header_of(context, &call, fields, &header).await?;
    let mut incoming = begin(context, read, call.actor()).await?;
    loop {
        match parts.next().await? {
            Some(Part::Chunk(chunk)) => take(context, &mut incoming, chunk).await?,
            Some(Part::End(end)) => {
                let sent = incoming.content();
                let request = call.request(context, request_id, RECONCILE, &sent)?;
                let compared = incoming.end(context, end.entries, &request).await?;
                return Ok(wire::ReconcileResponse {
                    reconciliation: Some(convert::reconciliation(&compared)),
                });
            }
            Some(Part::Header(_)) => return Err(out_of_place("has its header once")),
            None => {
                return Err(out_of_place(
                    "must end with the list's end; nothing was compared: send the whole list again",
                ));
            }
        }
    }
}

async fn header_of(
    context: &Context,
    call: &Call,
    mut fields: Fields,
    header: &wire::ListHeader,
) -> Result<Header, Error> {
    let campaign = context.campaign_id(&mut fields, &header.campaign).await?;
    let partner = whose_alone(context, call, &mut fields, &header.partner_id).await?;
    let as_of = header.as_of_time.as_ref().map(Timestamp::from_proto);
    let as_of = as_of.and_then(Result::ok);
    let is_past = as_of.is_some_and(|at| at <= context.now() + AHEAD);
    fields.demand(
        is_past,
        "as_of_time",
        "must be an instant that is not in the future",
    );
    fields.finish()?;
    Ok(Header {
        campaign,
        partner,
        as_of: as_of.unwrap_or_else(|| context.now()).min(context.now()),
    })
}

/// Takes a chunk; entries that cannot be read are named by their places in the whole list.
async fn take(
    context: &Context,
    incoming: &mut Incoming,
    chunk: wire::ListChunk,
) -> Result<(), Error> {
    let mut fields = Fields::default();
    let first = incoming.entries();
    demand_room(&mut fields, chunk.entries.len(), first);
    let entries = (first..).zip(&chunk.entries);
    let listed: Vec<Listed> = entries
        .filter_map(|(place, entry)| entry_of(&mut fields, place, entry))
        .collect();
    fields.finish()?;
    incoming.add(context, listed).await
}

fn entry_of(fields: &mut Fields, place: i64, entry: &wire::ListEntry) -> Option<Listed> {
    let named = (entry.handoff_id.as_str(), entry.partner_reference.as_str());
    let references = references(fields, place, named);
    let mut wrong =
        |field: &str, rule: &str| fields.wrong(format_args!("entries[{place}]{field}"), rule);
    let progress = convert::progress_of(entry.progress);
    let instant = |time: &Option<_>| match time {
        None => Some(None),
        Some(time) => Timestamp::from_proto(time).ok().map(Some),
    };
    let effective_at = instant(&entry.effective_time);
    if progress.is_none() {
        wrong(".progress", "must be a progress of the contract");
    }
    if effective_at.is_none() {
        wrong(".effective_time", "must be an instant");
    }
    if entry.revision < 0 {
        wrong(".revision", "must not be negative");
    }
    let (handoff, reference) = references?;
    Some(Listed {
        handoff,
        reference,
        progress: progress?,
        class: class_of(entry.outcome_class),
        revision: entry.revision,
        effective_at: effective_at?,
    })
}
