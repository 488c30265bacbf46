//! Certificates: a small authority for development and tests, and the files that TLS reads.
//!
//! Production brings its own authority; all that Redress asks of it is the URI in client certificates
//! (`spiffe://redress/<role>/<name>`) and names in server certificates.

mod authority;
mod config;
mod files;
mod live;
mod role_authorities;

pub use authority::{Authority, CertError, Issued};
pub use config::public_client;
pub(super) use files::write_private;
pub use files::{TlsError, TlsFiles, TlsMaterial};
pub use live::{Certificates, serial_of};
pub use role_authorities::RoleAuthorities;
