//! An import of a roster file: parts in, answers out, nothing lost in between.
//!
//! One task gathers and prepares the next batch while another writes the one before ([`super::batch`], [`super::write`]), so that memory
//! does not grow with the file. A chunk is answered when its transaction is committed; whoever loses the connection sends the file
//! again, and every row that was written is found unchanged.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::db::audit;
use crate::db::entities::roster_import;
use crate::identity::ctx::{Act, Call, Ctx};
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};

use super::batch::{self, Batch, Batcher};
use super::keys::RosterKeys;
use super::plan::Outcome;
use super::prepare::Judged;
use super::reject::Reject;
use super::row::Rules;
use super::store;
use super::write::{self, Target};

pub use super::batch::{Header, Part};

/// Answers that wait for a slow reader: those of one batch, so that the next one is written while they are sent.
pub const ANSWERS: usize = batch::CHUNKS;

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
    if let Err(error) = drive(ctx, call, parts, &answers).await {
        drop(answers.send(Err(error)).await);
    }
}

async fn drive<P>(
    ctx: Ctx,
    call: Call,
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
    let (mut import, source) = Import::open(ctx, call, header).await?;
    let (sender, mut batches) = mpsc::channel(1);
    let _reading = AbortOnDropHandle::new(tokio::spawn(source.run(parts, sender)));
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
    keys: Arc<RosterKeys>,
    totals: Totals,
    line: i64,
}

impl Import {
    /// Opens the import of this file. Gives what makes batches of the rest of it.
    async fn open(ctx: Ctx, call: Call, header: Header) -> Result<(Self, Batcher), Error> {
        let rules = rules(&ctx, header.campaign).await?;
        let (keys, id) = find_or_make(&ctx, &call, &header).await?;
        let batcher = Batcher {
            rules: Arc::new(rules),
            keys: Arc::clone(&keys),
            ids: ctx.ids.clone(),
            line: 1,
        };
        let import = Self {
            ctx,
            call,
            campaign: header.campaign,
            id,
            keys,
            totals: Totals::default(),
            line: 1,
        };
        Ok((import, batcher))
    }

    /// Writes a batch and gives the answers to its parts.
    async fn take(&mut self, batch: Batch) -> Result<Vec<Answer>, Error> {
        let outcomes = self.write(&batch.rows).await?;
        let lines = batch.rows.iter().map(|row| row.line);
        let mut outcomes = lines.zip(outcomes);
        let chunks = batch.chunks.into_iter();
        let mut answers: Vec<Answer> = chunks
            .map(|length| self.answer(outcomes.by_ref().take(length)))
            .collect();
        if let Some(rows) = batch.end {
            answers.push(self.finish(rows).await?);
        }
        Ok(answers)
    }

    async fn write(&self, rows: &Arc<Vec<Judged>>) -> Result<Vec<Outcome>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let target = Target {
            campaign: self.campaign,
            import: self.id,
            keys: &self.keys,
            now: self.ctx.now(),
        };
        let db = &self.ctx.db;
        db.run_bulk("import_roster", |tx| {
            Box::pin(write::write(tx, target, rows))
        })
        .await
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

/// Gives what rows are judged against, if the campaign takes any.
async fn rules(ctx: &Ctx, campaign: CampaignId) -> Result<Rules, Error> {
    let read = ctx.db.read();
    if store::campaign(read, campaign).await?.state != "OPEN" {
        return Err(Error::CampaignClosed);
    }
    let today = ctx.now().date_in(&jiff::tz::TimeZone::UTC);
    Ok(Rules {
        entities: store::entities(read, campaign).await?,
        today: today.map_err(|_| Error::Key)?,
        sandbox_ssn: ctx.rules.sandbox_ssn,
    })
}

/// Finds the import of this file or makes it, and with the campaign's first one its data key.
async fn find_or_make(
    ctx: &Ctx,
    call: &Call,
    header: &Header,
) -> Result<(Arc<RosterKeys>, ImportId), Error> {
    let fresh_key = &ctx.new_campaign_key(header.campaign)?;
    let fresh = &fresh(ctx, header);
    let act = Act::on("roster.import_opened", "roster_import", fresh.id);
    let detail = json!({ "file_sha256": header.file_sha256 });
    let event = &call.event(ctx, Some(header.campaign), act, detail);
    let opened = ctx.db.run_tx("open_import", |tx| {
        Box::pin(async move {
            let key = store::find_or_make_key(tx, fresh_key).await?;
            let row = store::find_or_make_import(tx, fresh).await?;
            let event = audit::Event {
                subject_id: Some(row.id.into()),
                ..event.clone()
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>((key, row.id))
        })
    });
    let (key, import) = opened.await?;
    Ok((Arc::new(RosterKeys::open(ctx, &key)?), import))
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
