//! Decrypting a person of the roster.

use crate::db::entities::individual;
use crate::identity::error::{self, Error};
use crate::kernel::person::{Person, PersonSealer};

/// Decrypts the person of a row; nothing if the person's data was destroyed.
pub fn decrypt(sealer: &PersonSealer, row: &individual::Model) -> Result<Option<Person>, Error> {
    let Some((salt, ciphertext)) = row.salt.as_ref().zip(row.sealed.as_ref()) else {
        return Ok(None);
    };
    let person = sealer.open(row.id, salt, ciphertext);
    Ok(Some(person.map_err(error::unreadable)?))
}
