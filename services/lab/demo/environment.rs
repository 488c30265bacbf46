//! What the demonstration runs on: processes of its own in a directory of its own, or ones that run already.

use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};

use crate::client::campaign::file::CampaignFile;
use crate::client::connect::{Channels, ClientRole, Endpoints};
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::kernel::secrets::Secret;
use crate::lab::campaign;
use crate::lab::processes::partners;
use crate::lab::processes::ports::Ports;
use crate::lab::processes::stack::{Stack, StackSettings};

/// What the demonstration runs on.
pub struct Environment {
    /// Where the files of the demonstration are.
    pub dir: PathBuf,
    /// Where the services are.
    pub endpoints: Endpoints,
    /// `SQLite` or `PostgreSQL`; none where the services ran before.
    pub database: Option<&'static str>,
    /// As an operator.
    pub operator: Channels,
    /// As an enrollment page.
    pub portal: Channels,
    /// As a call center.
    pub call_center: Channels,
    /// Where confirmation codes are left.
    pub outbox: PathBuf,
    today: Date,
}

impl Environment {
    /// Uses the processes at `attached`, or starts processes, on an SQLite file when no database is given; then makes
    /// the bureaus partners.
    pub async fn open(
        attached: Option<Endpoints>,
        database_url: Option<Secret<String>>,
        show: Show,
    ) -> Result<(Self, Option<Stack>), Problem> {
        let dir = std::env::temp_dir().join(format!("redress-demo-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(|error| Problem::file(&dir, &error))?;
        let _starting = show("starting", Unit::Nothing);
        let (stack, endpoints) = if let Some(endpoints) = attached {
            (None, endpoints)
        } else {
            let stack = Stack::start(&settings(&dir, database_url)).await?;
            let endpoints = stack.endpoints.clone();
            (Some(stack), endpoints)
        };
        partners::create(&endpoints).await?;
        let database = stack.as_ref().map(|stack| stack.database);
        Ok((Self::connect(dir, endpoints, database)?, stack))
    }

    fn connect(
        dir: PathBuf,
        endpoints: Endpoints,
        database: Option<&'static str>,
    ) -> Result<Self, Problem> {
        let outbox = endpoints.outbox.clone().ok_or_else(|| {
            Problem::usage("endpoints.toml does not say where confirmation codes are left: set `outbox` to that directory")
        })?;
        Ok(Self {
            operator: endpoints.connect_as(ClientRole::Operator)?,
            portal: endpoints.connect_as(ClientRole::Portal)?,
            call_center: endpoints.connect_as(ClientRole::CallCenter)?,
            dir,
            endpoints,
            database,
            outbox,
            today: campaign::today()?,
        })
    }

    /// Gives a campaign with a new engagement number.
    pub fn campaign(&self) -> Result<CampaignFile, Problem> {
        let push = self.endpoints.bureau_partner();
        let other = if self.endpoints.pull_bureau.is_some() {
            self.endpoints.pull_partner()
        } else {
            push
        };
        // One product of three bureaus, two of which the same partner serves.
        let bureaus = [("CM3B-1", push), ("CM3B-2", push), ("CM3B-3", other)];
        campaign::invented("Demonstration", &bureaus, other, self.today)
    }

    /// The day on which the ages of the roster are counted: the same all year.
    pub fn new_year(&self) -> Date {
        date(self.today.year(), 1, 1)
    }
}

/// Waits until a process ends by itself; for ever where none was started.
pub async fn first_death(stack: &mut Option<Stack>) -> Problem {
    match stack {
        Some(stack) => stack.first_death().await,
        None => std::future::pending().await,
    }
}

fn settings(dir: &Path, database_url: Option<Secret<String>>) -> StackSettings {
    StackSettings {
        dir: dir.to_owned(),
        ports: Ports::Free,
        pull_bureau: true,
        // A database that others use too has partners of these names already.
        partner_suffix: database_url
            .as_ref()
            .map(|_| format!("-{}", std::process::id())),
        database_url,
        identity: Vec::new(),
        script: None,
    }
}
