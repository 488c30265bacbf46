//! Where memory comes from, also SQLite's.
//!
//! In a bulk load threads hand each other rows by the hundred thousand, and what one takes another gives back. With the C
//! library's allocator SQLite's thread spent two fifths of its time waiting for the others' arena. The settings are built in: see
//! `.cargo/config.toml`; the environment's `MALLOC_CONF` goes before them.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
