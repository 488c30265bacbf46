//! What the streams of Reconcile and CheckInvoice have in common: a header, chunks of entries, an end.

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, Streaming};

use crate::handoff::error::Error;
use crate::handoff::outcome::convert as status;
use crate::handoff::reconciliation::reconcile::MOST;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::fields::Fields;
use crate::kernel::ids::HandoffId;
use crate::kernel::server::draining_of;
use crate::process;

/// The most entries of a chunk.
const CHUNK: usize = 5_000;

/// The parts of a stream, until the process drains.
pub(super) struct Parts<P> {
    messages: BoxStream<'static, Result<Option<P>, Status>>,
    draining: CancellationToken,
}

impl<P: 'static> Parts<P> {
    /// Reads a request's stream; `part` gives what a message is.
    pub(super) fn of<M: Send + 'static>(
        request: Request<Streaming<M>>,
        part: fn(M) -> Option<P>,
    ) -> Self {
        let draining = draining_of(&request);
        let drained = draining.clone().cancelled_owned();
        let messages = request.into_inner().take_until(drained);
        Self {
            messages: messages.map(move |message| message.map(part)).boxed(),
            draining,
        }
    }

    /// Reads the next part; nothing at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<P>, Error> {
        match self.messages.next().await {
            None if self.draining.is_cancelled() => Err(process::Error::ShuttingDown.into()),
            None => Ok(None),
            Some(Ok(part)) => {
                let part = part.ok_or_else(|| out_of_place("must be a header, a chunk or an end"));
                part.map(Some)
            }
            Some(Err(_)) => Err(out_of_place("could not be read; send it all again")),
        }
    }
}

/// Says that a part stands in the wrong place.
pub(super) fn out_of_place(rule: &'static str) -> Error {
    Fault::new(Reason::InvalidRequest)
        .field("part", rule)
        .into()
}

/// Demands that a chunk is not too long, and that what has come `before` it leaves room.
pub(super) fn demand_room(fields: &mut Fields, entries: usize, before: i64) {
    let fits = (1..=CHUNK).contains(&entries);
    fields.demand(fits, "chunk.entries", "must hold 1 to 5000 entries");
    let fits = before + i64::try_from(entries).unwrap_or(i64::MAX) <= MOST;
    fields.demand(fits, "chunk.entries", "there may be at most 2000000 in all");
}

/// Reads the references of an entry: ours, the partner's, one of them at least.
pub(super) fn references(
    fields: &mut Fields,
    place: i64,
    (ours, theirs): (&str, &str),
) -> Option<(Option<HandoffId>, Option<String>)> {
    let mut wrong =
        |field: &str, rule: &str| fields.wrong(format_args!("entries[{place}]{field}"), rule);
    let handoff = match ours {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let reference = status::reference(theirs).ok();
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
        return None;
    }
    Some((handoff?, reference?))
}
