//! Takes a partner's list as it comes in, and compares it once its end has come.

use std::collections::BTreeMap;

use serde_json::json;

use crate::db::audit;
use crate::db::entities::outcome::OutcomeClass;
use crate::db::entities::reconciliation::{Model, State};
use crate::db::entities::reconciliation_difference::{Kind, State as DifferenceState};
use crate::db::entities::reconciliation_entry::{Model as Entry, Progress};
use crate::db::{self, Tx};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::Sha256;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId, ReconciliationId};
use crate::process::Act;
use crate::process::request::{self, Request};

use super::compare::{self, Count, List};
use super::{entries, list_store};

/// The most entries of a list.
pub const MOST: i64 = 2_000_000;

/// Whose list it is.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner.
    pub partner: PartnerId,
    /// When the partner's books stood so.
    pub as_of: Timestamp,
}

/// One enrollment in the partner's books.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Our reference.
    pub handoff: Option<HandoffId>,
    /// The partner's.
    pub reference: Option<String>,
    /// Where it stands there.
    pub progress: Progress,
    /// Why, where it is not active.
    pub class: Option<OutcomeClass>,
    /// The partner's revision of that.
    pub revision: i64,
    /// Since when.
    pub effective_at: Option<Timestamp>,
}

/// A list that comes in. What is written of it stands as INCOMPLETE until it has been compared, so that a stream that breaks off needs
/// nobody to clean up.
pub struct Incoming {
    list: List,
    started_by: String,
    entries: i64,
    hash: Sha256,
}

/// Begins a list.
pub async fn begin(context: &Context, header: Header, actor: String) -> Result<Incoming, Error> {
    let list = List {
        campaign: header.campaign,
        id: context.ids.next(),
        partner: header.partner,
        as_of: header.as_of,
    };
    list_store::expect_campaign(context.db.read(), list.campaign).await?;
    let row = Model {
        campaign_id: list.campaign,
        id: list.id,
        partner_id: list.partner,
        state: State::Incomplete,
        as_of_at: list.as_of,
        entries: 0,
        agreed: 0,
        pending: 0,
        closed: 0,
        findings: "{}".to_owned(),
        list_sha256: None,
        started_by: actor.clone(),
        started_at: context.now(),
        finished_at: None,
    };
    let row = &row;
    let begun = context.db.run_tx("reconciliation.begin", |tx| {
        Box::pin(list_store::add(tx, row.clone()))
    });
    begun.await?;
    Ok(Incoming {
        list,
        started_by: actor,
        entries: 0,
        hash: Sha256::new(),
    })
}

impl Incoming {
    /// Tells how many entries have come.
    pub const fn entries(&self) -> i64 {
        self.entries
    }

    /// Takes entries.
    pub async fn add(&mut self, context: &Context, chunk: Vec<Listed>) -> Result<(), Error> {
        let entries: Vec<Entry> = chunk
            .into_iter()
            .map(|it| self.entry(context, it))
            .collect();
        let (list, in_all, entries) = (self.list, self.entries, &entries);
        let added = context.db.run_tx("reconciliation.add", |tx| {
            Box::pin(list_store::add_entries(tx, list, (entries, in_all)))
        });
        added.await
    }

    fn entry(&mut self, context: &Context, listed: Listed) -> Entry {
        let entry = Entry {
            campaign_id: self.list.campaign,
            reconciliation_id: self.list.id,
            position: self.entries,
            id: context.ids.uuid(),
            handoff_id: listed.handoff,
            partner_reference: listed.reference,
            progress: listed.progress,
            outcome_class: listed.class,
            revision: listed.revision,
            effective_at: listed.effective_at,
        };
        self.entries += 1;
        // The entry as the contract has it, on a line: no field has a line end in it.
        let line = json!([
            entry.handoff_id,
            entry.partner_reference,
            entry.progress,
            entry.outcome_class,
            entry.revision,
            entry.effective_at.map(Timestamp::as_micros)
        ]);
        self.hash.update(line.to_string().as_bytes());
        self.hash.update(b"\n");
        entry
    }

    /// Names what was sent, so that the same call is known again.
    pub fn content(&self) -> String {
        let List {
            campaign,
            partner,
            as_of,
            ..
        } = self.list;
        let hash = self.hash.clone().finish_hex();
        format!("{campaign} {partner} {} {hash}", as_of.as_micros())
    }

