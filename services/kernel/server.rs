//! The one server builder.
//!
//! Whatever every server needs is put on here and nowhere else: mutual TLS, the caller, the table of who may call what,
//! deadlines, limits, load shedding, errors with a reason, one log line and one measurement a call, health, reflection,
//! the admin port and the drain. A service brings its handlers and nothing more.
//!
//! ```ignore
//! let server = Server::builder(&settings.server, access::CODES, wire::DESCRIPTORS)
//!     .service(EnrollmentServiceServer::new(handlers))
//!     .ready(move || ready(db.clone()))
//!     .build()?;
//! server.serve(&life).await?;
//! ```

mod access;
mod admin;
mod answer;
mod body;
mod call;
mod connection;
mod front;
mod headers;
mod health;
mod listen;
mod reflection;
mod run;
mod seats;
mod share;
#[cfg(test)]
mod tests;
mod tuned;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Request;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;

pub use access::{Access, AccessError, Kind};
pub use front::{Deadline, deadline_of, draining_of, largest_of};
pub use listen::{BindError, Listener, bind, bind_as};
pub use run::ServeError;
pub use tuned::Tuned;
pub(crate) use tuned::tuned;

use super::settings::ServerSettings;

/// Whether a process can serve, or in words for an operator what keeps it from that.
pub type Readiness = Result<(), String>;

/// Tells whether the process can serve: database reachable and writable, schema current.
type Probe = Arc<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>;

/// Gathers the services of a process.
#[must_use]
pub struct Builder {
    settings: ServerSettings,
    access: &'static [Access],
    descriptors: &'static [u8],
    routes: Routes,
    names: Vec<&'static str>,
    probe: Probe,
    metrics: Option<prometheus::Registry>,
    listener: Option<Listener>,
    admin: Option<Listener>,
}

/// A server that is ready to run.
#[must_use]
pub struct Server {
    parts: Builder,
    table: access::Table,
}

impl Server {
    /// Starts a server from its settings, the table of who may call what, and the encoded descriptor set.
    pub fn builder(
        settings: &ServerSettings,
        access: &'static [Access],
        descriptors: &'static [u8],
    ) -> Builder {
        Builder {
            settings: settings.clone(),
            access,
            descriptors,
            routes: Routes::default(),
            names: Vec::new(),
            probe: Arc::new(|| async { Ok(()) }.boxed()),
            metrics: None,
            listener: None,
            admin: None,
        }
    }
}

impl Builder {
    /// Adds a generated service, which takes and sends gzip and no message beyond the settings' limit.
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible>
            + NamedService
            + Tuned
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        let service = service.tuned(self.settings.limits.max_message_bytes);
        self.routes = self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Says how to find out whether the process can serve. Asked every second, and given up after two.
    pub fn ready<F, Fut>(mut self, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Readiness> + Send + 'static,
    {
        self.probe = Arc::new(move || probe().boxed());
        self
    }

    /// Serves these metrics on the admin port, as `telemetry::Guard::registry` gives them.
    pub fn metrics(mut self, registry: Option<prometheus::Registry>) -> Self {
        self.metrics = registry;
        self
    }

    /// Serves on a port that is already open, instead of the one in the settings.
    pub fn listener(mut self, listener: Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Serves the admin pages on a port that is already open, instead of the one in the settings.
    pub fn admin(mut self, listener: Listener) -> Self {
        self.admin = Some(listener);
        self
    }

    /// Checks that the table knows every method of every service.
    pub fn build(self) -> Result<Server, AccessError> {
        let mut table = access::Table::new(self.access)?;
        table.check(&self.names, self.descriptors)?;
        Ok(Server { parts: self, table })
    }
}
