//! Writing the print file of one or several batches, or going on with one.

use indicatif::ProgressBar;

use super::addresses::Addresses;
use super::letter::{COLUMNS, Press, Tally};
use super::manifest::{Encrypted, FORMAT, Manifest};
use super::merge::{Feed, Merged, Stop};
use super::order::{Exported, Order, printed};
use super::output::{Output, Sink, Written};
use super::partial::Partial;
use super::place::{DOING, Opened, Place, before, open_codes};
use super::seeds::Planted;
use crate::cli::codes::batches;
use crate::cli::connect::Channels;
use crate::cli::problem::Problem;
use crate::cli::progress;
use crate::kernel::clock::Clock;
use crate::kernel::fault::Reason;

/// Writes the file and its manifest. A plain file that was begun before is gone on with.
pub async fn export(channels: &Channels, order: &Order<'_>) -> Result<Exported, Problem> {
    let mut partial = Partial::open(&order.out)?;
    match Run::begin(channels, order, &mut partial).await {
        Ok(run) => match run.write().await {
            Ok(done) => done.publish(order, partial),
            Err(problem) => Err(leave(order, partial, problem)),
        },
        Err(problem) => Err(leave(order, partial, problem)),
    }
}

/// Keeps an unfinished file if it can be gone on with.
fn leave(order: &Order<'_>, mut partial: Partial, problem: Problem) -> Problem {
    let begun = partial.find().is_ok_and(|found| found.is_some());
    let lost = problem.reason() == Some(Reason::BatchSealed) || !order.is_plain();
    if lost || !begun {
        partial.remove();
        return problem;
    }
    problem.adding(&format!(
        "what was written is kept in {}: run the same command again to go on, or delete it, for it holds names and codes",
        partial.path.display()
    ))
}

/// An export under way.
struct Run<'a> {
    channels: &'a Channels,
    order: &'a Order<'a>,
    tools: Tools,
    /// The batch to begin with, and its codes after the last one in the file.
    first: usize,
    opened: Option<Opened>,
    found: Option<(String, u64)>,
}

/// What the merging thread works with.
struct Tools {
    press: Press,
    planted: Planted,
    output: Output,
    bar: ProgressBar,
}

struct Done {
    written: Written,
    tally: Tally,
    kept: u64,
    seeds: u64,
    without_address: u64,
    withheld: u64,
}

impl<'a> Run<'a> {
    async fn begin(
        channels: &'a Channels,
        order: &'a Order<'a>,
        partial: &mut Partial,
    ) -> Result<Self, Problem> {
        let place = Place::of(channels, order, partial).await?;
        let failed = |error: std::io::Error| Problem::file(&order.out, &error);
        let file = partial.handle().map_err(failed)?;
        let sink = if order.is_plain() {
            Sink::Plain(file)
        } else {
            Sink::sealed(file, &order.recipients).map_err(failed)?
        };
        let frame = order.frame();
        let entities = frame.entities.keys().cloned().collect();
        let kept_in = order.is_plain().then(|| partial.plan.clone());
        let kept = place.tally.letters;
        let bar = progress::pieces("writing letters", order.codes());
        bar.set_position(kept);
        let mut press = Press::new(frame, place.tally, place.names);
        if kept == 0 {
            press.lines = Press::header().into_bytes();
        }
        Ok(Self {
            channels,
            order,
            tools: Tools {
                press,
                planted: Planted::new(order.seeds.clone(), entities, place.plan, kept_in),
                output: Output::begin(sink, place.hash, place.bytes).map_err(failed)?,
                bar,
            },
            first: place.batch,
            opened: place.opened,
            found: place.last.map(|last| (last, kept)),
        })
    }

    async fn write(mut self) -> Result<Done, Problem> {
        let mut without_address = 0;
        for at in self.first..self.order.batches.len() {
            let last = self
                .opened
                .as_ref()
                .and(self.found.as_ref())
                .map(|(last, _)| last.clone());
            let opened = match self.opened.take() {
                Some(opened) => Some(opened),
                None => {
                    match open_codes(self.channels, &self.order.batches[at], String::new()).await {
                        Ok(opened) => opened,
                        Err(problem) => return Err(self.tools.stop(Stop::Problem(problem))),
                    }
                }
            };
            let Some((page, stream)) = opened else {
                continue;
            };
            let after = last
                .clone()
                .or_else(|| page.first().map(|code| before(&code.individual_id)));
            let addresses = match self.addresses(after.unwrap_or_default()).await {
                Ok(addresses) => addresses,
                Err(problem) => return Err(self.tools.stop(Stop::Problem(problem))),
            };
            let codes = Feed::of(page, stream, |answer| answer.codes, DOING);
            let mut tools = self.tools;
            tools
                .planted
                .turn_to(&self.order.batches[at].batch_id, last.as_deref());
            let merged = Merged::new(codes, addresses);
            let (tools, result) = tokio::task::spawn_blocking(move || tools.print(merged))
                .await
                .map_err(|_| Problem::usage("cannot write the letters: the program failed"))?;
            self.tools = tools;
            match result {
                Ok(without) => without_address += without,
                Err(stop) => return Err(self.tools.stop(stop)),
            }
        }
        // All of them have been exported by now, so that it is fixed what is in them.
        let mut batches = match batches(self.channels, &self.order.campaign.campaign_id).await {
            Ok(batches) => batches,
            Err(problem) => return Err(self.tools.stop(Stop::Problem(problem))),
        };
        let ids = self.order.batch_ids();
        batches.retain(|batch| ids.contains(&batch.batch_id));
        self.end(without_address, printed(&batches))
    }

