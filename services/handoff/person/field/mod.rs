//! The fields of an order, one by one, as a partner's layout names them.

pub mod convert;
