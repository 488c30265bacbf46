//! How long the pages of this process's lists are.

use crate::kernel::fault::Fault;
use crate::kernel::paging;

/// The most rows in a page of this process's lists.
const LONGEST_PAGE: u64 = 500;

/// Reads the size of a page.
pub(crate) fn page_size(wish: i32) -> Result<u64, Fault> {
    Ok(paging::page_size(wish)?.min(LONGEST_PAGE))
}
