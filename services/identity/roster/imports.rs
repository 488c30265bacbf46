//! GetImport and ListImports: what was loaded, and how far an import has come that broke off.

use crate::db::entities::roster_import;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ImportId};
use crate::kernel::paging;

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

/// Lists imports, newest first, and gives the token of the next page.
pub async fn list_imports(
    context: &Context,
    campaign: CampaignId,
    size: u64,
    token: &str,
) -> Result<(Vec<roster_import::Model>, String), Error> {
    let filter: [&[u8]; 2] = [b"imports", campaign.as_bytes()];
    let before: Option<ImportId> = paging::page_after(&filter, token)?;
    let mut found = store::imports_before(context.db.read(), campaign, before, size + 1).await?;
    let next = paging::next_page(&mut found, size, &filter, |import| import.id);
    Ok((found, next))
}
