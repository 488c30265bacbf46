//! Roster import, code issue and print file, in rounds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::databases::{Databases, Side};
use super::floor;
use super::report::{Report, Round, Step};
use super::scratch::{in_scratch, with_processes};
use crate::client::connect::{Channels, ClientRole, Endpoints};
use crate::client::mailing::export::export;
use crate::client::mailing::order::Order;
use crate::client::problem::Problem;
use crate::client::progress::Show;
use crate::client::roster::import::{Purpose, import};
use crate::client::table::Options;
use crate::client::{campaign, codes};
use crate::kernel::secrets::Secret;
use crate::lab::campaign::{invented, today};
use crate::lab::people::roster::write_file;
use crate::lab::people::shape::{AS_OF, Shape};
use crate::lab::processes::{partners, usage};

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// How many people.
    pub people: u64,
    /// How often.
    pub rounds: u32,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// Runs the rounds, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    begin_round: impl Fn(u32),
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Report, Problem> {
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        run(settings, databases, dir, begin_round, show).await
    })
    .await
}

async fn run(
    settings: &Settings,
    databases: &Databases,
    dir: &Path,
    begin_round: impl Fn(u32),
    show: Show,
) -> Result<Report, Problem> {
    let path = dir.join("roster.csv");
    let shape = Shape {
        people: settings.people,
        seed: 1,
        as_of: AS_OF,
    };
    write_file(&shape, &path, show)?;
    let idle_before = usage::idle_share().await;
    let mut rounds = Vec::new();
    for number in 1..=settings.rounds {
        begin_round(number);
        rounds.push(round(databases, dir, &path, show).await?);
    }
    Ok(Report {
        people: settings.people,
        database: databases.database(),
        idle_before,
        idle_after: usage::idle_share().await,
        rounds,
    })
}

async fn round(
    databases: &Databases,
    dir: &Path,
    roster: &Path,
    show: Show,
) -> Result<Round, Problem> {
    let done = with_processes(databases, dir, &[], async |endpoints, pids| {
        let work = Work {
            show,
            pids,
            letters: dir.join("letters.csv"),
        };
        work.run(endpoints, roster).await
    });
    let ([import, issue, export], peaks) = done.await?;
    databases.fresh(Side::Floor).await?;
    Ok(Round {
        import,
        issue,
        export,
        floor: floor::measure(databases, dir).await?,
        peaks,
    })
}

/// What the system is to do.
struct Work {
    show: Show,
    pids: BTreeMap<String, u32>,
    letters: PathBuf,
}

impl Work {
    async fn run(
        &self,
        endpoints: &Endpoints,
        path: &Path,
    ) -> Result<([Step; 3], BTreeMap<String, f64>), Problem> {
        partners::create(endpoints).await?;
        let channels = endpoints.connect_as(ClientRole::Operator)?;
        let steps = self
            .steps(&channels, endpoints.bureau_partner(), path)
            .await?;
        let program = ("redress".to_owned(), std::process::id());
        let all = self.pids.clone().into_iter().chain([program]);
        let peaks = all.filter_map(|(name, pid)| Some((name, usage::peak_memory_mib(pid)?)));
        Ok((steps, peaks.collect()))
    }

    async fn steps(
        &self,
        channels: &Channels,
        partner: &str,
        path: &Path,
    ) -> Result<[Step; 3], Problem> {
        let file = invented("Benchmark", &[("CM3B", partner)], partner, today()?)?;
        let (campaign, _) = campaign::create(channels, &file).await?;
        let id = &campaign.campaign_id;
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let import = self.step(async {
            let imported = import(
                channels,
                id,
                path,
                &Options::default(),
                Purpose::Load { complete: false },
                self.show,
            )
            .await?;
            Ok((count(imported.totals.rows), ()))
        });
        let (import, ()) = import.await?;
        let issue = self.step(async {
            let batch = codes::issue(channels, id, String::new(), self.show).await?;
            let batch = batch.ok_or_else(|| Problem::refused("nobody was owed a code"))?;
            Ok((count(batch.codes), batch))
        });
        let (issue, batch) = issue.await?;
        let export = self.step(async {
            let order = Order::of_batch(&campaign, batch, &self.letters);
            let exported = export(channels, &order, self.show).await?;
            Ok((exported.letters, ()))
        });
        let (export, ()) = export.await?;
        std::fs::remove_file(&self.letters)
            .map_err(|error| Problem::file(&self.letters, &error))?;
        if export.rows != issue.rows {
            return Err(Problem::refused(format!(
                "{} codes were issued and {} letters written",
                issue.rows, export.rows
            )));
        }
        Ok([import, issue, export])
    }

    async fn step<T>(
        &self,
        work: impl Future<Output = Result<(u64, T), Problem>>,
    ) -> Result<(Step, T), Problem> {
        let servers = || -> f64 {
            self.pids
                .values()
                .filter_map(|pid| usage::cpu_seconds(*pid))
                .sum()
        };
        let program = || usage::cpu_seconds(std::process::id()).unwrap_or(0.0);
        let (servers_before, program_before) = (servers(), program());
        let begun_at = Instant::now();
        let (rows, made) = work.await?;
        let step = Step {
            rows,
            seconds: begun_at.elapsed().as_secs_f64(),
            server_cpu: servers() - servers_before,
            program_cpu: program() - program_before,
        };
        Ok((step, made))
    }
}
