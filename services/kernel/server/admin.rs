//! The admin port: health for orchestrators and metrics for Prometheus, in plain HTTP.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TextEncoder};
use tokio::sync::watch;

use super::Readiness;
use super::listen::Listener;

#[derive(Clone)]
pub(super) struct Admin {
    pub(super) ready: watch::Receiver<Readiness>,
    pub(super) metrics: Option<Registry>,
}

/// Serves until the future ends.
pub(super) async fn serve(listener: Listener, admin: Admin, end: impl Future<Output = ()>) {
    let pages = Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(admin);
    let served = axum::serve(listener.into_inner(), pages);
    tokio::select! {
        result = served => {
            if result.is_err() {
                tracing::warn!("the admin port has closed");
            }
        }
        () = end => {}
    }
}

async fn alive() -> &'static str {
    "alive\n"
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, String) {
    match &*admin.ready.borrow() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {why}\n"),
        ),
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let Some(registry) = admin.metrics else {
        let hint = "metrics go to the OTLP collector\n";
        return (StatusCode::NOT_FOUND, hint).into_response();
    };
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
