//! Two people of a roster who may be one: they stay two, with two letters, and are put on the review list.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde_json::json;

use crate::db::Tx;
use crate::db::entities::ClosedSet;
use crate::db::entities::review::State;
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::identity::matching::waterfall::Waterfall;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, Ids, ImportId, IndividualId, ReviewId};

/// Two people who may be one.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The one who was known later.
    pub individual: IndividualId,
    /// The one who was known before.
    pub other: IndividualId,
    /// How they agree.
    pub waterfall: Waterfall,
}

impl Doubt {
    /// Takes two people, in any order.
    pub fn of(a: IndividualId, b: IndividualId, waterfall: Waterfall) -> Self {
        Self {
            individual: a.max(b),
            other: a.min(b),
            waterfall,
        }
    }

    /// Makes its entry of the review list.
    pub fn entry(&self, ids: &Ids) -> Entry {
        Entry {
            id: ids.next(),
            individual_id: self.individual,
            other_id: self.other,
            score: self.waterfall.score(),
            waterfall: json!(self.waterfall).to_string(),
        }
    }
}

/// An entry of the review list, on its way into the table.
#[derive(Debug, Serialize)]
pub struct Entry {
    id: ReviewId,
    individual_id: IndividualId,
    other_id: IndividualId,
    score: i32,
    waterfall: String,
}

const COLUMNS: [(&str, Is); 5] = [
    ("id", Is::Uuid),
    ("individual_id", Is::Uuid),
    ("other_id", Is::Uuid),
    ("score", Is::Int),
    ("waterfall", Is::Text),
];

/// Puts entries on the review list. Two people who stand there, or stood there and were decided about, are not put there again.
pub async fn list(
    tx: &Tx<'_>,
    campaign: CampaignId,
    (import, now): (ImportId, Timestamp),
    entries: &[Entry],
) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} INSERT INTO review (campaign_id, id, individual_id, other_id, state, score, waterfall, import_id, opened_at) \
         SELECT $2, id, individual_id, other_id, $3, score, waterfall, $4, $5 FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, individual_id, other_id) DO NOTHING",
        rows::table(tx.backend(), &COLUMNS)
    );
    let rest = [
        campaign.into(),
        State::Open.as_str().into(),
        import.into(),
        now.into(),
    ];
    tx.execute_raw(rows::bind_with(tx.backend(), sql, entries, rest))
        .await?;
    Ok(())
}
