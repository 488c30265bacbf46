//! What every RPC takes from its request: for whom it runs, and the request id by which a repeated call is recognised.

use prost::Message;
use uuid::Uuid;

use crate::db::idempotency::Request;
use crate::kernel::caller;
use crate::kernel::crypto;

use super::context::{Call, Context};
use super::error::Error;

const FINGERPRINT: &str = "redress.identity.fingerprint.v1";

/// Reads for whom a command runs.
pub fn call_of<T>(request: &tonic::Request<T>) -> Result<Call, Error> {
    Ok(Call {
        caller: caller::of(request)?,
        agent: caller::agent_of(request),
        network: caller::network_of(request),
    })
}

/// Makes the idempotency request of a message. The fingerprint is keyed, because messages hold personal data.
pub fn request_of<M: Message>(
    context: &Context,
    call: &Call,
    id: Uuid,
    method: &'static str,
    message: &M,
) -> Result<Request, Error> {
    let encoded = zeroize::Zeroizing::new(message.encode_to_vec());
    let key = context.steady_key()?;
    Ok(Request {
        id,
        caller: call.caller.to_string(),
        method,
        fingerprint: crypto::mac128(&key, FINGERPRINT, &[method.as_bytes(), &encoded]),
    })
}
