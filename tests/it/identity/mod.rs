//! The process `identity-verification`, on both databases, with a clock that stands still.

mod circumstances;
mod clocks;
mod complete;
mod confirm;
mod contacts;
mod correct;
mod corrections;
mod export;
mod house;
mod import;
mod imports;
mod mail;
mod people;
mod plans;
mod referral;
mod representatives;
mod rewrap;
mod search;
mod throttle;
mod undeliverable;
mod unreachable;
mod verify;
mod withdraw;
