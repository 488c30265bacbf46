//! The token of a REST API: OAuth 2 client credentials (RFC 6749, 4.4). One is kept until shortly before its end, for all calls together.

use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::handoff::partner::http_layout::Oauth2;
use crate::handoff::push::circuit_breaker::Signal;
use crate::handoff::queue::retry_policy::Failure;
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::secrets::Secret;
use crate::kernel::web::{WebClient, WebError, WebRequest, percent_encode};

use super::http_answer::retry_after;
use super::reply::Reply;

/// The longest that a token is kept.
const LONGEST: Duration = Duration::from_hours(24);

/// A token. Its `Debug` tells nothing.
#[derive(Clone, Debug)]
pub struct Token {
    /// The value of the header `Authorization`.
    pub header: HeaderValue,
    number: u64,
    ends_at: Option<Timestamp>,
}

/// Why there is no token. Nothing of the call was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The setting is missing.
    #[error("the setting partner_secrets is missing")]
    NoDirectory,
    /// There is no secret.
    #[error("the file with the secret cannot be read, or is empty")]
    NoSecret,
    /// The endpoint cannot be reached.
    #[error("the token endpoint: {0}")]
    Web(#[from] WebError),
    /// It refused.
    #[error("the token endpoint answered {0}")]
    Refused(StatusCode),
    /// It wants a slower pace.
    #[error("the token endpoint is called too often")]
    Throttled(Option<Duration>),
    /// Its answer is none.
    #[error("the token endpoint answered something that is no bearer token")]
    Unreadable,
}

impl NoToken {
    /// Gives what this means for the call.
    pub const fn reply(self) -> Reply {
        match self {
            Self::Throttled(retry_after) => Reply::Failed(
                Failure::Throttled { retry_after },
                Signal::Throttled { retry_after },
            ),
            _ => Reply::Failed(Failure::NotReached, Signal::Down),
        }
    }
}

/// What a token endpoint answers.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

/// Gets tokens and keeps them.
pub struct AccessTokens {
    partner: String,
    from: Oauth2,
    secret: Option<PathBuf>,
    client: WebClient,
    clock: Clock,
    held: Mutex<Option<Token>>,
}

impl AccessTokens {
    /// Gets the tokens of a partner, whose secret lies in a file.
    pub fn new(
        partner: &str,
        from: Oauth2,
        secret: Option<PathBuf>,
        (client, clock): (WebClient, Clock),
    ) -> Self {
        Self {
            partner: partner.to_owned(),
            from,
            secret,
            client,
            clock,
            held: Mutex::new(None),
        }
    }

    /// Gives a token, by `until`. One that was refused is not given again.
    pub async fn get(&self, refused: Option<&Token>, until: Instant) -> Result<Token, NoToken> {
        let held = timeout_at(until, self.held.lock()).await;
        let mut held = held.map_err(|_| WebError::Late)?;
        let now = self.clock.now();
        let is_good = |token: &&Token| {
            let is_refused = refused.is_some_and(|refused| refused.number >= token.number);
            !is_refused && token.ends_at.is_none_or(|end| now < end)
        };
        if let Some(token) = held.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        let number = held.as_ref().map_or(0, |token| token.number) + 1;
        match self.renew(number, until).await {
            Ok(token) => Ok(held.insert(token).clone()),
            Err(why) => {
                tracing::error!(partner = %self.partner, %why, "there is no access token; handoffs wait");
                Err(why)
            }
        }
    }

    async fn renew(&self, number: u64, until: Instant) -> Result<Token, NoToken> {
        let asked_at = self.clock.now();
        let answer = self.client.exchange(self.request()?, until).await?;
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => {
                return Err(NoToken::Throttled(retry_after(&answer.headers, asked_at)));
            }
            StatusCode::OK => {}
            refused => return Err(NoToken::Refused(refused)),
        }
        let body = answer.body.unwrap_or_default();
        let granted: Granted = serde_json::from_slice(&body).map_err(|_| NoToken::Unreadable)?;
        let header = format!("Bearer {}", granted.access_token);
        let header = HeaderValue::try_from(header);
        let mut header = header.map_err(|_| NoToken::Unreadable)?;
        header.set_sensitive(true);
        let is_bearer = granted.token_type.eq_ignore_ascii_case("bearer");
        if !is_bearer || granted.access_token.is_empty() {
            return Err(NoToken::Unreadable);
        }
        // A tenth is left for the way, and for clocks that differ.
        let life = granted.expires_in.map(Duration::from_secs);
        let life = life.map(|life| life.min(LONGEST) * 9 / 10);
        Ok(Token {
            header,
            number,
            ends_at: life.map(|life| asked_at + life),
        })
    }

    /// Makes the request; the client proves itself by `client_secret_basic` (RFC 6749, 2.3.1).
    fn request(&self) -> Result<WebRequest, NoToken> {
        let secret = self.secret()?;
        let client_id = percent_encode(&self.from.client_id);
        let proof = Secret::new(format!("{client_id}:{}", percent_encode(secret.expose())));
        let proof = format!("Basic {}", BASE64.encode(proof.expose().as_bytes()));
        let mut proof = HeaderValue::try_from(proof).map_err(|_| NoToken::NoSecret)?;
        proof.set_sensitive(true);
        let mut body = "grant_type=client_credentials".to_owned();
        if !self.from.scope.is_empty() {
            body.push_str("&scope=");
            body.push_str(&percent_encode(&self.from.scope));
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = HeaderValue::from_static("application/json");
        Ok(WebRequest {
            to: self.from.token_url.clone(),
            method: Method::POST,
            headers: HeaderMap::from_iter([
                (AUTHORIZATION, proof),
                (CONTENT_TYPE, form),
                (ACCEPT, json),
            ]),
            body: body.into(),
        })
    }

    /// Reads the secret anew each time: whoever changes it changes the file.
    fn secret(&self) -> Result<Secret<String>, NoToken> {
        let path = self.secret.as_ref().ok_or(NoToken::NoDirectory)?;
        let text = std::fs::read_to_string(path).map_err(|_| NoToken::NoSecret)?;
        let text = Secret::new(text);
        let secret = text.expose().trim();
        if secret.is_empty() {
            return Err(NoToken::NoSecret);
        }
        Ok(secret.into())
    }
}
