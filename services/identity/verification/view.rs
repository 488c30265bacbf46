//! A verification as its caller may see it.

use crate::db::entities::{campaign_key, individual, verification};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::mask::{self, MaskedContact};
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, VerificationId};

use super::state::Verification;
use super::store::state_of;

/// What a caller is told about a verification. It does not say why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Id.
    pub id: VerificationId,
    /// The enrollment it is for.
    pub enrollment: Option<EnrollmentId>,
    /// Where it stands.
    pub state: Verification,
    /// Contacts on record to which a code can be sent now, masked.
    pub contacts: Vec<MaskedContact>,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// The comparison; empty but for operators who ask for it.
    pub waterfall: Waterfall,
}

/// Makes the view of a row, reading the contacts again where a code can be sent.
pub async fn view(
    context: &Context,
    row: &verification::Model,
    key: Option<&campaign_key::Model>,
) -> Result<View, Error> {
    let state = state_of(row)?;
    let mut contacts = Vec::new();
    if let (Verification::ConfirmationRequired { individual }, Some(key)) = (state, key)
        && context.now() < row.expires_at
        && let Some(person) =
            roster::store::individual(context.db.read(), row.campaign_id, individual).await?
    {
        contacts = masked_contacts(context, key, &person)?;
    }
    Ok(made(row, state, contacts))
}

fn masked_contacts(
    context: &Context,
    key: &campaign_key::Model,
    row: &individual::Model,
) -> Result<Vec<MaskedContact>, Error> {
    if row.salt.is_none() {
        return Ok(Vec::new());
    }
    let indexer = context.steady_indexer(row.campaign_id)?;
    let person = decrypt(&context.sealer(key)?, row)?;
    let masked = person.map(|person| mask::mask_contacts(&person, &indexer, row.id));
    Ok(masked.unwrap_or_default())
}

/// Makes the view of a row whose contacts are known.
pub fn made(row: &verification::Model, state: Verification, contacts: Vec<MaskedContact>) -> View {
    View {
        id: row.id,
        enrollment: row.enrollment_id,
        state,
        contacts,
        expires_at: row.expires_at,
        created_at: row.created_at,
        waterfall: Waterfall::default(),
    }
}
