//! A gateway of the operator's: the message as signed JSON, posted to one URL.
//!
//! Signed as the Standard Webhooks specification says: `webhook-id` (the message's id, which is the idempotency key: a repeated
//! message bears the same), `webhook-timestamp` (seconds since the Unix epoch) and `webhook-signature`, which is `v1,` and the
//! base64 of HMAC-SHA-256 over `id.timestamp.body`. Any 2xx says that the message was taken; everything else that it was not. A 4xx says that
//! it never will be, but for those that are about the gateway or the moment, and not about the message: 401, 403, 404, 407 (the settings are
//! wrong, and every message has this answer), 408, 425 and 429 (RFC 9110, RFC 6585, RFC 8470).

use data_encoding::BASE64;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ring::hmac;

use super::{Message, SendError, Sender};
use crate::kernel::clock::Clock;
use crate::kernel::secrets::Secret;
use crate::kernel::web::{WebClient, WebError, WebUrl};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What is wrong with a secret.
pub const SECRET_RULE: &str = "must be whsec_ and the base64 of 24 to 64 random bytes, as from: echo whsec_$(openssl rand -base64 32)";

/// Signs what is posted.
#[derive(Clone, Debug)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Reads a secret; none where it is not one.
    pub fn parse(secret: &Secret<String>) -> Option<Self> {
        let text = secret.expose();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = Secret::new(BASE64.decode(text.as_bytes()).ok()?);
        let is_long = (24..=64).contains(&bytes.expose().len());
        is_long.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose())))
    }

    /// Gives the value of the header for a message that is posted at this second.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign().as_ref()))
    }
}

/// Posts messages.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to.
    pub url: WebUrl,
    /// Signs them.
    pub key: SigningKey,
    /// Posts them, within its time.
    pub client: WebClient,
    /// Dates them.
    pub clock: Clock,
}

impl Webhook {
    fn headers(&self, id: &str, body: &[u8]) -> Result<HeaderMap, WebError> {
        let seconds = self.clock.now().as_seconds();
        let signature = self.key.sign(id, seconds, body);
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| WebError::Request);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ID, value(id)?);
        headers.insert(TIMESTAMP, HeaderValue::from(seconds));
        headers.insert(SIGNATURE, value(&signature)?);
        Ok(headers)
    }

    async fn post(&self, message: &Message) -> Result<http::StatusCode, WebError> {
        let body = message.json().as_bytes().to_vec();
        let headers = self.headers(&message.id().to_string(), &body)?;
        self.client.post(&self.url, headers, body).await
    }
}

impl Sender for Webhook {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            let id = message.id();
            match self.post(&message).await {
                Ok(status) if status.is_success() => Ok(()),
                Ok(status) => {
                    tracing::error!(message_id = %id, status = status.as_u16(), "the webhook did not take a message");
                    Err(kind_of(status))
                }
                Err(error) => {
                    tracing::error!(message_id = %id, %error, "the webhook did not take a message");
                    Err(SendError::Transient)
                }
            }
        })
    }
}

const fn kind_of(status: http::StatusCode) -> SendError {
    match status.as_u16() {
        401 | 403 | 404 | 407 | 408 | 425 | 429 => SendError::Transient,
        400..=499 => SendError::Permanent,
        _ => SendError::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
        let key = SigningKey::parse(&secret).unwrap();
        let signed = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_base64() {
        let read = |text: &str| SigningKey::parse(&text.into()).is_some();
        let of = |bytes: usize| BASE64.encode(&vec![7; bytes]);
        assert!(read(&of(24)) && read(&format!("whsec_{}", of(64))));
        assert!(!read(&of(23)) && !read(&of(65)) && !read("whsec_") && !read("not base64!"));
    }
}
