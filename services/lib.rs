//! Redress.
