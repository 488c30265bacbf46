//! The settings of `identity-verification`.

use clap::Parser;

use crate::db::Process;
use crate::kernel::clock::Clock;
use crate::kernel::settings::{CommonSettings, Problem, ProcessSettings};
use crate::process::ServiceSettings;

use super::rules::Rules;
use super::sender::carriers::CarrierSettings;

/// The roster of affected people, and who is who.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// What every service is told.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// How messages reach people.
    #[command(flatten)]
    pub carriers: CarrierSettings,
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

    fn problems(&self) -> Vec<Problem> {
        let carriers = self.carriers.carriers(&Clock::system());
        carriers.err().unwrap_or_default()
    }
}
