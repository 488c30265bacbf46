//! Calls web services of others: HTTP/1.1, TLS unless the server is this machine.
//!
//! A call has one time limit for all of it. Redirects are answers like any other, never followed. Whoever posts is told the status alone;
//! whoever makes an exchange gets the body too, up to [`LONGEST_BODY`]. Nothing that a server says is in an error or in a log.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use prost::bytes::Bytes;
use tokio::time::Instant;
use tokio_rustls::rustls::ClientConfig;

use super::certs::{TlsError, TlsFiles, public_client};

/// How long a connection waits for the next call.
const IDLE: Duration = Duration::from_secs(30);
/// So many connections wait for the next call.
const IDLE_CONNECTIONS: usize = 4;
/// How long a connection may take to come about, before its TLS: beyond that the server is not reached, and nothing was sent.
const CONNECT: Duration = Duration::from_secs(2);
/// The longest body of an answer that is read, in bytes.
pub const LONGEST_BODY: usize = 64 * 1_024;

/// Where a web service is: `https://`, or `http://` on this machine. It is not shown whole: a path may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl(Uri);

impl WebUrl {
    /// Gives the place of a path below this one; none where the path cannot stand in an address. A query of this one is left out.
    pub fn join(&self, path: &str) -> Option<Self> {
        let mut parts = self.0.clone().into_parts();
        let before = self.0.path().trim_end_matches('/');
        parts.path_and_query = Some(format!("{before}{path}").parse().ok()?);
        Uri::from_parts(parts).ok().map(Self)
    }

    /// Gives scheme, host and port: what may be shown.
    pub fn origin(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |it| it.as_str());
        format!("{scheme}://{authority}")
    }
}

/// Writes a text so that it can stand in a path or in a form: whatever is not unreserved (RFC 3986, 2.3) as `%XX`.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

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
    /// No connection, or no trust in the server's certificate: nothing was sent.
    #[error("the server cannot be reached, or its certificate is not trusted")]
    Unreachable,
    /// The connection broke before the answer was there.
    #[error("the connection to the server broke")]
    Broken,
    /// The time is over.
    #[error("the server did not answer in time")]
    Late,
    /// A header cannot be sent.
    #[error("the request cannot be sent")]
    Request,
}

/// A request whose answer is read.
#[derive(Clone)]
pub struct WebRequest {
    /// Where to.
    pub to: WebUrl,
    /// The method.
    pub method: Method,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct WebAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `None` where it is longer than [`LONGEST_BODY`].
    pub body: Option<Bytes>,
}

/// Calls web services. Clones share their connections.
#[derive(Clone, Debug)]
pub struct WebClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl WebClient {
    /// Makes a client that trusts public authorities and those in a file, if one is given; every post ends after `timeout`.
    pub fn new(authorities: Option<&Path>, timeout: Duration) -> Result<Self, TlsError> {
        Ok(Self::with(
            public_client(authorities)?,
            timeout,
            IDLE_CONNECTIONS,
        ))
    }

    /// Makes a client that trusts public authorities and that of the files, and shows their certificate where it is told to. It keeps so many
    /// connections for further calls.
    pub fn of_files(
        files: &TlsFiles,
        shows_certificate: bool,
        connections: usize,
    ) -> Result<Self, TlsError> {
        let config = files.web_client(shows_certificate)?;
        Ok(Self::with(config, IDLE, connections))
    }

    fn with(config: ClientConfig, timeout: Duration, connections: usize) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(connections)
            .build(connector);
        Self { client, timeout }
    }

    /// Posts a body and gives the status of the answer.
    pub async fn post(
        &self,
        to: &WebUrl,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<StatusCode, WebError> {
        let request = WebRequest {
            to: to.clone(),
            method: Method::POST,
            headers,
            body: body.into(),
        };
        let answer = tokio::time::timeout(self.timeout, self.client.request(request.into()));
        let answer = answer.await.map_err(|_| WebError::Late)?;
        Ok(answer.map_err(|error| failed(&error))?.status())
    }

    /// Makes a request and reads the whole answer, which must be there by `until`.
    pub async fn exchange(
        &self,
        request: WebRequest,
        until: Instant,
    ) -> Result<WebAnswer, WebError> {
        let called = async {
            let answer = self.client.request(request.into()).await;
            let (parts, body) = answer.map_err(|error| failed(&error))?.into_parts();
            let body = match Limited::new(body, LONGEST_BODY).collect().await {
                Ok(body) => Some(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => None,
                Err(_) => return Err(WebError::Broken),
            };
            Ok(WebAnswer {
                status: parts.status,
                headers: parts.headers,
                body,
            })
        };
        let answered = tokio::time::timeout_at(until, called).await;
        answered.unwrap_or(Err(WebError::Late))
    }
}

impl From<WebRequest> for Request<Full<Bytes>> {
    fn from(request: WebRequest) -> Self {
        let mut made = Self::new(Full::new(request.body));
        *made.method_mut() = request.method;
        *made.uri_mut() = request.to.0;
        *made.headers_mut() = request.headers;
        made
    }
}

/// Tells whether there never was a connection to send on.
fn failed(error: &hyper_util::client::legacy::Error) -> WebError {
    if error.is_connect() {
        WebError::Unreachable
    } else {
        WebError::Broken
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

    #[test]
    fn a_path_is_joined_below_a_base() {
        let base: WebUrl = "https://api.bureau.example:8443/v2/?key=canary"
            .parse()
            .unwrap();
        let joined = base.join("/enrollments/a%20b?full=1").unwrap();
        assert_eq!(
            joined.0.to_string(),
            "https://api.bureau.example:8443/v2/enrollments/a%20b?full=1"
        );
        assert_eq!(joined.origin(), "https://api.bureau.example:8443");
        assert!(base.join("/a b").is_none());
    }

    #[test]
    fn what_is_not_unreserved_is_encoded() {
        assert_eq!(percent_encode("A-1._~"), "A-1._~");
        assert_eq!(percent_encode("../a b?é"), "..%2Fa%20b%3F%C3%A9");
    }
}
