//! What stands in the database before anything is handed over.

use std::time::Duration;

use redress::db::entities::{campaign, campaign_key};
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::{CampaignId, Ids};
use redress::kernel::keyring::{KeyProvider, Purpose};
use redress::kernel::person::Person;
use redress::kernel::person_sealer::PersonSealer;
use redress::wire::redress::handoff::v1::{Partner, PartnerMode};
use sea_orm::{ActiveModelTrait, DatabaseConnection, IntoActiveModel};

pub fn push(name: &str, endpoint: &str) -> Partner {
    Partner {
        name: name.to_owned(),
        mode: PartnerMode::Push.into(),
        endpoint: endpoint.to_owned(),
        ..Partner::default()
    }
}

pub async fn open_campaign(
    owner: &DatabaseConnection,
    ids: &Ids,
    keys: &dyn KeyProvider,
    now: Timestamp,
) -> (CampaignId, PersonSealer) {
    open_numbered(owner, ids, keys, (now, "B123456")).await
}

/// Opens a campaign with this engagement number.
pub async fn open_numbered(
    owner: &DatabaseConnection,
    ids: &Ids,
    keys: &dyn KeyProvider,
    (now, number): (Timestamp, &str),
) -> (CampaignId, PersonSealer) {
    let id: CampaignId = ids.next();
    let text = |text: &str| text.to_owned();
    let row = campaign::Model {
        id,
        engagement_number: text(number),
        name: text("Test"),
        state: campaign::State::Open,
        breach_on: text("2015-05-07"),
        discovered_on: text("2015-05-26"),
        enroll_by: text("2016-01-31"),
        zone: text("America/Indiana/Indianapolis"),
        enroll_by_at: now + Duration::from_hours(24 * 183),
        raise_term_by_law: false,
        letter_url: text("https://example.org"),
        letter_phone: text("+1 800 555 0100"),
        language: text("en"),
        policy: text("{}"),
        code_key_version: 1,
        created_at: now,
        closed_at: None,
        grace_days: 0,
        two_operators: false,
        front_ends: text("[]"),
        restoration: None,
    };
    row.into_active_model().insert(owner).await.unwrap();
    let sealer = PersonSealer::new(id, redress::kernel::crypto::Key::from_bytes(ids.random()));
    let (key_version, master) = keys.current(Purpose::Person).unwrap();
    let row = campaign_key::Model {
        campaign_id: id,
        key_version,
        wrapped: Some(sealer.wrap(&master)),
        created_at: now,
        destroyed_at: None,
    };
    row.into_active_model().insert(owner).await.unwrap();
    (id, sealer)
}

/// A person with this SSN.
pub fn ada(ssn: &str) -> Person {
    Person {
        given_name: "Ada".into(),
        family_name: "Lovelace".into(),
        ssn: (!ssn.is_empty()).then(|| ssn.into()),
        date_of_birth: Some(jiff::civil::date(1815, 12, 10)),
        ..Person::default()
    }
}
