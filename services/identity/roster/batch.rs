//! What one transaction of an import settles: one piece on PostgreSQL; on SQLite, where each commit writes nearly every page of
//! the indexes anew, as many pieces as come while it loads, for a bounded time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use crate::identity::error::Error;

use super::flight::Landed;
use super::keys::RosterKeys;
use super::newcomers::Sorted;
use super::plan::Outcome;
use super::reader::{CHUNK, Piece};

/// The most chunks of a piece, where a batch is one.
pub const CHUNKS_A_PIECE: usize = 12;
/// The same where batches grow.
pub const CHUNKS_A_GROWING_PIECE: usize = 6;
/// How many pieces wait ready-made for a batch that grows: as many as come while one is looked up, planned and committed.
pub const GROWING_PIECES: usize = 4;
/// The room of such pieces that one takes more which has most of its people in the clear.
pub const ROOM_OF_OPENED: u32 = 2;
/// The weight of a batch that grows no more, in chunks of newcomers. It still takes a piece that is on its way.
const ENOUGH: usize = 32;
/// The most chunks that a batch can have.
pub const CHUNKS_A_BATCH: usize = ENOUGH + 2 * CHUNKS_A_GROWING_PIECE;
/// What a row weighs more whose person is in memory too, and perhaps again as the roster has them.
const SURCHARGE: usize = 5;
/// How long a batch grows once its transaction has begun: other processes wait for it.
const GROWS_FOR: Duration = Duration::from_secs(1);
/// How long its transaction waits for further pieces, all in all.
const PATIENCE: Duration = Duration::from_millis(60);

/// Pieces that are settled together. They are kept until then: a transaction may begin again.
pub struct Batch(Mutex<Grown>);

/// Takes further pieces to a batch, one at a time, until it takes no more.
pub type Grow = mpsc::Sender<Piece>;

#[derive(Default)]
struct Grown {
    pieces: Vec<Arc<Sorted>>,
    chunks: Vec<usize>,
    end: Option<i64>,
    /// When the first piece was asked for.
    began_at: Option<Instant>,
    /// How long it still waits.
    patience: Duration,
    /// Where pieces come from, as long as they are taken.
    more: Option<mpsc::Receiver<Piece>>,
    /// Whether all its rows will be opened.
    opens: bool,
    /// What a batch that does not grow takes until it is settled. The pieces of one that grows make room as they are taken.
    room: Option<OwnedSemaphorePermit>,
}

impl Batch {
    /// Makes a batch that is all there.
    pub fn of(piece: Piece) -> Self {
        Self(Mutex::new(Grown {
            pieces: vec![Arc::new(piece.rows)],
            chunks: piece.chunks,
            end: piece.end,
            room: Some(piece.room),
            ..Grown::default()
        }))
    }

    /// Makes a batch that grows.
    pub fn growing(first: Piece) -> (Self, Grow) {
        let (grow, more) = mpsc::channel(1);
        let mut grown = Grown {
            patience: PATIENCE,
            more: Some(more),
            ..Grown::default()
        };
        grown.take(first);
        (Self(Mutex::new(grown)), grow)
    }

    /// Gives a piece by its place; nothing after the last one. Where it is not there yet, it is waited for.
    pub async fn piece(&self, at: usize) -> Option<Arc<Sorted>> {
        let mut grown = self.0.lock().await;
        grown.began_at.get_or_insert_with(Instant::now);
        if at >= grown.pieces.len() {
            grown.grow().await;
        }
        grown.pieces.get(at).cloned()
    }

    /// Tells whether it brings the end and no row.
    pub async fn is_empty(&self) -> bool {
        let grown = self.0.lock().await;
        grown.pieces.iter().all(|piece| piece.is_empty())
    }

    /// Takes nobody for a newcomer any more: see [`Sorted::reopened`]. It grows first, as no transaction is held up by that.
    pub async fn reopened(self, keys: &RosterKeys) -> Result<Self, Error> {
        let mut grown = self.0.into_inner();
        grown.opens = true;
        while grown.more.is_some() {
            grown.grow().await;
        }
        for piece in &mut grown.pieces {
            let sorted = std::mem::take(piece);
            *piece = Arc::new(Arc::unwrap_or_clone(sorted).reopened(keys)?);
        }
        Ok(Self(Mutex::new(grown)))
    }

    /// Says what became of its rows, and gives its room back.
    pub fn landed(self, outcomes: Vec<(i64, Outcome)>) -> Landed {
        let grown = self.0.into_inner();
        drop(grown.room);
        Landed {
            outcomes,
            chunks: grown.chunks,
            end: grown.end,
        }
    }
}

impl Grown {
    async fn grow(&mut self) {
        let waits_from = Instant::now();
        let time_is_up = self.began_at.is_some_and(|at| at.elapsed() >= GROWS_FOR);
        let is_enough = self.weight() >= ENOUGH;
        let next = match &mut self.more {
            Some(more) if !time_is_up && !is_enough => {
                tokio::time::timeout(self.patience, more.recv()).await
            }
            _ => Ok(None),
        };
        self.patience = self.patience.saturating_sub(waits_from.elapsed());
        match next {
            Ok(Some(piece)) => self.take(piece),
            _ => self.close().await,
        }
    }

