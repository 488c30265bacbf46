//! RecordMailEvents: each event is judged by itself; then one transaction looks up, plans and writes.
//!
//! It holds the lock of the roster, as an import does: so an import does not restore the old address, and when two operators
//! correct one address, the second sees what the first did.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use serde_json::json;

use crate::db::entities::mail_event::{self, Kind};
use crate::db::entities::{ClosedSet, campaign, individual};
use crate::db::{self, Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::address;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::roster::keys::RosterKeys;
use crate::identity::roster::sealed::Sealed;
use crate::identity::roster::{letters, store as roster, write};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::person::Person;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::event::{Event, RawEvent, Rules, What, parse_event};
use super::history::Moment;
use super::plan::{self, Change, Detail, Judged, Plan, Subject};
use super::refusal::{Refusal, Verdict};
use super::store;

/// The most events of one call.
pub const MOST: usize = 1_000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Record {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign.
    pub campaign: CampaignId,
    /// The events, as they were sent.
    pub events: Vec<RawEvent>,
}

/// Records events and gives a verdict on each, in order.
pub async fn record_mail_events(
    context: &Context,
    call: &Call,
    command: &Record,
) -> Result<Vec<Verdict>, Error> {
    let campaign = roster::campaign(context.db.read(), command.campaign).await?;
    let key = roster::find_key(context.db.read(), command.campaign).await?;
    let keys = key.map(|key| RosterKeys::of(context, &key)).transpose()?;
    let rules = rules(context, &campaign)?;
    let judged = |raw| judge(raw, rules, keys.as_ref());
    let events: Vec<_> = command.events.iter().map(judged).collect();
    let work = Work {
        campaign: command.campaign,
        keys: keys.as_ref(),
        events: &events,
        moves: moves(context, call, command.campaign, &events),
        summary: summary(context, call, command.campaign),
        actor: call.actor(),
        now: context.now(),
    };
    let work = &work;
    context
        .db
        .run_bulk("record_mail_events", |tx| {
            Box::pin(async move {
                if let Some(verdicts) = request::answered(tx, &command.request).await? {
                    return Ok(verdicts);
                }
                let verdicts = work.run(tx).await?;
                request::record(tx, &command.request, &verdicts, work.now).await?;
                Ok(verdicts)
            })
        })
        .await
}

fn rules(context: &Context, campaign: &campaign::Model) -> Result<Rules, Error> {
    let corrupt = || db::Error::corrupt("campaign.zone");
    let zone = TimeZone::get(&campaign.zone).map_err(|_| corrupt())?;
    let discovered_on = campaign.discovered_on.parse().map_err(|_| corrupt())?;
    Ok(Rules {
        today: context.now().date_in(&zone).map_err(|_| corrupt())?,
        discovered_on,
    })
}

fn judge(raw: &RawEvent, rules: Rules, keys: Option<&RosterKeys>) -> Result<Judged, Refusal> {
    let event = parse_event(raw, rules)?;
    let macs = match (&event.what, keys) {
        (What::AddressCorrected { source, place }, Some(keys)) => {
            let indexers = keys.indexers.iter();
            indexers
                .map(|one| one.address(event.individual, source.as_str(), place))
                .collect()
        }
        _ => Vec::new(),
    };
    Ok(Judged { event, macs })
}

/// Makes the audit event of the call; its counts are filled in later.
fn summary(context: &Context, call: &Call, campaign: CampaignId) -> audit::Event {
    let act = Act::on("mailing.events_recorded", "campaign", campaign);
    call.event(context, Some(campaign), act, json!({}))
}

/// Makes an audit event for every event that has an address, in case it is recorded.
fn moves(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    events: &[Result<Judged, Refusal>],
) -> HashMap<usize, audit::Event> {
    let moved = |(at, judged): (usize, &Result<Judged, Refusal>)| {
        let Event {
            individual,
            on,
            what,
            ..
        } = &judged.as_ref().ok()?.event;
        let What::AddressCorrected { source, .. } = what else {
            return None;
        };
        let act = Act::on("individual.address_corrected", "individual", *individual);
        let detail = json!({ "source": source.as_str(), "on": on.to_string() });
        Some((at, call.event(context, Some(campaign), act, detail)))
    };
    events.iter().enumerate().filter_map(moved).collect()
}

/// What the transaction does; it may run more than once.
struct Work<'a> {
    campaign: CampaignId,
    /// None while the campaign has no roster.
    keys: Option<&'a RosterKeys>,
    events: &'a [Result<Judged, Refusal>],
    moves: HashMap<usize, audit::Event>,
    summary: audit::Event,
    actor: String,
    now: Timestamp,
}

