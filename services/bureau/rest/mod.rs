//! The sandbox bureau as a partner with a REST API of its own; `deploy/sandbox-http.toml` is the layout for it.
//!
//! | Call | Answer |
//! |---|---|
//! | `POST /oauth/token` | a token for five minutes (RFC 6749, 4.4), by `client_secret_basic` |
//! | `POST /v1/enrollments` | 201 with the enrollment; 409 where it is known; 422 with a code where something cannot be |
//! | `PUT /v1/enrollments/{reference}` | 200 with the enrollment, ordered again |
//! | `GET /v1/enrollments/{reference}` | 200 with the enrollment, or 404 with SB404 |
//! | `POST /v1/enrollments/{reference}/cancellation` | 200 with the enrollment, or 404 with SB404 |
//! | `POST /v1/enrollments/{reference}/extension` | 200 with the extension, ACTIVE or REFUSED |
//! | `PUT /v1/enrollments/{reference}/customer` | 200 with the update of the person, ACTIVE or REFUSED |
//! | `POST /v1/restorations` | 201 with the case |
//!
//! Its habits by SSN are those of [`super::rules`]: 503 where it is down, 429 with and without Retry-After, 500, and 302 to a page as after a
//! password has expired. It reports nothing by itself: whoever ordered asks.

mod document;
mod tokens;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::desk::{Answered, Desk};
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::secrets::Secret;
use crate::wire::redress::bureau::v1::{EnrollmentOrder, HandoffKind};

use document::{enrollment, error, extension, of_cancellation, order};
use tokens::Tokens;

const PAGE: &str = "<!DOCTYPE html><title>Sign in</title><p>Your password has expired.";

/// The REST API.
#[derive(Clone)]
pub struct RestFace {
    desk: Arc<Desk>,
    tokens: Arc<Tokens>,
    draining: CancellationToken,
}

impl RestFace {
    /// Makes the API over a desk. Without a secret it asks for no token.
    pub fn new(desk: Arc<Desk>, clock: Clock, ids: Ids, secret: Option<Secret<String>>) -> Self {
        Self {
            desk,
            tokens: Arc::new(Tokens::new(clock, ids, secret)),
            draining: CancellationToken::new(),
        }
    }

    /// Serves until the process drains.
    pub async fn serve(self, listener: TcpListener, draining: CancellationToken) {
        let face = Self {
            draining: draining.clone(),
            ..self
        };
        tokio::select! {
            served = async { axum::serve(listener, face.router()).await } => {
                if served.is_err() {
                    tracing::warn!("the port of the REST API has closed");
                }
            }
            () = draining.cancelled() => {}
        }
    }

    /// Gives the API's paths.
    pub fn router(self) -> Router {
        Router::new()
            .route("/oauth/token", post(token))
            .route("/v1/enrollments", post(submit))
            .route("/v1/enrollments/{reference}", get(inquire).put(update))
            .route("/v1/enrollments/{reference}/cancellation", post(cancel))
            .route("/v1/enrollments/{reference}/extension", post(extend))
            .route("/v1/enrollments/{reference}/customer", put(update_person))
            .route("/v1/restorations", post(restore))
            .with_state(self)
    }

    /// Ends every token that was given.
    pub fn end_tokens(&self) {
        self.tokens.end();
    }

    /// Demands a token that holds.
    fn let_in(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.tokens.holds(headers) {
            return Ok(());
        }
        Err(Refusal(StatusCode::UNAUTHORIZED, "SB401"))
    }

    async fn book(
        &self,
        id: Uuid,
        order: &EnrollmentOrder,
        status: StatusCode,
    ) -> Result<Response, Refusal> {
        Ok(match self.desk.submit(id, order).await? {
            Answered::Status(booked) => json(status, &enrollment(&booked)),
            Answered::Down => refusal(StatusCode::SERVICE_UNAVAILABLE, "SB503"),
            Answered::Throttled { pause } => throttled(pause),
            Answered::NotLetIn => page(),
            Answered::Refused(why) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &why.native_code),
            Answered::Broken => refusal(StatusCode::INTERNAL_SERVER_ERROR, "SB500"),
            Answered::Lost(_) | Answered::Never => {
                self.draining.cancelled().await;
                refusal(StatusCode::SERVICE_UNAVAILABLE, "SB503")
            }
        })
    }
}

