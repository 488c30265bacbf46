//! Why a process ended otherwise than it should.

use std::fmt::Display;

use crate::db;
use crate::kernel::keyring::KeyError;
use crate::kernel::server::{AccessError, ServeError};

/// Why a process ended otherwise than it should, and with it its exit code.
#[derive(Debug)]
pub enum Stop {
    /// It could not start: a setting or the surroundings are wrong.
    Start(String),
    /// It broke while it ran.
    Broke(String),
}

impl Stop {
    /// Says that the process cannot start, for `map_err`.
    pub fn start(error: impl Display) -> Self {
        Self::Start(error.to_string())
    }

    /// Gives the exit code: 2 before the process ran, 1 when it broke while it ran.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Start(_) => 2,
            Self::Broke(_) => 1,
        }
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Start(message) | Self::Broke(message)) = self;
        f.write_str(message)
    }
}

impl From<db::Error> for Stop {
    fn from(error: db::Error) -> Self {
        Self::start(error)
    }
}

impl From<KeyError> for Stop {
    fn from(error: KeyError) -> Self {
        Self::start(error)
    }
}

impl From<AccessError> for Stop {
    fn from(error: AccessError) -> Self {
        Self::start(error)
    }
}

impl From<ServeError> for Stop {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Bind(_) | ServeError::Tls(_) | ServeError::Reflection(_) => {
                Self::start(error)
            }
            ServeError::Transport(_) => Self::Broke(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::server::bind;

    #[tokio::test]
    async fn a_server_that_breaks_while_it_runs_is_not_a_wrong_setting() {
        let endpoint = tonic::transport::Endpoint::from_static("http://127.0.0.1:1");
        let broken = endpoint.connect().await.unwrap_err();
        assert_eq!(Stop::from(ServeError::Transport(broken)).code(), 1);
    }

    #[tokio::test]
    async fn a_port_in_use_is_a_wrong_setting() {
        let held = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let refused = bind(held.address()).await.unwrap_err();
        assert_eq!(Stop::from(ServeError::Bind(refused)).code(), 2);
    }
}
