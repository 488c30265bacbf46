//! Addresses that a file corrected, as events of the mailing: whether a letter that comes back says anything about the address on record
//! follows from one history, whoever knew the better address.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::ClosedSet;
use crate::db::entities::mail_event::{AddressSource, Kind};
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

use super::keys::RosterKeys;
use super::plan::{Origin, Slot};
use super::target::Target;

const SOURCE: AddressSource = AddressSource::CoveredEntity;

/// Somebody whose address a file corrected.
#[derive(Debug, Serialize)]
pub struct Moved {
    individual_id: IndividualId,
    /// Keyed hash of the address.
    address_mac: Uuid,
}

impl Moved {
    /// Takes it from a slot. Whoever is new with this batch had no letter to another address.
    pub fn of(slot: &Slot<'_>, keys: &RosterKeys) -> Option<Self> {
        let correction = slot.correction.as_ref()?;
        let is_known = matches!(slot.origin, Origin::Roster(_));
        let has_moved = is_known && correction.fields.contains(&"address");
        has_moved.then(|| Self::to(slot.individual, &slot.person, keys))
    }

    /// Takes somebody who is at this address now.
    pub fn to(individual: IndividualId, person: &Person, keys: &RosterKeys) -> Self {
        let indexer = keys.current();
        Self {
            individual_id: individual,
            address_mac: indexer.address(individual, SOURCE.as_str(), person),
        }
    }
}

const COLUMNS: [(&str, Is); 2] = [("individual_id", Is::Uuid), ("address_mac", Is::Uuid)];

/// Records the corrections of a batch. A second one of the same day is the same event.
pub async fn record(tx: &Tx<'_>, target: Target<'_>, moved: &[Moved]) -> Result<(), Error> {
    if moved.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} INSERT INTO mail_event (campaign_id, individual_id, happened_on, kind, generation, address_source, address_mac, \
         recorded_by, recorded_at) SELECT $2, individual_id, $3, $4, 0, $5, address_mac, $6, $7 FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, individual_id, happened_on, kind, generation) DO NOTHING",
        rows::table(tx.backend(), &COLUMNS)
    );
    let rest = [
        target.campaign.into(),
        target.today.to_string().into(),
        Kind::AddressCorrected.as_str().into(),
        SOURCE.as_str().into(),
        target.actor.into(),
        target.now.into(),
    ];
    tx.execute_raw(rows::bind_with(tx.backend(), sql, moved, rest))
        .await?;
    Ok(())
}
