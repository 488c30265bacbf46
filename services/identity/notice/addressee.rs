//! Where somebody is told: a contact on record of their own, an e-mail address before a telephone, or else their postal address.

use crate::db::entities::evidence::Evidence;
use crate::db::entities::individual;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::contact::{Contact, Kind};
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::sender::Addressee;
use crate::identity::verification::borne::Bearers;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

/// Finds where the person is told, if they can be told at all.
pub async fn addressee(
    context: &Context,
    (campaign, individual): (CampaignId, IndividualId),
    evidence: &[Evidence],
) -> Result<Option<Addressee>, Error> {
    let read = context.db.read();
    let row = roster::store::individual(read, campaign, individual).await?;
    let key = roster::store::find_key(read, campaign).await?;
    let Some((row, key)) = row.zip(key.filter(|key| key.wrapped.is_some())) else {
        return Ok(None);
    };
    let Some(person) = decrypt(&context.sealer(&key)?, &row)? else {
        return Ok(None);
    };
    let bearers = Bearers::of(context, campaign, std::iter::once(&person)).await?;
    let own = bearers.own_contacts(&person);
    Ok(choose(&person, own, &row, evidence))
}

/// Chooses a contact of the person's own that took no part; which one of a kind did is not known, so none of that kind is taken.
fn choose(
    person: &Person,
    own: Vec<Contact<'_>>,
    row: &individual::Model,
    evidence: &[Evidence],
) -> Option<Addressee> {
    let took_part = |kind| match kind {
        Kind::Email => evidence.contains(&Evidence::EmailCode),
        Kind::Phone => {
            evidence.contains(&Evidence::SmsCode) || evidence.contains(&Evidence::VoiceCode)
        }
    };
    let mut own = own.into_iter();
    if let Some(contact) = own.find(|contact| !took_part(contact.kind)) {
        return Some(Addressee::Contact {
            channel: contact.kind.channel(),
            to: contact.value.clone(),
        });
    }
    (row.mailable && !row.returned).then(|| Addressee::Post {
        name: joined(&[
            Some(&person.given_name),
            person.middle_name.as_ref(),
            Some(&person.family_name),
            person.suffix.as_ref(),
        ]),
        lines: lines(person),
    })
}

fn lines(person: &Person) -> Vec<Secret<String>> {
    let place = joined(&[
        person.city.as_ref(),
        person.region.as_ref(),
        person.postal_code.as_ref(),
        person.country.as_ref(),
    ]);
    person
        .address_lines
        .iter()
        .cloned()
        .chain([place])
        .collect()
}

fn joined(parts: &[Option<&Text>]) -> Secret<String> {
    let given = parts.iter().flatten().map(|part| part.expose().as_str());
    let given: Vec<&str> = given.filter(|part| !part.is_empty()).collect();
    Secret::new(given.join(" "))
}
