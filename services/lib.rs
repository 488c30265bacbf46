//! Redress runs the remedy after a data breach: it takes the list of affected people, gives each one a letter code,
//! verifies whoever answers, enrolls them in credit monitoring, and hands every enrollment to the partner bureau.
//!
//! # The house
//!
//! | Room | What is in it |
//! |---|---|
//! | [`wire`] | the generated types of `proto/`, nothing else |
//! | [`access`] | who may call what: one table for every process |
//! | [`kernel`] | time, ids, keys, sealing, settings, telemetry, callers, the one server builder; knows no table and no RPC |
//! | [`db`] | both databases: connecting, transactions, migrations, grants, entities, bulk loads; knows no rule |
//! | [`process`] | what every process has, once: start to drain, context, call, repeated requests, throttles, storage faults, housekeeping |
//! | [`identity`] | process `identity-verification`: roster, matching, verification, confirmation codes, referrals |
//! | [`codes`] | process `enrollment-codes`: campaigns, code batches, codes, enrollments, consent |
//! | [`handoff`] | process `bureau-handoff`: partners, the queue, leases, push, pull, files, outcomes, reconciliation |
//! | [`bureau`] | `sandbox-bureau`: a partner's stand-in with a book of its own |
//! | [`client`] | what any program does with the services: channels, lists, the streams of import and export, letters |
//! | [`lab`] | invented people, simulated callers, the demonstration, the benchmarks |
//! | [`cli`] | the program `redress`: arguments, tables, progress |
//!
//! A process's room imports `kernel`, `db`, `process`, `wire`, `access` and itself, never another process's room. What two
//! processes share, they share through tables, and each table has one writer.
//!
//! Inside a process: a folder a feature, in the order that its `mod.rs` gives. In a feature: `grpc` turns messages into commands
//! and back; one file a verb says what happens, in one or two transactions; `state` holds the machine, pure; `store` the typed
//! queries. A column with a closed set of values is an enum beside its entity in [`db::entities`].
//!
//! # Walk-through: verify
//!
//! `BeginEnrollment` reaches [`codes`] with an engagement number and a code. The check symbols are judged first, then the
//! throttles are charged, then the code's keyed hash is looked up: it is the primary key. The answer is an enrollment in
//! state STARTED. `VerifyIdentity` reaches [`identity`] with that enrollment and the person's claims; it reads the
//! enrollment (a grant, not a call) to learn which individual is meant, decrypts that one record, and compares field by
//! field. The sum of the weights accepts, refers or refuses; a fresh letter code makes an acceptance a verification, without
//! one a confirmation code to a contact on record does, or a second person. [`codes`] never sees a name, [`identity`]
//! never sees a code.
//!
//! # Walk-through: complete
//!
//! `CompleteEnrollment` goes through a [`kernel::combine::Combiner`]: while one commit is in flight, the calls that arrive
//! wait and then share the next transaction, up to 64 of them, each with an answer of its own. In that transaction the
//! verification is read, the code is redeemed, the enrollment is submitted, and consent, handoff, audit event and the
//! idempotency row are written. There is no moment at which one of these exists without the others.
//!
//! # Walk-through: hand off
//!
//! [`handoff`] leases due rows, stores that it is about to send, calls the partner with no transaction open, and settles
//! with the lease's token. An answer that was never seen makes the row UNSETTLED: the partner is asked by our reference
//! before anything is sent again. So it is whether the partner speaks our contract or a REST API of its own. A pull partner streams and acknowledges instead; a file partner takes a file a night and sends files back. The outcome is written with a row in
//! `outcome`, which [`codes`] applies to the enrollment and deletes, in one transaction: an outbox in each direction.

pub mod access;
pub mod bureau;
pub mod cli;
pub mod client;
pub mod codes;
pub mod db;
pub mod handoff;
pub mod identity;
pub mod kernel;
pub mod lab;
pub mod process;
pub mod wire;
