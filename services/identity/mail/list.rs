//! ListMailEvents: what happened to one individual's letters.

use jiff::civil::Date;
use serde_json::json;

use crate::db::entities::mail_event::{self, AddressSource, Kind, ReturnReason};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::identity::roster::store as roster;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::process::{Act, Call};

use super::store;

/// A recorded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub on: Date,
    /// What.
    pub kind: Kind,
    /// Why it came back.
    pub return_reason: Option<ReturnReason>,
    /// Who gave the better address.
    pub source: Option<AddressSource>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Which of the individual's letters; 0 where that is not known.
    pub generation: i32,
}

impl Recorded {
    /// Gives the place in the history.
    fn moment(&self) -> (Date, Kind, i32) {
        (self.on, self.kind, self.generation)
    }
}

/// Whose history, and which page of it.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The campaign.
    pub campaign: CampaignId,
    /// The individual.
    pub individual: IndividualId,
    /// The last event of the page before.
    pub after: Option<(Date, Kind, i32)>,
}

/// Lists an individual's history, oldest first. The audit event is committed before
/// anything is given.
///
/// One individual has few events, at most one of each kind a day and letter, so all are read and pages are cut out of them.
pub async fn list_mail_events(
    context: &Context,
    call: &Call,
    query: &List,
) -> Result<Vec<Recorded>, Error> {
    let List {
        campaign,
        individual,
        after,
    } = *query;
    let found = roster::individual(context.db.read(), campaign, individual).await?;
    found.ok_or(Error::IndividualNotFound)?;
    let rows = store::history(context.db.read(), campaign, individual).await?;
    let mut events: Vec<Recorded> = rows.iter().map(read).collect::<Result<_, _>>()?;
    events.retain(|event| after.is_none_or(|after| event.moment() > after));
    events.sort_unstable_by_key(Recorded::moment);
    let act = Act::on("individual.mail_events_viewed", "individual", individual);
    let event = call.event(context, Some(campaign), act, json!({}));
    disclosure::record(context, "audit_view", &event).await?;
    Ok(events)
}

fn read(row: &mail_event::Model) -> Result<Recorded, Error> {
    Ok(Recorded {
        on: store::day_of(row)?,
        kind: row.kind,
        return_reason: row.return_reason,
        source: row.address_source,
        recorded_at: row.recorded_at,
        generation: row.generation,
    })
}
