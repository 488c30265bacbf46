//! A parent or guardian who acts for a child and is on the list as well: they are verified first, on an entry of their own.
//!
//! Only a verification that this caller asked for counts, or ids could be tried out; one that does not count is as if none were given, after
//! the same work.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::db::entities::enrollment::{self, State as EnrollmentState};
use crate::db::entities::individual::{self, Population};
use crate::db::entities::verification::{self, State};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::{address, compare};
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, VerificationId};
use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;
use crate::process::Call;

use super::decide::Claimant;
use super::find::{self, Scope};
use super::representative::Representative;
use super::store;

/// A parent or guardian who was verified on an entry of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guardian {
    /// That verification.
    pub verification: VerificationId,
    /// Whether the roster has them at the child's address.
    pub shares_address: bool,
}

/// What is known of a guardian, and whether a reviewer has denied the claim before.
#[derive(Clone, Copy, Debug)]
pub struct Acting {
    /// Who was verified on an entry of their own.
    pub guardian: Option<Guardian>,
    /// Whether a reviewer denied it.
    pub was_denied: bool,
}

impl Acting {
    /// Gives who makes the claim. What a reviewer denied is not decided without one.
    pub fn claimant(self, representative: Option<&Representative>) -> Claimant {
        let is_proven = self
            .guardian
            .is_some_and(|guardian| guardian.shares_address);
        match representative {
            Some(one) if one.relationship.is_of_a_child() => Claimant::Guardian {
                is_proven: is_proven && !self.was_denied,
            },
            _ => Claimant::Person,
        }
    }
}

/// Finds who acts for a child that lives here, if they were verified themselves. The number of statements depends on the request alone.
pub async fn find(
    context: &Context,
    call: &Call,
    scope: &Scope,
    (acting, home): (Option<&Representative>, Option<&Secret<String>>),
) -> Result<Option<Guardian>, Error> {
    let Some((acting, id)) = acting.and_then(|one| Some((one, one.verification?))) else {
        return Ok(None);
    };
    let read = context.db.read();
    let found = store::with_person(read, scope.campaign, id).await?;
    let begun = found.as_ref().and_then(|(row, _)| row.enrollment_id);
    let begun = begun.unwrap_or(NONE);
    let begun = roster::store::enrollment(read, scope.campaign, begun).await?;
    let person = found.and_then(|(row, person)| {
        let is_good = counts(&row, begun.as_ref(), call, context.now());
        person.filter(|person| is_good && is_grown(person))
    });
    let person = open(context, scope, person)?;
    let said = acting.name.as_ref();
    let person = person.filter(|person| {
        acting.relationship.is_of_a_child()
            && said.is_some_and(|said| compare::is_called(person, said))
    });
    Ok(person.map(|person| Guardian {
        verification: id,
        shares_address: address::home(&person)
            .zip(home)
            .is_some_and(|(own, childs)| own.expose() == childs.expose()),
    }))
}

/// Tells whether the verification of a guardian still stands.
pub async fn stands(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<bool, Error> {
    let Some(row) = store::find(connection, campaign, id).await? else {
        return Ok(false);
    };
    let begun = match row.enrollment_id {
        Some(id) => roster::store::enrollment(connection, campaign, id).await?,
        None => None,
    };
    Ok(!is_void(&row, begun.as_ref()))
}

/// Stands for the enrollment of a verification that has none.
const NONE: EnrollmentId = EnrollmentId::from_uuid(Uuid::nil());

/// Tells whether a verification is of somebody who acted for themselves, in front of this caller, a short while ago.
fn counts(
    row: &verification::Model,
    begun: Option<&enrollment::Model>,
    call: &Call,
    now: Timestamp,
) -> bool {
    !is_void(row, begun)
        && now < row.expires_at
        && row.representative_relationship.is_none()
        && call.reaches(&row.requested_by)
}

/// A verification ends with the enrollment for which it was made, which a letter that was replaced or taken back ends.
fn is_void(row: &verification::Model, begun: Option<&enrollment::Model>) -> bool {
    let is_canceled = begun.is_some_and(|begun| begun.state == EnrollmentState::Canceled);
    row.state != State::Verified || is_canceled
}

fn is_grown(person: &individual::Model) -> bool {
    person.population == Population::Adult && person.withdrawn_at.is_none()
}

/// Decrypts somebody, or somebody who does not exist.
fn open(
    context: &Context,
    scope: &Scope,
    row: Option<individual::Model>,
) -> Result<Option<Person>, Error> {
    let key = scope.key.as_ref().filter(|key| key.wrapped.is_some());
    if let Some((key, row)) = key.zip(row) {
        return decrypt(&context.sealer(key)?, &row);
    }
    std::hint::black_box(find::nobody());
    Ok(None)
}
