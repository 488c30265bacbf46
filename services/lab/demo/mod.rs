//! `redress demo`: a whole campaign with invented people, and a check of it by somebody else's books.
//!
//! A roster is written and imported, codes are issued, the print file is made and the batch sealed. Then people call: they
//! take their code from their letter and their identity from the roster, and mistype, hesitate, lose letters, misremember,
//! press twice; some are not who they claim. When every enrollment is settled, what the callers were promised is compared
//! with the books of the bureau.

mod books;
mod environment;
mod outcomes;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use crate::cli::campaign;
use crate::cli::codes as code_commands;
use crate::cli::mailing::{self, Order};
use crate::cli::problem::{Outcome, Problem};
use crate::cli::roster;
use crate::cli::synthesize::Shape;
use crate::cli::{Session, migrate, report};
use crate::client::enrollment::Fronts;
use crate::lab::callers::outbox::Outbox;
use crate::lab::callers::reviewer::Reviewer;
use crate::lab::callers::run::{self as troupe, Played};
use crate::lab::callers::{letters as people, scenario as cast};
use crate::wire::redress::enrollment::v1::GroupBy;
use books::Books;
use environment::{self as stage, Stage};
use outcomes as settle;
use summary::Summary;

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many people.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    people: u64,
    /// Repeats the same people and the same habits.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The share of people with a letter who call.
    #[arg(long, default_value_t = 0.25, value_name = "SHARE", value_parser = share)]
    take_up: f64,
    /// Callers at the same time.
    #[arg(long, default_value_t = 32, value_name = "N")]
    at_once: usize,
    /// Use this PostgreSQL instead of an SQLite file: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret, conflicts_with = "attach")]
    database_url: Option<migrate::Url>,
    /// Start nothing: run on what `redress up` or docker-compose started (--dir, or the addresses).
    #[arg(long)]
    attach: bool,
    /// Keep the directory with roster, letters, logs and database.
    #[arg(long)]
    keep: bool,
    /// How long to wait for the bureau, in seconds.
    #[arg(long, default_value_t = 180, value_name = "SECONDS")]
    patience: u64,
}

/// What the simulated people share.
pub struct World {
    /// Channels in the roles that speak for people.
    pub fronts: Fronts,
    /// Where confirmation codes are left.
    pub outbox: Outbox,
    /// Who decides referrals.
    pub reviewer: Reviewer,
    /// Repeats the same draws.
    pub seed: u64,
}

/// Runs the demonstration; fails if anything was lost, doubled, let in or left unsettled.
pub async fn run(session: &Session, args: DemoArgs) -> Outcome {
    let (stage, mut stack) = tokio::select! {
        stage = Stage::set(session, &args) => stage?,
        _ = tokio::signal::ctrl_c() => return Err(Problem::refused("interrupted")),
    };
    let played = tokio::select! {
        played = play(&stage, &args) => played,
        problem = stage::first_death(&mut stack) => Err(problem),
        _ = tokio::signal::ctrl_c() => Err(Problem::refused("interrupted")),
    };
    let outcome = played.and_then(|summary| {
        summary.print(session.format)?;
        summary.verdict()
    });
    if let Some(stack) = &mut stack {
        stack.stop().await;
    }
    stage.strike(outcome.is_ok() && !args.keep);
    outcome
}

async fn play(stage: &Stage, args: &DemoArgs) -> Result<Summary, Problem> {
    let begun_at = Instant::now();
    let books = stage.books().await?;
    let (campaign, _) = campaign::create(&stage.operator, &stage.campaign()?).await?;
    let files = Files::write(stage, args, &campaign).await?;
    let holders = people::holders(&files.roster, &files.letters)?;
    let cast = cast::cast(holders, permille(args.take_up), args.seed);
    let world = Arc::new(World {
        fronts: Fronts {
            portal: stage.portal.clone(),
            desk: stage.desk.clone(),
            engagement_number: campaign.engagement_number.clone(),
        },
        outbox: Outbox::new(stage.outbox.clone()),
        reviewer: Reviewer::default(),
        seed: args.seed,
    });
    let played = troupe::play(
        world,
        cast,
        stage.reviewer.clone(),
        &campaign.campaign_id,
        args.at_once,
    )
    .await;
    let patience = std::time::Duration::from_secs(args.patience);
    settle::wait(&stage.operator.codes, &campaign.campaign_id, patience).await?;
    sum_up(stage, &campaign.campaign_id, played, &books, begun_at).await
}

/// The two files of the campaign.
struct Files {
    roster: PathBuf,
    letters: PathBuf,
}

impl Files {
    /// Writes the roster, imports it, issues codes, makes the print file twice and seals the batch.
    async fn write(
        stage: &Stage,
        args: &DemoArgs,
        campaign: &crate::wire::redress::enrollment::v1::Campaign,
    ) -> Result<Self, Problem> {
        let files = Self {
            roster: stage.dir.join("roster.csv"),
            letters: stage.dir.join("letters.csv"),
        };
        let shape = Shape {
            people: args.people,
            seed: args.seed,
            as_of: stage.new_year(),
        };
        roster::synthesize_file(&shape, &files.roster)?;
        roster::import(&stage.operator, &campaign.campaign_id, &files.roster).await?;
        let batch = code_commands::issue(&stage.operator, &campaign.campaign_id).await?;
        let batch = batch.ok_or_else(|| Problem::refused("nobody on the roster is owed a code"))?;
        let order = |out: &Path| Order::of_batch(campaign, batch.clone(), out);
        mailing::export(&stage.operator, &order(&files.letters)).await?;
        let again = stage.dir.join("letters-again.csv");
        let exported = mailing::export(&stage.operator, &order(&again)).await?;
        if !same_bytes(&files.letters, &again)? {
            return Err(Problem::refused(
                "the print file was not the same when it was made again",
            ));
        }
        code_commands::seal(&stage.operator, &batch).await?;
        if mailing::export(&stage.operator, &order(&again))
            .await
            .is_ok()
        {
            return Err(Problem::refused(
                "codes could be exported after the batch was sealed",
            ));
        }
        for file in [&again, &exported.manifest] {
            let _ = std::fs::remove_file(file);
        }
        Ok(files)
    }
}

async fn sum_up(
    stage: &Stage,
    campaign_id: &str,
    played: Played,
    books: &[Books],
    begun_at: Instant,
) -> Result<Summary, Problem> {
    let mut booked = Vec::new();
    for books in books {
        booked.extend(books.entries().await?);
    }
    let digests = |people: &[people::Person]| -> Vec<Vec<String>> {
        people
            .iter()
            .map(|person| books.iter().map(|books| books.digest(person)).collect())
            .collect()
    };
    let promised: Vec<people::Person> = played
        .promises
        .iter()
        .map(|(person, _)| person.clone())
        .collect();
    let found = books::compare(&digests(&promised), &digests(&played.victims), &booked);
    let enrollments = settle::enrollments(&stage.operator.codes, campaign_id).await?;
    let report = report::fetch(&stage.operator, campaign_id, GroupBy::Unspecified).await?;
    Ok(Summary::new(
        stage,
        report,
        played,
        found,
        &enrollments,
        &booked,
        begun_at.elapsed(),
    ))
}

fn same_bytes(one: &Path, other: &Path) -> Result<bool, Problem> {
    Ok(roster::sha256_of(one)? == roster::sha256_of(other)?)
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text
        .parse()
        .map_err(|_| "a share such as 0.25".to_owned())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share between 0 and 1".to_owned())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1"
)]
fn permille(share: f64) -> u32 {
    (share * 1_000.0).round() as u32
}
