//! From the files of one side to what rustls takes.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::WantsClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};

use super::{TlsError, TlsFiles};

const HTTP2: &[u8] = b"h2";

impl TlsFiles {
    /// Reads the files for a server: every client must show a certificate that `clients` take.
    ///
    /// # Errors
    /// Where a file cannot be read, or certificate and key do not belong together.
    pub(super) fn server(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Mismatch)?
            .with_client_cert_verifier(clients);
        let (chain, key) = self.identity()?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|_| TlsError::Mismatch)?;
        config.alpn_protocols.push(HTTP2.to_vec());
        Ok(config)
    }

    /// Reads the files for a client: the server must show a certificate of the authority.
    ///
    /// # Errors
    /// As [`TlsFiles::server`].
    pub fn client(&self) -> Result<ClientConfig, TlsError> {
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> =
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|_| TlsError::Mismatch)?
                .with_root_certificates(roots(&[&self.ca])?);
        let (chain, key) = self.identity()?;
        let mut config = builder
            .with_client_auth_cert(chain, key)
            .map_err(|_| TlsError::Mismatch)?;
        config.alpn_protocols.push(HTTP2.to_vec());
        Ok(config)
    }

    fn identity(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let pem = super::files::read(&self.cert, "CERTIFICATE")?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|_| not_pem(&self.cert, "CERTIFICATE"))?;
        let pem = super::files::read(&self.key, "PRIVATE KEY")?;
        let key =
            PrivateKeyDer::from_pem_slice(&pem).map_err(|_| not_pem(&self.key, "PRIVATE KEY"))?;
        Ok((chain, key))
    }
}

/// Makes a client of servers of others: they must show a certificate of a public authority or, if a file is given, of one in it.
///
/// # Errors
/// Where the file cannot be read or holds no certificate.
pub fn public_client(more: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let files: Vec<&Path> = more.into_iter().collect();
    let mut authorities = roots(&files)?;
    authorities.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::Mismatch)?;
    Ok(builder
        .with_root_certificates(authorities)
        .with_no_client_auth())
}

/// Makes what takes clients' certificates that come from one of these authorities.
///
/// # Errors
/// Where a file cannot be read or holds no certificate.
pub(super) fn clients_of(files: &[&Path]) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots(files)?),
        Arc::new(ring::default_provider()),
    );
    verifier.build().map_err(|_| TlsError::Mismatch)
}

fn roots(files: &[&Path]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for file in files {
        let pem = super::files::read(file, "CERTIFICATE")?;
        let certificates = CertificateDer::pem_slice_iter(&pem).flatten();
        if let (0, _) = roots.add_parsable_certificates(certificates) {
            return Err(not_pem(file, "CERTIFICATE"));
        }
    }
    Ok(roots)
}

fn not_pem(path: &Path, wanted: &'static str) -> TlsError {
    TlsError::NotPem {
        path: path.into(),
        wanted,
    }
}
