//! A process in the test's own, a campaign, and people who are owed letters.

use redress::client::convert::parse_population;
use redress::codes::settings::Reissues;
use redress::process;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use redress::codes::grpc::Handlers;
use redress::codes::settings::Throttles;
use redress::codes::{Context, serve};
use redress::db::Process;
use redress::db::entities::{individual, partner};
use redress::kernel::caller::{Caller, Role};
use redress::kernel::clock::{Clock, ManualClock, Timestamp};
use redress::kernel::ids::{CampaignId, Ids, IndividualId, PartnerId};
use redress::kernel::keyring::{Keyring, Purpose};
use redress::kernel::lifecycle::Lifecycle;
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait,
    QueryResult, Statement,
};
use tonic::{Request, Status};

use crate::harness::Database;

/// The number of the campaign.
pub const NUMBER: &str = "B123456";
pub const CONSENT: &str = "I instruct you to obtain my credit file.";

/// Everything a test needs.
pub struct House {
    pub handlers: Handlers,
    pub context: Context,
    pub clock: ManualClock,
    pub ids: Ids,
    pub owner: DatabaseConnection,
    pub partner: PartnerId,
}

impl House {
    /// Opens the process with generous throttles, and without its workers: tests take their steps themselves.
    pub async fn open(database: &Database) -> Self {
        Self::open_with(database, limits(1_000_000)).await
    }

    pub async fn open_with(database: &Database, limits: Throttles) -> Self {
        let moved = Clock::manual("2015-07-17T12:00:00Z".parse().unwrap());
        Self::open_at(database, limits, moved).await
    }

    pub async fn open_at(
        database: &Database,
        limits: Throttles,
        (clock, hand): (Clock, ManualClock),
    ) -> Self {
        let ids = Ids::seeded(clock.clone(), 7);
        let keys = Arc::new(Keyring::generate(&[Purpose::Code]));
        let db = database.open(Process::Codes).await;
        let ids_of_process = Ids::seeded(clock.clone(), 8);
        let common = process::Context::new(clock, ids_of_process, db, keys, Purpose::Code);
        let context = Context::new(common, limits, Reissues::default());
        let life = Lifecycle::new(Duration::from_secs(10));
        let owner = database.owner().await;
        let partner = ids.next();
        insert_partner(&owner, partner, "acme").await;
        Self {
            handlers: serve::handlers(&context, &life),
            context,
            clock: hand,
            ids,
            owner,
            partner,
        }
    }

    /// Another instance of the process, with a clock of its own.
    pub async fn twin(&self, database: &Database, (clock, hand): (Clock, ManualClock)) -> Self {
        let mut context = self.context.clone();
        context.common.ids = Ids::seeded(clock.clone(), 9);
        context.common.clock = clock;
        context.common.db = database.open(Process::Codes).await;
        Self {
            handlers: serve::handlers(&context, &Lifecycle::new(Duration::from_secs(10))),
            context,
            clock: hand,
            ids: self.ids.clone(),
            owner: self.owner.clone(),
            partner: self.partner,
        }
    }

