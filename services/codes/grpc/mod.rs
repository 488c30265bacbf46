//! The wire: requests parsed once into commands, answers written from what commands give.

pub(crate) mod write;

use prost::Message;
use tonic::{Request as Incoming, Status};
use uuid::Uuid;

use crate::db::idempotency::Request;
use crate::kernel::caller;
use crate::kernel::crypto;
use crate::kernel::fault::Fault;
use crate::kernel::telemetry;

use super::context::{Call, Context};
use super::enrollment::complete::Completions;
use super::error::Error;

/// The handlers of all three services.
#[derive(Clone)]
pub struct Handlers {
    pub(super) context: Context,
    pub(super) completions: Completions,
}

pub(crate) const FINGERPRINT: &str = "redress.codes.fingerprint.v1";

pub(crate) fn status(error: impl Into<Error>) -> Status {
    let error: Error = error.into();
    if let Error::Storage(error) = &error {
        tracing::warn!(class = error.class(), "the database did not do it");
    }
    Fault::from(error).into()
}

/// Finds out for whom a command runs.
pub(crate) fn call_of<T>(incoming: &Incoming<T>) -> Result<Call, Error> {
    Ok(Call {
        caller: caller::of(incoming)?,
        agent: caller::agent_of(incoming),
        network: caller::network_of(incoming),
        trace: telemetry::current_traceparent(),
    })
}

impl Handlers {
    /// Makes the request that a repeated call is known again by. The fingerprint is keyed: requests hold codes.
    pub(crate) fn request<M: Message>(
        &self,
        call: &Call,
        id: Uuid,
        method: &'static str,
        message: &M,
    ) -> Result<Request, Error> {
        let key = self.context.steady_key()?;
        Ok(Request {
            id,
            caller: call.caller.to_string(),
            method,
            fingerprint: crypto::mac128(
                &key,
                FINGERPRINT,
                &[method.as_bytes(), &message.encode_to_vec()],
            ),
        })
    }
}
