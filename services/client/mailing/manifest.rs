//! The manifest beside a print file, by which the mail house sees that it got the whole file and no other.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::partial::Partial;
use crate::client::files::beside;
use crate::client::problem::Problem;

/// Names the format and its version.
pub const FORMAT: &str = "redress-mailing-manifest/1";

/// The content of a manifest: nothing about a person, and not which lines are seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format.
    pub format: String,
    /// Name of the file.
    pub file: String,
    /// When the file was made.
    pub made_at: String,
    /// The campaign.
    pub engagement_number: String,
    /// The wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
    /// The batches, in their order.
    pub batch_ids: Vec<String>,
    /// Last day to enroll.
    pub enroll_by: String,
    /// Lines without the header.
    pub letters: u64,
    /// The first `sequence`; 0 where there are no letters.
    pub first_sequence: u64,
    /// The last one.
    pub last_sequence: u64,
    /// Lines by locale.
    pub letters_by_locale: BTreeMap<String, u64>,
    /// Lines by population.
    pub letters_by_population: BTreeMap<String, u64>,
    /// Lines by kind of letter: `code`, and `notice` without one. Empty in manifests from before there were several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub letters_by_kind: BTreeMap<String, u64>,
    /// Codes of people who have no usable address any more.
    pub codes_without_address: u64,
    /// How the CSV is encoded; empty in manifests from before it was said.
    #[serde(default)]
    pub encoding: String,
    /// The columns, in their order.
    pub columns: Vec<String>,
    /// SHA-256 of the CSV.
    pub csv_sha256: String,
    /// Bytes of the CSV.
    pub csv_bytes: u64,
    /// The encrypted file, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Encrypted>,
}

/// The file as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encrypted {
    /// SHA-256.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
    /// Public keys of those who can read it.
    pub recipients: Vec<String>,
}

impl Manifest {
    /// Gives where the manifest of a file is.
    pub fn path(file: &Path) -> PathBuf {
        beside(file, ".manifest.json")
    }

    /// Writes the manifest, the last thing of an export.
    pub fn save(&self, file: &Path) -> Result<PathBuf, Problem> {
        let path = Self::path(file);
        let failed = |error: std::io::Error| Problem::file(&path, &error);
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Problem::file(&path, &error))?;
        text.push(b'\n');
        let partial = Partial::create(&path)?;
        let mut file = partial.handle().map_err(failed)?;
        file.write_all(&text)
            .and_then(|()| partial.publish())
            .map_err(failed)?;
        Ok(path)
    }

    /// Reads a manifest.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = fs::read(path).map_err(|error| Problem::file(path, &error))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| Problem::file(path, &error))?;
        if manifest.format != FORMAT {
            return Err(Problem::usage(format!(
                "{}: a manifest of the form {}; this program reads {FORMAT}",
                path.display(),
                manifest.format
            )));
        }
        Ok(manifest)
    }
}
