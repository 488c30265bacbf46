//! The settings of `enrollment-codes`.

use clap::Parser;

use crate::db::Process;
use crate::kernel::settings::{CommonSettings, ProcessSettings};
use crate::process::ServiceSettings;

use super::letter::reissue_limits::Reissues;
use super::throttles::Throttles;

/// Campaigns, letter codes, enrollments and consent.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// How often codes may be tried.
    #[command(flatten)]
    pub throttles: Throttles,
    /// How often letters may be sent again.
    #[command(flatten)]
    pub reissues: Reissues,
}

impl ProcessSettings for Settings {
    const NAME: &'static str = "enrollment-codes";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7442"),
        ("admin_listen", "127.0.0.1:7542"),
        ("database_role", Process::Codes.role()),
    ];

    fn common(&self) -> &CommonSettings {
        &self.service.common
    }
}
