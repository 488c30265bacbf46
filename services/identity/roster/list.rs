//! ListIndividuals: individuals of one kind, masked and audited.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::db::entities::{individual, roster_import};
use crate::identity::context::Context;
use crate::identity::disclosure;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId, IndividualId};
use crate::process::{Act, Call};

use super::complete;
use super::decrypt::decrypt;
use super::get::{self, Masked};
use super::store;

/// Which individuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those who were taken off the list.
    Withdrawn,
    /// Those whom a complete file lacks.
    Missing(ImportId),
}

impl Which {
    /// Names the list, in page tokens and in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "WITHDRAWN",
            Self::Missing(_) => "MISSING",
        }
    }

    /// Names the import, for a list of one.
    pub const fn import(self) -> Option<ImportId> {
        match self {
            Self::Withdrawn => None,
            Self::Missing(import) => Some(import),
        }
    }
}

/// Lists individuals after an id, in the order of their ids: at most one more than `limit`, to know whether there is another page. The
/// audit event is committed before anything is given.
pub async fn list_individuals(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    which: Which,
    (after, limit): (Option<IndividualId>, u64),
) -> Result<Vec<Masked>, Error> {
    let after = after.unwrap_or(IndividualId::from_uuid(Uuid::nil()));
    let ids = match which {
        Which::Withdrawn => withdrawn(context, campaign, after, limit + 1).await?,
        Which::Missing(import) => {
            let row = store::import(context.db.read(), (campaign, import)).await?;
            let row = row.ok_or(Error::ImportNotFound)?;
            if !row.complete || row.state != roster_import::State::Done {
                let rule = "must be an import of a complete file that has come to its end";
                return Err(Error::field("missing.import_id", rule));
            }
            complete::missing(&context.db, (campaign, import), after, limit + 1).await?
        }
    };
    let act = Act::of("individuals.listed", ("campaign", Some(campaign.as_uuid())));
    let detail =
        json!({ "list": which.as_str(), "import_id": which.import(), "listed": ids.len() });
    let event = call.event(context, Some(campaign), act, detail);
    disclosure::record(context, "audit_list", &event).await?;
    masked(context, campaign, &ids).await
}

async fn withdrawn(
    context: &Context,
    campaign: CampaignId,
    after: IndividualId,
    limit: u64,
) -> Result<Vec<IndividualId>, Error> {
    use individual::Column;
    // Whoever was taken off the list gets no letter; of those there is an index.
    let query = individual::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Mailable.eq(false))
        .filter(Column::WithdrawnAt.is_not_null())
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit);
    Ok(query.into_tuple().all(context.db.read()).await?)
}

async fn masked(
    context: &Context,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<Vec<Masked>, Error> {
    let read = context.db.read();
    let Some(key) = store::find_key(read, campaign).await? else {
        return Ok(Vec::new());
    };
    let sealer = context.sealer(&key)?;
    let mut people = Vec::with_capacity(ids.len());
    for row in store::individuals(read, campaign, ids).await? {
        if let Some(person) = decrypt(&sealer, &row)? {
            people.push((row, person));
        }
    }
    people.sort_by_key(|(row, _)| row.id);
    get::masked(context, campaign, people).await
}
