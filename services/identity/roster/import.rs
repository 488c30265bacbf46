//! An import of a roster file: parts in, answers out, nothing lost in between.
//!
//! Two steps run beside each other: one reads what has come in and prepares it, the other settles the batches before it. At most
//! two are settled at a time ([`super::flight`]), few are ready and one is read, so memory does not grow with the file. A chunk is
//! answered when its transaction is committed; whoever loses the connection sends the file again, and every row that was settled is
//! found unchanged.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt};
use sea_orm::DbBackend;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::db::entities::roster_import;
use crate::db::{self, audit, deferred};
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::kernel::turn::{self, Pass, Turn};

use super::batch::{
    Batch, CHUNKS_A_BATCH, CHUNKS_A_GROWING_PIECE, CHUNKS_A_PIECE, GROWING_PIECES, Grow,
    ROOM_OF_OPENED,
};
use super::flight::{Landed, Route, Settled};
use super::keys::RosterKeys;
use super::plan::Outcome;
use super::reader::{Piece, Reader};
use super::reject::Reject;
use super::row::{RawRow, Rules};
use super::{known, store};

/// Answers that wait for a slow reader: those of the largest batch, so that the next one is settled while they are sent.
pub const ANSWERS: usize = CHUNKS_A_BATCH;

/// A part of an import.
#[derive(Debug)]
pub enum Part {
    /// Opens it.
    Header(Header),
    /// Rows in the order of the file.
    Chunk(Vec<RawRow>),
    /// Closes it.
    End {
        /// How many rows the file has.
        rows: i64,
    },
}

/// What opens an import.
#[derive(Clone, Debug)]
pub struct Header {
    /// The campaign to load into.
    pub campaign: CampaignId,
    /// SHA-256 of the file in lower-case hex: the same file is the same import.
    pub file_sha256: String,
}

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows seen.
    pub rows: i64,
    /// Rows that made an individual.
    pub accepted: i64,
    /// Rows merged.
    pub merged: i64,
    /// Rows loaded before.
    pub unchanged: i64,
    /// Rows not taken.
    pub rejected: i64,
}

/// The answer to a chunk, or to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The import.
    pub import: ImportId,
    /// Every row up to this line is durable or rejected.
    pub durable_line: i64,
    /// Counts of this run.
    pub totals: Totals,
    /// Lines of the chunk that were not taken.
    pub rejected: Vec<(i64, Reject)>,
    /// Whether this is the last answer.
    pub done: bool,
}

/// Runs an import until its parts end, and sends its answers. The last one is an error if something went wrong.
pub async fn run<P>(
    context: Context,
    call: Call,
    parts: P,
    answers: mpsc::Sender<Result<Answer, Error>>,
) where
    P: Stream<Item = Result<Part, Error>> + Send + Unpin + 'static,
{
    let driven = drive(&context, &call, parts, &answers).await;
    // However it ends: whoever hears that it is done finds them built already.
    built(deferred::build(&context.db).await);
    if let Err(error) = driven {
        drop(answers.send(Err(error)).await);
    }
}

/// Notes that indexes were not built. Nothing of the import is lost by that.
fn built(done: Result<(), db::Error>) {
    if let Err(error) = done {
        let class = error.class();
        tracing::warn!(
            class,
            "indexes of the roster were not built; the housekeeping tries again"
        );
    }
}

