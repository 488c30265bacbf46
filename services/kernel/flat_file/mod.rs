//! Flat files: lines of columns, separated (CSV) or of fixed width, as bureaus, mail houses and mainframes exchange them.
//!
//! A [`Form`] says how lines are written, a [`Column`] what stands at one place of them. Both are read from a layout, which is TOML that an
//! operator writes. What does not fit is never cut: writing says which column it was.

pub mod column;
pub mod form;
pub mod lines;

pub use column::{Align, Column, Unfit};
pub use form::{Form, Format, LineEnd};
pub use lines::{LineError, Lines};
