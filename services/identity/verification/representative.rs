//! Somebody who acts for the person: what they are to the person in the clear, their own name sealed with the person.

use crate::db::entities::evidence::Evidence;
use crate::db::entities::representative::{Authority, Relationship};
use crate::db::entities::verification;
use crate::identity::error::{self, Error};
use crate::kernel::ids::VerificationId;
use crate::kernel::person::Person;
use crate::kernel::person_sealer::{PersonSealer, Place};

/// Who acts for a person, as far as it is known or may be told.
#[derive(Clone, Debug)]
pub struct Representative {
    /// Their own name: the names of a [`Person`], of whom nothing else is known.
    pub name: Option<Person>,
    /// What they are to the person.
    pub relationship: Relationship,
    /// What gives them the right to act.
    pub authority: Authority,
    /// Which evidence of it was seen.
    pub evidence: Vec<Evidence>,
    /// Their own verification in the same campaign, if they name one.
    pub verification: Option<VerificationId>,
}

impl Representative {
    /// Reads what stands in the clear with a verification.
    pub fn of(row: &verification::Model) -> Result<Option<Self>, Error> {
        let words = row
            .representative_relationship
            .zip(row.representative_authority);
        let Some((relationship, authority)) = words else {
            return Ok(None);
        };
        Ok(Some(Self {
            name: None,
            relationship,
            authority,
            evidence: row.representative_evidence()?,
            verification: row.guardian_verification_id,
        }))
    }
}

/// Seals the name of a representative.
pub fn seal_name(sealer: &PersonSealer, of: VerificationId, salt: &[u8], name: &Person) -> Vec<u8> {
    sealer.seal_at(place(of), salt, name)
}

/// Opens what [`seal_name`] sealed.
pub fn open_name(
    sealer: &PersonSealer,
    row: &verification::Model,
    salt: &[u8],
) -> Result<Option<Person>, Error> {
    let name = row.representative_name.as_ref();
    let opened = name.map(|name| sealer.open_at(place(row.id), salt, name));
    opened.transpose().map_err(error::unreadable)
}

fn place(of: VerificationId) -> Place {
    Place {
        table: "verification",
        column: "representative_name",
        row: of.as_uuid(),
    }
}