    /// Gives the weight of its rows in chunks of newcomers.
    fn weight(&self) -> usize {
        let opened = |piece: &Arc<Sorted>| {
            if self.opens {
                piece.len()
            } else {
                piece.opened()
            }
        };
        let opened: usize = self.pieces.iter().map(opened).sum();
        self.chunks.len() + SURCHARGE * opened / CHUNK
    }

    /// Takes what has come, and no more.
    async fn close(&mut self) {
        let Some(mut more) = self.more.take() else {
            return;
        };
        more.close();
        while let Some(piece) = more.recv().await {
            self.take(piece);
        }
    }

    fn take(&mut self, piece: Piece) {
        self.pieces.push(Arc::new(piece.rows));
        self.chunks.extend(piece.chunks);
        self.end = piece.end;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::identity::roster::plan::tests::{judged, row};

    async fn piece(room: &Arc<Semaphore>, chunks: usize) -> Piece {
        Piece {
            rows: Sorted::default(),
            chunks: vec![1; chunks],
            end: None,
            room: Arc::clone(room).acquire_owned().await.unwrap(),
        }
    }

    /// Asks for pieces from the first one on, as a transaction does; gives how many there are.
    async fn taken(batch: &Batch) -> usize {
        let mut at = 0;
        while batch.piece(at).await.is_some() {
            at += 1;
        }
        at
    }

    #[tokio::test]
    async fn a_batch_grows_until_it_has_enough_and_refuses_the_rest() {
        let room = Arc::new(Semaphore::new(GROWING_PIECES));
        let (batch, grow) = Batch::growing(piece(&room, CHUNKS_A_GROWING_PIECE).await);
        let growing = async {
            let mut sent = 0;
            loop {
                match grow.send(piece(&room, CHUNKS_A_GROWING_PIECE).await).await {
                    Ok(()) => sent += 1,
                    Err(refused) => return (sent, refused.0),
                }
            }
        };
        let (taken, (sent, refused)) = tokio::join!(taken(&batch), growing);
        assert_eq!(taken, sent + 1, "what was sent belongs to it");
        assert_eq!(refused.chunks.len(), CHUNKS_A_GROWING_PIECE);
        let chunks = batch.landed(Vec::new()).chunks.len();
        assert_eq!(chunks, taken * CHUNKS_A_GROWING_PIECE);
        assert!((ENOUGH..=CHUNKS_A_BATCH).contains(&chunks), "{chunks}");
    }

    #[tokio::test]
    async fn people_to_look_up_fill_a_batch_sooner() {
        let room = Arc::new(Semaphore::new(GROWING_PIECES));
        let heavy = async || {
            let mut piece = piece(&room, CHUNKS_A_GROWING_PIECE).await;
            let ada = row(2, "one", "R1", "Ada", "1961-03-12", "");
            let ada = judged(&[ada], &[3]).remove(0);
            piece.rows.others = vec![ada; CHUNKS_A_GROWING_PIECE * CHUNK];
            piece
        };
        let (batch, grow) = Batch::growing(heavy().await);
        let growing = async { while grow.send(heavy().await).await.is_ok() {} };
        let (taken, ()) = tokio::join!(taken(&batch), growing);
        assert!(
            taken <= 2,
            "{taken}: one that was there, and one on its way"
        );
    }

    #[tokio::test]
    async fn a_transaction_that_begins_again_meets_the_same_pieces() {
        let room = Arc::new(Semaphore::new(1));
        let (batch, grow) = Batch::growing(piece(&room, 1).await);
        let first = batch.piece(0).await.unwrap();
        grow.send(piece(&room, 2).await).await.unwrap();
        let second = batch.piece(1).await.unwrap();
        assert!(Arc::ptr_eq(&first, &batch.piece(0).await.unwrap()));
        assert!(Arc::ptr_eq(&second, &batch.piece(1).await.unwrap()));
        assert_eq!(batch.landed(Vec::new()).chunks, [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_batch_does_not_wait_for_ever_and_takes_nothing_late() {
        let room = Arc::new(Semaphore::new(1));
        let (batch, grow) = Batch::growing(piece(&room, 1).await);
        assert_eq!(taken(&batch).await, 1, "nobody sends another one");
        assert!(grow.send(piece(&room, 1).await).await.is_err());
        assert!(batch.is_empty().await, "no row is in it");
    }

    #[tokio::test]
    async fn what_does_not_grow_keeps_its_room_until_it_has_landed() {
        let room = Arc::new(Semaphore::new(1));
        let batch = Batch::of(piece(&room, 3).await);
        assert_eq!((taken(&batch).await, room.available_permits()), (1, 0));
        drop(batch.landed(Vec::new()));
        assert_eq!(room.available_permits(), 1);
    }
}
