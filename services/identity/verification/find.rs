//! Finds the person whom claims are about, and compares.
//!
//! The number of statements depends on what was asked, never on what was found: where nobody is found, somebody who is nobody
//! is looked up, opened and compared.

use std::sync::LazyLock;

use uuid::Uuid;

use crate::db::entities::{campaign_key, enrollment, individual};
use crate::identity::context::Context;
use crate::identity::error::{self, Error};
use crate::identity::matching::compare::{self, Claims, Waterfall};
use crate::identity::matching::contact::Channel;
use crate::identity::matching::policy::{Decision, Policy};
use crate::identity::roster;
use crate::identity::roster::population::Population;
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::Key;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};
use crate::kernel::person::{Person, PersonSealer};

use super::decide::Subject;
use super::store;

/// What a comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The person who was compared with; the best of several.
    pub subject: Option<Subject>,
    /// What the thresholds say.
    pub decision: Option<Decision>,
    /// The comparison.
    pub waterfall: Waterfall,
    /// Whether the letter's code still proves the address.
    pub fresh_letter: bool,
    /// The person's contacts, masked.
    pub contacts: Vec<(Channel, String)>,
}

/// What to compare with: the campaign as far as it is known.
#[derive(Clone, Debug)]
pub struct Place {
    /// The campaign; nil if there is none.
    pub campaign: CampaignId,
    /// Whether enrollments begin. Those begun are finished in a closed one too.
    pub open: bool,
    /// Its data key.
    pub key: Option<campaign_key::Model>,
    /// Its thresholds.
    pub policy: Policy,
}

impl Place {
    /// A campaign that is not there.
    pub fn nowhere() -> Self {
        Self {
            campaign: CampaignId::from_uuid(Uuid::nil()),
            open: false,
            key: None,
            policy: Policy::default(),
        }
    }
}

struct Compared {
    row: individual::Model,
    person: Person,
    waterfall: Waterfall,
}

/// The enrollment that a letter's code is said to have begun.
#[derive(Clone, Debug)]
pub struct Letter {
    id: EnrollmentId,
    found: Option<(enrollment::Model, Option<individual::Model>)>,
}

impl Letter {
    /// Reads the enrollment, which may be none.
    pub async fn read(context: &Context, place: &Place, id: EnrollmentId) -> Result<Self, Error> {
        let found = store::enrollment(context.db.read(), place.campaign, id).await?;
        Ok(Self { id, found })
    }

    /// Names whose tries are counted: the individual's, over all enrollments of theirs, whatever became of them; for an
    /// enrollment that is none its own, so that it is slowed down like any.
    pub fn counted(&self) -> Uuid {
        self.found
            .as_ref()
            .map_or(self.id.as_uuid(), |(enrollment, _)| {
                enrollment.individual_id.as_uuid()
            })
    }
}

/// Compares with the person of an enrollment.
pub fn by_letter(
    context: &Context,
    place: &Place,
    letter: Letter,
    claims: &Claims,
) -> Result<Found, Error> {
    let begun = letter
        .found
        .filter(|(enrollment, _)| matches!(enrollment.state.as_str(), "STARTED" | "VERIFIED"));
    let proof = begun
        .as_ref()
        .and_then(|(enrollment, _)| enrollment.proof_expires_at);
    let person = begun.and_then(|(_, person)| person);
    let compared = compare_all(context, place, person.into_iter().collect(), claims)?;
    Ok(Found {
        fresh_letter: is_fresh(proof, context.now()),
        ..judge(place, compared)
    })
}

/// Compares with everybody who shares a blind key with the claims; in a campaign that is closed with nobody.
pub async fn by_claims(context: &Context, place: &Place, claims: &Claims) -> Result<Found, Error> {
    let indexers = context.indexers(place.campaign)?;
    let keys: Vec<_> = indexers
        .iter()
        .map(|indexer| indexer.claims(claims))
        .collect();
    let mut ids = store::candidates(context.db.read(), place.campaign, &keys).await?;
    if ids.is_empty() {
        ids.push(IndividualId::from_uuid(Uuid::nil()));
    }
    let mut rows = roster::store::individuals(context.db.read(), place.campaign, &ids).await?;
    if !place.open {
        rows.clear();
    }
    Ok(judge(place, compare_all(context, place, rows, claims)?))
}

fn is_fresh(proof: Option<Timestamp>, now: Timestamp) -> bool {
    proof.is_some_and(|expires_at| now < expires_at)
}

/// Opens and compares everybody, or somebody who is nobody.
fn compare_all(
    context: &Context,
    place: &Place,
    rows: Vec<individual::Model>,
    claims: &Claims,
) -> Result<Vec<Compared>, Error> {
    let opener = match place.key.as_ref().filter(|key| key.wrapped.is_some()) {
        Some(key) => Some(context.sealer(key)?),
        None => None,
    };
    let mut compared = Vec::with_capacity(rows.len());
    for row in rows {
        let (Some(salt), Some(sealed), Some(opener)) = (&row.salt, &row.sealed, &opener) else {
            continue;
        };
        let person = opener
            .open(row.id, salt, sealed)
            .map_err(error::unreadable)?;
        let waterfall = compare::compare(claims, &person);
        compared.push(Compared {
            row,
            person,
            waterfall,
        });
    }
    if compared.is_empty() {
        let nobody = DECOY.open();
        std::hint::black_box(compare::compare(claims, &nobody));
    }
    Ok(compared)
}

fn judge(place: &Place, mut compared: Vec<Compared>) -> Found {
    // Ties are ordered by id, so that the same question has the same answer.
    compared.sort_by_key(|one| (std::cmp::Reverse(one.waterfall.score()), one.row.id));
    let next = compared.get(1).map(|one| one.waterfall.clone());
    let Some(best) = compared.into_iter().next() else {
        return Found::default();
    };
    let decision = place.policy.decide_among(&best.waterfall, next.as_ref());
    let subject = Population::parse(&best.row.population).map(|population| Subject {
        individual: best.row.id,
        population,
        has_contact: best.row.has_contact,
    });
    Found {
        subject,
        decision: Some(decision),
        waterfall: best.waterfall,
        fresh_letter: false,
        contacts: roster::read::contacts(&best.person),
    }
}

/// Somebody who is nobody, sealed like everybody.
struct Decoy {
    sealer: PersonSealer,
    sealed: Vec<u8>,
}

const NOBODY: IndividualId = IndividualId::from_uuid(Uuid::nil());

static DECOY: LazyLock<Decoy> = LazyLock::new(|| {
    let sealer = PersonSealer::new(CampaignId::from_uuid(Uuid::nil()), Key::from_bytes([0; 32]));
    let person = Person {
        given_name: "Nobody".into(),
        middle_name: Some("N".into()),
        family_name: "Nowhere".into(),
        date_of_birth: Some(jiff::civil::date(1900, 1, 1)),
        ssn: Some("000000000".into()),
        postal_code: Some("00000".into()),
        ..Person::default()
    };
    let sealed = sealer.seal(NOBODY, &[0; 16], &person);
    Decoy { sealer, sealed }
});

impl Decoy {
    fn open(&self) -> Person {
        self.sealer
            .open(NOBODY, &[0; 16], &self.sealed)
            .expect("it was sealed with the same key at the same place")
    }
}
