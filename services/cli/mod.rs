//! The program `redress`: runs the processes, a campaign, and a demonstration of both.

pub mod synthesize;
