//! The server's side of mutual TLS, as rustls wants it.

use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::files::{TlsError, TlsFiles};

/// The protocol that a client must speak within TLS.
const HTTP2: &[u8] = b"h2";

impl TlsFiles {
    /// Reads the files into a configuration that lets in only clients with a certificate of the authority.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        self.read()?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(&self.ca)?);
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build();
        let clients = clients.map_err(|_| unfit(&self.ca, "authority"))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|_| unfit(&self.key, "key"))?;
        let mut config = ServerConfig::builder()
            .with_client_cert_verifier(clients)
            .with_single_cert(certificates(&self.cert)?, key)
            .map_err(|_| TlsError::Mismatch)?;
        config.alpn_protocols.push(HTTP2.to_vec());
        Ok(Arc::new(config))
    }
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|_| unfit(path, "certificate"))
}

fn unfit(path: &std::path::Path, wanted: &'static str) -> TlsError {
    TlsError::NotPem {
        path: path.into(),
        wanted,
    }
}
