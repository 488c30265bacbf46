//! One campaign, one handoff process and one sandbox bureau, in this process and behind real sockets.

use redress::process;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redress::bureau::client::pull::Puller;
use redress::bureau::client::report::Reporter;
use redress::bureau::desk::Desk;
use redress::db::entities::handoff::{self, Kind, Queued};
use redress::db::entities::individual;
use redress::db::{Db, Process};
use redress::handoff::context::Context;
use redress::handoff::push::client::Credentials;
use redress::handoff::push::worker::PushWorker;
use redress::handoff::settings::Rules;
use redress::kernel::caller::Role;
use redress::kernel::certs::{Authority, TlsFiles};
use redress::kernel::client::{self, Client, Outgoing};
use redress::kernel::clock::{Clock, ManualClock};
use redress::kernel::ids::{
    CampaignId, CoverageId, EnrollmentId, HandoffId, Ids, IndividualId, PartnerId,
};
use redress::kernel::keyring::{KeyProvider, Keyring, Purpose};
use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::person::Person;
use redress::kernel::person_sealer::PersonSealer;
use redress::kernel::settings::ServerSettings;
use redress::wire::redress::handoff::v1::handoff_admin_service_client::HandoffAdminServiceClient;
use redress::wire::redress::handoff::v1::handoff_service_client::HandoffServiceClient;
use redress::wire::redress::handoff::v1::partner_service_client::PartnerServiceClient;
use redress::wire::redress::handoff::v1::{CreatePartnerRequest, Partner, PartnerMode};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, Set,
};

use super::seed::open_campaign;
pub use super::seed::{ada, push};
use super::serving::serve;
use crate::harness::Database;
use crate::harness::folder::folder;

/// How long the partner may take, in real time.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(600);
/// Longer than every back-off.
pub const BACKOFF: Duration = Duration::from_secs(61);
/// Longer than every lease.
pub const LEASE: Duration = Duration::from_secs(61);

pub struct World {
    pub context: Context,
    pub db: Db,
    pub owner: DatabaseConnection,
    pub hand: ManualClock,
    pub ids: Ids,
    pub desk: Arc<Desk>,
    pub campaign: CampaignId,
    pub bureau_at: SocketAddr,
    handoff_at: SocketAddr,
    pub sealer: PersonSealer,
    authority: Authority,
    folder: tempfile::TempDir,
    channels: Mutex<HashMap<String, Client>>,
    life: Lifecycle,
    _database: Database,
}

impl World {
    pub async fn new(database: Database) -> Self {
        Self::with_rules(database, |_| {}).await
    }

    pub async fn with_rules(database: Database, change: impl FnOnce(&mut Rules)) -> Self {
        let moved = Clock::manual("2015-08-01T12:00:00Z".parse().unwrap());
        Self::at(database, moved, change).await
    }

    /// A world whose handoff process has other keys than its campaign needs.
    pub async fn with_keys(database: Database, keys: Keyring) -> Self {
        let moved = Clock::manual("2015-08-01T12:00:00Z".parse().unwrap());
        let ring = Keyring::generate(&[Purpose::Person]);
        Self::built(database, moved, |_| {}, (ring, Arc::new(keys))).await
    }

    pub async fn at(
        database: Database,
        moved: (Clock, ManualClock),
        change: impl FnOnce(&mut Rules),
    ) -> Self {
        let ring = Keyring::generate(&[Purpose::Person]);
        let held = Arc::new(ring.clone());
        Self::built(database, moved, change, (ring, held)).await
    }

    /// A world whose campaign has a key of one keyring, and whose handoff process holds another one.
    pub async fn built(
        database: Database,
        (clock, hand): (Clock, ManualClock),
        change: impl FnOnce(&mut Rules),
        (ring, held): (Keyring, Arc<dyn KeyProvider>),
    ) -> Self {
        let ids = Ids::seeded(clock.clone(), 1);
        let db = database.open(Process::Handoff).await;
        let owner = database.owner().await;
        let folder = folder();
        let authority = Authority::generate().unwrap();
        let (campaign, sealer) = open_campaign(&owner, &ids, &ring, clock.now()).await;
        let mut rules = Rules {
            call_timeout: CALL_TIMEOUT,
            poll_interval: Duration::from_millis(10),
            ..Rules::default()
        };
        change(&mut rules);
        let common = process::Context::new(
            clock.clone(),
            ids.clone(),
            db.clone(),
            held,
            Purpose::Person,
        );
        let context = Context::new(common, rules);
        let desk = Arc::new(Desk::open(clock, &folder.path().join("book.jsonl")).unwrap());
        let life = Lifecycle::new(Duration::from_secs(10));
        let settings = |name| {
            let issued = authority.issue_server(&[name]).unwrap();
            ServerSettings::local(issued.save(folder.path(), name).unwrap())
        };
        let handoff = redress::handoff::builder(&settings("bureau-handoff"), context.clone());
        let bureau = redress::bureau::builder(&settings("sandbox-bureau"), Arc::clone(&desk));
        let handoff_at = serve(handoff, &life).await;
        let bureau_at = serve(bureau, &life).await;
        Self {
            context,
            db,
            owner,
            hand,
            ids,
            desk,
            campaign,
            bureau_at,
            handoff_at,
            sealer,
            authority,
            folder,
            channels: Mutex::default(),
            life,
            _database: database,
        }
    }

