//! The tokens of the REST API: OAuth 2 client credentials, as far as a sandbox needs them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, HeaderMap};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::ids::Ids;
use crate::kernel::secrets::Secret;
use crate::kernel::web::percent_encode;

/// The name of the one client.
const CLIENT: &str = "redress";
/// How long a token holds.
const LIFE: Duration = Duration::from_mins(5);

/// The tokens that hold, each until its end.
pub(super) struct Tokens {
    clock: Clock,
    ids: Ids,
    /// Without one everybody gets a token, and none is asked for.
    secret: Option<Secret<String>>,
    given: Mutex<HashMap<String, Timestamp>>,
}

impl Tokens {
    pub fn new(clock: Clock, ids: Ids, secret: Option<Secret<String>>) -> Self {
        Self {
            clock,
            ids,
            secret,
            given: Mutex::default(),
        }
    }

    /// Gives a token to the client who proves itself.
    pub fn give(&self, headers: &HeaderMap, body: &[u8]) -> Option<Value> {
        let proof = header(headers, "Basic ")?;
        let proof = BASE64.decode(proof.as_bytes()).ok()?;
        let proves_it = |secret: &Secret<String>| {
            proof == format!("{CLIENT}:{}", percent_encode(secret.expose())).into_bytes()
        };
        let wants_one = body.starts_with(b"grant_type=client_credentials");
        if !wants_one || !self.secret.as_ref().is_none_or(proves_it) {
            return None;
        }
        let (token, now) = (self.ids.request_id().simple().to_string(), self.clock.now());
        let mut given = self.lock();
        given.retain(|_, end| now < *end);
        given.insert(token.clone(), now + LIFE);
        Some(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFE.as_secs() }))
    }

    /// Tells whether a caller shows a token that holds.
    pub fn holds(&self, headers: &HeaderMap) -> bool {
        let now = self.clock.now();
        let is_good = |token: &str| self.lock().get(token).is_some_and(|end| now < *end);
        self.secret.is_none() || header(headers, "Bearer ").is_some_and(is_good)
    }

    /// Ends all of them.
    pub fn end(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn header<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix(scheme)
}
