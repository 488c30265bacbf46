//! Free loopback ports that stay the same over a restart.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system takes ports for outgoing connections.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// Gives a port that nobody listens on now and that no other test of this run is given.
pub fn free() -> u16 {
    let spread = u16::try_from(std::process::id().wrapping_mul(37) % u32::from(COUNT))
        .expect("smaller than the count");
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (spread + step % COUNT) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Gives the first of four ports in a row that are free, with those a hundred above.
pub fn free_row() -> u16 {
    static ROWS: AtomicU16 = AtomicU16::new(0);
    let spread = u16::try_from(std::process::id() % 60).expect("smaller than the count");
    loop {
        let row = (spread + ROWS.fetch_add(1, Ordering::Relaxed)) % 60;
        // Above the single ports; twelve rows of four, and their hundreds above, in each two hundred.
        let first = FIRST + COUNT + row / 12 * 200 + row % 12 * 8;
        let mut ports = (first..first + 4).chain(first + 100..first + 104);
        if ports.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}
