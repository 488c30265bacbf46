//! Tries of codes: what each is charged to before anything is looked up, and why one is refused.

pub mod cause;
pub mod throttles;
