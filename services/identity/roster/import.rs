//! An import of a roster file: parts in, answers out, nothing lost in between.
//!
//! One task gathers and prepares the next batch while another writes the one before ([`super::batch`], [`super::write`]), so that memory
//! does not grow with the file. A chunk is answered when its transaction is committed; whoever loses the connection sends the file
//! again, from the line that the first answer names or from its beginning: every row that was written is found unchanged.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::db::entities::campaign::State;
use crate::db::entities::roster_import;
use crate::db::{self, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::process::{Act, Call};

use super::batch::{self, Batch, Batcher};
use super::count;
use super::keys::RosterKeys;
use super::plan::Outcome;
use super::prepare::Judged;
use super::row::Rules;
use super::store;
use super::target::Target;
use super::validate;
use super::write;

pub use super::answer::{Answer, Finished, Totals};
pub use super::batch::{Header, Part};

/// Answers that wait for a slow reader: those of one batch, so that the next one is written while they are sent.
pub const ANSWERS: usize = batch::CHUNKS;

/// Runs an import until its parts end, and sends its answers. An error is the last answer.
pub async fn import_roster<P>(
    context: Context,
    call: Call,
    parts: P,
    answers: mpsc::Sender<Result<Answer, Error>>,
) where
    P: Stream<Item = Result<Part, Error>> + Send + Unpin + 'static,
{
    if let Err(error) = drive(context, call, parts, &answers).await {
        drop(answers.send(Err(error)).await);
    }
}

async fn drive<P>(
    context: Context,
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
    if header.validate_only {
        let rules = rules(&context, &header).await?;
        return validate::validate(rules, parts, answers).await;
    }
    let (mut import, batcher) = Import::open(context, call, header).await?;
    if answers.send(Ok(import.begun())).await.is_err() {
        return Ok(());
    }
    let (sender, mut ready) = mpsc::channel(1);
    let _batching = AbortOnDropHandle::new(tokio::spawn(batcher.run(parts, sender)));
    while let Some(batch) = ready.recv().await {
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
    context: Context,
    call: Call,
    campaign: CampaignId,
    id: ImportId,
    keys: Arc<RosterKeys>,
    zone: TimeZone,
    complete: bool,
    totals: Totals,
    line: i64,
}

impl Import {
    /// Opens the import of this file. Gives what makes batches of the rest of it.
    async fn open(context: Context, call: Call, header: Header) -> Result<(Self, Batcher), Error> {
        let rules = rules(&context, &header).await?;
        let campaign = store::campaign(context.db.read(), header.campaign).await?;
        let zone = TimeZone::get(&campaign.zone);
        let (keys, row, is_complete_now) = find_or_make(&context, &call, &header).await?;
        let batcher = Batcher {
            rules: Arc::new(rules),
            keys: Arc::clone(&keys),
            ids: context.ids.clone(),
            line: count::HEADER,
        };
        // A file that was loaded to its end is judged again as a whole, and so is one of which only now is said that it is complete.
        let line = match row.state {
            roster_import::State::Running if !is_complete_now => row.durable_line,
            roster_import::State::Running | roster_import::State::Done => count::HEADER,
        };
        let import = Self {
            context,
            call,
            campaign: header.campaign,
            id: row.id,
            keys,
            zone: zone.map_err(|_| db::Error::corrupt("campaign.zone"))?,
            complete: row.complete,
            totals: Totals::default(),
            line,
        };
        Ok((import, batcher))
    }

    /// Says from which line to go on.
    fn begun(&self) -> Answer {
        Answer {
            import: Some(self.id),
            durable_line: self.line,
            totals: self.totals,
            rejected: Vec::new(),
            warnings: Vec::new(),
            matched: Vec::new(),
            finished: None,
        }
    }

    /// Writes a batch and gives the answers to its parts.
    async fn take(&mut self, batch: Batch) -> Result<Vec<Answer>, Error> {
        let outcomes = self.write(&batch.rows).await?;
        let mut outcomes = batch.rows.iter().zip(outcomes);
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
        let (actor, now) = (self.call.actor(), self.context.now());
        let today = now.date_in(&self.zone);
        let target = Target {
            campaign: self.campaign,
            import: self.id,
            keys: &self.keys,
            ids: &self.context.ids,
            now,
            today: today.map_err(|_| db::Error::corrupt("a clock without a date"))?,
            actor: &actor,
            complete: self.complete,
        };
        let db = &self.context.db;
        db.run_bulk("import_roster", |tx| {
            Box::pin(write::write(tx, target, rows))
        })
        .await
    }

    fn answer<'r>(&mut self, rows: impl Iterator<Item = (&'r Judged, Outcome)>) -> Answer {
        let (mut rejected, mut warnings) = (Vec::new(), Vec::new());
        let mut matched = Vec::new();
        for (row, outcome) in rows {
            let line = row.line;
            self.line = line;
            self.totals.rows += 1;
            if !matches!(outcome, Outcome::Rejected(_)) {
                self.totals.notice(&row.warnings);
                warnings.extend(row.warnings.iter().map(|warning| (line, *warning)));
            }
            match outcome {
                Outcome::Accepted => self.totals.accepted += 1,
                Outcome::Doubtful(..) => {
                    self.totals.accepted += 1;
                    self.totals.for_review += 1;
                    matched.push((line, outcome));
                }
                Outcome::Merged(_) => {
                    self.totals.merged += 1;
                    matched.push((line, outcome));
                }
                Outcome::Corrected => self.totals.corrected += 1,
                Outcome::Unchanged => self.totals.unchanged += 1,
                Outcome::Rejected(reject) => {
                    self.totals.rejected += 1;
                    rejected.push((line, reject));
                }
            }
        }
        Answer {
            rejected,
            warnings,
            matched,
            ..self.begun()
        }
    }

    async fn finish(&self, rows: i64) -> Result<Answer, Error> {
        let (import, now) = ((self.campaign, self.id), self.context.now());
        let finish = self.context.db.run_tx("finish_import", |tx| {
            Box::pin(async move {
                let mut complete = false;
                let finish = |row: &mut _| complete = count::finish(row, rows, now);
                let row = store::change_import(tx, import, finish).await?;
                if complete {
                    audit::record(tx, &[self.finished(&row)]).await?;
                }
                Ok::<_, Error>(complete.then_some(row))
            })
        });
        let row = finish.await?.ok_or_else(|| {
            Error::field(
                "end.rows",
                "must be the number of rows in the file; begin again at its first row",
            )
        })?;
        Ok(Answer {
            finished: Some(Finished::Stored(row)),
            ..self.begun()
        })
    }

    fn finished(&self, row: &roster_import::Model) -> audit::Event {
        let act = Act::on("roster.import_finished", "roster_import", self.id);
        let detail = json!({
            "rows": row.rows, "accepted": row.accepted, "merged": row.merged,
            "unchanged": row.unchanged, "rejected": row.rejected,
            "warned": row.warned, "unmailable": row.unmailable, "for_review": row.for_review,
        });
        self.call
            .event(&self.context, Some(self.campaign), act, detail)
    }
}

