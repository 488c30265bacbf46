//! GetImport and ListImports: what was loaded, and how far an import has come that broke off.

use crate::db::entities::roster_import;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};

use super::store;

/// Gives an import.
pub async fn get_import(
    context: &Context,
    campaign: CampaignId,
    id: ImportId,
) -> Result<roster_import::Model, Error> {
    let found = store::import(context.db.read(), (campaign, id)).await?;
    found.ok_or(Error::ImportNotFound)
}

/// Lists imports, newest first: one more than a page has, if there is one.
pub async fn list_imports(
    context: &Context,
    campaign: CampaignId,
    before: Option<ImportId>,
    size: u64,
) -> Result<Vec<roster_import::Model>, Error> {
    store::imports_before(context.db.read(), campaign, before, size + 1).await
}
