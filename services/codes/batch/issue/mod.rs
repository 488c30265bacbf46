//! Issuing codes: one for every individual whom a wave selects, who is owed a letter and has none.
//!
//! The batch and its wrapped secret are written first; then the individuals are walked in the order of their ids, chunk by
//! chunk, each chunk one transaction; then the batch is completed, which is what allows it to be printed. Killed at any point,
//! a second call finds the batch that is not complete, skips the individuals who have a code, and goes on: nothing but the database
//! remembers how far it came, and the end is the same batch with the same codes. Where nobody is owed a code, as when the call
//! that was killed had come to its end, no batch is opened; where another issue was faster, the batch is sealed empty.
//!
//! Two issues at once: a chunk's transaction locks the campaign's row, asks under that lock who of the chunk has a code by now, and
//! loads the codes of the others. So chunks of one campaign go one after the other, nobody gets two codes, and no lease is left
//! behind by a kill. A unique index over live codes would do the same, but would cost every row of the load what the lock costs
//! once a chunk. The next chunk is read and its codes are derived while one is written.

mod batch;
mod derive;
mod filling;
mod finish;
mod load;
mod open;
mod run;

pub use batch::{fresh_batch, open_secret};
pub use filling::{Issue, Progress};
pub use finish::finish_reissue;
