//! The URI that a partner's server must bear in its certificate.

use super::blueprint::{maybe, text};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Add("partner", vec![maybe(text("server_uri"))])]
}
