//! What every command works with.

use std::ops::Deref;
use std::sync::Arc;

use crate::process;

use super::campaign::campaign_cache::CampaignCache;
use super::failure_budget::FailureBudgets;
use super::settings::{Reissues, Throttles};

/// What the process works with. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// What every process has. Its keys are the code keys.
    pub common: process::Context,
    /// How often codes may be tried.
    pub throttles: Throttles,
    /// What is to be given back to the campaigns' failure budgets.
    pub failures: Arc<FailureBudgets>,
    /// How often letters may be sent again.
    pub reissues: Reissues,
    /// What does not change about campaigns.
    pub campaign_cache: Arc<CampaignCache>,
}

impl Context {
    /// Puts a context together.
    pub fn new(common: process::Context, throttles: Throttles, reissues: Reissues) -> Self {
        Self {
            common,
            throttles,
            failures: Arc::default(),
            reissues,
            campaign_cache: Arc::default(),
        }
    }
}

impl Deref for Context {
    type Target = process::Context;

    fn deref(&self) -> &process::Context {
        &self.common
    }
}
