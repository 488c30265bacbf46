//! Posts to web services of others: HTTP/1.1, TLS unless the server is this machine.
//!
//! A call has one time limit for all of it. Redirects are answers like any other, never followed. The body of an answer is not
//! read: whoever posts is told the status alone, so nothing that a server says can end up in a log.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use prost::bytes::Bytes;

use super::certs::{TlsError, public_client};

/// How long a connection waits for the next call.
const IDLE: Duration = Duration::from_secs(30);
/// So many connections wait for the next call.
const IDLE_CONNECTIONS: usize = 4;

/// Where a web service is: `https://`, or `http://` on this machine. It is not shown whole: a path may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl(Uri);

impl FromStr for WebUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str = "must be https://HOST/PATH, or http:// on this machine (127.0.0.1, [::1], localhost), without a user";
        let uri: Uri = text.parse().map_err(|_| RULE)?;
        let host = uri.host().unwrap_or_default();
        let is_safe = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_here(host),
            _ => false,
        };
        let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        (is_safe && !has_user).then_some(Self(uri)).ok_or(RULE)
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.host().unwrap_or_default())
    }
}

/// Tells whether a host is this machine by its name alone.
pub fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// No connection, no trust in the server's certificate, or the connection broke.
    #[error("the server cannot be reached, or its certificate is not trusted")]
    Unreachable,
    /// The time is over.
    #[error("the server did not answer in time")]
    Late,
    /// A header cannot be sent.
    #[error("the request cannot be sent")]
    Request,
}

/// Posts to web services. Clones share their connections.
#[derive(Clone, Debug)]
pub struct WebClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl WebClient {
    /// Makes a client that trusts public authorities and those in a file, if one is given.
    pub fn new(authorities: Option<&Path>, timeout: Duration) -> Result<Self, TlsError> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(public_client(authorities)?)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Ok(Self { client, timeout })
    }

    /// Posts a body and gives the status of the answer.
    pub async fn post(
        &self,
        to: &WebUrl,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<StatusCode, WebError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = to.0.clone();
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(self.timeout, self.client.request(request));
        let answer = answer.await.map_err(|_| WebError::Late)?;
        Ok(answer.map_err(|_| WebError::Unreachable)?.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_service_is_behind_tls_unless_it_is_here() {
        for good in [
            "https://gateway.example.com/messages?key=1",
            "https://192.0.2.1:8443/",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/",
            "http://localhost/",
        ] {
            assert!(good.parse::<WebUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "gateway.example.com",
            "http://gateway.example.com/",
            "http://127.0.0.1.example.com/",
            "ftp://127.0.0.1/",
            "https://user:password@gateway.example.com/",
            "https:///path",
        ] {
            assert!(bad.parse::<WebUrl>().is_err(), "{bad}");
        }
        let url: WebUrl = "https://gateway.example.com/canary".parse().unwrap();
        assert_eq!(format!("{url:?}"), "gateway.example.com");
    }
}
