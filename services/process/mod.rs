//! What every process has, once: from its settings to its drain.

mod run;

pub use run::{Stop, run};
