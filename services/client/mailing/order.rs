//! What an export is asked for, and what it came to.

use std::path::{Path, PathBuf};

use super::letter::CampaignFields;
use super::recipient::Recipient;
use super::seeds::Seed;
use crate::client::convert::date;
use crate::wire::redress::enrollment::v1 as codes;

/// What is to be exported, and where to.
#[derive(Debug)]
pub struct Order<'a> {
    /// The campaign.
    pub campaign: &'a codes::Campaign,
    /// The batches, in the order in which they stand in the file.
    pub batches: Vec<codes::CodeBatch>,
    /// Their wave, whose last day to enroll is printed; without a wave the campaign's.
    pub wave: Option<codes::Wave>,
    /// The file.
    pub out: PathBuf,
    /// Whom it is encrypted to. Empty: it is not encrypted.
    pub recipients: Vec<Recipient>,
    /// Letters to staff, to check the mail house.
    pub seeds: Vec<Seed>,
    /// Whether the file begins with a byte order mark, by which Windows programs know UTF-8.
    pub byte_order_mark: bool,
}

/// What an export came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Letters in the file.
    pub letters: u64,
    /// Seeds among them.
    pub seeds: u64,
    /// Letters without a code.
    pub without_code: u64,
    /// Codes of people who have no usable address any more.
    pub without_address: u64,
    /// Codes that were revoked before the first export, and have no letter.
    pub withheld: u64,
    /// SHA-256 of the CSV.
    pub csv_sha256: String,
    /// Where the manifest is.
    pub manifest: PathBuf,
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
            byte_order_mark: false,
        }
    }

    /// Gives what stands in every letter.
    pub fn fields(&self) -> CampaignFields {
        let campaign = self.campaign;
        let entities = campaign.covered_entities.iter();
        let wave = self.wave.as_ref();
        let enroll_by = wave.map_or(&campaign.enroll_by_date, |wave| &wave.enroll_by_date);
        CampaignFields {
            engagement_number: campaign.engagement_number.clone(),
            enroll_by: date(enroll_by.as_ref()).unwrap_or_default(),
            url: campaign.letter_url.clone(),
            phone: campaign.letter_phone.clone(),
            locale: campaign.language_code.clone(),
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

    /// Counts the codes to be printed, as far as known before the first export.
    pub fn codes(&self) -> u64 {
        let codes = self
            .batches
            .iter()
            .map(|batch| batch.codes - batch.withheld);
        u64::try_from(codes.sum::<i64>()).unwrap_or(0)
    }
}
