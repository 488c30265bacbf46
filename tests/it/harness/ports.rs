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
