//! The settings of `identity-verification`.

use std::path::PathBuf;

use clap::Parser;

use crate::db::Process;
use crate::kernel::settings::{CommonSettings, ProcessSettings};
use crate::process::ServiceSettings;

use super::rules::Rules;

/// The roster of affected people, and who is who.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// Where confirmation codes and notices are written, one file a message.
    #[arg(long, value_name = "PATH", default_value = "outbox")]
    pub outbox_dir: PathBuf,
    /// Limits and lifetimes.
    #[command(flatten)]
    pub rules: Rules,
}

impl ProcessSettings for Settings {
    const NAME: &'static str = "identity-verification";
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[
        ("listen", "127.0.0.1:7441"),
        ("admin_listen", "127.0.0.1:7541"),
        ("database_role", Process::Identity.role()),
    ];

    fn common(&self) -> &CommonSettings {
        &self.service.common
    }
}
