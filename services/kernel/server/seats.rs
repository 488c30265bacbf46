//! Places for connections. A newcomer always finds one where somebody else's is unused.
//!
//! A connection is nobody's until its certificate is checked: an address may have so many of these, and the oldest has to go for a
//! new one. A caller may have so many connections, and the process all together: then the one goes that has been without an open
//! call for longest. Connections with open calls stay, and where all have some the newcomer is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::kernel::caller::Caller;
use crate::kernel::settings::Limits;

/// The connections of a process.
pub(super) struct Seats {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By number, so in the order in which they came.
    seats: BTreeMap<u64, Taking>,
}

struct Taking {
    owner: Owner,
    usage: Arc<Usage>,
    cut: CancellationToken,
}

#[derive(PartialEq, Eq)]
enum Owner {
    /// No certificate has been seen.
    Address(IpAddr),
    /// A certificate that names no caller counts as one caller.
    Caller(Option<Caller>),
}

/// How a connection is used.
#[derive(Debug)]
pub(super) struct Usage {
    open: AtomicUsize,
    last: Mutex<Instant>,
}

/// A call on a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenCall(Arc<Usage>);

impl Usage {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
        })
    }

    pub(super) fn begin(self: &Arc<Self>) -> OpenCall {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenCall(Arc::clone(self))
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Instant::now();
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection's place, until it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    pub(super) usage: Arc<Usage>,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection that has just been accepted; `cut` closes it.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr, cut: &CancellationToken) -> Option<Seat> {
        let mut taken = self.taken();
        let owner = Owner::Address(from);
        if taken.count(&owner) >= self.limits.max_connections_per_address {
            taken.free(|taking| taking.owner == owner);
        }
        if taken.seats.len() >= self.limits.max_connections {
            let unproven = |taking: &Taking| matches!(taking.owner, Owner::Address(_));
            if !taken.free(unproven) && !taken.free(|_| true) {
                return None;
            }
        }
        let usage = Usage::new();
        let number = taken.next;
        taken.next += 1;
        let taking = Taking {
            owner,
            usage: Arc::clone(&usage),
            cut: cut.clone(),
        };
        taken.seats.insert(number, taking);
        Some(Seat {
            seats: Arc::clone(self),
            number,
            usage,
        })
    }
}

impl Seat {
    /// Makes the place a caller's; tells whether it has room for it.
    pub(super) fn belongs_to(&self, caller: Option<&Caller>) -> bool {
        let mut taken = self.seats.taken();
        let owner = Owner::Caller(caller.cloned());
        if taken.count(&owner) >= self.seats.limits.max_connections_per_caller
            && !taken.free(|taking| taking.owner == owner)
        {
            return false;
        }
        // Gone where it had to make room meanwhile.
        let own = taken.seats.get_mut(&self.number);
        own.map(|taking| taking.owner = owner).is_some()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

impl Taken {
    fn count(&self, owner: &Owner) -> usize {
        let seats = self.seats.values();
        seats.filter(|taking| taking.owner == *owner).count()
    }

    /// Closes the connection that has been unused for longest, among those that `may` go.
    fn free(&mut self, may: impl Fn(&Taking) -> bool) -> bool {
        let unused = self
            .seats
            .iter()
            .filter(|(_, taking)| !taking.usage.is_open() && may(taking));
        let longest = unused.min_by_key(|(number, taking)| (taking.usage.last(), **number));
        let Some(number) = longest.map(|(number, _)| *number) else {
            return false;
        };
        if let Some(taking) = self.seats.remove(&number) {
            taking.cut.cancel();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::caller::Role;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    fn seats(all: usize, address: usize, caller: usize) -> Arc<Seats> {
        Seats::new(Limits {
            max_connections: all,
            max_connections_per_address: address,
            max_connections_per_caller: caller,
            ..Limits::default()
        })
    }

    fn take(seats: &Arc<Seats>, from: IpAddr) -> (Seat, CancellationToken) {
        let cut = CancellationToken::new();
        (seats.take(from, &cut).unwrap(), cut)
    }

    #[test]
    fn the_oldest_that_shows_no_certificate_goes_for_a_new_one_of_its_address() {
        let seats = seats(10, 2, 10);
        let first = take(&seats, HERE);
        let elsewhere = take(&seats, THERE);
        let second = take(&seats, HERE);
        let _third = take(&seats, HERE);
        let cut = |it: &(Seat, CancellationToken)| it.1.is_cancelled();
        assert!(cut(&first) && !cut(&second) && !cut(&elsewhere));
        let owner = Caller::new(Role::Portal, "one");
        assert!(
            !first.0.belongs_to(owner.as_ref()),
            "its place is another's"
        );
        assert!(second.0.belongs_to(owner.as_ref()));
        let _fourth = take(&seats, HERE);
        assert!(
            !cut(&second),
            "a caller's connection does not count for its address"
        );
    }

    #[test]
    fn the_connection_unused_for_longest_goes_and_one_in_use_never() {
        let seats = seats(3, 3, 2);
        let owner = Caller::new(Role::Portal, "one");
        let busy = take(&seats, HERE);
        let idle = take(&seats, HERE);
        assert!(busy.0.belongs_to(owner.as_ref()) && idle.0.belongs_to(owner.as_ref()));
        let call = busy.0.usage.begin();
        let third = take(&seats, HERE);
        assert!(third.0.belongs_to(owner.as_ref()));
        assert!(idle.1.is_cancelled() && !busy.1.is_cancelled());
        let second_call = third.0.usage.begin();
        let fourth = take(&seats, HERE);
        assert!(!fourth.0.belongs_to(owner.as_ref()), "all are in use");
        drop(second_call);
        assert!(fourth.0.belongs_to(owner.as_ref()));
        assert!(third.1.is_cancelled() && !busy.1.is_cancelled());
        drop(call);
    }

    #[test]
    fn a_full_process_frees_a_stranger_before_a_caller_and_refuses_only_when_all_are_in_use() {
        let seats = seats(2, 2, 2);
        let owner = Caller::new(Role::Portal, "one");
        let known = take(&seats, HERE);
        assert!(known.0.belongs_to(owner.as_ref()));
        let stranger = take(&seats, HERE);
        let second = take(&seats, THERE);
        assert!(stranger.1.is_cancelled() && !known.1.is_cancelled());
        let _calls = (known.0.usage.begin(), second.0.usage.begin());
        assert!(seats.take(HERE, &CancellationToken::new()).is_none());
        drop(second);
        assert!(seats.take(HERE, &CancellationToken::new()).is_some());
    }
}
