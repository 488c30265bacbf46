//! The print file, and the file of mail events.

pub mod addresses;
pub mod events;
pub mod export;
pub mod letter;
pub mod manifest;
pub mod merge;
pub mod order;
pub mod output;
pub mod partial;
pub mod place;
pub mod recipient;
pub mod seeds;
pub mod select;
pub mod text;
