//! Calls to other processes: mutual TLS, deadlines that are sent along, and the trace that goes with them.

mod connector;

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use self::connector::Connector;
use super::caller::{AGENT, Agent, CASE, NETWORK, REASON};
use super::certs::{TlsError, TlsFiles};
use super::ids::Ids;
use super::telemetry;

const CONNECT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Why there is no channel. Whether the other side answers is found out at the first call.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The certificates cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The endpoint is not one.
    #[error("{0} is not an endpoint: use https://HOST:PORT or HOST:PORT")]
    Endpoint(String),
}

/// Makes a channel that connects at its first call and again after every break.
///
/// The endpoint is `https://HOST:PORT` or `HOST:PORT`; the server's certificate must bear that host. Each connection is made
/// with the certificates as their files then are.
pub fn connect(endpoint: &str, tls: &TlsFiles) -> Result<Channel, ConnectError> {
    connect_to(endpoint, tls, None)
}

/// Makes a channel as [`connect`] does, to a server whose certificate must also bear a URI, such as a SPIFFE ID, if one is given.
pub fn connect_to(
    endpoint: &str,
    tls: &TlsFiles,
    server_uri: Option<&str>,
) -> Result<Channel, ConnectError> {
    let bad = || ConnectError::Endpoint(endpoint.to_owned());
    let place = match endpoint.split_once("://") {
        None => endpoint,
        Some(("https", place)) => place,
        Some(_) => return Err(bad()),
    };
    let origin = format!("https://{place}").parse().map_err(|_| bad())?;
    let connector = Connector::new(tls, server_uri)?;
    // The connector itself speaks TLS: tonic must not do so on top of it.
    let endpoint = Endpoint::from_shared(format!("http://{place}"))
        .map_err(|_| bad())?
        .origin(origin)
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    Ok(endpoint.connect_with_connector_lazy(connector))
}

/// Makes a request id (AIP-155): one for a change, kept when the call is repeated.
pub fn request_id(ids: &Ids) -> String {
    ids.request_id().to_string()
}

/// Makes a request with a deadline that the server hears of.
pub fn request<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// Adds the current trace, and for a call center its agent, to every call.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    metadata: Vec<(&'static str, MetadataValue<Ascii>)>,
}

/// A channel whose calls bear the metadata of [`Outgoing`].
pub type Client = InterceptedService<Channel, Outgoing>;

impl Outgoing {
    /// Adds nothing but the trace.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the agent for whom a call center calls. A value that cannot be sent is left out, and the server says so.
    #[must_use]
    pub fn agent(self, agent: &Agent) -> Self {
        self.with(AGENT, &agent.agent)
            .with(CASE, &agent.case)
            .with(REASON, &agent.reason)
    }

    /// Names the network of the person behind a portal or a call center.
    #[must_use]
    pub fn network(self, network: &str) -> Self {
        self.with(NETWORK, network)
    }

    /// Puts this on a channel.
    pub fn on(self, channel: Channel) -> Client {
        InterceptedService::new(channel, self)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = value.parse() {
            self.metadata.push((name, value));
        }
        self
    }
}

impl Interceptor for Outgoing {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        for (name, value) in &self.metadata {
            metadata.insert(*name, value.clone());
        }
        let trace = telemetry::current_traceparent().and_then(|trace| trace.parse().ok());
        if let Some(trace) = trace {
            metadata.insert("traceparent", trace);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_endpoint_without_tls_is_refused() {
        let files = TlsFiles::in_directory(Path::new("/nowhere"), "x");
        let error = connect("http://127.0.0.1:1", &files).unwrap_err();
        assert!(matches!(error, ConnectError::Endpoint(_)));
        let error = connect("127.0.0.1:1", &files).unwrap_err();
        assert!(matches!(error, ConnectError::Tls(_)));
    }

    #[tokio::test]
    async fn calls_bear_the_agent_and_the_trace() {
        let agent = Agent {
            agent: "a-1".to_owned(),
            case: "c-1".to_owned(),
            reason: "lost".to_owned(),
        };
        let mut outgoing = Outgoing::new().agent(&agent).network("192.0.2.0/24");
        let trace = telemetry::Trace::root();
        let call = trace.scope(async { outgoing.call(Request::new(())).unwrap() });
        let metadata = call.await.metadata().clone();
        assert_eq!(metadata.get(AGENT).unwrap(), "a-1");
        assert_eq!(metadata.get(NETWORK).unwrap(), "192.0.2.0/24");
        assert_eq!(
            metadata.get("traceparent").unwrap(),
            trace.to_string().as_str()
        );
    }
}
