//! The database layer, on both databases.

mod bulk;
mod catalogue;
mod closed_sets;
mod connecting;
mod grants;
mod idempotency;
mod schema;
mod seed;
mod states;
mod throttle;
mod transactions;
mod upgrade;
mod writers;
