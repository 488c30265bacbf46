//! Reading a list to its end.

use crate::client::problem::Problem;

/// The most that one page holds.
pub const PAGE_SIZE: i32 = 500;

/// Reads all pages of a list. `page` takes the token of a page, and gives what is on it and the token of the next one.
pub async fn read_all<T>(
    mut page: impl AsyncFnMut(String) -> Result<(Vec<T>, String), Problem>,
) -> Result<Vec<T>, Problem> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (items, next) = page(page_token).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        page_token = next;
    }
}
