//! The wire: requests parsed once into commands, answers written from what commands give.

mod claims;
mod mail;
mod roster;
mod verification;
mod write;

use prost::Message;
use tonic::{Request as Incoming, Status};
use uuid::Uuid;

use crate::db::idempotency::Request;
use crate::kernel::caller;
use crate::kernel::crypto;
use crate::kernel::fault::Fault;

use super::context::{Call, Context};
use super::error::Error;

/// The handlers of both services.
#[derive(Clone)]
pub struct Handlers {
    pub(super) context: Context,
}

impl Handlers {
    /// Takes the means of the process.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Makes the request that a repeated call is known again by. The fingerprint is keyed: requests hold personal data.
    fn request<M: Message>(
        &self,
        call: &Call,
        id: Uuid,
        method: &'static str,
        message: &M,
    ) -> Result<Request, Error> {
        let encoded = zeroize::Zeroizing::new(message.encode_to_vec());
        let key = self.context.steady_key()?;
        Ok(Request {
            id,
            caller: call.caller.to_string(),
            method,
            fingerprint: crypto::mac128(&key, FINGERPRINT, &[method.as_bytes(), &encoded]),
        })
    }
}

const FINGERPRINT: &str = "redress.identity.fingerprint.v1";

fn status(error: impl Into<Error>) -> Status {
    let error: Error = error.into();
    match &error {
        Error::Storage(error) => {
            tracing::warn!(class = error.class(), "the database did not do it");
        }
        Error::Key => tracing::error!("a key that this needs is not in the keyring"),
        _ => {}
    }
    Fault::from(error).into()
}

/// Finds out for whom a command runs.
fn call_of<T>(incoming: &Incoming<T>) -> Result<Call, Status> {
    Ok(Call {
        caller: caller::of(incoming)?,
        agent: caller::agent_of(incoming),
        network: caller::network_of(incoming),
    })
}
