//! A process in the test's own, a campaign, and its roster.

use redress::process;
use std::sync::Arc;

use futures::stream;
use redress::db::entities::{campaign, covered_entity, enrollment, individual};
use redress::db::{Db, Process};
use redress::identity::grpc::Handlers;
use redress::identity::roster::import::{Answer, Header, Part, import_roster};
use redress::identity::roster::row::RawRow;
use redress::identity::rules::{Rules, Throttles};
use redress::identity::sender::outbox::Outbox;
use redress::identity::{Context, Error};
use redress::kernel::caller::{Agent, Caller, Network, Role};
use redress::kernel::clock::{Clock, ManualClock, Timestamp};
use redress::kernel::dates::DateOrder;
use redress::kernel::ids::{CampaignId, EnrollmentId, Ids, IndividualId};
use redress::kernel::keyring::{Keyring, Purpose};
use redress::process::Call;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait,
    QueryFilter, QueryOrder, QueryResult, Statement,
};
use tokio::sync::mpsc;
use tonic::Request;

use crate::harness::Database;
use crate::harness::folder::folder;

/// The number of the campaign.
pub const NUMBER: &str = "B123456";
/// A file's hash.
pub const FILE: &str = "a";

/// Everything a test needs.
pub struct House {
    pub handlers: Handlers,
    pub context: Context,
    pub clock: ManualClock,
    pub ids: Ids,
    pub owner: DatabaseConnection,
    pub campaign: CampaignId,
    pub outbox: tempfile::TempDir,
}

/// Limits that no test reaches by accident.
pub fn generous() -> Rules {
    let many = 1_000_000;
    let throttles = Throttles {
        caller: many,
        agent: many,
        network: many,
        campaign: many,
        person: many,
        name: many,
        person_a_day: many,
        letter: 1_000,
        letter_verified: 1_000,
        sends: many,
        searches: 60,
    };
    Rules {
        sandbox_ssn: true,
        refusal_grid: std::time::Duration::ZERO,
        throttles,
        ..Rules::default()
    }
}

impl House {
    pub async fn open(database: &Database) -> Self {
        Self::open_with(database, generous()).await
    }

    /// Opens the process and a campaign with two covered entities.
    pub async fn open_with(database: &Database, rules: Rules) -> Self {
        let moved = Clock::manual("2015-07-17T12:00:00Z".parse().unwrap());
        Self::open_at(database, rules, moved).await
    }

    /// The same with a clock that is given.
    pub async fn open_at(
        database: &Database,
        rules: Rules,
        (clock, hand): (Clock, ManualClock),
    ) -> Self {
        let ids = Ids::seeded(clock.clone(), 7);
        let outbox = folder();
        let keys = Keyring::generate(&[Purpose::Index, Purpose::Person]);
        let context = Context {
            common: process::Context::new(
                clock.clone(),
                Ids::seeded(clock, 8),
                database.open(Process::Identity).await,
                Arc::new(keys),
                Purpose::Index,
            ),
            sender: Arc::new(Outbox::new(outbox.path())),
            rules,
        };
        let owner = database.owner().await;
        let campaign = ids.next();
        insert_campaign(&owner, (campaign, NUMBER), context.now()).await;
        for key in ["concentra", "st-francis"] {
            let id = ids.next();
            let row = covered_entity::Model {
                campaign_id: campaign,
                id,
                entity_key: key.into(),
                name: key.into(),
                discovered_on: None,
                contact: String::new(),
                notifier: covered_entity::Notifier::default(),
            };
            put::<covered_entity::Entity, covered_entity::ActiveModel>(&owner, row.into()).await;
        }
        Self {
            handlers: Handlers::new(context.clone()),
            context,
            clock: hand,
            ids,
            owner,
            campaign,
            outbox,
        }
    }

    /// The same house with another connection, as a second instance of the process has.
    pub fn twin(&self, db: Db) -> Context {
        let mut twin = self.context.clone();
        twin.common.db = db;
        twin
    }

    pub fn request_id(&self) -> String {
        self.ids.request_id().to_string()
    }

    pub fn header(&self, file: &str) -> Part {
        Part::Header(self.opening(file))
    }

    /// What opens an import.
    pub fn opening(&self, file: &str) -> Header {
        Header {
            campaign: self.campaign,
            file_sha256: file.repeat(64),
            date_order: DateOrder::MonthFirst,
            validate_only: false,
            complete: false,
        }
    }

    /// Imports a file in chunks of so many rows.
    pub async fn import(
        &self,
        file: &str,
        rows: &[RawRow],
        chunk: usize,
    ) -> Vec<Result<Answer, Error>> {
        self.stream(self.opening(file), rows, chunk).await
    }

    /// Sends a file that is opened so.
    pub async fn stream(
        &self,
        opening: Header,
        rows: &[RawRow],
        chunk: usize,
    ) -> Vec<Result<Answer, Error>> {
        let mut parts = vec![Part::Header(opening)];
        parts.extend(rows.chunks(chunk).map(|rows| Part::Chunk(rows.to_vec())));
        parts.push(Part::End {
            rows: i64::try_from(rows.len()).unwrap(),
        });
        feed(&self.context, parts).await
    }

    /// Imports a file that has nothing wrong with it as a whole, and gives the last answer.
    pub async fn load(&self, file: &str, rows: &[RawRow]) -> Answer {
        let answers = self.import(file, rows, 2).await;
        let last = answers.into_iter().last().unwrap().unwrap();
        assert!(last.finished.is_some());
        last
    }

