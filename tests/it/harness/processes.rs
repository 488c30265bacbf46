//! The real programs: four processes with their own certificates, keys, ports and folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::certs::{Authority, TlsFiles};
use redress::kernel::keyring::{Keyring, Purpose};
use tempfile::TempDir;
use tonic::transport::Channel;

use super::Database;
use super::child::Running;
use super::folder::folder_named;
use super::program::bare;
use super::{http, poll, ports};

/// How long a process may take to answer that it is ready, on a busy machine.
const READY: Duration = Duration::from_mins(1);
/// How long a process may take to end; the drain is bounded below this.
const END: Duration = Duration::from_secs(30);

/// One of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    Identity,
    Codes,
    Handoff,
    Bureau,
}

impl Service {
    pub const ALL: [Self; 4] = [Self::Identity, Self::Codes, Self::Handoff, Self::Bureau];

    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-verification",
            Self::Codes => "enrollment-codes",
            Self::Handoff => "bureau-handoff",
            Self::Bureau => "sandbox-bureau",
        }
    }

    /// The program that is only this process.
    pub fn binary(self) -> &'static str {
        match self {
            Self::Identity => env!("CARGO_BIN_EXE_identity-verification"),
            Self::Codes => env!("CARGO_BIN_EXE_enrollment-codes"),
            Self::Handoff => env!("CARGO_BIN_EXE_bureau-handoff"),
            Self::Bureau => env!("CARGO_BIN_EXE_sandbox-bureau"),
        }
    }

    fn keys(self) -> &'static [Purpose] {
        match self {
            Self::Identity => &[Purpose::Index, Purpose::Person],
            Self::Codes => &[Purpose::Code],
            Self::Handoff => &[Purpose::Person],
            Self::Bureau => &[],
        }
    }
}

/// Where one instance of a process listens.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub port: u16,
    pub admin: u16,
}

/// The processes of one test on one database, in one temporary folder. Dropping it ends them all.
pub struct House {
    running: Mutex<BTreeMap<Service, Running>>,
    /// Second instances, beside the first ones.
    seconds: Mutex<Vec<Running>>,
    addresses: BTreeMap<Service, Address>,
    extra: Vec<(Service, String, String)>,
    separate: bool,
    pub(super) channels: Mutex<BTreeMap<(Service, Role), Channel>>,
    authority: Authority,
    database: Database,
    /// Last, so that the processes end before their files go.
    folder: TempDir,
}

impl House {
    /// Lays out certificates, keys and ports; starts nothing.
    pub fn new(database: Database) -> Self {
        let folder = folder_named("redress-house-");
        let authority = Authority::generate().expect("an authority");
        let certs = folder.path().join("certs");
        authority.save(&certs).expect("the authority is saved");
        let keyring = Keyring::generate(&Purpose::ALL);
        let addresses = Service::ALL.map(|service| (service, address()));
        for service in Service::ALL {
            let issued = authority.issue_server(&[service.name()]);
            let issued = issued.expect("a server certificate");
            issued.save(&certs, service.name()).expect("it is saved");
            let file = folder.path().join(format!("{}.keys", service.name()));
            let keys = keyring.only(service.keys());
            keys.save(&file).expect("the keyring is saved");
        }
        let house = Self {
            running: Mutex::default(),
            seconds: Mutex::default(),
            addresses: addresses.into_iter().collect(),
            extra: Vec::new(),
            separate: false,
            channels: Mutex::default(),
            authority,
            database,
            folder,
        };
        for role in Role::ALL {
            house.caller(role, name_of(role));
        }
        house
    }

    /// The same with all four processes started and ready.
    pub async fn open(database: Database) -> Self {
        let house = Self::new(database);
        house.start_all().await;
        house
    }

    /// Gives a process one more setting, as a flag.
    #[must_use]
    pub fn with(mut self, service: Service, setting: &str, value: impl Into<String>) -> Self {
        self.extra.push((service, setting.into(), value.into()));
        self
    }