    pub fn request_id(&self) -> String {
        self.ids.request_id().to_string()
    }

    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// The campaign as it is asked for.
    pub fn wanted(&self) -> wire::Campaign {
        let product = |population: &str, code: &str| wire::Product {
            population: parse_population(population).unwrap().into(),
            product_code: code.into(),
            partner_id: self.partner.to_string(),
            term_months: 24,
            ..Default::default()
        };
        wire::Campaign {
            engagement_number: NUMBER.into(),
            name: "MIE 2015".into(),
            breach_date: Some(Date {
                year: 2015,
                month: 5,
                day: 7,
            }),
            discovery_date: Some(Date {
                year: 2015,
                month: 5,
                day: 26,
            }),
            enroll_by_date: Some(Date {
                year: 2016,
                month: 1,
                day: 31,
            }),
            time_zone: "America/Indiana/Indianapolis".into(),
            covered_entities: vec![wire::CoveredEntity {
                key: "concentra".into(),
                name: "Concentra".into(),
                ..Default::default()
            }],
            products: vec![product("ADULT", "GOLD")],
            letter_url: "https://remedy.example.org".into(),
            letter_phone: "866-328-1987".into(),
            consent_texts: vec![wire::ConsentText {
                language_code: "en".into(),
                version: "2015-07".into(),
                text: CONSENT.into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    pub async fn create(&self, campaign: wire::Campaign) -> Result<wire::Campaign, Status> {
        let message = wire::CreateCampaignRequest {
            request_id: self.request_id(),
            campaign: Some(campaign),
        };
        let answer = self
            .handlers
            .create_campaign(by(Role::Operator, message))
            .await?;
        Ok(answer.into_inner().campaign.unwrap())
    }

    pub async fn campaign(&self) -> CampaignId {
        self.create(self.wanted())
            .await
            .unwrap()
            .campaign_id
            .parse()
            .unwrap()
    }

    /// Puts people on the roster, as the identity process would.
    pub async fn people(&self, campaign: CampaignId, count: usize) -> Vec<IndividualId> {
        let mut people = Vec::new();
        for _ in 0..count {
            people.push(self.person(campaign, "ADULT", "IN", true).await);
        }
        people
    }

    pub async fn person(
        &self,
        campaign: CampaignId,
        population: &str,
        region: &str,
        mailable: bool,
    ) -> IndividualId {
        let id = self.ids.next();
        let row = individual::Model {
            campaign_id: campaign,
            id,
            salt: Some(vec![1]),
            sealed: Some(vec![2]),
            key_version: 1,
            population: ActiveEnum::try_from_value(&population.to_owned()).unwrap(),
            region: region.into(),
            country: "US".into(),
            mailable,
            has_contact: false,
            created_at: self.now(),
            erased_at: None,
            language: String::new(),
            confidential: false,
            data_elements: "[]".into(),
            returned: false,
            withdrawn_at: None,
        };
        let row = individual::ActiveModel::from(row).reset_all();
        individual::Entity::insert(row)
            .exec_without_returning(&self.owner)
            .await
            .unwrap();
        id
    }

    pub async fn issue_as(
        &self,
        request_id: &str,
        campaign: CampaignId,
    ) -> Result<wire::CodeBatch, Status> {
        let wave = String::new();
        let last = self.issue_last(request_id, campaign, wave).await?;
        Ok(last.batch.unwrap())
    }

    /// The last answer of an issue, for a wave or, where none is named, for everybody.
    pub async fn issue_last(
        &self,
        request_id: &str,
        campaign: CampaignId,
        wave_id: String,
    ) -> Result<wire::IssueResult, Status> {
        let message = wire::IssueCodesRequest {
            request_id: request_id.into(),
            campaign: campaign.to_string(),
            wave_id,
        };
        let answers = self
            .handlers
            .issue_codes(by(Role::Operator, message))
            .await?
            .into_inner();
        let answers: Vec<wire::IssueCodesResponse> = answers.try_collect().await?;
        match answers.last().unwrap().step.clone() {
            Some(wire::issue_codes_response::Step::Result(result)) => Ok(result),
            other => panic!("{other:?}"),
        }
    }

    pub async fn issue(&self, campaign: CampaignId) -> wire::CodeBatch {
        self.issue_as(&self.request_id(), campaign).await.unwrap()
    }

    /// The people's codes.
    pub async fn export(&self, batch: &wire::CodeBatch) -> Result<Vec<(String, String)>, Status> {
        let codes = self.export_all(batch).await?.into_iter();
        Ok(codes
            .filter(|plain| !plain.seed)
            .map(|plain| (plain.individual_id, plain.code))
            .collect())
    }

    /// The people's codes and those of nobody.
    pub async fn export_all(
        &self,
        batch: &wire::CodeBatch,
    ) -> Result<Vec<wire::PlainCode>, Status> {
        let message = wire::ExportCodesRequest {
            campaign: batch.campaign_id.clone(),
            batch_id: batch.batch_id.clone(),
            after_individual_id: String::new(),
        };
        let pages = self
            .handlers
            .export_codes(by(Role::Operator, message))
            .await?
            .into_inner();
        let pages: Vec<wire::ExportCodesResponse> = pages.try_collect().await?;
        Ok(pages.into_iter().flat_map(|page| page.codes).collect())
    }

    /// A campaign with one person and the person's code.
    pub async fn one_letter(&self) -> (CampaignId, IndividualId, String) {
        let campaign = self.campaign().await;
        let person = self.people(campaign, 1).await[0];
        let batch = self.issue(campaign).await;
        let code = self.export(&batch).await.unwrap().remove(0).1;
        (campaign, person, code)
    }

    pub async fn seal(&self, batch: &wire::CodeBatch) -> Result<wire::CodeBatch, Status> {
        let message = wire::SealBatchRequest {
            request_id: self.request_id(),
            campaign: batch.campaign_id.clone(),
            batch_id: batch.batch_id.clone(),
        };
        let answer = self.handlers.seal_batch(by(Role::Operator, message));
        Ok(answer.await?.into_inner().batch.unwrap())
    }

    /// Waits until a session waits for another's lock. SQLite has one writer: who comes second waits before it reads.
    pub async fn until_somebody_waits(&self) {
        const WAITING: &str =
            "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        if self.owner.get_database_backend() == DbBackend::Sqlite {
            return;
        }
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while self.count(WAITING).await == 0 {}
        });
        waited
            .await
            .expect("the second comes to the first one's row");
    }

    /// Counts what a query finds: `count("code WHERE state = 'ISSUED'")`.
    pub async fn count(&self, of: &str) -> i64 {
        self.row(&format!("SELECT count(*) AS n FROM {of}"))
            .await
            .try_get("", "n")
            .unwrap()
    }

    pub async fn row(&self, sql: &str) -> QueryResult {
        let statement = Statement::from_string(self.owner.get_database_backend(), sql);
        self.owner.query_one_raw(statement).await.unwrap().unwrap()
    }

    pub async fn run(&self, sql: &str) {
        self.owner.execute_unprepared(sql).await.unwrap();
    }
}

/// The same limit for everything.
pub fn limits(count: u32) -> Throttles {
    Throttles {
        caller: count,
        agent: count,
        network: count,
        campaign: count,
        failures: count,
        service: count,
    }
}

/// Makes a request of a role.
pub fn by<T>(role: Role, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .extensions_mut()
        .insert(Caller::new(role, "test").unwrap());
    request
}

pub async fn insert_partner(owner: &DatabaseConnection, id: PartnerId, name: &str) {
    let row = partner::Model {
        id,
        name: name.into(),
        mode: partner::Mode::Pull,
        endpoint: None,
        server_uri: None,
        state: partner::State::Active,
        max_in_flight: 32,
        projection: "{}".into(),
        breaker: "{}".into(),
        created_at: Timestamp::EPOCH,
        heard_at: None,
        throttled_until: None,
        paused_campaigns: "[]".to_owned(),
        file_layout: None,
        http_layout: None,
    };
    let row = partner::ActiveModel::from(row).reset_all();
    partner::Entity::insert(row)
        .exec_without_returning(owner)
        .await
        .unwrap();
}
