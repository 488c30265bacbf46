//! The rounds of `redress bench letters`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::LettersArgs;
use super::databases::{Ground, Side};
use super::floor::{self, Floor};
use super::report::Report;
use super::usage as gauge;
use crate::cli::connect::{As, Channels, Endpoints};
use crate::cli::mailing::{self, Order};
use crate::cli::problem::{Outcome, Problem};
use crate::cli::stack::{Ports, Stack, StackSettings, peak_memory_mib};
use crate::cli::synthesize::{self, Shape};
use crate::cli::{Session, ask, campaign, codes, migrate, roster, up};

/// One step of one round.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What was made: people's rows, codes or letters.
    pub rows: u64,
    /// How long it took, seen from the program.
    pub seconds: f64,
    /// Processor time of all servers together, in seconds.
    pub server_cpu: f64,
    /// Processor time of the program, in seconds.
    pub program_cpu: f64,
}

/// One round.
#[derive(Clone, Debug)]
pub struct Round {
    /// `roster import`.
    pub import: Step,
    /// `codes issue`.
    pub issue: Step,
    /// `mailing export`.
    pub export: Step,
    /// What the database needs by itself.
    pub floor: Floor,
    /// The most memory that each process held, in MiB; the program's counts all rounds before too.
    pub peaks: BTreeMap<String, f64>,
}

/// Runs the rounds and prints what they came to.
pub async fn run(session: &Session, args: &LettersArgs) -> Outcome {
    let dir = std::env::temp_dir().join(format!("redress-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(|error| Problem::file(&dir, &error))?;
    let measured = tokio::select! {
        measured = measure(session, args, &dir) => measured,
        _ = tokio::signal::ctrl_c() => Err(Problem::refused("interrupted")),
    };
    let cleared = clear(args, &dir).await;
    let _ = std::fs::remove_dir_all(&dir);
    let report = measured?;
    cleared?;
    report.print(session.format)
}

/// Throws both databases away, whatever came of the measurement.
async fn clear(args: &LettersArgs, dir: &Path) -> Outcome {
    let url = args.database_url.as_ref().map(migrate::Url::secret);
    let ground = Ground::new(url.as_ref(), dir)?;
    ground.clear(Side::System).await?;
    ground.clear(Side::Floor).await
}

async fn measure(session: &Session, args: &LettersArgs, dir: &Path) -> Result<Report, Problem> {
    let url = args.database_url.as_ref().map(migrate::Url::secret);
    let ground = Ground::new(url.as_ref(), dir)?;
    let path = dir.join("roster.csv");
    let shape = Shape {
        people: args.people,
        seed: 1,
        as_of: synthesize::AS_OF,
    };
    roster::synthesize_file(&shape, &path)?;
    let idle_before = gauge::idle_share().await;
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        ask::say(&format!("round {number} of {}", args.rounds));
        rounds.push(round(session, &ground, dir, &path).await?);
    }
    Ok(Report {
        people: args.people,
        database: ground.database(),
        idle_before,
        idle_after: gauge::idle_share().await,
        rounds,
    })
}

async fn round(
    session: &Session,
    ground: &Ground,
    dir: &Path,
    roster: &Path,
) -> Result<Round, Problem> {
    let settings = StackSettings {
        dir: dir.join("processes"),
        database_url: Some(ground.fresh(Side::System).await?),
        ports: Ports::Free,
        pull_bureau: false,
        partner_suffix: None,
    };
    let mut stack = Stack::start(&settings).await?;
    let endpoints = stack.endpoints.clone();
    let work = Work {
        session,
        pids: stack.pids(),
        letters: dir.join("letters.csv"),
    };
    let done = tokio::select! {
        done = work.run(&endpoints, roster) => done,
        problem = stack.first_death() => Err(problem),
    };
    stack.stop().await;
    let _ = std::fs::remove_dir_all(&settings.dir);
    let ([import, issue, export], peaks) = done?;
    ground.fresh(Side::Floor).await?;
    Ok(Round {
        import,
        issue,
        export,
        floor: floor::measure(ground, dir).await?,
        peaks,
    })
}

/// What the system is to do.
struct Work<'a> {
    session: &'a Session,
    pids: BTreeMap<String, u32>,
    letters: std::path::PathBuf,
}

impl Work<'_> {
    async fn run(
        &self,
        endpoints: &Endpoints,
        path: &Path,
    ) -> Result<([Step; 3], BTreeMap<String, f64>), Problem> {
        up::partners(self.session, endpoints).await?;
        let files = self.session.connect.files(endpoints, As::Operator.stem());
        let channels = endpoints.connect(&files)?;
        let steps = self
            .steps(&channels, endpoints.bureau_partner(), path)
            .await?;
        let program = ("redress".to_owned(), std::process::id());
        let all = self.pids.clone().into_iter().chain([program]);
        let peaks = all.filter_map(|(name, pid)| Some((name, peak_memory_mib(pid)?)));
        Ok((steps, peaks.collect()))
    }

    async fn steps(
        &self,
        channels: &Channels,
        partner: &str,
        path: &Path,
    ) -> Result<[Step; 3], Problem> {
        let file = campaign::invented("Benchmark", partner, partner, campaign::today()?)?;
        let (campaign, _) = campaign::create(channels, &file).await?;
        let id = &campaign.campaign_id;
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let import = self.step(async {
            let imported = roster::import(channels, id, path).await?;
            Ok((count(imported.totals.rows), ()))
        });
        let (import, ()) = import.await?;
        let issue = self.step(async {
            let batch = codes::issue(channels, id).await?;
            let batch = batch.ok_or_else(|| Problem::refused("nobody was owed a code"))?;
            Ok((count(batch.codes), batch))
        });
        let (issue, batch) = issue.await?;
        let export = self.step(async {
            let order = Order::of_batch(&campaign, batch, &self.letters);
            Ok((mailing::export(channels, &order).await?.letters, ()))
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
                .filter_map(|pid| gauge::cpu_seconds(*pid))
                .sum()
        };
        let program = || gauge::cpu_seconds(std::process::id()).unwrap_or(0.0);
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
