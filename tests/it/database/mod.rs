//! The database layer, on both databases.

mod bulk;
mod catalogue;
mod closed_sets;
mod connecting;
mod grants;
mod idempotency;
mod retention;
mod schema;
mod seed;
mod starting;
mod states;
mod throttle;
mod transactions;
mod trouble;
mod upgrade;
mod writers;
