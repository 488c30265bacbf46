//! Where the demonstration plays: processes of its own in a directory of its own, or ones that run already.

use std::path::PathBuf;

use jiff::civil::{Date, date};

use super::DemoArgs;
use super::books::Books;
use crate::cli::campaign::{self, CampaignFile};
use crate::cli::connect::{As, Channels, ConnectArgs, Endpoints};
use crate::cli::problem::Problem;
use crate::cli::stack::{Ports, Stack, StackSettings};
use crate::cli::{Session, migrate, progress, up};
use crate::kernel::client;

/// A stage that is set.
pub struct Stage {
    /// Where the files of the demonstration are.
    pub dir: PathBuf,
    /// Where the services are.
    pub endpoints: Endpoints,
    /// The database, as far as it is known.
    pub database: &'static str,
    /// As an operator.
    pub operator: Channels,
    /// As another operator, who reviews.
    pub reviewer: Channels,
    /// As an enrollment page.
    pub portal: Channels,
    /// As a call center.
    pub desk: Channels,
    /// Where confirmation codes are left.
    pub outbox: PathBuf,
    connect: ConnectArgs,
    today: Date,
}

impl Stage {
    /// Starts the processes, or finds the running ones, and makes the bureaus partners.
    pub async fn set(session: &Session, args: &DemoArgs) -> Result<(Self, Option<Stack>), Problem> {
        let dir = std::env::temp_dir().join(format!("redress-demo-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(|error| Problem::file(&dir, &error))?;
        let spinner = progress::waiting("starting");
        let (stack, endpoints) = if args.attach {
            (None, session.connect.endpoints()?)
        } else {
            let stack = Stack::start(&settings(&dir, args)).await?;
            let endpoints = stack.endpoints.clone();
            (Some(stack), endpoints)
        };
        up::partners(session, &endpoints).await?;
        spinner.finish_and_clear();
        let database = stack.as_ref().map_or("unknown", |stack| stack.database);
        Ok((Self::assemble(session, dir, endpoints, database)?, stack))
    }

    fn assemble(
        session: &Session,
        dir: PathBuf,
        endpoints: Endpoints,
        database: &'static str,
    ) -> Result<Self, Problem> {
        let channels =
            |role: As| endpoints.connect(&session.connect.files(&endpoints, role.stem()));
        let outbox = endpoints.outbox.clone().ok_or_else(|| {
            Problem::usage("endpoints.toml does not say where confirmation codes are left: set `outbox` to that directory")
        })?;
        Ok(Self {
            operator: channels(As::Operator)?,
            reviewer: channels(As::Reviewer)?,
            portal: channels(As::Portal)?,
            desk: channels(As::CallCenter)?,
            connect: session.connect.clone(),
            dir,
            endpoints,
            database,
            outbox,
            today: campaign::today()?,
        })
    }

    /// Opens the books of every bureau.
    pub async fn books(&self) -> Result<Vec<Books>, Problem> {
        let mut books = vec![Books::open(self.operator.bureau.clone()).await?];
        if let Some(url) = &self.endpoints.pull_bureau {
            let files = self.connect.files(&self.endpoints, As::Operator.stem());
            let channel =
                client::connect(url, &files).map_err(|error| Problem::usage(error.to_string()))?;
            books.push(Books::open(channel).await?);
        }
        Ok(books)
    }

    /// Gives a campaign under a number of its own.
    pub fn campaign(&self) -> Result<CampaignFile, Problem> {
        let push = self.endpoints.bureau_partner();
        let minors = if self.endpoints.pull_bureau.is_some() {
            self.endpoints.pull_partner()
        } else {
            push
        };
        campaign::invented("Demonstration", push, minors, self.today)
    }

    /// The day on which the ages of the roster are counted: the same all year.
    pub fn new_year(&self) -> Date {
        date(self.today.year(), 1, 1)
    }

    /// Clears up, unless the files are wanted.
    pub fn strike(&self, clear: bool) {
        if clear {
            let _ = std::fs::remove_dir_all(&self.dir);
        } else {
            crate::cli::ask::say(&format!("files and logs are in {}", self.dir.display()));
        }
    }
}

/// Waits until a process ends by itself; for ever where none was started.
pub async fn first_death(stack: &mut Option<Stack>) -> Problem {
    match stack {
        Some(stack) => stack.first_death().await,
        None => std::future::pending().await,
    }
}

fn settings(dir: &std::path::Path, args: &DemoArgs) -> StackSettings {
    StackSettings {
        dir: dir.to_owned(),
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
        ports: Ports::Free,
        pull_bureau: true,
        // A database that others use too has partners of these names already.
        partner_suffix: args
            .database_url
            .as_ref()
            .map(|_| format!("-{}", std::process::id())),
    }
}
