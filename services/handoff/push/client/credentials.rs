//! What partners are called with.

use std::path::PathBuf;

use crate::kernel::certs::{TlsError, TlsFiles};
use crate::kernel::client::ConnectError;

/// What partners are called with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The certificate that they see, and the authority that theirs must come from; a REST API's may come from a public one too.
    pub tls: TlsFiles,
    /// The directory with the secrets for OAuth 2, a file a partner.
    pub secrets: Option<PathBuf>,
}

/// Why a partner cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum Uncallable {
    /// Its endpoint, or our certificates.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Our certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its layout is one that this program does not take.
    #[error("the layout: {0}")]
    Layout(String),
}