    /// Gives a client's channel to the handoff process. Clients of one name share a connection.
    pub fn channel(&self, role: Role, name: &str) -> Client {
        let stem = format!("{role}-{name}");
        let connect = || {
            let issued = self.authority.issue_client(role, name).unwrap();
            let files = issued.save(self.folder.path(), &stem).unwrap();
            let endpoint = format!("https://localhost:{}", self.handoff_at.port());
            Outgoing::new().on(client::connect(&endpoint, &files).unwrap())
        };
        let mut channels = self.channels.lock().unwrap();
        channels.entry(stem.clone()).or_insert_with(connect).clone()
    }

    /// Connects to the bureau as the handoff process does.
    pub fn bureau_as_redress(&self) -> Client {
        let endpoint = format!("https://localhost:{}", self.bureau_at.port());
        Outgoing::new().on(client::connect(&endpoint, &self.service_tls()).unwrap())
    }

    pub fn partners(&self) -> PartnerServiceClient<Client> {
        PartnerServiceClient::new(self.channel(Role::Operator, "one"))
    }

    pub fn admin(&self) -> HandoffAdminServiceClient<Client> {
        HandoffAdminServiceClient::new(self.channel(Role::Operator, "one"))
    }

    pub fn as_partner(&self, name: &str) -> HandoffServiceClient<Client> {
        HandoffServiceClient::new(self.channel(Role::Partner, name))
    }

    pub fn request_id(&self) -> String {
        client::request_id(&self.ids)
    }

    pub async fn partner(&self, partner: Partner) -> PartnerId {
        let request = CreatePartnerRequest {
            request_id: self.request_id(),
            partner: Some(partner),
        };
        let response = self.partners().create_partner(request).await.unwrap();
        let partner = response.into_inner().partner.unwrap();
        partner.partner_id.parse().unwrap()
    }

    /// The sandbox bureau as a partner that we call.
    pub async fn push_partner(&self) -> PartnerId {
        let endpoint = format!("https://localhost:{}", self.bureau_at.port());
        self.partner(push("sandbox-bureau", &endpoint)).await
    }

    /// The sandbox bureau as a partner that calls us.
    pub async fn pull_partner(&self) -> PartnerId {
        self.partner(Partner {
            name: "sandbox-bureau".to_owned(),
            mode: PartnerMode::Pull.into(),
            ..Partner::default()
        })
        .await
    }

    pub fn worker(&self) -> PushWorker {
        self.worker_with(self.context.clone())
    }

    /// A worker whose keyring lacks the key of the persons.
    pub fn keyless_worker(&self) -> PushWorker {
        let mut keyless = self.context.clone();
        keyless.common.keys = Arc::new(Keyring::default());
        self.worker_with(keyless)
    }

    pub fn worker_with(&self, context: Context) -> PushWorker {
        PushWorker::new(context, self.credentials(), "test")
    }

    /// What partners are called with; secrets lie beside the certificates.
    fn credentials(&self) -> Credentials {
        Credentials {
            tls: self.service_tls(),
            secrets: Some(self.folder.path().to_owned()),
        }
    }

    /// Keeps the secret for a partner with a REST API.
    pub fn keep_secret(&self, partner: &str, secret: &str) {
        std::fs::write(self.folder.path().join(partner), secret).unwrap();
    }

    /// The sandbox bureau's own certificate, and the authority.
    pub fn bureau_tls(&self) -> TlsFiles {
        TlsFiles::in_directory(self.folder.path(), "sandbox-bureau")
    }

    fn service_tls(&self) -> TlsFiles {
        TlsFiles::in_directory(self.folder.path(), "bureau-handoff")
    }

    pub fn reporter(&self) -> Reporter {
        let client = self.channel(Role::Partner, "sandbox-bureau");
        Reporter::new(Arc::clone(&self.desk), client, self.ids.clone())
    }

