//! The one server builder.
//!
//! Whatever every server needs is put on here and nowhere else: mutual TLS, the caller, the table of who may call what,
//! deadlines, limits, load shedding, errors with a reason, one log line and one measurement a call, health, reflection,
//! the admin port and the drain. A service brings its handlers and nothing more.
//!
//! ```ignore
//! let server = Server::builder(&settings.server, access::TABLE, wire::DESCRIPTORS)
//!     .service(EnrollmentServiceServer::new(handlers))
//!     .ready(move || ready(db.clone()))
//!     .build()?;
//! server.serve(&life).await?;
//! ```

mod access;
mod admin;
mod answer;
mod call;
mod front;
mod handshake;
mod health;
mod listen;
mod run;
#[cfg(test)]
mod tests;
mod timeout;

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
pub use front::{Deadline, deadline_of, draining_of};
pub use listen::{BindError, Listener, bind, bind_as};
pub use run::ServeError;

use super::settings::ServerSettings;

/// Tells whether the process can serve: database reachable, schema current.
type Probe = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

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
            probe: Arc::new(|| async { true }.boxed()),
            metrics: None,
            listener: None,
            admin: None,
        }
    }
}

impl Builder {
    /// Adds a generated service.
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Says how to find out whether the process can serve. Asked every second, and given up after two.
    pub fn ready<F, Fut>(mut self, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
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
        let table = access::Table::new(self.access)?;
        table.check(&self.names, self.descriptors)?;
        Ok(Server { parts: self, table })
    }
}
