//! What decides what can be done next about a verification, as far as its caller may know it.

use crate::db::entities::enrollment;
use crate::db::entities::evidence::Evidence;
use crate::db::entities::individual::{self, Population};
use crate::db::entities::verification::{self, Path};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::EnrollmentId;

use super::confirmation_code::store as codes;
use super::guardian;
use super::lost_letter;
use super::store;

/// What decides which steps there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact, and none excludes another"
)]
pub struct Situation {
    /// With a letter or without.
    pub path: Path,
    /// Whether the caller is told nothing but that it was asked for.
    pub shows_nothing: bool,
    /// Whether it can be used no more.
    pub is_expired: bool,
    /// Whether the letter still proves the address.
    pub has_fresh_letter: bool,
    /// Whether a further code may be sent.
    pub may_send: bool,
    /// Which rules apply to the person. It is known of a minor and of somebody who died only where the claims were accepted: otherwise it
    /// would tell something of the record.
    pub population: Population,
    /// Whether an enrollment was completed with it.
    pub is_completed: bool,
    /// Whether it rests on a guardian's own verification.
    pub has_guardian: bool,
    /// Whether that one is void.
    pub is_guardian_void: bool,
    /// Whether it ended because the person came of age.
    pub has_lapsed: bool,
}

impl Situation {
    /// Gives the situation of a verification that was just made.
    pub fn new(
        row: &verification::Model,
        population: Option<Population>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let evidence = row.evidence()?;
        let known = population.filter(|_| evidence.contains(&Evidence::RecordMatch));
        Ok(Self {
            path: row.path,
            shows_nothing: false,
            is_expired: now >= row.expires_at,
            has_fresh_letter: evidence.contains(&Evidence::LetterCode),
            may_send: true,
            population: known.unwrap_or(Population::Adult),
            is_completed: false,
            has_guardian: row.guardian_verification_id.is_some(),
            is_guardian_void: false,
            has_lapsed: row.lapsed_at.is_some(),
        })
    }

    /// Gives the situation that everybody is in who asked without a letter and without an agent: the time alone decides.
    pub fn unseen(row: &verification::Model, now: Timestamp) -> Self {
        Self {
            path: row.path,
            shows_nothing: true,
            is_expired: now >= row.expires_at,
            has_fresh_letter: false,
            may_send: true,
            population: Population::Adult,
            is_completed: false,
            has_guardian: false,
            is_guardian_void: false,
            has_lapsed: false,
        }
    }

    /// Reads the situation of a verification whose person was read.
    pub async fn read(
        context: &Context,
        row: &verification::Model,
        person: Option<&individual::Model>,
    ) -> Result<Self, Error> {
        let read = context.db.read();
        let sent = codes::count(read, row.campaign_id, row.id).await?;
        let is_completed = match row.state {
            verification::State::Verified => store::is_completed(read, row).await?,
            _ => false,
        };
        let is_guardian_void = match row.guardian_verification_id {
            Some(own) => !guardian::stands(read, row.campaign_id, own).await?,
            None => false,
        };
        Ok(Self {
            may_send: sent < context.rules.sends,
            is_completed,
            is_guardian_void,
            ..Self::new(row, person.map(|person| person.population), context.now())?
        })
    }
}

/// Gives the language in which a person is spoken to: the enrollment's, or else the one that was asked for, or else the campaign's. The
/// language on record would tell whoever asks that there is a record.
pub async fn language(
    context: &Context,
    row: &verification::Model,
    of_campaign: &str,
) -> Result<String, Error> {
    let of = row
        .enrollment_id
        .filter(|_| !lost_letter::shows_nothing(row));
    let of = match of {
        Some(id) => language_of(context, row, id).await?,
        None => row.language.clone(),
    };
    Ok(of.unwrap_or_else(|| of_campaign.to_owned()))
}

async fn language_of(
    context: &Context,
    row: &verification::Model,
    id: EnrollmentId,
) -> Result<Option<String>, Error> {
    let found = roster::store::enrollment(context.db.read(), row.campaign_id, id).await?;
    Ok(found.map(|enrollment: enrollment::Model| enrollment.language))
}
