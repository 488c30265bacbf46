//! From the files of one side to what rustls takes.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::{ResolvesClientCert, WantsClientCert};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, ServerConfig, SignatureScheme,
};

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

    /// Reads the files for a client of web services of others: the server must show a certificate of the authority or of a public one. Where the
    /// client shows its own, that is the one that lies in the files when the connection is made.
    ///
    /// # Errors
    /// As [`TlsFiles::server`].
    pub fn web_client(&self, shows_own: bool) -> Result<ClientConfig, TlsError> {
        let builder = public_builder(&[&self.ca])?;
        if !shows_own {
            return Ok(builder.with_no_client_auth());
        }
        let own = OwnCertificate {
            last_good: Mutex::new(self.certified_key()?),
            files: self.clone(),
        };
        Ok(builder.with_client_cert_resolver(Arc::new(own)))
    }

    fn certified_key(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let (chain, key) = self.identity()?;
        let own = CertifiedKey::from_der(chain, key, &ring::default_provider());
        own.map(Arc::new).map_err(|_| TlsError::Mismatch)
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
    Ok(public_builder(&files)?.with_no_client_auth())
}

fn public_builder(
    more: &[&Path],
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let mut authorities = roots(more)?;
    authorities.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::Mismatch)?;
    Ok(builder.with_root_certificates(authorities))
}

/// Shows the certificate that lies in the files when a connection is made; where they cannot be used any more, the last good one.
#[derive(Debug)]
struct OwnCertificate {
    files: TlsFiles,
    last_good: Mutex<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut last_good = (self.last_good.lock()).unwrap_or_else(PoisonError::into_inner);
        match self.files.certified_key() {
            Ok(own) => *last_good = own,
            Err(error) => {
                tracing::warn!(%error, "changed certificates cannot be used; the old ones stay");
            }
        }
        Some(Arc::clone(&last_good))
    }

    fn has_certs(&self) -> bool {
        true
    }
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
