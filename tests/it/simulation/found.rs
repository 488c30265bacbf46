//! Lists that broke something once.