    pub async fn individuals(&self) -> Vec<individual::Model> {
        let query = individual::Entity::find()
            .filter(individual::Column::CampaignId.eq(self.campaign))
            .order_by_asc(individual::Column::Id);
        query.all(&self.owner).await.unwrap()
    }

    /// Begins an enrollment, as the codes process would, with a letter that proves the address for a day.
    pub async fn enrollment(&self, individual: IndividualId) -> EnrollmentId {
        let proof = self.context.now() + std::time::Duration::from_hours(24);
        self.enrollment_in(enrollment::State::Started, individual, Some(proof))
            .await
    }

    pub async fn enrollment_in(
        &self,
        state: enrollment::State,
        individual: IndividualId,
        proof: Option<Timestamp>,
    ) -> EnrollmentId {
        let id = self.ids.next();
        let ended = state == enrollment::State::Canceled;
        let row = enrollment::Model {
            campaign_id: self.campaign,
            id,
            individual_id: individual,
            state,
            language: "en".into(),
            code_mac: None,
            verification_id: None,
            proof_expires_at: proof,
            started_by: "portal/one".into(),
            continued_by: Some("call-center/one".into()),
            channel: enrollment::Channel::Web,
            started_at: self.context.now(),
            submitted_at: None,
            settled_at: ended.then(|| self.context.now()),
            complete_by_at: self.context.now(),
            cancel_reason: ended.then_some(enrollment::CancelReason::PersonAsked),
            canceled_by: ended.then(|| "portal/one".into()),
            cancel_requested_at: ended.then(|| self.context.now()),
        };
        put::<enrollment::Entity, enrollment::ActiveModel>(&self.owner, row.into()).await;
        id
    }

    /// A house with Katherine on the roster, and an enrollment that her letter began.
    pub async fn with_letter(database: &Database) -> (Self, EnrollmentId) {
        let house = Self::open(database).await;
        house.load(FILE, &[super::people::ada(2)]).await;
        let person = house.individuals().await[0].id;
        let enrollment = house.enrollment(person).await;
        (house, enrollment)
    }

    /// Writes an id as a statement does.
    pub fn literal(&self, id: impl Into<uuid::Uuid>) -> String {
        let id = id.into();
        match self.owner.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.simple()),
        }
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// Counts who can be found as they are now.
    pub async fn findable(&self) -> i64 {
        self.count("individual_index WHERE description = 0").await
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let row = self.row(sql).await;
        row.try_get_by_index(0).unwrap()
    }

    pub async fn text(&self, sql: &str) -> String {
        self.row(sql).await.try_get_by_index(0).unwrap()
    }

    async fn row(&self, sql: &str) -> QueryResult {
        let statement = Statement::from_string(self.owner.get_database_backend(), sql);
        self.owner.query_one_raw(statement).await.unwrap().unwrap()
    }
}

/// Feeds parts into an import and gathers its answers.
pub async fn feed(context: &Context, parts: Vec<Part>) -> Vec<Result<Answer, Error>> {
    let (sender, mut answers) = mpsc::channel(1);
    let parts = stream::iter(parts.into_iter().map(Ok));
    let importing = tokio::spawn(import_roster(
        context.clone(),
        call(Role::Operator, "ann"),
        parts,
        sender,
    ));
    let mut all = Vec::new();
    while let Some(answer) = answers.recv().await {
        all.push(answer);
    }
    importing.await.unwrap();
    all
}

pub fn call(role: Role, name: &str) -> Call {
    Call::plain(Caller::new(role, name).unwrap())
}

/// A request as the server hands it to a handler.
pub fn by<T>(role: Role, message: T) -> Request<T> {
    by_name(role, "one", message)
}

pub fn by_name<T>(role: Role, name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .extensions_mut()
        .insert(Caller::new(role, name).unwrap());
    if role == Role::CallCenter {
        request.extensions_mut().insert(agent());
    }
    request
}

pub fn agent() -> Agent {
    Agent {
        agent: "a-17".into(),
        case: "C.1".into(),
        reason: "enroll".into(),
    }
}

pub fn from_network<T>(network: &str, message: T) -> Request<T> {
    let mut request = by(Role::Portal, message);
    request
        .extensions_mut()
        .insert(Network::parse(network).unwrap());
    request
}

async fn put<E, A>(owner: &DatabaseConnection, row: A)
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + Send,
{
    E::insert(row.reset_all())
        .exec_without_returning(owner)
        .await
        .unwrap();
}

/// Writes an open campaign with this number.
pub async fn insert_campaign(
    owner: &DatabaseConnection,
    (id, number): (CampaignId, &str),
    now: Timestamp,
) {
    let row = campaign::Model {
        id,
        engagement_number: number.into(),
        name: "MIE 2015".into(),
        state: campaign::State::Open,
        breach_on: "2015-05-07".into(),
        discovered_on: "2015-05-26".into(),
        enroll_by: "2016-01-31".into(),
        zone: "America/Indiana/Indianapolis".into(),
        enroll_by_at: now,
        raise_term_by_law: false,
        letter_url: "https://remedy.example.org".into(),
        letter_phone: "866-328-1987".into(),
        language: "en".into(),
        policy: "{}".into(),
        code_key_version: 1,
        created_at: now,
        closed_at: None,
        grace_days: 0,
        two_operators: false,
        front_ends: "[]".into(),
        restoration: None,
    };
    put::<campaign::Entity, campaign::ActiveModel>(owner, row.into()).await;
}