async fn drive<P>(
    context: &Context,
    call: &Call,
    mut parts: P,
    answers: &mpsc::Sender<Result<Answer, Error>>,
) -> Result<(), Error>
where
    P: Stream<Item = Result<Part, Error>> + Send + Unpin + 'static,
{
    let Some(first) = parts.next().await else {
        return Ok(());
    };
    let Part::Header(header) = first? else {
        return Err(Error::field("header", "must be the first message"));
    };
    let (mut import, reader, settled) = Import::open(context.clone(), call.clone(), header).await?;
    let (ready, mut pieces) = mpsc::channel(GROWING_PIECES);
    tokio::spawn(reader.run(parts, ready));
    let (pass, mut turn) = turn::turn();
    pass.on(Some(settled));
    let mut flights = FuturesOrdered::new();
    let mut last = Ok(());
    let mut is_read = false;
    // What has been read and belongs to no batch yet, and the way to the batch that grows.
    let (mut waiting, mut grow): (Option<Piece>, Option<Grow>) = (None, None);
    loop {
        if grow.is_none()
            && flights.len() < import.route.context.db.bulk_width()
            && let Some(piece) = waiting.take()
        {
            let (pass, next) = turn::turn();
            let turn = std::mem::replace(&mut turn, next);
            let batch;
            (batch, grow) = import.batch(piece);
            flights.push_back(import.start(batch, turn, pass));
        }
        tokio::select! {
            piece = pieces.recv(), if !is_read && waiting.is_none() => match piece {
                Some(Ok(piece)) => waiting = Some(piece),
                // What was read before it is settled first.
                Some(Err(error)) => (is_read, last, grow) = (true, Err(error), None),
                None => (is_read, grow) = (true, None),
            },
            taken = offer(grow.as_ref(), &mut waiting), if grow.is_some() && waiting.is_some() => if !taken {
                grow = None;
            },
            Some(landed) = flights.next() => {
                for answer in import.take(landed?).await? {
                    if answers.send(Ok(answer)).await.is_err() {
                        // What is under way comes to its end: a commit that is broken off costs its connection.
                        while flights.next().await.is_some() {}
                        return Ok(());
                    }
                }
            }
            else => return last,
        }
    }
}

/// Waits until the batch that grows takes what is waiting; tells if it takes no more.
async fn offer(grow: Option<&Grow>, waiting: &mut Option<Piece>) -> bool {
    let Some(grow) = grow else { return false };
    let Ok(place) = grow.reserve().await else {
        return false;
    };
    if let Some(piece) = waiting.take() {
        place.send(piece);
    }
    true
}

/// An import under way.
struct Import {
    route: Route,
    call: Call,
    totals: Totals,
    line: i64,
    /// Whether batches grow while they load.
    grows: bool,
}

impl Import {
    /// Opens the import of this file. Gives what reads the rest of it, and how many rows all imports have settled.
    async fn open(
        context: Context,
        call: Call,
        header: Header,
    ) -> Result<(Self, Reader, i64), Error> {
        let campaign = header.campaign;
        let rules = Arc::new(rules(&context, campaign).await?);
        let (keys, import) = find_or_make(&context, &call, &header).await?;
        let (seen, settled) = known::seen(&context, campaign).await?;
        let grows = context.db.backend() == DbBackend::Sqlite;
        // Beside the batches that are under way, one piece waits ready-made; more where they grow, whose pieces take no room.
        let (most, room, extra) = if grows {
            (CHUNKS_A_GROWING_PIECE, GROWING_PIECES, ROOM_OF_OPENED)
        } else {
            (CHUNKS_A_PIECE, context.db.bulk_width() + 1, 0)
        };
        let reader = Reader {
            rules,
            keys: Arc::clone(&keys),
            context: context.clone(),
            line: 1,
            most,
            seen: Arc::new(Mutex::new(seen)),
            room: Arc::new(Semaphore::new(room)),
            extra,
        };
        let route = Route {
            context,
            campaign,
            import,
            keys,
            trusts: Arc::new(AtomicBool::new(true)),
        };
        let import = Self {
            route,
            call,
            totals: Totals::default(),
            line: 1,
            grows,
        };
        Ok((import, reader, settled))
    }

    /// Makes a batch, and the way to it if it grows.
    fn batch(&self, first: Piece) -> (Batch, Option<Grow>) {
        if self.grows {
            let (batch, grow) = Batch::growing(first);
            (batch, Some(grow))
        } else {
            (Batch::of(first), None)
        }
    }

    /// Lets a batch go its way.
    fn start(
        &self,
        batch: Batch,
        turn: Turn<Settled>,
        pass: Pass<Settled>,
    ) -> impl Future<Output = Result<Landed, Error>> + use<> {
        let flight =
            AbortOnDropHandle::new(tokio::spawn(self.route.clone().fly(batch, turn, pass)));
        async move { flight.await.map_err(|_| Error::ShuttingDown)? }
    }

