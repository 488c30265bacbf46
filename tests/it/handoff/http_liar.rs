//! A server that does not keep to what its layout says: nothing of it is taken for an answer, and nothing of it is repeated.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use redress::kernel::ids::HandoffId;
use tokio::net::TcpListener;

use super::http::{NAME, OVERDUE, at, layout, patient};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

const TOKEN: &str = r#"{"access_token":"canary","token_type":"bearer","expires_in":3600}"#;

/// What the server says, whatever it is asked.
#[derive(Clone, Debug)]
struct Said {
    token: String,
    status: u16,
    kind: &'static str,
    body: String,
}

#[derive(Clone)]
struct Liar {
    said: Arc<Mutex<Said>>,
    heard: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Liar {
    async fn open() -> (Self, SocketAddr) {
        let said = Said {
            token: TOKEN.to_owned(),
            status: 200,
            kind: "application/json",
            body: String::new(),
        };
        let liar = Self {
            said: Arc::new(Mutex::new(said)),
            heard: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/oauth/token", post(token))
            .fallback(say)
            .with_state(liar.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (liar, address)
    }

    fn says(&self, status: u16, kind: &'static str, body: impl Into<String>) {
        let mut said = self.said.lock().unwrap();
        (said.status, said.kind, said.body) = (status, kind, body.into());
    }
}

async fn token(State(liar): State<Liar>) -> Response {
    let token = liar.said.lock().unwrap().token.clone();
    ([("content-type", "application/json")], token).into_response()
}

async fn say(State(liar): State<Liar>, headers: HeaderMap, body: Bytes) -> Response {
    liar.heard.lock().unwrap().push((headers, body));
    let said = liar.said.lock().unwrap().clone();
    let headers = [("content-type", said.kind), ("location", "/elsewhere")];
    (
        StatusCode::from_u16(said.status).unwrap(),
        headers,
        said.body,
    )
        .into_response()
}

async fn opened(database: Database) -> (World, Liar, redress::kernel::ids::PartnerId) {
    let world = patient(database).await;
    let (liar, address) = Liar::open().await;
    world.keep_secret(NAME, "secret");
    let partner = world.partner(at(address)).await;
    (world, liar, partner)
}

/// Each lie is told to another person, so that none waits for the one before.
#[apply(both)]
async fn what_cannot_be_true_changes_nothing(database: Database) {
    let (world, liar, partner) = opened(database).await;
    let mut worker = world.worker();
    let json = "application/json";
    let stranger: HandoffId = world.ids.next();
    let active = |id: &str| format!(r#"{{"reference":"{id}","status":"ACTIVE"}}"#);
    let huge = format!(r#"{{"status":"{}"}}"#, "x".repeat(1 << 20));
    for (status, kind, body, state, attempt) in [
        (
            200,
            json,
            active(&stranger.to_string()),
            "UNSETTLED",
            "UNREADABLE",
        ),
        (200, json, huge, "UNSETTLED", "UNREADABLE"),
        (
            200,
            json,
            "{\"status\":".to_owned(),
            "UNSETTLED",
            "UNREADABLE",
        ),
        (204, json, String::new(), "UNSETTLED", "UNREADABLE"),
        (
            200,
            "text/html",
            "<p>ACTIVE".to_owned(),
            "QUEUED",
            "REJECTED",
        ),
        (307, json, "{}".to_owned(), "QUEUED", "REJECTED"),
        (418, json, "{}".to_owned(), "QUEUED", "REJECTED"),
    ] {
        liar.says(status, kind, body);
        let id = world.enroll(partner, "666010001").await;
        assert_eq!(worker.step().await.unwrap(), 1, "{status} {kind}");
        assert_eq!(world.state(id).await, state, "{status} {kind}");
        assert_eq!(world.attempts(id).await, [attempt], "{status} {kind}");
        assert!(world.outcomes(id).await.is_empty());
    }
    assert_eq!(
        liar.heard.lock().unwrap().len(),
        7,
        "no redirect is followed"
    );
}

/// A page where "not found" should be is not taken for it: nobody is sent twice, and no cancellation passes for done.
#[apply(both)]
async fn a_page_that_says_not_found_is_no_answer(database: Database) {
    let (world, liar, partner) = opened(database).await;
    let mut worker = world.worker();
    let id = world.enroll(partner, "666010001").await;
    let booked = format!(r#"{{"reference":"{id}","status":"BOOKED"}}"#);
    liar.says(201, "application/json", booked);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    let cancel = world.cancel(id).await;
    for (kind, body) in [
        ("text/html", "<h1>Not found"),
        ("application/json", r#"{"message":"no route"}"#),
    ] {
        liar.says(404, kind, body);
        worker.step().await.unwrap();
        assert_eq!(world.state(cancel).await, "QUEUED", "{kind}");
        world.hand.advance(OVERDUE);
    }
    worker.step().await.unwrap();
    assert_eq!(
        world.state(id).await,
        "ACCEPTED",
        "it is not taken for forgotten"
    );
    liar.says(404, "application/json", r#"{"error":{"code":"SB404"}}"#);
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(cancel).await, "CANCELED");
}

/// What passes for a token and is none is not used.
#[apply(both)]
async fn an_odd_token_is_none(database: Database) {
    let (world, liar, partner) = opened(database).await;
    let id = world.enroll(partner, "666010001").await;
    let mut worker = world.worker();
    for odd in [
        "<html>",
        "{}",
        r#"{"access_token":"x","token_type":"mac"}"#,
        r#"{"access_token":"","token_type":"bearer"}"#,
        r#"{"access_token":"a\nb","token_type":"bearer"}"#,
    ] {
        odd.clone_into(&mut liar.said.lock().unwrap().token);
        worker.step().await.unwrap();
        assert_eq!(world.last_attempt(id).await, "UNAVAILABLE", "{odd}");
        world.hand.advance(BACKOFF);
    }
    assert!(liar.heard.lock().unwrap().is_empty());
}

/// The request is what the layout says: the token, the constant headers, the trace and the fields.
#[apply(both)]
async fn a_request_is_what_its_layout_says(database: Database) {
    let (world, liar, partner) = opened(database).await;
    let id = world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    let (headers, body) = liar.heard.lock().unwrap().remove(0);
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("authorization").as_deref(), Some("Bearer canary"));
    assert_eq!(header("accept-version").as_deref(), Some("1"));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert!(header("traceparent").is_some());
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let coverage = world.row(id).await.coverage_id.to_string();
    let expected = serde_json::json!({
        "reference": id.to_string(),
        "attempt": 1,
        "source": "REDRESS",
        "engagement": "B123456",
        "coverage": { "id": coverage, "product": "TRIPLE-24", "months": 24, "contract": "C-17" },
        "customer": {
            "firstName": "Ada",
            "lastName": "Lovelace",
            "birthDate": "1815-12-10",
            "ssn": "666010001",
        },
    });
    assert_eq!(body, expected);
}

/// What does not fit its field is not cut and not sent; the person mends it.
#[apply(both)]
async fn what_does_not_fit_is_not_sent(database: Database) {
    let world = patient(database).await;
    let (liar, address) = Liar::open().await;
    world.keep_secret(NAME, "secret");
    let narrow = layout(address).replace("width = 60", "width = 4");
    let partner = world
        .partner(redress::wire::redress::handoff::v1::Partner {
            http_layout: narrow,
            ..at(address)
        })
        .await;
    let id = world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    assert_eq!(world.outcomes(id).await, ["ACTION_REQUIRED INVALID_INPUT"]);
    let told = world.row(id).await.native_code;
    assert_eq!(told.as_deref(), Some("CANNOT_PROJECT family_name"));
    assert!(liar.heard.lock().unwrap().is_empty());
}
