//! What the contract's second form keeps: coverages, corrections, representatives, consent by language.

mod enrollment;
mod handoff;
mod identity;

use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    let mut changes = enrollment::changes();
    changes.extend(identity::changes());
    changes.extend(handoff::changes());
    changes
}