impl Work<'_> {
    async fn run(&self, tx: &Tx<'_>) -> Result<Vec<Verdict>, Error> {
        let Some(keys) = self.keys else {
            return Ok(plan::plan(self.events, BTreeMap::new(), self.now).verdicts);
        };
        roster::lock_roster(tx, self.campaign).await?;
        let rows = self.individuals(tx).await?;
        let plan = plan::plan(self.events, self.subjects(tx, &rows).await?, self.now);
        store::insert(tx, &self.rows(&plan)).await?;
        self.change(tx, keys, &rows, &plan).await?;
        audit::record(tx, &self.audit(&plan)).await?;
        Ok(plan.verdicts)
    }

    async fn individuals(
        &self,
        tx: &Tx<'_>,
    ) -> Result<HashMap<IndividualId, individual::Model>, Error> {
        let judged = self.events.iter().filter_map(|event| event.as_ref().ok());
        let mut ids: Vec<IndividualId> = judged.map(|judged| judged.event.individual).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = roster::individuals(tx, self.campaign, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    async fn subjects(
        &self,
        tx: &Tx<'_>,
        rows: &HashMap<IndividualId, individual::Model>,
    ) -> Result<BTreeMap<IndividualId, Subject>, Error> {
        let subject = |row: &individual::Model| Subject {
            is_erased: row.salt.is_none(),
            ..Subject::default()
        };
        let subjects = rows.values().map(|row| (row.id, subject(row)));
        let mut subjects: BTreeMap<IndividualId, Subject> = subjects.collect();
        let ids: Vec<IndividualId> = subjects.keys().copied().collect();
        for row in store::histories(tx, self.campaign, &ids).await? {
            let moment = Moment {
                on: store::day_of(&row)?,
                kind: row.kind,
                generation: row.generation,
            };
            let detail = Detail {
                return_reason: row.return_reason,
                address: row.address_mac,
                corrected: row.address_source.map(|source| (source, row.recorded_at)),
            };
            if let Some(subject) = subjects.get_mut(&row.individual_id) {
                subject.history.insert(moment, detail);
            }
        }
        for (individual, letter) in letters::of(tx, self.campaign, &ids).await? {
            if let Some(subject) = subjects.get_mut(&individual) {
                subject.letters.push(letter);
            }
        }
        Ok(subjects)
    }

    /// The rows of the events to record, sorted by their key.
    fn rows(&self, plan: &Plan) -> Vec<mail_event::Model> {
        let judged = plan.recorded().filter_map(|at| self.events.get(at));
        let mut rows: Vec<mail_event::Model> = judged
            .filter_map(|judged| Some(self.row(judged.as_ref().ok()?)))
            .collect();
        rows.sort_unstable_by(|a, b| {
            let of_key = |row: &mail_event::Model| {
                (
                    row.individual_id,
                    row.happened_on.clone(),
                    row.kind,
                    row.generation,
                )
            };
            of_key(a).cmp(&of_key(b))
        });
        rows
    }

    fn row(&self, judged: &Judged) -> mail_event::Model {
        let event = &judged.event;
        let detail = plan::detail(judged, self.now);
        mail_event::Model {
            campaign_id: self.campaign,
            individual_id: event.individual,
            happened_on: event.on.to_string(),
            kind: event.kind(),
            generation: event.generation,
            return_reason: detail.return_reason,
            address_source: detail.corrected.map(|(source, _)| source),
            address_mac: detail.address,
            recorded_by: self.actor.clone(),
            recorded_at: self.now,
        }
    }

    async fn change(
        &self,
        tx: &Tx<'_>,
        keys: &RosterKeys,
        rows: &HashMap<IndividualId, individual::Model>,
        plan: &Plan,
    ) -> Result<(), Error> {
        let (mut returned, mut found, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (id, change) in &plan.changes {
            let Some(row) = rows.get(id) else { continue };
            if change.is_returned && !row.returned {
                returned.push(*id);
            } else if !change.is_returned && row.returned {
                found.push(*id);
            }
            if let Some(place) = self.place(change) {
                moved.push(moved_to(keys, row, place)?);
            }
        }
        store::mark_returned(tx, self.campaign, &returned).await?;
        store::mark_found(tx, self.campaign, &found).await?;
        write::update(tx, self.campaign, &moved).await
    }

    fn place(&self, change: &Change) -> Option<&Person> {
        match &self
            .events
            .get(change.address_of?)?
            .as_ref()
            .ok()?
            .event
            .what
        {
            What::AddressCorrected { place, .. } => Some(place),
            What::Mailed | What::Returned(_) | What::Remailed => None,
        }
    }

    /// One event for the call and one for every address; none if nothing was recorded.
    fn audit(&self, plan: &Plan) -> Vec<audit::Event> {
        let recorded: Vec<usize> = plan.recorded().collect();
        if recorded.is_empty() {
            return Vec::new();
        }
        let of_kind = |kind: Kind| {
            let of_kind = |at: &&usize| {
                let judged = self.events.get(**at).and_then(|event| event.as_ref().ok());
                judged.is_some_and(|judged| judged.event.kind() == kind)
            };
            recorded.iter().filter(of_kind).count()
        };
        let refused = plan.verdicts.iter();
        let refused = refused.filter(|verdict| matches!(verdict, Verdict::Refused(_)));
        let detail = json!({
            "mailed": of_kind(Kind::Mailed), "returned": of_kind(Kind::Returned),
            "address_corrected": of_kind(Kind::AddressCorrected), "remailed": of_kind(Kind::Remailed),
            "refused": refused.count(),
        });
        let mut summary = self.summary.clone();
        summary.detail = detail;
        let moves = recorded.iter().filter_map(|at| self.moves.get(at).cloned());
        std::iter::once(summary).chain(moves).collect()
    }
}

/// Gives an individual with the corrected address, as the tables will have it. Nothing of the old address is kept.
fn moved_to(keys: &RosterKeys, row: &individual::Model, place: &Person) -> Result<Sealed, Error> {
    let person = decrypt(&keys.sealer, row)?;
    let erased = Error::IndividualErased;
    let (salt, mut person) = row.salt.as_ref().zip(person).ok_or(erased)?;
    address::replace(&mut person, place);
    Ok(Sealed::of(row.id, salt, &person, row.population, keys))
}
