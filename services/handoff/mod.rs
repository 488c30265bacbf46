//! The process `bureau-handoff`: partners, the queue, the worker that pushes, the stream that partners pull, outcomes.
//!
//! *Every enrollment has exactly one `handoff_id`; it is offered until it is acknowledged; a partner that stores
//! `handoff_id` sees each enrollment once.* The row comes into the queue in the enrollment's own transaction, so that no
//! enrollment is without one.
//!
//! The rooms, from the top; each imports only those below it:
//!
//! - [`push`] calls partners, over gRPC or by a REST API that a layout describes: lease, call with nothing open in the database, settle. After a kill the lease tells which
//!   handoffs were under way, and the partner is **asked before anything is sent again**. [`pull`] streams to PULL partners
//!   and offers again what they do not acknowledge in time. [`file`] writes files of orders, nightly, and reads what comes back.
//! - [`person`] decrypts the people of leased handoffs and fits them to the partner's fields.
//! - [`activation`] leases, and assigns the codes that partners issue themselves: where a campaign has a pool of them, each
//!   enrollment gets a code with its first lease and keeps it, and none is sent without.
//! - [`outcome`] applies what a partner reports, by whichever way it came: state, outcome for the enrollment, attempt and
//!   audit in one transaction. A fact holds whatever the lease says. Settling ends a lease with a fact or with a failure.
//! - [`queue`] has the handoffs, their state machine and the retry policy. A queue is one campaign at one partner: leases name both, and
//!   whoever leases goes round the queues, so that no campaign keeps another waiting. What is wrong with one handoff backs off and ends by
//!   itself; what is wrong with the partner opens a circuit breaker.
//! - [`partner`] has the partners.
//! - [`reconciliation`], beside the transports, compares a partner's own list with the queue, and repairs by [`queue`] and [`outcome`]. It keeps
//!   what a partner had on each day, and checks what it bills.
//!
//! Below all of them stand the context, the errors, the metrics and the campaign's key; above them the services and `serve`.

pub mod activation;
pub mod campaign_key;
pub mod context;
pub mod error;
pub mod file;
pub mod grpc;
pub mod housekeeping;
mod metrics;
pub mod noted;
pub mod outcome;
pub mod partner;
pub mod person;
pub mod pull;
pub mod push;
pub mod queue;
pub mod reconciliation;
mod request;
mod serve;
pub mod settings;

pub use serve::{builder, run, serve};
pub use settings::Settings;
