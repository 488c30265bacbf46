//! Writing the print file of one or several batches.
//!
//! The same batches give the same bytes, so a file that was cut off is written again from the start.

use super::addresses::Addresses;
use super::codes::{BatchCodes, open_codes};
use super::letter::{COLUMNS, LetterLines, Tally};
use super::manifest::{Encrypted, FORMAT, Manifest};
use super::merge::{Printing, Stop};
use super::order::{Exported, Order};
use super::output::{Output, Sink, Written};
use super::partial::Partial;
use super::seeds::SeedLetters;
use crate::client::codes::batches;
use crate::client::connect::Channels;
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::kernel::clock::Clock;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8; 3] = b"\xef\xbb\xbf";

/// Writes the file and its manifest.
pub async fn export(
    channels: &Channels,
    order: &Order<'_>,
    show: Show,
) -> Result<Exported, Problem> {
    let partial = Partial::create(&order.out)?;
    let mut printing = begin(order, &partial, show)?;
    for batch in &order.batches {
        if let Some(BatchCodes { first, codes }) = open_codes(channels, batch).await? {
            let campaign_id = order.campaign.campaign_id.clone();
            let addresses = Addresses::open(channels.identity.clone(), campaign_id, &first).await?;
            let printed = tokio::task::spawn_blocking(move || {
                let result = printing.batch(codes, addresses);
                (printing, result)
            });
            let result;
            (printing, result) = printed
                .await
                .map_err(|_| Problem::usage("cannot write the letters: the program failed"))?;
            if let Err(stop) = result {
                return Err(stopped(printing, stop));
            }
        }
    }
    let withheld = withheld(channels, order).await?;
    if let Err(ended) = printing.flush() {
        return Err(stopped(printing, ended.into()));
    }
    let written = printing.output.finish();
    let done = Done {
        written: written.map_err(|error| Problem::file(&order.out, &error))?,
        tally: printing.lines.tally,
        seeds: printing.seeds.count,
        without_address: printing.without_address,
        withheld,
    };
    done.publish(order, partial)
}

fn begin(order: &Order<'_>, partial: &Partial, show: Show) -> Result<Printing, Problem> {
    let failed = |error: std::io::Error| Problem::file(&order.out, &error);
    let sink = partial
        .handle()
        .and_then(|file| Sink::open(file, &order.recipients));
    let fields = order.fields();
    let entities = fields.entities.keys().cloned().collect();
    let mut lines = LetterLines::new(fields);
    if order.byte_order_mark {
        lines.made.splice(..0, *BYTE_ORDER_MARK);
    }
    Ok(Printing {
        lines,
        seeds: SeedLetters::new(order.seeds.clone(), entities),
        output: sink.and_then(Output::begin).map_err(failed)?,
        without_address: 0,
        looked_at: (0, order.codes()),
        progress: show("writing letters", Unit::Pieces),
    })
}

/// Gives why the merge stopped; where the file is the cause, the output says it.
fn stopped(printing: Printing, stop: Stop) -> Problem {
    match (stop, printing.output.finish()) {
        (Stop::Problem(problem), _) => problem,
        (Stop::Ended, Err(error)) => Problem::usage(format!("the print file: {error}")),
        (Stop::Ended, Ok(_)) => Problem::usage("the print file ended early"),
    }
}

/// Counts the codes that were revoked before their first export; all batches have been exported by now.
async fn withheld(channels: &Channels, order: &Order<'_>) -> Result<u64, Problem> {
    let ids = order.batch_ids();
    let batches = batches(channels, &order.campaign.campaign_id).await?;
    let ours = batches.iter().filter(|batch| ids.contains(&batch.batch_id));
    let withheld: i64 = ours.map(|batch| batch.withheld).sum();
    Ok(u64::try_from(withheld).unwrap_or(0))
}

struct Done {
    written: Written,
    tally: Tally,
    seeds: u64,
    without_address: u64,
    withheld: u64,
}

impl Done {
    fn publish(self, order: &Order<'_>, partial: Partial) -> Result<Exported, Problem> {
        let failed = |error: std::io::Error| Problem::file(&order.out, &error);
        let old = Manifest::path(&order.out);
        if old.exists() {
            // The old manifest must not describe the new file.
            std::fs::remove_file(&old).map_err(|error| Problem::file(&old, &error))?;
        }
        partial.publish().map_err(failed)?;
        let manifest = self.manifest(order).save(&order.out)?;
        Ok(Exported {
            letters: self.tally.letters,
            without_code: self.tally.without_code(),
            seeds: self.seeds,
            without_address: self.without_address,
            withheld: self.withheld,
            csv_sha256: self.written.sha256,
            manifest,
        })
    }

    fn manifest(&self, order: &Order<'_>) -> Manifest {
        let name = order.out.file_name().unwrap_or_default();
        let fields = order.fields();
        let sealed = self.written.sealed.as_ref();
        Manifest {
            format: FORMAT.to_owned(),
            file: name.to_string_lossy().into_owned(),
            made_at: Clock::system().now().to_string(),
            engagement_number: fields.engagement_number,
            wave_id: order.wave.as_ref().map(|wave| wave.wave_id.clone()),
            wave: order.wave.as_ref().map(|wave| wave.name.clone()),
            batch_ids: order.batch_ids(),
            enroll_by: fields.enroll_by,
            letters: self.tally.letters,
            first_sequence: self.tally.letters.min(1),
            last_sequence: self.tally.letters,
            letters_by_locale: self.tally.by_locale.clone(),
            letters_by_population: self.tally.by_population.clone(),
            letters_by_kind: self.tally.by_kind.clone(),
            codes_without_address: self.without_address,
            encoding: if order.byte_order_mark {
                "UTF-8 with a byte order mark"
            } else {
                "UTF-8"
            }
            .to_owned(),
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
