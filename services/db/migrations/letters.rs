//! Letters without a code, and reissues that know the wave whose letters they replace.

use super::blueprint::{maybe, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        // Nobody is given the code of such a letter, so nothing redeems it. NULL for every letter that bears its code.
        Change::Run(
            "ALTER TABLE code ADD COLUMN without_code boolean CONSTRAINT code_without_code_check \
             CHECK (without_code IS NULL OR (without_code AND state <> 'REDEEMED'))",
        ),
        Change::Add("wave", vec![maybe(uuid("reissue_of"))]),
    ]
}
