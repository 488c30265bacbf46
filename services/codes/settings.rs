//! The settings of `enrollment-codes`.

use clap::{Args, Parser};

use crate::db::Process;
use crate::kernel::settings::{self, CommonSettings, ProcessSettings, limit};
use crate::process::ServiceSettings;

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

/// How often codes may be tried, each limit per minute.
///
/// By default 500 look-ups a second for a campaign: fifteen times the busiest hour known (DOMAIN, "how many come"). The
/// service takes two campaigns at that pace. One try in ten may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Throttles {
    /// Codes that one caller's backend may try in a minute.
    #[arg(id = "tries_per_caller", long, default_value = "30000", value_parser = limit())]
    pub caller: u32,
    /// Codes that one agent of a call center may try in a minute.
    #[arg(id = "tries_per_agent", long, default_value = "60", value_parser = limit())]
    pub agent: u32,
    /// Codes that may be tried from one network in a minute.
    #[arg(id = "tries_per_network", long, default_value = "60", value_parser = limit())]
    pub network: u32,
    /// Codes that may be tried in one campaign in a minute.
    #[arg(id = "tries_per_campaign", long, default_value = "30000", value_parser = limit())]
    pub campaign: u32,
    /// Tries that may fail in one campaign in a minute; beyond that whoever fails is slowed down, and the operator told.
    #[arg(id = "failures_per_campaign", long, default_value = "3000", value_parser = limit())]
    pub failures: u32,
    /// Codes that may be tried in all campaigns by all callers in a minute.
    #[arg(id = "tries_per_service", long, default_value = "60000", value_parser = limit())]
    pub service: u32,
}

impl Default for Throttles {
    fn default() -> Self {
        settings::defaults()
    }
}

/// How often letters may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Reissues {
    /// New letters that one person can get in 90 days.
    #[arg(id = "reissues_per_person", long, default_value = "3", value_parser = limit())]
    pub per_person: u32,
    /// New letters that one agent of a call center can have sent in a day.
    #[arg(id = "reissues_per_agent", long, default_value = "60", value_parser = limit())]
    pub per_agent: u32,
}

impl Default for Reissues {
    fn default() -> Self {
        settings::defaults()
    }
}
