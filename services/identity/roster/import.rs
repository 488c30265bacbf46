//! An import of a roster file: parts in, answers out, nothing lost in between.
//!
//! Two steps run beside each other: one reads what has come in and prepares it, the other settles the batch before. Between
//! them stands at most one batch, so memory does not grow with the file. A chunk is answered when its transaction is
//! committed; whoever loses the connection sends the file again, and every row that was settled is found unchanged.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use serde_json::json;
use tokio::sync::mpsc;

use crate::db::audit;
use crate::db::entities::roster_import;
use crate::kernel::ids::{CampaignId, ImportId};

use super::super::ctx::{Act, Call, Ctx};
use super::super::error::Error;
use super::keys::RosterKeys;
use super::known;
use super::plan::Outcome;
use super::prepare::Judged;
use super::reader::{Batch, Reader};
use super::reject::Reject;
use super::row::{RawRow, Rules};
use super::seen::Seen;
use super::settle::{Target, settle};
use super::store;

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
pub async fn run<P>(ctx: Ctx, call: Call, parts: P, answers: mpsc::Sender<Result<Answer, Error>>)
where
    P: Stream<Item = Result<Part, Error>> + Send + Unpin + 'static,
{
    if let Err(error) = drive(&ctx, &call, parts, &answers).await {
        drop(answers.send(Err(error)).await);
    }
}

async fn drive<P>(
    ctx: &Ctx,
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
    let mut import = Import::open(ctx.clone(), call.clone(), header).await?;
    let (ready, mut batches) = mpsc::channel(1);
    let reader = Reader {
        rules: Arc::clone(&import.rules),
        keys: Arc::clone(&import.keys),
        ctx: ctx.clone(),
        line: 1,
    };
    tokio::spawn(reader.run(parts, ready));
    while let Some(batch) = batches.recv().await {
        for answer in import.take(batch?).await? {
            if answers.send(Ok(answer)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// An import under way.
struct Import {
    ctx: Ctx,
    call: Call,
    campaign: CampaignId,
    id: ImportId,
    rules: Arc<Rules>,
    keys: Arc<RosterKeys>,
    seen: Seen,
    totals: Totals,
    line: i64,
}

impl Import {
    /// Finds the import of this file or makes it, and with the campaign's first one its data key.
    async fn open(ctx: Ctx, call: Call, header: Header) -> Result<Self, Error> {
        let campaign = store::campaign(ctx.db.read(), header.campaign).await?;
        if campaign.state != "OPEN" {
            return Err(Error::CampaignClosed);
        }
        let rules = Rules {
            entities: store::entities(ctx.db.read(), header.campaign).await?,
            today: ctx
                .now()
                .date_in(&jiff::tz::TimeZone::UTC)
                .map_err(|_| Error::Key)?,
            sandbox_ssn: ctx.rules.sandbox_ssn,
        };
        let fresh_key = ctx.new_campaign_key(header.campaign)?;
        let fresh = fresh(&ctx, &header);
        let act = Act::on("roster.import_opened", "roster_import", fresh.id);
        let event = call.event(
            &ctx,
            Some(header.campaign),
            act,
            json!({ "file_sha256": header.file_sha256 }),
        );
        let (key, row) = ctx
            .db
            .run_tx("open_import", |tx| {
                let (fresh_key, fresh, event) = (&fresh_key, &fresh, event.clone());
                Box::pin(async move {
                    let key = store::find_or_make_key(tx, fresh_key).await?;
                    let row = store::find_or_make_import(tx, fresh).await?;
                    let event = audit::Event {
                        subject_id: Some(row.id.into()),
                        ..event
                    };
                    audit::record(tx, &[event]).await?;
                    Ok::<_, Error>((key, row))
                })
            })
            .await?;
        let keys = Arc::new(RosterKeys::open(&ctx, &key)?);
        let campaign = header.campaign;
        let seen = known::seen(&ctx, campaign).await?;
        Ok(Self {
            ctx,
            call,
            campaign,
            id: row.id,
            rules: Arc::new(rules),
            keys,
            seen,
            totals: Totals::default(),
            line: 1,
        })
    }

    async fn take(&mut self, batch: Batch) -> Result<Vec<Answer>, Error> {
        let mut answers = Vec::with_capacity(batch.chunks.len() + 1);
        if !batch.rows.is_empty() {
            let outcomes = self.settle(&batch.rows).await?;
            let mut rows = batch.rows.iter().zip(outcomes);
            for length in batch.chunks {
                answers.push(self.answer(rows.by_ref().take(length)));
            }
        }
        if let Some(rows) = batch.end {
            answers.push(self.finish(rows).await?);
        }
        Ok(answers)
    }

    async fn settle(&mut self, rows: &[Judged]) -> Result<Vec<Outcome>, Error> {
        let target = Target {
            campaign: self.campaign,
            import: self.id,
            keys: &self.keys,
            now: self.ctx.now(),
        };
        let seen = &self.seen;
        let settled = self.ctx.db.run_bulk("import_roster", |tx| {
            Box::pin(settle(tx, target, seen, rows))
        });
        let outcomes = settled.await?;
        let is_new = |outcome: &&Outcome| matches!(outcome, Outcome::Accepted | Outcome::Merged);
        let new = outcomes.iter().filter(is_new).count();
        known::remember(&mut self.seen, rows, i64::try_from(new).unwrap_or(0));
        Ok(outcomes)
    }

    fn answer<'r>(&mut self, rows: impl Iterator<Item = (&'r Judged, Outcome)>) -> Answer {
        let mut rejected = Vec::new();
        for (row, outcome) in rows {
            self.line = row.line;
            self.totals.rows += 1;
            match outcome {
                Outcome::Accepted => self.totals.accepted += 1,
                Outcome::Merged => self.totals.merged += 1,
                Outcome::Unchanged => self.totals.unchanged += 1,
                Outcome::Rejected(reject) => {
                    self.totals.rejected += 1;
                    rejected.push((row.line, reject));
                }
            }
        }
        Answer {
            import: self.id,
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
        let act = Act::on("roster.import_finished", "roster_import", self.id);
        let detail = json!({
            "rows": totals.rows, "accepted": totals.accepted, "merged": totals.merged,
            "unchanged": totals.unchanged, "rejected": totals.rejected,
        });
        let event = self.call.event(&self.ctx, Some(self.campaign), act, detail);
        let (import, now) = ((self.campaign, self.id), self.ctx.now());
        self.ctx
            .db
            .run_tx("finish_import", |tx| {
                let event = event.clone();
                Box::pin(async move {
                    store::finish_import(tx, import, totals.rows, totals.rejected, now).await?;
                    Ok::<_, Error>(audit::record(tx, &[event]).await?)
                })
            })
            .await?;
        Ok(Answer {
            import: self.id,
            durable_line: self.line,
            totals,
            rejected: Vec::new(),
            done: true,
        })
    }
}

fn fresh(ctx: &Ctx, header: &Header) -> roster_import::Model {
    roster_import::Model {
        campaign_id: header.campaign,
        id: ctx.ids.next(),
        file_sha256: header.file_sha256.clone(),
        rows: 0,
        accepted: 0,
        merged: 0,
        unchanged: 0,
        rejected: 0,
        state: "RUNNING".to_owned(),
        started_at: ctx.now(),
        finished_at: None,
    }
}
