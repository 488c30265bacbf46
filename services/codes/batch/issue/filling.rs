//! An issue, and the batch that it fills.

use crate::codes::batch::code_store::Issued;
use crate::codes::code::derive::BatchSecret;
use crate::codes::context::Context;
use crate::codes::wave::store::Selection;
use crate::db::entities::code_batch;
use crate::db::entities::individual::Population;
use crate::kernel::crypto::Key;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId, WaveId};
use crate::process::Call;
use crate::process::request::Request;

/// Individuals in one transaction: large enough for COPY, small enough for the transactions that wait for the campaign's lock,
/// and on SQLite for the one writer.
pub(super) const CHUNK: u64 = 16_384;

/// How far an issue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many codes of so many.
    Issued {
        /// The batch, once there is one.
        batch: Option<BatchId>,
        /// In the batch.
        issued: i64,
        /// In the batch or owed.
        owed: i64,
    },
    /// All are issued.
    Done(code_batch::Model),
    /// Everybody has a code who is owed one, so that there is nothing to print.
    Nobody,
}

/// An issue that was asked for and may be.
pub struct Issue {
    pub(super) context: Context,
    pub(super) call: Call,
    pub(super) request: Request,
    pub(super) campaign: CampaignId,
    pub(super) wave: Option<WaveId>,
    /// The batch that is resumed; a new one is opened only when somebody is found who is owed a code.
    pub(super) batch: Option<BatchId>,
    pub(super) chunk: u64,
}

/// A batch that is being filled.
#[derive(Clone)]
pub(super) struct Filling {
    pub(super) context: Context,
    pub(super) call: Call,
    pub(super) campaign: CampaignId,
    pub(super) batch: BatchId,
    pub(super) chunk: u64,
}

/// What every chunk needs.
pub(super) struct Means {
    pub(super) secret: BatchSecret,
    pub(super) key: Key,
    pub(super) selection: Selection,
    /// The populations whose letters bear a code.
    pub(super) with_product: Vec<Population>,
}

/// Individuals to be written next, and their codes.
#[derive(Default)]
pub(super) struct Chunk {
    /// The last individual that was looked at; none when there was nobody.
    pub(super) last: Option<IndividualId>,
    pub(super) codes: Vec<Issued>,
}
