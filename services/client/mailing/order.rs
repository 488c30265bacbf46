//! What an export is asked for, and what it came to.

use std::path::{Path, PathBuf};

use super::letter::{COLUMNS, Frame};
use super::manifest::FORMAT;
use super::partial::Plan;
use super::recipient::Recipient;
use super::seeds::Seed;
use crate::cli::problem::Problem;
use crate::cli::wire_words::date;
use crate::kernel::crypto::sha256_hex;
use crate::wire::redress::enrollment::v1 as codes;

/// What is to be exported, and where to.
#[derive(Debug)]
pub struct Order<'a> {
    /// The campaign.
    pub campaign: &'a codes::Campaign,
    /// The batches, in the order in which they stand in the file.
    pub batches: Vec<codes::CodeBatch>,
    /// Their wave, which says until when people can enroll; without it the campaign does.
    pub wave: Option<codes::Wave>,
    /// The file.
    pub out: PathBuf,
    /// Whom it is encrypted to; nobody means that it is not.
    pub recipients: Vec<Recipient>,
    /// Names and addresses of the house's own.
    pub seeds: Vec<Seed>,
}

/// What an export came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Letters in the file.
    pub letters: u64,
    /// Those that an earlier run had written.
    pub kept: u64,
    /// Seeds among them.
    pub seeds: u64,
    /// Codes of people who have no usable address any more.
    pub without_address: u64,
    /// Codes that were revoked before the first export, and have no letter.
    pub withheld: u64,
    /// SHA-256 of the CSV.
    pub csv_sha256: String,
    /// Where the manifest is.
    pub manifest: PathBuf,
}

/// Gives how many codes of some batches have a letter, if there is an address, and how many have none.
pub fn printed(batches: &[codes::CodeBatch]) -> (u64, u64) {
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let sum = |(printed, withheld), batch: &codes::CodeBatch| {
        (
            printed + count(batch.codes - batch.withheld),
            withheld + count(batch.withheld),
        )
    };
    batches.iter().fold((0, 0), sum)
}

impl<'a> Order<'a> {
    /// Orders a plain file of one batch.
    pub fn of_batch(campaign: &'a codes::Campaign, batch: codes::CodeBatch, out: &Path) -> Self {
        Self {
            campaign,
            batches: vec![batch],
            wave: None,
            out: out.to_owned(),
            recipients: Vec::new(),
            seeds: Vec::new(),
        }
    }

    /// Tells whether the file is not encrypted, and so can be gone on with.
    pub fn is_plain(&self) -> bool {
        self.recipients.is_empty()
    }

    /// Gives what stands in every letter.
    pub fn frame(&self) -> Frame {
        let campaign = self.campaign;
        let entities = campaign.covered_entities.iter();
        let wave = self.wave.as_ref();
        let enroll_by = wave.map_or(&campaign.enroll_by_date, |wave| &wave.enroll_by_date);
        Frame {
            engagement_number: campaign.engagement_number.clone(),
            enroll_by: date(enroll_by.as_ref())
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            url: campaign.letter_url.clone(),
            phone: campaign.letter_phone.clone(),
            locale: campaign.locale.clone(),
            entities: entities
                .map(|entity| (entity.key.clone(), entity.name.clone()))
                .collect(),
        }
    }

    /// Gives the ids of the batches.
    pub fn batch_ids(&self) -> Vec<String> {
        self.batches
            .iter()
            .map(|batch| batch.batch_id.clone())
            .collect()
    }

    /// Gives the plan that lies beside the unfinished file: one hash for all that shapes its lines, so that a file is never
    /// gone on with in another shape.
    pub fn plan(&self) -> Result<Plan, Problem> {
        let frame = self.frame();
        let parts = (
            FORMAT,
            COLUMNS,
            &self.campaign.campaign_id,
            frame,
            self.batch_ids(),
            &self.seeds,
        );
        let text = serde_json::to_vec(&parts).map_err(|error| Problem::usage(error.to_string()))?;
        Ok(Plan {
            shape: sha256_hex(&text),
            ..Plan::default()
        })
    }

    /// Gives how many codes are to be printed, as far as it is known before the batches are exported for the first time.
    pub fn codes(&self) -> u64 {
        printed(&self.batches).0
    }
}