    /// Runs the programs that are one process each, instead of `redress serve`.
    #[must_use]
    pub fn of_separate_programs(mut self) -> Self {
        self.separate = true;
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn certs(&self) -> PathBuf {
        self.path().join("certs")
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Where the sender leaves messages to people.
    pub fn outbox(&self) -> PathBuf {
        self.path().join("outbox")
    }

    pub fn journal(&self) -> PathBuf {
        self.path().join("bureau.journal")
    }

    pub fn keyring(&self, service: Service) -> PathBuf {
        self.path().join(format!("{}.keys", service.name()))
    }

    pub fn log_file(&self, service: Service) -> PathBuf {
        self.path().join(format!("{}.log", service.name()))
    }

    pub fn address(&self, service: Service) -> Address {
        self.addresses[&service]
    }

    pub fn endpoint(&self, service: Service) -> String {
        format!("https://localhost:{}", self.address(service).port)
    }

    /// Makes a client certificate, or another one for the same caller.
    pub fn caller(&self, role: Role, name: &str) -> TlsFiles {
        let issued = self.authority.issue_client(role, name);
        let issued = issued.expect("a client certificate");
        let stem = format!("{role}-{name}");
        issued.save(&self.certs(), &stem).expect("it is saved")
    }

    /// The certificate of the one caller that every role has here.
    pub fn files(&self, role: Role) -> TlsFiles {
        TlsFiles::in_directory(&self.certs(), &format!("{role}-{}", name_of(role)))
    }

    /// The command line of a process.
    pub fn command(&self, service: Service) -> Command {
        self.command_at(service, self.address(service))
    }

    /// The command line of another instance of a process.
    pub fn command_at(&self, service: Service, at: Address) -> Command {
        let mut command = if self.separate {
            bare(service.binary())
        } else {
            let mut command = bare(env!("CARGO_BIN_EXE_redress"));
            command.args(["serve", service.name()]);
            command
        };
        command.current_dir(self.path());
        for (name, value) in self.settings(service, at) {
            if name == "database_url" {
                command.env("REDRESS_DATABASE_URL", value);
            } else {
                let flag = format!("--{}", name.replace('_', "-"));
                command.arg(flag).arg(value);
            }
        }
        command
    }

    /// What a process is told, last word last.
    pub(super) fn settings(&self, service: Service, at: Address) -> BTreeMap<String, String> {
        let tls = TlsFiles::in_directory(&self.certs(), service.name());
        let text = |path: &Path| path.display().to_string();
        let mut settings = vec![
            ("listen", format!("127.0.0.1:{}", at.port)),
            ("admin_listen", format!("127.0.0.1:{}", at.admin)),
            ("tls_ca", text(&tls.ca)),
            ("tls_cert", text(&tls.cert)),
            ("tls_key", text(&tls.key)),
        ];
        if service != Service::Bureau {
            let url = self.database.url().expose().clone();
            settings.push(("database_url", url));
            settings.push(("keyring", text(&self.keyring(service))));
        }
        settings.extend(self.own_settings(service));
        let mut settings: BTreeMap<String, String> = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (of, name, value) in &self.extra {
            if *of == service {
                settings.insert(name.clone(), value.clone());
            }
        }
        settings
    }

    /// Short waits, so that what is tried again is tried soon.
    fn own_settings(&self, service: Service) -> Vec<(&'static str, String)> {
        let partner = self.files(Role::Partner);
        match service {
            Service::Identity => vec![
                ("outbox_dir", self.outbox().display().to_string()),
                ("allow_sandbox_ssn", "true".into()),
            ],
            Service::Codes => Vec::new(),
            Service::Handoff => vec![
                ("call_timeout", "1s".into()),
                ("push_lease", "4s".into()),
                ("pull_lease", "2s".into()),
                ("follow_up_after", "2s".into()),
                ("retry_base", "50ms".into()),
                ("retry_cap", "500ms".into()),
            ],
            Service::Bureau => vec![
                ("journal", self.journal().display().to_string()),
                ("handoff_endpoint", self.endpoint(Service::Handoff)),
                ("partner_cert", partner.cert.display().to_string()),
                ("partner_key", partner.key.display().to_string()),
            ],
        }
    }

    pub async fn start_all(&self) {
        for service in Service::ALL {
            self.spawn(service);
        }
        for service in Service::ALL {
            self.ready(service).await;
        }
    }

    /// Starts a process and waits until it is ready.
    pub async fn start(&self, service: Service) {
        self.spawn(service);
        self.ready(service).await;
    }

    /// Starts another instance of a process on the same database, and tells where.
    pub async fn start_second(&self, service: Service) -> Address {
        let at = address();
        let log = self.log_file(service);
        let running = Running::start(self.command_at(service, at), &log);
        lock(&self.seconds).push(running);
        poll::until("a second instance", READY, async || {
            is_ready(at.admin).await
        })
        .await;
        at
    }

    fn spawn(&self, service: Service) {
        let running = Running::start(self.command(service), &self.log_file(service));
        let before = lock(&self.running).insert(service, running);
        assert!(before.is_none(), "{} runs already", service.name());
    }

    async fn ready(&self, service: Service) {
        let admin = self.address(service).admin;
        poll::until("a process to be ready", READY, async || {
            let alive = self.with_running(service, Running::is_running);
            assert!(alive, "{} ended:\n{}", service.name(), self.log(service));
            is_ready(admin).await
        })
        .await;
    }

    /// Ends a process as a power cut would.
    pub fn kill(&self, service: Service) {
        self.take(service).kill();
    }

    /// Ends a process as a power cut would, and starts it again on the same ports.
    pub async fn crash(&self, service: Service) {
        self.kill(service);
        self.start(service).await;
    }

    /// Asks a process to end.
    pub fn terminate(&self, service: Service) {
        self.with_running(service, |running| running.terminate());
    }

    /// Takes a process off the processors: its peers see one that is there and does nothing.
    pub fn freeze(&self, service: Service) {
        self.with_running(service, |running| running.freeze());
    }

    /// Waits until a process has ended by itself.
    pub async fn ended(&self, service: Service) -> ExitStatus {
        let mut running = self.take(service);
        running.ended(END).await
    }

    /// Asks a process to end and waits for it.
    pub async fn stop(&self, service: Service) -> ExitStatus {
        self.terminate(service);
        self.ended(service).await
    }

    fn with_running<T>(&self, service: Service, ask: impl FnOnce(&mut Running) -> T) -> T {
        let mut running = lock(&self.running);
        ask(running.get_mut(&service).expect("it runs"))
    }

    fn take(&self, service: Service) -> Running {
        lock(&self.running).remove(&service).expect("it runs")
    }

    /// What a process has written so far, over all its lives.
    pub fn log(&self, service: Service) -> String {
        std::fs::read_to_string(self.log_file(service)).unwrap_or_default()
    }
}

/// The one caller that every role has, named as `redress certs` names them.
pub fn name_of(role: Role) -> &'static str {
    match role {
        Role::Operator => "admin",
        Role::CallCenter => "desk",
        Role::Portal => "web",
        Role::Partner => "sandbox-bureau",
        Role::Service => "bureau-handoff",
        Role::Auditor => "audit",
    }
}

/// Two ports that nobody has.
pub fn address() -> Address {
    Address {
        port: ports::free(),
        admin: ports::free(),
    }
}

pub async fn is_ready(admin: u16) -> Option<()> {
    let answer = http::get(admin, "/readyz").await?;
    (answer.status == 200).then_some(())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no test panics while it holds this")
}
