//! Compares a partner's own list with our books, both ways, and brings both together again.
//!
//! A list comes in as a stream and is stored entry by entry ([`reconcile`]). Once its end has come and its count is right, [`compare`]
//! finds the differences by a few statements over both tables; what a pair of states means says [`judge`]. A difference lives on from list
//! to list, until one no longer shows it: it is PENDING while something under way explains it, OPEN as a finding, and CLOSED or REPAIRED
//! by an operator. Nothing is repaired without being asked.
//!
//! [`daily_manifest`] keeps what a partner should have had on each day, as counts and hashes. [`invoice`] checks what a partner bills
//! against when its enrollments were active.

pub mod close;
pub mod compare;
pub mod daily_manifest;
pub mod days;
pub mod difference_store;
pub mod entries;
pub(crate) mod grpc;
pub mod invoice;
pub mod judge;
pub mod list_store;
pub mod manifest;
pub mod manifest_store;
pub mod reconcile;
pub mod repair;
pub mod retention;
pub mod watch;
