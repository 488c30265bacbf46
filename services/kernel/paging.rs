//! Pages of lists (AIP-158).
//!
//! A page token holds the key after which the next page starts and a mark of the filter it was made for. Keys are ids and
//! instants, never personal data. A forged token only starts elsewhere in a list that the caller may read anyway.

use data_encoding::BASE64URL_NOPAD;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::crypto;
use super::fault::{Fault, Reason};

/// How many rows a page has when the caller does not say.
pub const DEFAULT_PAGE_SIZE: u64 = 50;
/// The most rows a page can have; a greater wish is cut to it, as AIP-158 asks.
pub const MAX_PAGE_SIZE: u64 = 1_000;

/// The bytes of an answer that are left to its token.
const TOKEN: usize = 512;
/// The most bytes that stand before each entry of an answer: its field and its length.
const FRAME: usize = 8;

/// Clamps the wished page size: zero means the default, a negative number is an error.
pub fn page_size(wish: i32) -> Result<u64, Fault> {
    match u64::try_from(wish) {
        Ok(0) => Ok(DEFAULT_PAGE_SIZE),
        Ok(size) => Ok(size.min(MAX_PAGE_SIZE)),
        Err(_) => {
            Err(Fault::new(Reason::InvalidRequest).field("page_size", "must not be negative"))
        }
    }
}

/// Makes the token of the page that starts after `key`, bound to the request's filter.
pub fn page_token<K: Serialize>(filter: &[&[u8]], key: &K) -> String {
    let mut bytes = mark(filter).to_vec();
    serde_json::to_writer(&mut bytes, key).expect("a key of ids and instants serializes");
    BASE64URL_NOPAD.encode(&bytes)
}

/// Reads a token made by [`page_token`] with the same filter; empty text is the first page.
pub fn page_after<K: DeserializeOwned>(filter: &[&[u8]], token: &str) -> Result<Option<K>, Fault> {
    if token.is_empty() {
        return Ok(None);
    }
    read(filter, token).map(Some).ok_or_else(|| {
        Fault::new(Reason::InvalidRequest).field(
            "page_token",
            "is not a token of this list; keep the other fields as they were or start without one",
        )
    })
}

/// What a page may hold.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// The most rows.
    pub rows: u64,
    /// The most bytes of the whole answer, as `server::largest_of` gives them.
    pub bytes: usize,
    /// What the token is bound to.
    pub filter: &'a [&'a [u8]],
}

/// Makes a page that ends by its rows or by its size, and the token of the next one; it is empty on the last page.
///
/// Call it with the rows of a query `LIMIT rows + 1`, each as it is sent with the key after which the next page would start.
/// A page has at least one row, however large that is.
pub fn page<K: Serialize, W: Message>(
    entries: impl IntoIterator<Item = (K, W)>,
    room: &Room<'_>,
) -> (Vec<W>, String) {
    let most = usize::try_from(room.rows).unwrap_or(usize::MAX);
    let bytes = room.bytes.saturating_sub(TOKEN);
    let mut page = Vec::new();
    let mut last = None;
    let mut size = 0;
    for (key, entry) in entries {
        size += entry.encoded_len() + FRAME;
        if page.len() == most || (size > bytes && last.is_some()) {
            return (page, page_token(room.filter, &last));
        }
        page.push(entry);
        last = Some(key);
    }
    (page, String::new())
}

fn read<K: DeserializeOwned>(filter: &[&[u8]], token: &str) -> Option<K> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let key = bytes.strip_prefix(&mark(filter))?;
    serde_json::from_slice(key).ok()
}

fn mark(filter: &[&[u8]]) -> [u8; 8] {
    let mut hash = crypto::Sha256::new();
    for part in filter {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut mark = [0; 8];
    mark.copy_from_slice(&hash.finish()[..8]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_clamped() {
        assert_eq!(page_size(0).unwrap(), DEFAULT_PAGE_SIZE);
        assert_eq!(page_size(7).unwrap(), 7);
        assert_eq!(page_size(i32::MAX).unwrap(), MAX_PAGE_SIZE);
        assert_eq!(page_size(-1).unwrap_err().reason(), Reason::InvalidRequest);
    }

    #[test]
    fn a_token_gives_its_key_back_only_with_its_filter() {
        let token = page_token(&[b"campaign", b"open"], &(3_u32, "x"));
        let back: Option<(u32, String)> = page_after(&[b"campaign", b"open"], &token).unwrap();
        assert_eq!(back, Some((3, "x".to_owned())));
        assert!(page_after::<(u32, String)>(&[b"campaign", b"all"], &token).is_err());
        assert!(page_after::<(u32, String)>(&[b"campaign", b"open"], "???").is_err());
        assert_eq!(page_after::<u32>(&[], "").unwrap(), None);
    }

    fn room(rows: u64, bytes: usize) -> Room<'static> {
        let filter = &[];
        Room {
            rows,
            bytes,
            filter,
        }
    }

    #[test]
    fn the_last_page_has_no_token() {
        let rows = || (1_i32..=3).map(|row| (row, row));
        let (page_of_two, token) = page(rows(), &room(2, usize::MAX));
        assert_eq!(page_of_two, [1, 2]);
        assert_eq!(page_after::<i32>(&[], &token).unwrap(), Some(2));
        let (all, token) = page(rows(), &room(3, usize::MAX));
        assert_eq!((all.len(), token.as_str()), (3, ""));
    }

    #[test]
    fn a_page_ends_by_its_size_and_has_at_least_one_row() {
        let rows = || (1_i32..=5).map(|row| (row, "x".repeat(1_000)));
        let (some, token) = page(rows(), &room(10, 4_000));
        assert_eq!(some.len(), 3);
        assert_eq!(page_after::<i32>(&[], &token).unwrap(), Some(3));
        let (one, token) = page(rows(), &room(10, 100));
        assert_eq!(one.len(), 1);
        assert_eq!(page_after::<i32>(&[], &token).unwrap(), Some(1));
    }
}
