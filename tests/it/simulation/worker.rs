//! How orders come to the bureau: a worker of Redress calls it, or it pulls.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use redress::bureau::client::pull::Puller;
use redress::db::entities::handoff::State;
use redress::handoff::push::worker::PushWorker;
use redress::wire::redress::bureau::v1::EnrollmentStatus;
use redress::wire::redress::handoff::v1::{AcknowledgeHandoffsRequest, HandoffAcknowledgement};

use super::run::Run;
use crate::handoff::world::World;

/// Which side calls the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Push,
    Pull,
}

/// Whoever brings orders to the bureau.
pub enum Worker {
    Push(Box<PushWorker>),
    Pull(Box<Puller>),
}

impl Worker {
    pub fn new(world: &World, mode: Mode) -> Self {
        match mode {
            Mode::Push => Self::Push(Box::new(world.worker())),
            Mode::Pull => Self::Pull(Box::new(world.puller())),
        }
    }

    /// Brings what is due, and gives how much that was.
    pub async fn step(&mut self) -> Result<usize, Box<dyn Error>> {
        Ok(match self {
            Self::Push(worker) => worker.step().await?,
            Self::Pull(puller) => puller.drain().await?,
        })
    }
}

impl Run {
    /// Drops the worker in the middle of a step.
    pub async fn die(&mut self, turns: u32) -> bool {
        let next = Worker::new(&self.world, self.mode);
        let mut worker = std::mem::replace(&mut self.worker, next);
        let mut left = turns;
        let is_cut = {
            let mut step = pin!(worker.step());
            let cut = poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(true);
                }
                left -= 1;
                step.as_mut().poll(context).map(|_| false)
            });
            cut.await
        };
        drop(worker);
        let sent = self.handoffs().await.into_iter();
        let sent = sent.filter(|row| row.state == State::Leased && row.sent_at.is_some());
        self.on_their_way.extend(sent.map(|row| row.id));
        is_cut
    }

    /// Acknowledges once more, in the bureau's name, what it has booked for somebody.
    pub async fn acknowledge(&mut self, place: usize) -> bool {
        let of_person = |(_, whose): &&(String, usize)| *whose == place;
        let Some((id, _)) = self.booked.iter().find(of_person) else {
            return false;
        };
        let book = self.world.desk.page(0, 1_000).into_iter();
        let statuses = book.map(|(_, status)| status);
        let acknowledgements = statuses.filter(|status| status.handoff_id == *id);
        let acknowledgement = |status: EnrollmentStatus| HandoffAcknowledgement {
            handoff_id: status.handoff_id,
            partner_reference: status.partner_reference,
            attempt: status.attempt,
        };
        let request = AcknowledgeHandoffsRequest {
            request_id: self.world.request_id(),
            acknowledgements: acknowledgements.map(acknowledgement).collect(),
        };
        self.bureau.acknowledge_handoffs(request).await.is_ok()
    }
}
