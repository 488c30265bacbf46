//! How a call names a person: by id, by a verification that found them, or by their enrollment.

use crate::db::entities::verification::State;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};

use super::store;

/// Names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// By id.
    Individual(IndividualId),
    /// By a verification.
    Verification(VerificationId),
    /// By an enrollment.
    Enrollment(EnrollmentId),
}

impl Whom {
    /// Finds the person. A refused verification names nobody: whom its claims came closest to is not to be learned from it.
    pub async fn find(
        self,
        context: &Context,
        campaign: CampaignId,
    ) -> Result<IndividualId, Error> {
        let found = match self {
            Self::Individual(id) => Some(id),
            Self::Verification(id) => {
                let row = store::verification(context.db.read(), campaign, id).await?;
                let row = row.filter(|row| row.state != State::Refused);
                row.and_then(|row| row.individual_id)
            }
            Self::Enrollment(id) => {
                let row = store::enrollment(context.db.read(), campaign, id).await?;
                row.map(|row| row.individual_id)
            }
        };
        found.ok_or(Error::IndividualNotFound)
    }
}
