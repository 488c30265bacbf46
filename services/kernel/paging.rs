//! Pages of lists (AIP-158).
//!
//! A page token holds the key after which the next page starts and a mark of the filter it was made for. Keys are ids and
//! instants, never personal data. A forged token only starts elsewhere in a list that the caller may read anyway.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::crypto;
use super::fault::{Fault, Reason};

/// How many rows a page has when the caller does not say.
pub const DEFAULT_PAGE_SIZE: u64 = 50;
/// The most rows a page can have; a greater wish is cut to it, as AIP-158 asks.
pub const MAX_PAGE_SIZE: u64 = 1_000;

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

/// Cuts the one row too many that a query asks for to know whether there is another page.
///
/// Call it with the rows of a query `LIMIT size + 1`; the token is empty on the last page.
pub fn next_page<T, K: Serialize>(
    rows: &mut Vec<T>,
    size: u64,
    filter: &[&[u8]],
    key: impl FnOnce(&T) -> K,
) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last()
        .map_or_else(String::new, |row| page_token(filter, &key(row)))
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

    #[test]
    fn the_last_page_has_no_token() {
        let mut rows = vec![1, 2, 3];
        let token = next_page(&mut rows, 2, &[], |row| *row);
        assert_eq!(rows, [1, 2]);
        assert_eq!(page_after::<i32>(&[], &token).unwrap(), Some(2));
        assert_eq!(next_page(&mut rows, 2, &[], |row| *row), "");
    }
}
