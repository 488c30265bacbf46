//! What every command is told.

use crate::cli::connect::ConnectArgs;
use crate::cli::render::Format;
use crate::client::connect::{Channels, ClientRole};
use crate::client::problem::Problem;

/// What every command is told.
#[derive(Clone, Debug)]
pub struct Session {
    /// How answers are printed.
    pub format: Format,
    /// Where the services are.
    pub connect: ConnectArgs,
}

impl Session {
    /// Opens channels in a role.
    pub fn connect(&self, role: ClientRole) -> Result<Channels, Problem> {
        self.connect.endpoints()?.connect_as(role)
    }
}