    async fn take(&mut self, landed: Landed) -> Result<Vec<Answer>, Error> {
        let mut answers = Vec::with_capacity(landed.chunks.len() + 1);
        let mut outcomes = landed.outcomes.into_iter();
        for length in landed.chunks {
            answers.push(self.answer(outcomes.by_ref().take(length)));
        }
        built(deferred::build_if_large(&self.route.context.db).await);
        if let Some(rows) = landed.end {
            answers.push(self.finish(rows).await?);
        }
        Ok(answers)
    }

    fn answer(&mut self, rows: impl Iterator<Item = (i64, Outcome)>) -> Answer {
        let mut rejected = Vec::new();
        for (line, outcome) in rows {
            self.line = line;
            self.totals.rows += 1;
            match outcome {
                Outcome::Accepted => self.totals.accepted += 1,
                Outcome::Merged => self.totals.merged += 1,
                Outcome::Unchanged => self.totals.unchanged += 1,
                Outcome::Rejected(reject) => {
                    self.totals.rejected += 1;
                    rejected.push((line, reject));
                }
            }
        }
        Answer {
            import: self.route.import,
            durable_line: self.line,
            totals: self.totals,
            rejected,
            done: false,
        }
    }

    async fn finish(&self, rows: i64) -> Result<Answer, Error> {
        if rows != self.totals.rows {
            return Err(Error::field(
                "end.rows",
                "must be the number of rows that were sent",
            ));
        }
        let totals = self.totals;
        let act = Act::on("roster.import_finished", "roster_import", self.route.import);
        let detail = json!({
            "rows": totals.rows, "accepted": totals.accepted, "merged": totals.merged,
            "unchanged": totals.unchanged, "rejected": totals.rejected,
        });
        let event = self
            .call
            .event(&self.route.context, Some(self.route.campaign), act, detail);
        let (import, now) = (
            (self.route.campaign, self.route.import),
            self.route.context.now(),
        );
        self.route
            .context
            .db
            .run_tx("finish_import", |tx| {
                let event = event.clone();
                Box::pin(async move {
                    store::finish_import(tx, import, totals.rows, totals.rejected, now).await?;
                    Ok::<_, Error>(audit::record(tx, &[event]).await?)
                })
            })
            .await?;
        built(deferred::build(&self.route.context.db).await);
        Ok(Answer {
            import: self.route.import,
            durable_line: self.line,
            totals,
            rejected: Vec::new(),
            done: true,
        })
    }
}

/// Gives what rows are judged against, if the campaign takes any.
async fn rules(context: &Context, campaign: CampaignId) -> Result<Rules, Error> {
    let read = context.db.read();
    if store::campaign(read, campaign).await?.state != "OPEN" {
        return Err(Error::CampaignClosed);
    }
    let today = context.now().date_in(&jiff::tz::TimeZone::UTC);
    Ok(Rules {
        entities: store::entities(read, campaign).await?,
        today: today.map_err(|_| Error::Key)?,
        sandbox_ssn: context.rules.sandbox_ssn,
    })
}

/// Finds the import of this file or makes it, and with the campaign's first one its data key.
async fn find_or_make(
    context: &Context,
    call: &Call,
    header: &Header,
) -> Result<(Arc<RosterKeys>, ImportId), Error> {
    let fresh_key = &context.new_campaign_key(header.campaign)?;
    let fresh = &fresh(context, header);
    let act = Act::on("roster.import_opened", "roster_import", fresh.id);
    let detail = json!({ "file_sha256": header.file_sha256 });
    let event = &call.event(context, Some(header.campaign), act, detail);
    let opened = context.db.run_tx("open_import", |tx| {
        Box::pin(async move {
            let key = store::find_or_make_key(tx, fresh_key).await?;
            let row = store::find_or_make_import(tx, fresh).await?;
            deferred::put_off(tx).await?;
            let event = audit::Event {
                subject_id: Some(row.id.into()),
                ..event.clone()
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>((key, row.id))
        })
    });
    let (key, import) = opened.await?;
    Ok((Arc::new(RosterKeys::open(context, &key)?), import))
}

fn fresh(context: &Context, header: &Header) -> roster_import::Model {
    roster_import::Model {
        campaign_id: header.campaign,
        id: context.ids.next(),
        file_sha256: header.file_sha256.clone(),
        rows: 0,
        accepted: 0,
        merged: 0,
        unchanged: 0,
        rejected: 0,
        state: "RUNNING".to_owned(),
        started_at: context.now(),
        finished_at: None,
    }
}
