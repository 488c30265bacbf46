//! Where memory comes from, also SQLite's.
//!
//! In a bulk load threads hand each other rows by the hundred thousand, and what one takes another gives back. With the C
//! library's allocator two of them spend a third of their time waiting for each other's arena, and it keeps what was given
//! back. The settings are built in: see `.cargo/config.toml`.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
