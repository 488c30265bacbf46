//! A campaign whose letters are to be printed, run with the operator's program.

use std::path::PathBuf;

use redress::cli::campaign;
use redress::cli::codes::open_batch;
use redress::cli::connect::{Channels, Endpoints};
use redress::cli::mailing::Manifest;
use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1 as wire;

use crate::harness::Database;
use crate::harness::processes::{House, Service, name_of};
use crate::harness::program::Said;
use crate::harness::roster::{ENTITIES, Row, Sandbox, csv};
use crate::harness::walk::CONSENT;

pub const NUMBER: &str = "B100400";

/// The processes, and a batch of codes that waits for its export.
pub struct Desk {
    pub house: House,
}

impl Desk {
    /// A campaign with so many adults, all with a code.
    pub async fn open(database: Database, people: usize) -> Self {
        let rows: Vec<Row> = (0..people)
            .map(|number| Row::adult(number, Sandbox::Active))
            .collect();
        Self::of(database, &rows, ENTITIES, &[]).await
    }

    /// A campaign with these people, all with a code.
    pub async fn of(
        database: Database,
        rows: &[Row],
        entities: &[(&str, &str)],
        further: &[&str],
    ) -> Self {
        let house = House::open(database).await;
        std::fs::write(house.path().join("people.csv"), csv(rows)).expect("the roster");
        let desk = Self { house };
        desk.found_campaign(entities, further);
        desk.house
            .redress(&["roster", "import", "people.csv"])
            .fine();
        desk.house.redress(&["codes", "issue"]).fine();
        desk
    }

    fn found_campaign(&self, entities: &[(&str, &str)], further: &[&str]) {
        let house = &self.house;
        let name = name_of(Role::Partner);
        let endpoint = house.endpoint(Service::Bureau);
        let partner = [
            "partner",
            "create",
            name,
            "--mode",
            "push",
            "--endpoint",
            &endpoint,
        ];
        house.redress(&partner).fine();
        std::fs::write(house.path().join("consent.txt"), CONSENT).expect("the consent text");
        let entities: Vec<String> = entities
            .iter()
            .map(|(key, name)| format!("--entity={key}={name}"))
            .collect();
        let product = format!("ADULT=CM-24@{name}");
        let mut words = vec![
            "campaign",
            "create",
            "--engagement",
            NUMBER,
            "--name",
            "Harbor breach",
            "--breach",
            "2026-05-07",
            "--discovered",
            "2026-05-26",
            "--enroll-by",
            "2099-12-31",
            "--product",
            &product,
            "--consent-file",
            "consent.txt",
        ];
        words.extend(entities.iter().map(String::as_str));
        words.extend(further);
        house.redress(&words).fine();
    }

    pub fn export(&self, words: &[&str]) -> Said {
        self.house
            .redress(&[&["mailing", "export"], words].concat())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.house.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn manifest(&self, name: &str) -> Manifest {
        Manifest::read(&Manifest::path(&self.path(name))).expect("a manifest")
    }

    pub fn channels(&self) -> Channels {
        let endpoints = Endpoints::read(self.house.path()).expect("endpoints");
        endpoints
            .connect(&self.house.files(Role::Operator))
            .expect("channels")
    }

    /// The campaign and its open batch.
    pub async fn batch(&self, channels: &Channels) -> (wire::Campaign, wire::CodeBatch) {
        let campaign = campaign::get(&channels.codes, NUMBER)
            .await
            .expect("the campaign");
        let batch = open_batch(channels, &campaign.campaign_id, None)
            .await
            .expect("the batch");
        (campaign, batch)
    }
}