/// Gives what rows are judged against, if the campaign takes any.
async fn rules(context: &Context, header: &Header) -> Result<Rules, Error> {
    let campaign = header.campaign;
    let read = context.db.read();
    if store::campaign(read, campaign).await?.state != State::Open {
        return Err(Error::CampaignClosed);
    }
    let today = context.now().date_in(&TimeZone::UTC);
    Ok(Rules {
        entities: store::entities(read, campaign).await?,
        today: today.map_err(|_| db::Error::corrupt("a clock without a date"))?,
        sandbox_ssn: context.rules.sandbox_ssn,
        date_order: header.date_order,
    })
}

/// Finds the import of this file or makes it, and with the campaign's first one its data key. Tells whether the file was not known to be
/// complete before.
async fn find_or_make(
    context: &Context,
    call: &Call,
    header: &Header,
) -> Result<(Arc<RosterKeys>, roster_import::Model, bool), Error> {
    let fresh_key = &context.new_campaign_key(header.campaign)?;
    let fresh = &fresh(context, header);
    let act = Act::on("roster.import_opened", "roster_import", fresh.id);
    let detail = json!({ "file_sha256": header.file_sha256, "complete": header.complete });
    let event = &call.event(context, Some(header.campaign), act, detail);
    let opened = context.db.run_tx("open_import", |tx| {
        Box::pin(async move {
            let key = store::find_or_make_key(tx, fresh_key).await?;
            let mut row = store::find_or_make_import(tx, fresh).await?;
            let is_complete_now = header.complete && !row.complete;
            if is_complete_now {
                let mark = |row: &mut roster_import::Model| row.complete = true;
                row = store::change_import(tx, (row.campaign_id, row.id), mark).await?;
            }
            let event = audit::Event {
                subject_id: Some(row.id.into()),
                ..event.clone()
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>((key, row, is_complete_now))
        })
    });
    let (key, import, is_complete_now) = opened.await?;
    let keys = Arc::new(RosterKeys::of(context, &key)?);
    Ok((keys, import, is_complete_now))
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
        corrected: 0,
        warned: 0,
        unmailable: 0,
        state: roster_import::State::Running,
        started_at: context.now(),
        finished_at: None,
        durable_line: count::HEADER,
        complete: false,
        for_review: 0,
    }
}
