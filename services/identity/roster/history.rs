//! What records were before files corrected them: kept sealed, listed without a value.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::json;

use crate::db::Tx;
use crate::db::entities::individual_history::{Column, Entity, Model};
use crate::db::rows::{self, Is};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::person_sealer::Place;
use crate::process::{Act, Call};

use super::keys::RosterKeys;
use super::plan::{Origin, Slot};
use super::store;
use super::target::Target;

/// One correction, on its way into the table.
#[derive(Debug, Serialize)]
pub struct Entry {
    individual_id: IndividualId,
    /// JSON: the names of the fields.
    fields: String,
    /// The record before, sealed under the individual's key.
    sealed: String,
}

impl Entry {
    /// Makes the entry of a slot that was corrected.
    pub fn of(slot: &Slot<'_>, keys: &RosterKeys) -> Option<Self> {
        let correction = slot.correction.as_ref()?;
        let salt: &[u8] = match &slot.origin {
            Origin::New(row) => &row.sealed.salt,
            Origin::Roster(stored) => &stored.salt,
        };
        let place = Place::history_of(slot.individual);
        let sealed = keys.sealer.seal_at(place, salt, &correction.before);
        let mut fields = correction.fields.clone();
        fields.sort_unstable();
        fields.dedup();
        Some(Self {
            individual_id: slot.individual,
            fields: json!(fields).to_string(),
            sealed: rows::hex(&sealed),
        })
    }
}

const COLUMNS: [(&str, Is); 3] = [
    ("individual_id", Is::Uuid),
    ("fields", Is::Text),
    ("sealed", Is::Bytes),
];

/// Keeps what a batch corrected. A second correction at the same instant is the same one.
pub async fn keep(tx: &Tx<'_>, target: Target<'_>, entries: &[Entry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} INSERT INTO individual_history (campaign_id, individual_id, changed_at, changed_by, import_id, fields, sealed) \
         SELECT $2, individual_id, $3, $4, $5, fields, sealed FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, individual_id, changed_at) DO NOTHING",
        rows::table(tx.backend(), &COLUMNS)
    );
    let rest = [
        target.campaign.into(),
        target.now.into(),
        target.actor.into(),
        target.import.into(),
    ];
    tx.execute_raw(rows::bind_with(tx.backend(), sql, entries, rest))
        .await?;
    Ok(())
}

/// Lists what files corrected of an individual, oldest first: at most one more than `limit`, to know whether there is another page. The
/// audit event is committed before anything is given.
pub async fn list_corrections(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    id: IndividualId,
    (after, limit): (Option<Timestamp>, u64),
) -> Result<Vec<Model>, Error> {
    let known = store::individual(context.db.read(), campaign, id).await?;
    known.ok_or(Error::IndividualNotFound)?;
    let mut query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(id));
    if let Some(after) = after {
        query = query.filter(Column::ChangedAt.gt(after));
    }
    let found = query
        .order_by_asc(Column::ChangedAt)
        .limit(limit + 1)
        .all(context.db.read())
        .await?;
    let act = Act::on("individual.history_viewed", "individual", id);
    let event = call.event(context, Some(campaign), act, json!({}));
    disclosure::record(context, "audit_history", &event).await?;
    Ok(found)
}
