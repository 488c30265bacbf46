//! The schema of the first release, a file for each part of it. Tables stand after those that they reference.

mod activation;
pub(super) mod campaign;
mod enrollment;
pub(super) mod handoff;
pub(super) mod mail;
mod process;
pub(super) mod roster;
pub(super) mod verification;
pub(super) mod wave;

use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    [
        campaign::tables(),
        roster::tables(),
        mail::tables(),
        wave::tables(),
        enrollment::tables(),
        verification::tables(),
        handoff::tables(),
        activation::tables(),
        process::tables(),
    ]
    .into_iter()
    .flatten()
    .map(Change::Make)
    .collect()
}
