//! Runs the demonstration.
//!
//! A roster is written and imported, codes are issued, the print file is made and the batch sealed. Then people call: they
//! take their code from their letter and their identity from the roster, and mistype, hesitate, lose letters, misremember,
//! press twice; some are not who they claim. When every enrollment is settled, what the callers were promised is compared
//! with the books of the bureau.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::outcomes;
use super::summary::Summary;
use crate::client::connect::ClientRole;
use crate::client::mailing::export::export;
use crate::client::mailing::order::Order;
use crate::client::problem::Problem;
use crate::client::progress::Show;
use crate::client::roster::import::{Purpose, import};
use crate::client::table::Options;
use crate::client::{campaign, codes, files, report};
use crate::lab::books::{self, Books};
use crate::lab::callers::context::CallContext;
use crate::lab::callers::letters::{Person, holders};
use crate::lab::callers::outbox::Outbox;
use crate::lab::callers::reviewer::Reviewer;
use crate::lab::callers::run::{RunResult, run as run_calls};
use crate::lab::callers::scenario;
use crate::lab::people::roster;
use crate::lab::people::shape::Shape;
use crate::wire::redress::enrollment::v1::{Campaign, GroupBy};
use crate::wire::redress::r#type::v1::Population;

/// The size of a demonstration.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many people.
    pub people: u64,
    /// Repeats the same people and the same habits.
    pub seed: u64,
    /// The share of people with a letter who call, in thousandths.
    pub take_up: u32,
    /// Callers at the same time.
    pub at_once: usize,
    /// How long to wait for the bureau.
    pub patience: Duration,
}

/// Runs the demonstration.
pub async fn run(
    environment: &Environment,
    settings: &Settings,
    show: Show,
) -> Result<Summary, Problem> {
    let begun_at = Instant::now();
    let books = Books::open_all(&environment.endpoints).await?;
    let (campaign, _) = campaign::create(&environment.operator, &environment.campaign()?).await?;
    let files = Files::write(environment, settings, &campaign, show).await?;
    let holders = holders(&files.roster, &files.letters)?;
    let scenario = scenario::plan(holders, settings.take_up, settings.seed);
    let context = Arc::new(CallContext {
        portal: environment.portal.clone(),
        call_center: environment.call_center.clone(),
        operators: [
            environment.operator.clone(),
            environment.endpoints.connect_as(ClientRole::Reviewer)?,
        ],
        engagement_number: campaign.engagement_number.clone(),
        outbox: Outbox::new(environment.outbox.clone()),
        reviewer: Reviewer::default(),
        seed: settings.seed,
    });
    let (id, at_once) = (&campaign.campaign_id, settings.at_once);
    let result = run_calls(context, scenario, id, at_once, show).await;
    outcomes::wait(&environment.operator.codes, id, settings.patience, show).await?;
    sum_up(environment, &campaign, result, &books, begun_at).await
}

/// The two files of the campaign.
struct Files {
    roster: PathBuf,
    letters: PathBuf,
}

impl Files {
    /// Writes the roster, imports it, issues codes, makes the print file twice and seals the batch.
    async fn write(
        environment: &Environment,
        settings: &Settings,
        campaign: &Campaign,
        show: Show,
    ) -> Result<Self, Problem> {
        let files = Self {
            roster: environment.dir.join("roster.csv"),
            letters: environment.dir.join("letters.csv"),
        };
        let shape = Shape {
            people: settings.people,
            seed: settings.seed,
            as_of: environment.new_year(),
        };
        roster::write_file(&shape, &files.roster, show)?;
        let id = &campaign.campaign_id;
        import(
            &environment.operator,
            id,
            &files.roster,
            &Options::default(),
            Purpose::Load { complete: false },
            show,
        )
        .await?;
        let batch = codes::issue(&environment.operator, id, String::new(), show).await?;
        let batch = batch.ok_or_else(|| Problem::refused("nobody on the roster is owed a code"))?;
        let order = |out: &Path| Order::of_batch(campaign, batch.clone(), out);
        export(&environment.operator, &order(&files.letters), show).await?;
        let again = environment.dir.join("letters-again.csv");
        let exported = export(&environment.operator, &order(&again), show).await?;
        if !same_bytes(&files.letters, &again)? {
            return Err(Problem::refused(
                "the print file was not the same when it was made again",
            ));
        }
        codes::seal(&environment.operator, &batch).await?;
        if export(&environment.operator, &order(&again), show)
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
    environment: &Environment,
    campaign: &Campaign,
    result: RunResult,
    books: &[Books],
    begun_at: Instant,
) -> Result<Summary, Problem> {
    let mut booked = Vec::new();
    for books in books {
        booked.extend(books.entries().await?);
    }
    let campaign_id = campaign.campaign_id.as_str();
    let products = |person: &Person| {
        let wanted = match person.population.as_str() {
            "minor" => Population::Minor,
            _ => Population::Adult,
        };
        let all = campaign.products.iter();
        all.filter(move |product| product.population() == wanted)
    };
    let digests = |people: &[Person]| -> Vec<Vec<String>> {
        let promises = people.iter().flat_map(|person| {
            products(person).map(move |product| {
                let digest = |books: &Books| books.digest(person, &product.product_code);
                books.iter().map(digest).collect()
            })
        });
        promises.collect()
    };
    let promised: Vec<Person> = result
        .promises
        .iter()
        .map(|(person, _)| person.clone())
        .collect();
    let found = books::compare(&digests(&promised), &digests(&result.victims), &booked);
    let enrollments = outcomes::enrollments(&environment.operator.codes, campaign_id).await?;
    let report = report::fetch(&environment.operator, campaign_id, GroupBy::Unspecified).await?;
    Ok(Summary::new(
        environment,
        report,
        result,
        found,
        &enrollments,
        &booked,
        begun_at.elapsed(),
    ))
}

fn same_bytes(one: &Path, other: &Path) -> Result<bool, Problem> {
    let hash = |path: &Path| files::sha256_of(path).map_err(|error| Problem::file(path, &error));
    Ok(hash(one)? == hash(other)?)
}
