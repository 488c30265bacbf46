//! Lists as they come in: the stream of Reconcile.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, Streaming};

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::convert as status;
use crate::handoff::reconciliation::reconcile::{Header, Incoming, Listed, MOST, begin};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::server::draining_of;
use crate::process::convert::class_of;
use crate::process::{self, Call};
use crate::wire::redress::handoff::v1 as wire;
use wire::reconcile_request::Part;

use super::{convert, whose};

const RECONCILE: &str = "redress.handoff.v1.ReconciliationService/Reconcile";
/// The most entries of a chunk.
const CHUNK: usize = 5_000;
/// How far the as-of time may lie ahead, for clocks that differ.
const AHEAD: std::time::Duration = std::time::Duration::from_mins(5);

/// Reconcile.
pub(crate) async fn reconcile(
    context: &Context,
    request: Request<Streaming<wire::ReconcileRequest>>,
) -> Result<wire::ReconcileResponse, Error> {
    let call = Call::of(&request)?;
    let mut parts = Parts::of(request);
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

/// The messages of a stream, until the process drains.
struct Parts {
    messages: BoxStream<'static, Result<wire::ReconcileRequest, Status>>,
    draining: CancellationToken,
}

impl Parts {
    fn of(request: Request<Streaming<wire::ReconcileRequest>>) -> Self {
        let draining = draining_of(&request);
        let drained = draining.clone().cancelled_owned();
        Self {
            messages: request.into_inner().take_until(drained).boxed(),
            draining,
        }
    }

    /// Reads the next message; nothing at the end of the stream.
    async fn next(&mut self) -> Result<Option<Part>, Error> {
        match self.messages.next().await {
            None if self.draining.is_cancelled() => Err(process::Error::ShuttingDown.into()),
            None => Ok(None),
            Some(Ok(message)) => (message.part)
                .map(Some)
                .ok_or_else(|| out_of_place("must be a header, a chunk or an end")),
            Some(Err(_)) => Err(out_of_place("could not be read; send the whole list again")),
        }
    }
}

fn out_of_place(rule: &'static str) -> Error {
    Fault::new(Reason::InvalidRequest)
        .field("part", rule)
        .into()
}

async fn header_of(
    context: &Context,
    call: &Call,
    mut fields: Fields,
    header: &wire::ListHeader,
) -> Result<Header, Error> {
    let campaign = context.campaign_id(&mut fields, &header.campaign).await?;
    let partner = whose(context, call, &mut fields, &header.partner_id).await?;
    fields.demand(partner.is_some(), "partner_id", "must name the partner");
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
        partner: partner.ok_or(Error::PartnerNotFound)?,
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
    let fits = (1..=CHUNK).contains(&chunk.entries.len());
    fields.demand(fits, "chunk.entries", "must hold 1 to 5000 entries");
    let first = incoming.entries();
    let fits = first + i64::try_from(chunk.entries.len()).unwrap_or(i64::MAX) <= MOST;
    fields.demand(fits, "chunk.entries", "a list has at most 2000000 entries");
    let entries = (first..).zip(&chunk.entries);
    let listed: Vec<Listed> = entries
        .filter_map(|(place, entry)| entry_of(&mut fields, place, entry))
        .collect();
    fields.finish()?;
    incoming.add(context, listed).await
}

fn entry_of(fields: &mut Fields, place: i64, entry: &wire::ListEntry) -> Option<Listed> {
    let mut wrong =
        |field: &str, rule: &str| fields.wrong(format_args!("entries[{place}]{field}"), rule);
    let handoff = match entry.handoff_id.as_str() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let reference = status::reference(&entry.partner_reference).ok();
    let progress = convert::progress_of(entry.progress);
    let instant = |time: &Option<_>| match time {
        None => Some(None),
        Some(time) => Timestamp::from_proto(time).ok().map(Some),
    };
    let effective_at = instant(&entry.effective_time);
    if handoff.is_none() {
        wrong(".handoff_id", "must be a UUID, as the order had it");
    }
    if reference.is_none() {
        wrong(
            ".partner_reference",
            "must have at most 64 characters, on one line",
        );
    }
    if matches!((&handoff, &reference), (Some(None), Some(None))) {
        wrong("", "must have a handoff_id or a partner_reference");
    }
    if progress.is_none() {
        wrong(".progress", "must be a progress of the contract");
    }
    if effective_at.is_none() {
        wrong(".effective_time", "must be an instant");
    }
    if entry.revision < 0 {
        wrong(".revision", "must not be negative");
    }
    Some(Listed {
        handoff: handoff?,
        reference: reference?,
        progress: progress?,
        class: class_of(entry.outcome_class),
        revision: entry.revision,
        effective_at: effective_at?,
    })
}
