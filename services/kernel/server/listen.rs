//! Ports.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// An open port.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

/// Why a port cannot be opened. The message says which setting to change.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The setting that names it.
    pub setting: &'static str,
    /// The system's answer.
    pub source: io::Error,
}

impl BindError {
    fn text(&self) -> String {
        let Self {
            address, source, ..
        } = self;
        let flag = self.setting.replace('_', "-");
        let variable = self.setting.to_uppercase();
        let change = format!("choose another with --{flag} or REDRESS_{variable}");
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another process: stop that one, or {change}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be opened by this user: {change}, above 1023")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("{address} is not an address of this machine: {change}")
            }
            _ => format!("{address} cannot be opened ({source}): {change}"),
        }
    }
}

/// Opens the port for gRPC.
pub async fn bind(address: SocketAddr) -> Result<Listener, BindError> {
    bind_as(address, "listen").await
}

/// Opens a port that the given setting names.
pub async fn bind_as(address: SocketAddr, setting: &'static str) -> Result<Listener, BindError> {
    let error = |source| BindError {
        address,
        setting,
        source,
    };
    let inner = TcpListener::bind(address).await.map_err(error)?;
    let address = inner.local_addr().map_err(error)?;
    Ok(Listener { inner, address })
}

impl Listener {
    /// Gives the address, with the port that the system chose where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the port itself.
    pub fn into_inner(self) -> TcpListener {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_says_which_setting_to_change() {
        let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let error = bind_as(first.address(), "admin_listen").await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("is in use by another process"),
            "{message}"
        );
        assert!(
            message.contains("--admin-listen or REDRESS_ADMIN_LISTEN"),
            "{message}"
        );
    }
}
