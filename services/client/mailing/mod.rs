//! The print file, and the file of mail events.
//!
//! Codes come from one process, names and addresses from another; they meet here and nowhere else. Both streams are
//! ordered by individual id, so the merge holds a few answers of each, whatever the size of the roster. The file appears
//! whole under its name or not at all, readable by its owner alone, and is the same byte for byte when made again.

pub mod addresses;
pub mod codes;
pub mod endorsement;
pub mod events;
pub mod export;
pub mod feed;
pub mod letter;
pub mod manifest;
pub mod merge;
pub mod order;
pub mod output;
pub mod partial;
pub mod recipient;
pub mod seeds;
pub mod select;
pub mod text;
