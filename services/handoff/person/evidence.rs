//! The consent to an enrollment, and what the person's identity was verified by: kinds of evidence, never an answer.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::db::entities::enrollment::Channel;
use crate::db::entities::evidence::{self, Evidence as Kind};
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::rows;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};

/// What an enrollment rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
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
    /// What the identity was verified by.
    pub proofing: Vec<Kind>,
    /// When the identity was verified.
    pub decided_at: Option<Timestamp>,
    /// What the one who was verified to act for the person is to them.
    pub acting_relationship: Option<Relationship>,
    /// What gives that one the right to.
    pub acting_authority: Option<Authority>,
    /// Which documents of it were seen.
    pub acting_evidence: Vec<Kind>,
}

#[derive(FromQueryResult)]
struct Row {
    enrollment_id: EnrollmentId,
    language: String,
    version: String,
    text_sha256: String,
    given_at: Timestamp,
    channel: Channel,
    relationship: Option<Relationship>,
    authority: Option<Authority>,
    evidence: String,
    decided_at: Option<Timestamp>,
    representative_relationship: Option<Relationship>,
    representative_authority: Option<Authority>,
    representative_evidence: String,
}

impl Row {
    fn read(self) -> Result<(EnrollmentId, Evidence), Error> {
        let acting = "verification.representative_evidence";
        let evidence = Evidence {
            language: self.language,
            version: self.version,
            text_sha256: self.text_sha256,
            given_at: self.given_at,
            channel: self.channel,
            relationship: self.relationship,
            authority: self.authority,
            proofing: evidence::read("verification.evidence", &self.evidence)?,
            decided_at: self.decided_at,
            acting_relationship: self.representative_relationship,
            acting_authority: self.representative_authority,
            acting_evidence: evidence::read(acting, &self.representative_evidence)?,
        };
        Ok((self.enrollment_id, evidence))
    }
}

/// Reads the evidence of enrollments that were submitted.
pub async fn of_enrollments(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    enrollments: &[EnrollmentId],
) -> Result<HashMap<EnrollmentId, Evidence>, Error> {
    const QUERY: &str = "SELECT s.enrollment_id, s.language, s.version, s.text_sha256, s.given_at, s.channel, s.relationship, \
         s.authority, w.evidence, w.decided_at, w.representative_relationship, w.representative_authority, \
         w.representative_evidence \
         FROM v JOIN enrollment e ON e.campaign_id = $2 AND e.id = v.id \
         JOIN consent s ON s.campaign_id = e.campaign_id AND s.enrollment_id = e.id \
         JOIN verification w ON w.campaign_id = e.campaign_id AND w.id = e.verification_id";
    if enrollments.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let statement = rows::bind_ids(backend, QUERY, enrollments, [campaign.into()]);
    let found = Row::find_by_statement(statement).all(db).await?;
    found.into_iter().map(Row::read).collect()
}
