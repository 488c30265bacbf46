//! The three files that one side of a mutual TLS connection needs.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tonic::transport::{Certificate, Identity};
use zeroize::Zeroizing;

/// Where the authority's certificate, the own certificate and its key lie, as PEM.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct TlsFiles {
    /// The authority that clients' certificates must come from.
    #[arg(id = "tls_ca", long, value_name = "PATH")]
    pub ca: PathBuf,
    /// The certificate of this process.
    #[arg(id = "tls_cert", long, value_name = "PATH")]
    pub cert: PathBuf,
    /// The key of that certificate.
    #[arg(id = "tls_key", long, value_name = "PATH")]
    pub key: PathBuf,
}

/// Says which file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}; development certificates come from: redress certs", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no {wanted} in PEM", .path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A line of the list of revoked certificates names nobody.
    #[error("{}, line {line}: neither a serial number in hexadecimal nor a caller as role/name; it would revoke nobody", .path.display())]
    NotRevoked {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The files do not fit together.
    #[error("the certificates cannot be used: do certificate and key belong together?")]
    Mismatch,
}

/// What the files hold, ready for tonic.
#[derive(Clone, Debug)]
pub struct TlsMaterial {
    /// The authority's certificates.
    pub ca: Certificate,
    /// The own certificate and its key.
    pub identity: Identity,
}

impl TlsFiles {
    /// Names the files `ca.pem`, `STEM.pem` and `STEM.key` of a directory, as [`super::Issued::save`] writes them.
    pub fn in_directory(directory: &Path, stem: &str) -> Self {
        Self {
            ca: directory.join("ca.pem"),
            cert: directory.join(format!("{stem}.pem")),
            key: directory.join(format!("{stem}.key")),
        }
    }

    /// Reads the files and checks that each holds what it should.
    pub fn read(&self) -> Result<TlsMaterial, TlsError> {
        let ca = read(&self.ca, "CERTIFICATE")?;
        let cert = read(&self.cert, "CERTIFICATE")?;
        let key = read(&self.key, "PRIVATE KEY")?;
        Ok(TlsMaterial {
            ca: Certificate::from_pem(ca.as_slice()),
            identity: Identity::from_pem(cert.as_slice(), key.as_slice()),
        })
    }
}

pub(super) fn read(path: &Path, wanted: &'static str) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let pem = fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.into(),
        source,
    })?;
    let pem = Zeroizing::new(pem);
    let end = format!("{wanted}-----");
    let found = pem.windows(end.len()).any(|part| part == end.as_bytes());
    found.then_some(pem).ok_or_else(|| TlsError::NotPem {
        path: path.into(),
        wanted,
    })
}

/// Writes a file that only its owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
