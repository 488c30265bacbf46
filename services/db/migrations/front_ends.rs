//! Which front end went on with an enrollment that another one began.

use super::blueprint::{maybe, text};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Add("enrollment", vec![maybe(text("continued_by"))])]
}
