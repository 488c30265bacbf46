//! Finds the person whom claims are about, and compares.
//!
//! The number of statements depends on the request, never on what was found: if nobody is found, a decoy is looked up,
//! decrypted and compared.

use std::sync::LazyLock;

use uuid::Uuid;

use crate::db;
use crate::db::entities::{campaign, campaign_key, enrollment, individual};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::address;
use crate::identity::matching::compare::{self, Claims};
use crate::identity::matching::mask::{self, MaskedContact};
use crate::identity::matching::policy::{Decision, Policy};
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::Key;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};
use crate::kernel::person::Person;
use crate::kernel::person_sealer::PersonSealer;
use crate::kernel::secrets::Secret;
use crate::process::Call;

use super::borne::Bearers;
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
    /// What the key of the person derives from.
    pub salt: Option<Secret<Vec<u8>>>,
    /// The person's contacts, masked.
    pub contacts: Vec<MaskedContact>,
    /// Where the person lives, as [`address::home`] has it.
    pub home: Option<Secret<String>>,
}

impl Found {
    /// Leaves to a person what would be accepted. Who stands before an agent is looked at whatever the claims are: so nobody is
    /// at a dead end.
    pub fn leave_to_a_person(&mut self, attended: bool) {
        self.decision = self.decision.map(|decision| {
            if attended {
                Decision::Refer
            } else {
                decision.min(Decision::Refer)
            }
        });
    }

    /// Refuses what was found.
    pub fn refuse(&mut self) {
        self.decision = Some(Decision::Refuse);
    }
}

/// The campaign that a call names, as far as it is known.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The campaign; nil if there is none.
    pub campaign: CampaignId,
    /// Whether it is open. In a closed one, enrollments that were begun before can still be verified.
    pub open: bool,
    /// Its data key.
    pub key: Option<campaign_key::Model>,
    /// Its thresholds.
    pub policy: Policy,
    /// Its language.
    pub language: String,
}

impl Scope {
    /// Stands for a campaign that does not exist.
    pub fn unknown() -> Self {
        Self {
            campaign: CampaignId::from_uuid(Uuid::nil()),
            open: false,
            key: None,
            policy: Policy::default(),
            language: String::new(),
        }
    }

    /// Takes what was found of a campaign.
    pub fn of(
        found: Option<(campaign::Model, Option<campaign_key::Model>)>,
    ) -> Result<Self, Error> {
        let Some((campaign, key)) = found else {
            return Ok(Self::unknown());
        };
        let policy = Policy::parse(&campaign.policy);
        Ok(Self {
            campaign: campaign.id,
            open: campaign.state == campaign::State::Open,
            key,
            policy: policy.ok_or_else(|| db::Error::corrupt("campaign.policy"))?,
            language: campaign.language,
        })
    }

    /// Gives the campaign, if there is one.
    pub fn known(&self) -> Option<CampaignId> {
        (!self.campaign.as_uuid().is_nil()).then_some(self.campaign)
    }
}

struct Compared {
    row: individual::Model,
    person: Person,
    waterfall: Waterfall,
}

/// The enrollment that a letter code began, according to the caller.
#[derive(Clone, Debug)]
pub struct Letter {
    id: EnrollmentId,
    found: Option<(enrollment::Model, Option<individual::Model>)>,
}

impl Letter {
    /// Reads the enrollment, which need not exist. One that this caller neither began nor went on with does not.
    pub async fn read(
        context: &Context,
        call: &Call,
        scope: &Scope,
        id: EnrollmentId,
    ) -> Result<Self, Error> {
        let found = store::enrollment(context.db.read(), scope.campaign, id).await?;
        let found = found.filter(|(enrollment, _)| {
            call.reaches_enrollment(&enrollment.started_by, enrollment.continued_by.as_deref())
        });
        Ok(Self { id, found })
    }

    /// Gives the language of the enrollment.
    pub fn language(&self) -> Option<&str> {
        let found = self.found.as_ref();
        found.map(|(enrollment, _)| enrollment.language.as_str())
    }

    /// Gives the keyed hash of the letter's code.
    pub fn code_mac(&self) -> Option<Uuid> {
        self.found
            .as_ref()
            .and_then(|(enrollment, _)| enrollment.code_mac)
    }

    /// Gives what tries are counted by: the letter's code, over all enrollments that it began, or the individual where the code
    /// is not known. An unknown enrollment is throttled by its own id.
    pub fn throttled_by(&self) -> Uuid {
        self.found
            .as_ref()
            .map_or(self.id.as_uuid(), |(enrollment, _)| {
                let individual = enrollment.individual_id.as_uuid();
                enrollment.code_mac.unwrap_or(individual)
            })
    }
}

