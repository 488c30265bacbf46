//! A campaign whose letters are to be printed, run with the operator's program.

use std::path::PathBuf;

use futures::TryStreamExt;
use redress::client::campaign;
use redress::client::codes::open_batch;
use redress::client::connect::Channels;
use redress::client::convert::wire_date;
use redress::client::mailing::manifest::Manifest;
use redress::client::request::new_request_id;
use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::identity::v1 as roster;
use roster::roster_service_client::RosterServiceClient;
use wire::campaign_service_client::CampaignServiceClient;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;
use wire::issue_codes_response::Step;

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
        let desk = Self::without_codes(database, rows, entities, further).await;
        desk.house.redress(&["codes", "issue"]).fine();
        desk
    }

    /// A campaign with these people, none with a code.
    pub async fn without_codes(
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
            .redress(&["roster", "import", "people.csv", "--allow-rejects"])
            .fine();
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
        self.house.channels(Role::Operator)
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

    /// The people who can be written to, in the order of their letters.
    pub async fn people(&self, channels: &Channels, campaign_id: &str) -> Vec<String> {
        let request = roster::ExportMailingAddressesRequest {
            campaign: campaign_id.to_owned(),
            after_individual_id: String::new(),
        };
        let mut client = RosterServiceClient::new(channels.identity.clone());
        let answers = client.export_mailing_addresses(request).await;
        let answers: Vec<_> = answers
            .expect("addresses")
            .into_inner()
            .try_collect()
            .await
            .expect("addresses");
        let addresses = answers.into_iter().flat_map(|answer| answer.addresses);
        addresses.map(|address| address.individual_id).collect()
    }

    /// Plans a wave for a region.
    pub async fn wave_of(&self, channels: &Channels, campaign_id: &str, region: &str) -> String {
        let request = wire::CreateWaveRequest {
            request_id: new_request_id(),
            campaign: campaign_id.to_owned(),
            name: format!("Letters to {region}"),
            regions: vec![region.to_owned()],
            ..wire::CreateWaveRequest::default()
        };
        let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
        let answer = client
            .create_wave(request)
            .await
            .expect("a wave")
            .into_inner();
        answer.wave.expect("the wave").wave_id
    }

    /// Issues codes for a wave.
    pub async fn issue_for(&self, channels: &Channels, campaign_id: &str, wave_id: &str) {
        let request = wire::IssueCodesRequest {
            request_id: new_request_id(),
            campaign: campaign_id.to_owned(),
            wave_id: wave_id.to_owned(),
        };
        let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
        let answers = client
            .issue_codes(request)
            .await
            .expect("codes")
            .into_inner();
        let answers: Vec<_> = answers.try_collect().await.expect("a batch");
        let last = answers.last().and_then(|last| last.step.clone());
        let issued = matches!(last, Some(Step::Result(end)) if end.batch.is_some());
        assert!(issued);
    }

    /// Gives the people of a wave until the last of January 2100.
    pub async fn extend(&self, channels: &Channels, campaign_id: &str, wave_id: &str) {
        let request = wire::ExtendEnrollByRequest {
            request_id: new_request_id(),
            campaign: campaign_id.to_owned(),
            wave_id: wave_id.to_owned(),
            enroll_by_date: Some(wire_date(jiff::civil::date(2100, 1, 31))),
            reason: "the mail was late".to_owned(),
        };
        let mut client = CampaignServiceClient::new(channels.codes.clone());
        client.extend_enroll_by(request).await.expect("more time");
    }
}