/// An answer that is an error, with the bureau's own code.
struct Refusal(StatusCode, &'static str);

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "the book cannot be written");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "SB500")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        refusal(self.0, self.1)
    }
}

async fn token(State(face): State<RestFace>, headers: HeaderMap, body: Bytes) -> Response {
    match face.tokens.give(&headers, &body) {
        Some(given) => json(StatusCode::OK, &given),
        None => json(
            StatusCode::UNAUTHORIZED,
            &serde_json::json!({ "error": "invalid_client" }),
        ),
    }
}

async fn submit(
    State(face): State<RestFace>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let (id, order) = read(&body)?;
    if face
        .desk
        .status(id)
        .await
        .is_ok_and(|known| known.is_some())
    {
        return Err(Refusal(StatusCode::CONFLICT, "SB409"));
    }
    face.book(id, &order, StatusCode::CREATED).await
}

async fn update(
    State(face): State<RestFace>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let (id, order) = read(&body)?;
    if id != id_of(&reference)? {
        return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "SB002"));
    }
    face.book(id, &order, StatusCode::OK).await
}

async fn inquire(
    State(face): State<RestFace>,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let known = face.desk.status(id_of(&reference)?).await?;
    let known = known.ok_or(Refusal(StatusCode::NOT_FOUND, "SB404"))?;
    Ok(json(StatusCode::OK, &enrollment(&known)))
}

/// The cancellation's own reference is in the body; what is answered is the enrollment.
async fn cancel(
    State(face): State<RestFace>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let is_over = of_cancellation(&document(&body)?);
    let canceled = face.desk.cancel(id_of(&reference)?, is_over).await?;
    let canceled = canceled.ok_or(Refusal(StatusCode::NOT_FOUND, "SB404"))?;
    Ok(json(StatusCode::OK, &enrollment(&canceled)))
}

async fn extend(
    State(face): State<RestFace>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let extension = extension(id_of(&reference)?, &document(&body)?);
    let (id, order) = extension.ok_or(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "SB002"))?;
    face.book(id, &order, StatusCode::OK).await
}

async fn update_person(
    State(face): State<RestFace>,
    Path(reference): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let (id, order) = read(&body)?;
    let order = EnrollmentOrder {
        kind: HandoffKind::UpdatePerson.into(),
        updates_handoff_id: id_of(&reference)?.to_string(),
        ..order
    };
    face.book(id, &order, StatusCode::OK).await
}

async fn restore(
    State(face): State<RestFace>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    face.let_in(&headers)?;
    let (id, order) = read(&body)?;
    let order = EnrollmentOrder {
        kind: HandoffKind::Restore.into(),
        ..order
    };
    face.book(id, &order, StatusCode::CREATED).await
}

fn document(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal(StatusCode::BAD_REQUEST, "SB001"))
}

fn read(body: &[u8]) -> Result<(Uuid, EnrollmentOrder), Refusal> {
    let document = document(body)?;
    order(&document).ok_or(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "SB002"))
}

fn id_of(reference: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(reference).map_err(|_| Refusal(StatusCode::NOT_FOUND, "SB404"))
}

fn json(status: StatusCode, document: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, kind)], document.to_string()).into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    json(status, &error(code))
}

fn throttled(pause: Option<Duration>) -> Response {
    let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "SB429");
    if let Some(pause) = pause {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, pause.as_secs().into());
    }
    answer
}

/// What a bureau answers whose password for us has expired.
fn page() -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let place = HeaderValue::from_static("/signin");
    (
        StatusCode::FOUND,
        [(CONTENT_TYPE, kind), (LOCATION, place)],
        PAGE,
    )
        .into_response()
}