    /// Ends the list: compares it, unless its count is wrong, an enrollment stands in it twice, or a later one was compared before.
    /// The same list as of the same time is the one that was compared before.
    pub async fn end(
        self,
        context: &Context,
        claimed: i64,
        request: &Request,
    ) -> Result<Model, Error> {
        let Self { list, entries, .. } = self;
        if claimed != entries {
            return Err(cut_off(claimed, entries));
        }
        let sha256 = self.hash.finish_hex();
        let ended = Ended {
            list,
            entries,
            sha256: &sha256,
            actor: &self.started_by,
        };
        let ended = &ended;
        let compared = context.db.run_bulk("reconciliation.compare", |tx| {
            Box::pin(async move {
                let all = list_store::lock_all(tx, list).await?;
                let answered: Option<ReconciliationId> = request::answered(tx, request).await?;
                if let Some(known) = answered.or_else(|| ended.same_as(&all)) {
                    if answered.is_none() {
                        request::record(tx, request, &known, context.now()).await?;
                    }
                    return known_list(tx, list, known).await;
                }
                ended.is_newest(tx).await?;
                let compared = ended.compare(tx, context).await?;
                request::record(tx, request, &list.id, context.now()).await?;
                Ok::<_, Error>(compared)
            })
        });
        compared.await
    }
}

/// A list whose end has come.
struct Ended<'a> {
    list: List,
    entries: i64,
    sha256: &'a str,
    actor: &'a str,
}

impl Ended<'_> {
    /// Finds the list with the same content as of the same time.
    fn same_as(&self, all: &[Model]) -> Option<ReconciliationId> {
        let is_same = |it: &&Model| {
            it.as_of_at == self.list.as_of && it.list_sha256.as_deref() == Some(self.sha256)
        };
        all.iter().find(is_same).map(|it| it.id)
    }

    async fn is_newest(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let newest = list_store::newest_compared(tx, self.list).await?;
        match newest {
            Some(newest) if newest.as_of_at > self.list.as_of => {
                Err(Error::ListOutdated { newest: newest.id })
            }
            _ => Ok(()),
        }
    }

    async fn compare(&self, tx: &Tx<'_>, context: &Context) -> Result<Model, Error> {
        let now = context.now();
        entries::join_by_hash(tx).await?;
        let own = (self.list.campaign, self.list.id.as_uuid());
        entries::resolve(tx, &entries::LIST, own, self.list.partner).await?;
        let duplicates = compare::duplicates(tx, self.list).await?;
        if !duplicates.is_empty() {
            return Err(listed_twice(&duplicates));
        }
        let counts = compare::compare(tx, self.list, now).await?;
        let found = list_store::get(tx, self.list.campaign, self.list.id).await?;
        let begun = found.ok_or_else(|| db::Error::corrupt("a list that is gone"))?;
        let compared = Model {
            state: State::Compared,
            agreed: self.entries - counts.iter().map(|count| count.listed).sum::<i64>(),
            pending: in_state(&counts, DifferenceState::Pending),
            closed: in_state(&counts, DifferenceState::Closed),
            findings: json!(findings(&counts)).to_string(),
            list_sha256: Some(self.sha256.to_owned()),
            finished_at: Some(now),
            ..begun
        };
        list_store::write_compared(tx, &compared).await?;
        let detail = json!({
            "partner": self.list.partner,
            "entries": self.entries,
            "agreed": compared.agreed,
            "pending": compared.pending,
            "closed": compared.closed,
            "findings": findings(&counts),
        });
        let act = Act::on("reconciliation.compared", "reconciliation", self.list.id);
        let event = context.event(self.actor.to_owned(), Some(self.list.campaign), act, detail);
        audit::record(tx, &[event]).await?;
        Ok(compared)
    }
}

/// Gives the list that this one is the same as, and takes this one away.
async fn known_list(tx: &Tx<'_>, list: List, known: ReconciliationId) -> Result<Model, Error> {
    if known != list.id {
        list_store::delete_entries(tx, (list.campaign, list.id), i64::MAX).await?;
        list_store::delete(tx, list.campaign, list.id).await?;
    }
    let found = list_store::get(tx, list.campaign, known).await?;
    found.ok_or(Error::ListOutdated { newest: known })
}

fn in_state(counts: &[Count], state: DifferenceState) -> i64 {
    let counted = counts.iter().filter(|count| count.state == state);
    counted.map(|count| count.differences).sum()
}

/// Counts what is open by kind.
fn findings(counts: &[Count]) -> BTreeMap<Kind, i64> {
    let open = counts
        .iter()
        .filter(|count| count.state == DifferenceState::Open);
    open.map(|count| (count.kind, count.differences)).collect()
}

fn cut_off(claimed: i64, entries: i64) -> Error {
    let fault = Fault::new(Reason::InvalidRequest);
    let rule = format!(
        "says that the list has {claimed} entries, and {entries} came: it was cut off, and nothing was compared; send the whole list again"
    );
    fault.field("end.entries", rule).into()
}

fn listed_twice(duplicates: &[compare::Duplicate]) -> Error {
    let mut fault = Fault::new(Reason::InvalidRequest);
    for duplicate in duplicates {
        let rule = format!(
            "is about the same enrollment as entries[{}]; nothing was compared: send the list with one entry an enrollment",
            duplicate.first
        );
        fault = fault.field(format!("entries[{}]", duplicate.position), rule);
    }
    fault.into()
}
