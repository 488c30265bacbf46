//! The bytes of a request on their way in.
//!
//! A body is watched frame by frame, without decoding anything: how many messages it holds, how many bytes of them are under
//! way, how long the client takes, and whether it leaves. Whoever finds something wrong says so in [`Received`], because tonic
//! takes a client that leaves for the end of its request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::Frame;
use prost::bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tonic::Status;
use tonic::body::Body;

use super::share::Share;
use crate::kernel::fault::{Fault, Reason};

/// A message's header: whether it is compressed, and four bytes of length.
const HEADER: usize = 5;
/// What a byte of deflate can become at most.
const INFLATION: usize = 1_032;

/// What is known about a request's bytes: shared by who reads them and who answers.
#[derive(Clone, Default)]
pub(super) struct Received(Arc<Inner>);

#[derive(Default)]
struct Inner {
    fault: OnceLock<Fault>,
    bytes: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Received {
    /// Gives what was wrong with the bytes, if anything.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.0.fault.get().cloned()
    }

    fn hold(&self, bytes: OwnedSemaphorePermit) {
        let mut held = self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(bytes);
    }
}

/// What a body is held to.
pub(super) struct Rules {
    /// Whether the method takes exactly one message.
    pub(super) single: bool,
    /// How long one message may take.
    pub(super) limit: Duration,
    /// The largest message.
    pub(super) largest: usize,
    /// The caller's share.
    pub(super) share: Arc<Share>,
}

/// A body that is watched.
pub(super) struct Watched {
    body: Option<Body>,
    rules: Rules,
    messages: Messages,
    begun: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    received: Received,
}

impl Watched {
    pub(super) fn new(body: Body, rules: Rules, received: Received) -> Self {
        Self {
            body: Some(body),
            rules,
            messages: Messages::default(),
            begun: Instant::now(),
            timer: None,
            received,
        }
    }

    fn look(&mut self, data: &[u8]) -> Result<(), Fault> {
        let Self {
            rules, received, ..
        } = self;
        let single = rules.single;
        self.messages.read(data, |number, header| {
            if single && number > 1 {
                return Err(Fault::new(Reason::MalformedMessage));
            }
            received.hold(rules.share.bytes(header.most().min(rules.largest))?);
            Ok(())
        })?;
        // A stream has its time for every message and may rest between them; where bytes came, it is not the client who waits.
        if !single {
            self.timer = None;
        }
        Ok(())
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.rules.single && self.messages.is_between() {
            return false;
        }
        let limit = self.rules.limit;
        let end = if self.rules.single {
            self.begun + limit
        } else {
            Instant::now() + limit
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        timer.as_mut().poll(cx).is_ready()
    }

    /// Ends the body with an error. Its code is not CANCELLED, which tonic would take for a regular end.
    fn fail(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.body = None;
        _ = self.received.0.fault.set(fault);
        Poll::Ready(Some(Err(Status::aborted(""))))
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let looked = frame.data_ref().map_or(Ok(()), |data| this.look(data));
                match looked {
                    Ok(()) => Poll::Ready(Some(Ok(frame))),
                    Err(fault) => this.fail(fault),
                }
            }
            Poll::Ready(Some(Err(_))) => this.fail(Fault::new(Reason::CallCanceled)),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if this.is_late(cx) => this.fail(Fault::new(Reason::DeadlineExceeded)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The header of a message.
struct Header {
    compressed: bool,
    length: usize,
}

impl Header {
    /// How large the message can become.
    fn most(&self) -> usize {
        if self.compressed {
            self.length.saturating_mul(INFLATION)
        } else {
            self.length
        }
    }
}

/// Counts the messages of a body.
#[derive(Default)]
struct Messages {
    header: [u8; HEADER],
    /// How much of the header is there.
    have: usize,
    /// How much of the message is missing.
    missing: usize,
    begun: usize,
}

impl Messages {
    /// Reads on; asks about every message when its header is there.
    fn read(
        &mut self,
        mut data: &[u8],
        mut ask: impl FnMut(usize, &Header) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while !data.is_empty() {
            if self.missing > 0 {
                let taken = self.missing.min(data.len());
                self.missing -= taken;
                data = &data[taken..];
                continue;
            }
            let taken = (HEADER - self.have).min(data.len());
            self.header[self.have..self.have + taken].copy_from_slice(&data[..taken]);
            self.have += taken;
            data = &data[taken..];
            if self.have == HEADER {
                let [compressed, length @ ..] = self.header;
                let header = Header {
                    compressed: compressed == 1,
                    length: u32::from_be_bytes(length) as usize,
                };
                self.begun += 1;
                ask(self.begun, &header)?;
                self.have = 0;
                self.missing = header.length;
            }
        }
        Ok(())
    }

    fn is_between(&self) -> bool {
        self.have == 0 && self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_wherever_the_frames_are_cut() {
        let bytes = [0, 0, 0, 0, 2, 7, 7, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9];
        for size in 1..=bytes.len() {
            let mut messages = Messages::default();
            let mut lengths = Vec::new();
            for part in bytes.chunks(size) {
                let mut ask = |number, header: &Header| {
                    lengths.push((number, header.compressed, header.length));
                    Ok(())
                };
                messages.read(part, &mut ask).unwrap();
            }
            let seen = [(1, false, 2), (2, true, 0), (3, false, 256)];
            assert_eq!(lengths, seen, "{size}");
            assert!(!messages.is_between());
        }
    }
}
