//! Decrypting a person of the roster.

use crate::db::entities::individual;
use crate::identity::error::{self, Error};
use crate::kernel::person::Person;
use crate::kernel::person_sealer::PersonSealer;

/// Decrypts the person of a row; nothing if the person's data was destroyed.
pub fn decrypt(sealer: &PersonSealer, row: &individual::Model) -> Result<Option<Person>, Error> {
    let Some((salt, ciphertext)) = row.salt.as_ref().zip(row.sealed.as_ref()) else {
        return Ok(None);
    };
    let person = sealer.open(row.id, salt, ciphertext);
    let mut person = person.map_err(error::unreadable)?;
    // People who were sealed before it was part of the record have it in the column alone.
    if person.language.is_none() {
        person.language = row.language.parse().ok();
    }
    Ok(Some(person))
}
