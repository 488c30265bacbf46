//! Reading a list to its end.

use crate::client::problem::Problem;

/// The most that one page holds.
pub const PAGE_SIZE: i32 = 500;

/// Reads all pages of a list. `page` takes the token of a page, and gives what is on it and the token of the next one.
pub async fn read_all<T>(
    page: impl AsyncFnMut(String) -> Result<(Vec<T>, String), Problem>,
) -> Result<Vec<T>, Problem> {
    read_up_to(usize::MAX, page).await
}

/// Reads the first items of a list, page by page as [`read_all`] does.
pub async fn read_up_to<T>(
    limit: usize,
    mut page: impl AsyncFnMut(String) -> Result<(Vec<T>, String), Problem>,
) -> Result<Vec<T>, Problem> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (items, next) = page(page_token).await?;
        all.extend(items);
        if next.is_empty() || all.len() >= limit {
            all.truncate(limit);
            return Ok(all);
        }
        page_token = next;
    }
}
