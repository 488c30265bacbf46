//! People of a roster who may be one person, and what is decided about them.

pub mod decide;
pub mod grpc;
pub mod list;
mod merge;
pub mod state;
pub mod store;
mod undo;
mod work;