    pub fn puller(&self) -> Puller {
        let client = self.channel(Role::Partner, "sandbox-bureau");
        Puller::new(Arc::clone(&self.desk), client, self.ids.clone())
    }

    /// Queues an enrollment of somebody with this SSN.
    pub async fn enroll(&self, partner: PartnerId, ssn: &str) -> HandoffId {
        self.enroll_person(partner, &ada(ssn)).await
    }

    pub async fn enroll_person(&self, partner: PartnerId, person: &Person) -> HandoffId {
        let own = (self.campaign, &self.sealer);
        self.enroll_in(own, partner, person).await
    }

    /// Queues an enrollment in a campaign.
    pub async fn enroll_in(
        &self,
        (campaign, sealer): (CampaignId, &PersonSealer),
        partner: PartnerId,
        person: &Person,
    ) -> HandoffId {
        let id = self.person_in((campaign, sealer), person).await;
        let queued = Queued {
            campaign_id: campaign,
            handoff_id: self.ids.next(),
            enrollment_id: self.ids.next(),
            coverage_id: self.ids.next(),
            individual_id: id,
            partner_id: partner,
            product_code: "TRIPLE-24".to_owned(),
            term_months: 24,
            contract_code: Some("C-17".to_owned()),
            cancel_reason: None,
            trace: None,
            at: self.context.clock.now(),
        };
        self.queue(Kind::Enroll, queued).await
    }

    /// Puts a person on the roster of a campaign.
    pub async fn person_in(
        &self,
        (campaign, sealer): (CampaignId, &PersonSealer),
        person: &Person,
    ) -> IndividualId {
        let now = self.context.clock.now();
        let id: IndividualId = self.ids.next();
        let salt = self.ids.random::<16>().to_vec();
        let row = individual::Model {
            campaign_id: campaign,
            id,
            sealed: Some(sealer.seal(id, &salt, person)),
            salt: Some(salt),
            key_version: 1,
            population: individual::Population::Adult,
            region: "IN".to_owned(),
            country: "US".to_owned(),
            mailable: true,
            has_contact: false,
            created_at: now,
            erased_at: None,
            language: String::new(),
            confidential: false,
            data_elements: "[]".into(),
            returned: false,
            withdrawn_at: None,
        };
        row.into_active_model().insert(&self.owner).await.unwrap();
        id
    }

    /// The salt of an individual.
    pub async fn salt(&self, id: IndividualId) -> Vec<u8> {
        let query = individual::Entity::find_by_id((self.campaign, id));
        query.one(&self.owner).await.unwrap().unwrap().salt.unwrap()
    }

    /// Queues the withdrawal of an enrollment, as the codes process does.
    pub async fn cancel(&self, enroll: HandoffId) -> HandoffId {
        let before = self.row(enroll).await;
        let of = (before.enrollment_id, before.coverage_id);
        self.queue(Kind::Cancel, self.queued(before, of)).await
    }

    /// Queues an enrollment of somebody whose other enrollment this was.
    pub async fn enroll_again(&self, before: HandoffId) -> HandoffId {
        let before = self.row(before).await;
        let of = (self.ids.next(), self.ids.next());
        self.queue(Kind::Enroll, self.queued(before, of)).await
    }

    pub fn queued(
        &self,
        like: handoff::Model,
        (enrollment_id, coverage_id): (EnrollmentId, CoverageId),
    ) -> Queued {
        Queued {
            campaign_id: like.campaign_id,
            handoff_id: self.ids.next(),
            enrollment_id,
            coverage_id,
            individual_id: like.individual_id,
            partner_id: like.partner_id,
            product_code: like.product_code,
            term_months: like.term_months,
            contract_code: like.contract_code,
            cancel_reason: None,
            trace: like.trace_context,
            at: self.context.clock.now(),
        }
    }

    /// Queues a handoff of a kind.
    pub async fn queue(&self, kind: Kind, queued: Queued) -> HandoffId {
        let backend = self.owner.get_database_backend();
        let statement = Queued::statement(backend, kind, std::slice::from_ref(&queued));
        self.owner.execute_raw(statement).await.unwrap();
        queued.handoff_id
    }

    pub async fn forget_person(&self, id: HandoffId) -> individual::Model {
        let individual = self.row(id).await.individual_id;
        let row = individual::Entity::find_by_id((self.campaign, individual));
        let row = row.one(&self.owner).await.unwrap().unwrap();
        let mut erased = row.clone().into_active_model();
        erased.salt = Set(None);
        erased.sealed = Set(None);
        erased.erased_at = Set(Some(self.context.clock.now()));
        erased.update(&self.owner).await.unwrap();
        row
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}