/// Compares with the person of an enrollment.
pub async fn by_letter(
    context: &Context,
    scope: &Scope,
    letter: Letter,
    claims: &Claims,
) -> Result<Found, Error> {
    let begun = letter
        .found
        .filter(|(enrollment, _)| enrollment.state == enrollment::State::Started);
    let proof = begun
        .as_ref()
        .and_then(|(enrollment, _)| enrollment.proof_expires_at);
    let person = begun.and_then(|(_, person)| person);
    let people = person.into_iter().collect();
    let (compared, bearers) = compare_all(context, scope, people, claims).await?;
    let found = compared.into_iter().next().map(|one| {
        let decision = scope.policy.decide_by_letter(&one.waterfall);
        person_found(context, scope, (one, &bearers), decision)
    });
    Ok(Found {
        fresh_letter: is_fresh(proof, context.now()),
        ..found.transpose()?.unwrap_or_default()
    })
}

/// Compares with everybody who shares a blind key with the claims; in a closed campaign with the decoy only.
pub async fn by_claims(context: &Context, scope: &Scope, claims: &Claims) -> Result<Found, Error> {
    let indexers = context.indexers(scope.campaign)?;
    let keys: Vec<_> = indexers
        .iter()
        .map(|indexer| indexer.claims(claims))
        .collect();
    let mut ids = store::candidates(context.db.read(), scope.campaign, &keys).await?;
    if ids.is_empty() {
        ids.push(IndividualId::from_uuid(Uuid::nil()));
    }
    let mut rows = roster::store::individuals(context.db.read(), scope.campaign, &ids).await?;
    rows.retain(|row| scope.open && row.withdrawn_at.is_none());
    let (compared, bearers) = compare_all(context, scope, rows, claims).await?;
    judge(context, scope, compared, &bearers)
}

fn is_fresh(proof: Option<Timestamp>, now: Timestamp) -> bool {
    proof.is_some_and(|expires_at| now < expires_at)
}

/// Decrypts and compares everybody, or the decoy if nobody was found. A number that several people of the roster bear, such as a
/// guarantor's, is nobody's: it proves nothing for any of them.
async fn compare_all(
    context: &Context,
    scope: &Scope,
    rows: Vec<individual::Model>,
    claims: &Claims,
) -> Result<(Vec<Compared>, Bearers), Error> {
    let key = scope.key.as_ref().filter(|key| key.wrapped.is_some());
    let sealer = key.map(|key| context.sealer(key)).transpose()?;
    let mut people = Vec::with_capacity(rows.len());
    if let Some(sealer) = &sealer {
        for row in rows {
            let person = decrypt(sealer, &row)?;
            people.extend(person.map(|person| (row, person)));
        }
    }
    let all = people.iter().map(|(_, person)| person);
    let bearers = Bearers::of(context, scope.campaign, all).await?;
    let mut compared = Vec::with_capacity(people.len());
    for (row, mut person) in people {
        person.ssn = person.ssn.filter(|ssn| bearers.is_own_number(ssn));
        compared.push(Compared {
            waterfall: compare::compare(claims, &person),
            row,
            person,
        });
    }
    if compared.is_empty() {
        std::hint::black_box(compare::compare(claims, &nobody()));
    }
    Ok((compared, bearers))
}

/// Chooses among several people.
fn judge(
    context: &Context,
    scope: &Scope,
    mut compared: Vec<Compared>,
    bearers: &Bearers,
) -> Result<Found, Error> {
    // Of equals the first counts, so that the same question has the same answer.
    compared.sort_by_key(|one| one.row.id);
    let waterfalls: Vec<Waterfall> = compared.iter().map(|one| one.waterfall.clone()).collect();
    match scope.policy.choose(&waterfalls) {
        Some((at, decision)) => {
            let best = (compared.swap_remove(at), bearers);
            person_found(context, scope, best, decision)
        }
        None => Ok(Found::default()),
    }
}

fn person_found(
    context: &Context,
    scope: &Scope,
    (best, bearers): (Compared, &Bearers),
    decision: Decision,
) -> Result<Found, Error> {
    let indexer = context.steady_indexer(scope.campaign)?;
    let own = bearers.own_contacts(&best.person);
    let contacts = mask::mask_contacts(own, &indexer, best.row.id);
    let subject = Subject {
        individual: best.row.id,
        population: best.row.population,
        has_contact: !contacts.is_empty(),
    };
    Ok(Found {
        subject: Some(subject),
        decision: Some(decision),
        waterfall: best.waterfall,
        fresh_letter: false,
        salt: best.row.salt.map(Secret::new),
        contacts,
        home: address::home(&best.person),
    })
}

/// A person who does not exist, sealed like everybody.
struct Decoy {
    sealer: PersonSealer,
    sealed: Vec<u8>,
}

const NOBODY: IndividualId = IndividualId::from_uuid(Uuid::nil());

/// Decrypts a person who does not exist, so that whoever was not found costs the same.
pub fn nobody() -> Person {
    DECOY.decrypt()
}

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
    fn decrypt(&self) -> Person {
        self.sealer
            .open(NOBODY, &[0; 16], &self.sealed)
            .expect("it was sealed with the same key at the same place")
    }
}
