//! A verification as its caller may see it.

use crate::db;
use crate::db::entities::{campaign_key, verification};
use crate::identity::context::Context;
use crate::identity::error::{self, Error};
use crate::identity::matching::compare::Waterfall;
use crate::identity::matching::contact::Channel;
use crate::identity::roster::read::contacts;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, VerificationId};

use super::state::Verification;
use super::store;

/// What is told about a verification. Nothing in it says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Id.
    pub id: VerificationId,
    /// The enrollment it is for.
    pub enrollment: Option<EnrollmentId>,
    /// Where it stands.
    pub state: Verification,
    /// Contacts on record to which a code can be sent now, masked.
    pub contacts: Vec<(Channel, String)>,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// The comparison; empty but for operators who ask for it.
    pub waterfall: Waterfall,
}

/// Reads the state of a row.
pub fn state_of(row: &verification::Model) -> Result<Verification, Error> {
    let state = Verification::read(&row.state, row.individual_id, row.decided_at);
    state.ok_or_else(|| db::Error::corrupt("verification.state").into())
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
            store::individual(context.db.read(), row.campaign_id, individual).await?
    {
        contacts = open_contacts(context, key, &person)?;
    }
    Ok(made(row, state, contacts))
}

fn open_contacts(
    context: &Context,
    key: &campaign_key::Model,
    row: &db::entities::individual::Model,
) -> Result<Vec<(Channel, String)>, Error> {
    let Some((salt, sealed)) = row.salt.as_ref().zip(row.sealed.as_ref()) else {
        return Ok(Vec::new());
    };
    let person = context
        .sealer(key)?
        .open(row.id, salt, sealed)
        .map_err(error::unreadable)?;
    Ok(contacts(&person))
}

/// Makes the view of a row whose contacts are known.
pub fn made(
    row: &verification::Model,
    state: Verification,
    contacts: Vec<(Channel, String)>,
) -> View {
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
