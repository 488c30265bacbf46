//! The generated types of `proto/`, and nothing else.
//!
//! Messages with personal fields print `[redacted]` in their place.

#![expect(
    missing_docs,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated; the proto files carry the comments"
)]

include!(concat!(env!("OUT_DIR"), "/wire.rs"));
include!(concat!(env!("OUT_DIR"), "/redacting_debug.rs"));

/// The encoded `FileDescriptorSet` of everything in `proto/`, with options and comments, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
