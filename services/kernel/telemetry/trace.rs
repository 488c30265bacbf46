//! Which trace the current work belongs to (W3C Trace Context).
//!
//! Every call belongs to a trace, whether a collector listens or not: its id stands in the log lines, goes out with
//! calls and is kept with work that is done later.

use std::fmt;
use std::future::Future;
use std::sync::{LazyLock, Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::kernel::crypto;

tokio::task_local! {
    static CURRENT: Trace;
}

/// A place in a trace. Shown as a `traceparent` header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    span: u64,
    flags: u8,
}

impl Trace {
    /// Starts a trace.
    #[must_use]
    pub fn root() -> Self {
        let (high, low) = (random(), random());
        Self {
            id: u128::from(high) << 64 | u128::from(low),
            span: random(),
            flags: 1,
        }
    }

    /// Gives a place below this one in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self {
            span: random(),
            ..self
        }
    }

    /// Parses a `traceparent` header; unknown versions are read as version 00, as the standard asks.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let sizes = [version.len(), trace.len(), span.len(), flags.len()];
        if sizes != [2, 32, 16, 2] || version == "ff" || version == "00" && parts.next().is_some() {
            return None;
        }
        let parsed = Self {
            id: u128::from_str_radix(lower_hex(trace)?, 16).ok()?,
            span: u64::from_str_radix(lower_hex(span)?, 16).ok()?,
            flags: u8::from_str_radix(lower_hex(flags)?, 16).ok()? & 1,
        };
        (parsed.id != 0 && parsed.span != 0).then_some(parsed)
    }

    /// Gives the place below a header's, or starts a trace where there is none.
    #[must_use]
    pub fn below(header: Option<&str>) -> Self {
        header
            .and_then(Self::parse)
            .map_or_else(Self::root, Self::child)
    }

    /// Gives trace, span and flags as numbers.
    pub(super) const fn parts(self) -> (u128, u64, u8) {
        (self.id, self.span, self.flags)
    }

    pub(super) const fn from_parts(id: u128, span: u64, flags: u8) -> Self {
        Self { id, span, flags }
    }

    /// Gives the trace's id as hex.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.id)
    }

    /// Runs a future in this place.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Runs a closure in this place, for code that polls by hand.
    pub fn enter<R>(self, work: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, work)
    }

    /// Gives the place of the current task.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }
}

fn lower_hex(text: &str) -> Option<&str> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.bytes().all(digit).then_some(text)
}

/// Draws a number other than zero. Trace ids need no secrecy, so a generator of the process's own is enough.
fn random() -> u64 {
    static RNG: LazyLock<Mutex<ChaCha12Rng>> =
        LazyLock::new(|| Mutex::new(ChaCha12Rng::from_seed(crypto::random())));
    RNG.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .next_u64()
        .max(1)
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, span, flags } = self;
        write!(f, "00-{id:032x}-{span:016x}-{flags:02x}")
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_comes_back_and_a_child_stays_in_its_trace() {
        let trace = Trace::parse(HEADER).unwrap();
        assert_eq!(trace.to_string(), HEADER);
        let child = Trace::below(Some(HEADER));
        assert_eq!(child.trace_id(), trace.trace_id());
        assert_ne!(child, trace);
    }

    #[test]
    fn what_is_no_header_starts_a_trace() {
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
        assert_ne!(Trace::below(None).trace_id(), Trace::below(None).trace_id());
    }

    #[tokio::test]
    async fn the_scope_is_the_tasks_own() {
        let trace = Trace::root();
        assert_eq!(Trace::current(), None);
        trace
            .scope(async { assert_eq!(Trace::current(), Some(trace)) })
            .await;
    }
}
