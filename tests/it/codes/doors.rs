//! The same handlers behind a real socket, with mutual TLS and every layer of the server.

use std::net::SocketAddr;
use std::time::Duration;

use redress::access;
use redress::codes::serve;
use redress::kernel::caller::Role;
use redress::kernel::certs::{Authority, TlsFiles};
use redress::kernel::client::{self, Client, Outgoing};
use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::server::{Server, bind};
use redress::kernel::settings::ServerSettings;
use redress::wire::DESCRIPTORS;

use super::house::House;
use crate::harness::folder::folder;

/// Where the process listens. It stops with the test.
pub struct Doors {
    at: SocketAddr,
    portal: TlsFiles,
    _folder: tempfile::TempDir,
}

impl House {
    /// Opens a socket.
    pub async fn doors(&self) -> Doors {
        let folder = folder();
        let authority = Authority::generate().unwrap();
        let issued = authority.issue_server(&["enrollment-codes"]).unwrap();
        let files = issued.save(folder.path(), "enrollment-codes").unwrap();
        let settings = ServerSettings::local(files);
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let at = listener.address();
        let server = Server::builder(&settings, access::CODES, DESCRIPTORS).listener(listener);
        let server = serve::mount(server, &self.handlers).build().unwrap();
        let life = Lifecycle::new(Duration::from_secs(10));
        tokio::spawn(async move { server.serve(&life).await });
        let portal = authority.issue_client(Role::Portal, "web").unwrap();
        Doors {
            at,
            portal: portal.save(folder.path(), "portal").unwrap(),
            _folder: folder,
        }
    }
}

impl Doors {
    /// A page's backend on a connection of its own, speaking for somebody of this network.
    pub fn portal(&self, network: &str) -> Client {
        let endpoint = format!("https://localhost:{}", self.at.port());
        let channel = client::connect(&endpoint, &self.portal).unwrap();
        Outgoing::new().network(network).on(channel)
    }
}
