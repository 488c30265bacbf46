//! Partners that are reached by files.
//!
//! What is due in a queue is written into a file each night, in the layout that the operator gave with the partner; the files that the partner
//! sends back say what became of it. A file leases its orders: they wait for its answer, and what is not answered in time, or is left out of an
//! answer that should be whole, goes into a later file under the same `handoff_id`.
//!
//! - [`file_layout`](super::partner::file_layout) is what an operator writes about a partner's files.
//! - [`write`] makes a file: leased, decrypted and written in one pass, under a name that nobody takes for a file before it is whole.
//! - [`answer`] reads what came back: first the whole file, then, if it is sound, its lines into the state machine.
//! - `folders` are the directories that both sides use, [`store`] the files that were written, [`worker`] the loop around all of it.

pub mod answer;
mod answer_lines;
mod desk;
pub mod folders;
pub mod grpc;
mod output;
pub mod store;
pub mod worker;
pub mod write;
