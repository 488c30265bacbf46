//! The consent to an enrollment, and what the person's identity was verified by: kinds of evidence, never an answer.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::db::entities::confirmation_code::{self, Channel as ContactChannel};
use crate::db::entities::enrollment::Channel;
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::verification::Path;
use crate::db::entities::{ClosedSet as _, referral};
use crate::db::rows;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};

/// What an enrollment rests on.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Evidence {
    enrollment_id: EnrollmentId,
    /// Language of the consent text.
    pub language: String,
    /// Its version.
    pub version: String,
    /// Its SHA-256, hexadecimal.
    pub text_sha256: String,
    /// When consent was given.
    pub given_at: Timestamp,
    /// By which channel.
    pub channel: Channel,
    /// What whoever consented is to the person.
    pub relationship: Option<Relationship>,
    /// What gave them the right to.
    pub authority: Option<Authority>,
    /// How the person was found: by a letter or without one.
    pub path: Path,
    /// When the identity was verified.
    pub decided_at: Option<Timestamp>,
    /// The channel of a confirmation code that came back.
    pub confirmed_by: Option<ContactChannel>,
    /// Whether a reviewer approved.
    pub is_reviewed: bool,
}

/// Reads the evidence of enrollments that were submitted.
pub async fn of_enrollments(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    enrollments: &[EnrollmentId],
) -> Result<HashMap<EnrollmentId, Evidence>, Error> {
    if enrollments.is_empty() {
        return Ok(HashMap::new());
    }
    let query = format!(
        "SELECT s.enrollment_id, s.language, s.version, s.text_sha256, s.given_at, s.channel, s.relationship, s.authority, \
         w.path, w.decided_at, \
         (SELECT c.channel FROM confirmation_code c WHERE c.campaign_id = w.campaign_id AND c.verification_id = w.id \
          AND c.state = '{}' LIMIT 1) AS confirmed_by, \
         (SELECT 1 FROM referral r WHERE r.campaign_id = w.campaign_id AND r.verification_id = w.id \
          AND r.state = '{}' LIMIT 1) IS NOT NULL AS is_reviewed \
         FROM v JOIN enrollment e ON e.campaign_id = $2 AND e.id = v.id \
         JOIN consent s ON s.campaign_id = e.campaign_id AND s.enrollment_id = e.id \
         JOIN verification w ON w.campaign_id = e.campaign_id AND w.id = e.verification_id",
        confirmation_code::State::Confirmed.as_str(),
        referral::State::Approved.as_str(),
    );
    let backend = db.get_database_backend();
    let statement = rows::bind_ids(backend, &query, enrollments, [campaign.into()]);
    let found = Evidence::find_by_statement(statement).all(db).await?;
    let by_id = found.into_iter().map(|row| (row.enrollment_id, row));
    Ok(by_id.collect())
}
