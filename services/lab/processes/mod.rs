//! The real processes on this machine: what they need, starting them, and what they use.

pub mod certificates;
pub mod child;
pub mod layout;
mod lock;
pub mod migrate;
pub mod partners;
pub mod ports;
pub mod ready;
pub mod stack;
pub mod usage;