    fn end(self, without_address: u64, (printed, withheld): (u64, u64)) -> Result<Done, Problem> {
        let Tools {
            press,
            planted,
            output,
            bar,
        } = self.tools;
        let _ = output.write(press.lines);
        let written = output
            .finish()
            .map_err(|error| Problem::file(&self.order.out, &error))?;
        bar.finish();
        let (tally, seeds) = (press.tally, planted.count());
        let without_address = match &self.found {
            None => without_address,
            // Those before the place where the file was gone on with were counted by the run that wrote it.
            Some(_) => printed.saturating_sub(tally.letters - seeds),
        };
        Ok(Done {
            written,
            tally,
            kept: self.found.map_or(0, |(_, kept)| kept),
            seeds,
            without_address,
            withheld,
        })
    }

    async fn addresses(&self, after: String) -> Result<Addresses, Problem> {
        let campaign_id = self.order.campaign.campaign_id.clone();
        Addresses::open(self.channels.identity.clone(), campaign_id, after).await
    }
}

impl Tools {
    fn print(mut self, merged: Merged) -> (Self, Result<u64, Stop>) {
        let result = merged.print(&mut self.press, &mut self.planted, &self.output, &self.bar);
        (self, result)
    }

    /// Ends in the middle: whole lines are written, and the file says why if it is the cause.
    fn stop(self, stop: Stop) -> Problem {
        let _ = self.output.write(self.press.lines);
        match (self.output.finish(), stop) {
            (_, Stop::Problem(problem)) => problem,
            (Err(error), Stop::Ended) => Problem::usage(format!("the print file: {error}")),
            (Ok(_), Stop::Ended) => Problem::usage("the print file ended early"),
        }
    }
}

impl Done {
    fn publish(self, order: &Order<'_>, partial: Partial) -> Result<Exported, Problem> {
        let failed = |error: std::io::Error| Problem::file(&order.out, &error);
        let old = Manifest::path(&order.out);
        if old.exists() {
            // From here on until the end nothing says that the file is whole.
            std::fs::remove_file(&old).map_err(|error| Problem::file(&old, &error))?;
        }
        partial.finish(&order.out).map_err(failed)?;
        let manifest = self.manifest(order).save(&order.out)?;
        Ok(Exported {
            letters: self.tally.letters,
            kept: self.kept,
            seeds: self.seeds,
            without_address: self.without_address,
            withheld: self.withheld,
            csv_sha256: self.written.sha256,
            manifest,
        })
    }

    fn manifest(&self, order: &Order<'_>) -> Manifest {
        let name = order.out.file_name().unwrap_or_default();
        let frame = order.frame();
        let sealed = self.written.sealed.as_ref();
        Manifest {
            format: FORMAT.to_owned(),
            file: name.to_string_lossy().into_owned(),
            made_at: Clock::system().now().to_string(),
            engagement_number: frame.engagement_number,
            wave_id: order.wave.as_ref().map(|wave| wave.wave_id.clone()),
            wave: order.wave.as_ref().map(|wave| wave.name.clone()),
            batch_ids: order.batch_ids(),
            enroll_by: frame.enroll_by,
            letters: self.tally.letters,
            first_sequence: self.tally.letters.min(1),
            last_sequence: self.tally.letters,
            letters_by_locale: self.tally.by_locale.clone(),
            letters_by_population: self.tally.by_population.clone(),
            codes_without_address: self.without_address,
            columns: COLUMNS.map(str::to_owned).into(),
            csv_sha256: self.written.sha256.clone(),
            csv_bytes: self.written.bytes,
            encrypted: sealed.map(|(sha256, bytes)| Encrypted {
                sha256: sha256.clone(),
                bytes: *bytes,
                recipients: order.recipients.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}
