//! One PostgreSQL cluster for the whole run.
//!
//! A small shell program starts it and waits on a pipe from this process. However this process ends, the pipe closes,
//! and the shell stops the server and removes its files. PostgreSQL refuses to run as root, so then everything runs as
//! an unprivileged user.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::{OnceCell, oneshot};

use super::folder::folder_named;
use super::missing::{self, env};
use super::poll;

/// Starts the server, waits until the pipe closes, stops the server and removes its files.
const KEEPER: &str = r#"
trap '' INT HUP TERM
bin="$1"; home="$2"; port="$3"
"$bin/initdb" --no-sync --no-instructions --auth=trust --username=postgres --encoding=UTF8 --locale=C -D "$home/data" >"$home/log" 2>&1 &&
{ printf 'host all locked 127.0.0.1/32 scram-sha-256\n'; cat "$home/data/pg_hba.conf"; } >"$home/hba" &&
mv "$home/hba" "$home/data/pg_hba.conf" &&
cat >>"$home/data/postgresql.conf" <<SETTINGS &&
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
jit = off
autovacuum_naptime = 10s
log_min_messages = fatal
SETTINGS
"$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 start >>"$home/log" 2>&1 && echo ready || echo failed
cat >/dev/null
"$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$home"
"#;

static CLUSTER: OnceCell<Option<Cluster>> = OnceCell::const_new();

/// Gives the cluster, starting it at the first call. `None` means that PostgreSQL is not installed.
pub async fn get() -> Option<&'static Cluster> {
    let start = || async {
        tokio::task::spawn_blocking(start)
            .await
            .expect("the cluster starts")
    };
    let cluster = CLUSTER.get_or_init(start).await.as_ref();
    if cluster.is_none() {
        missing::POSTGRES.skip();
    }
    cluster
}

/// A running cluster.
pub struct Cluster {
    port: u16,
    orders: Mutex<mpsc::Sender<Order>>,
    /// Open as long as this process lives.
    #[expect(dead_code, reason = "closing it stops the server")]
    leash: ChildStdin,
}

/// What the clerk is asked to do. One thread with one connection does it, whichever test's runtime comes and goes.
enum Order {
    Run(String, oneshot::Sender<()>),
    Forget(String),
}

impl Cluster {
    /// Gives the superuser's URL of a database.
    pub fn url(&self, database: &str) -> String {
        self.url_for("postgres", database)
    }

    /// Gives the URL of a database for a login without a password.
    pub fn url_for(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Gives the server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a database.
    pub async fn create(&self, name: &str, template: &str) {
        self.run(format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await;
    }

    /// Runs a statement as the superuser, in the database `postgres`.
    pub async fn run(&self, sql: String) {
        let (done, answer) = oneshot::channel();
        self.order(Order::Run(sql, done));
        answer.await.expect("the statement runs");
    }

    pub(super) fn forget(&self, name: &str) {
        self.order(Order::Forget(name.to_owned()));
    }

    fn order(&self, order: Order) {
        let orders = self.orders.lock().expect("no test panics while it orders");
        orders.send(order).expect("the clerk lives");
    }
}

fn start() -> Option<Cluster> {
    let bin = find_bin()?;
    let (port, leash) = (0..5)
        .find_map(|_| try_start(&bin))
        .expect("PostgreSQL starts");
    let (orders, inbox) = mpsc::channel();
    std::thread::spawn(move || clerk(port, &inbox));
    Some(Cluster {
        port,
        orders: Mutex::new(orders),
        leash,
    })
}

/// Starts a server on a port that was free a moment ago.
#[expect(
    clippy::zombie_processes,
    reason = "the keeper outlives this process on purpose"
)]
fn try_start(bin: &Path) -> Option<(u16, ChildStdin)> {
    let port = TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    let home = folder_named("redress-postgres-").keep();
    let mut command = unprivileged(&home);
    command
        .args(["sh", "-c", KEEPER, "keeper"])
        .arg(bin)
        .arg(&home)
        .arg(port.to_string());
    let mut keeper = spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut answer = [0; 6];
    keeper.stdout.take()?.read_exact(&mut answer).ok()?;
    (&answer == b"ready\n").then_some(())?;
    Some((port, keeper.stdin.take()?))
}

fn spawn(command: &mut Command) -> Child {
    // A group of its own: an interrupt from the terminal reaches this process and not the server.
    command
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("sh starts")
}

/// Begins a command that runs as somebody PostgreSQL agrees to run as, and gives them the directory.
fn unprivileged(home: &Path) -> Command {
    if std::fs::metadata(home).map_or(1, |meta| meta.uid()) != 0 {
        return Command::new("env");
    }
    let (user, uid, gid) = ["postgres", "nobody"]
        .iter()
        .find_map(|user| ids_of(user))
        .expect("an unprivileged user");
    std::os::unix::fs::chown(home, Some(uid), Some(gid)).expect("the directory changes hands");
    let mut command = Command::new("setpriv");
    command.args([
        &format!("--reuid={user}"),
        &format!("--regid={gid}"),
        "--clear-groups",
    ]);
    command.current_dir(home);
    command
}

fn ids_of(user: &str) -> Option<(String, u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(user))?;
    let fields: Vec<&str> = line.split(':').collect();
    Some((
        user.to_owned(),
        fields.get(2)?.parse().ok()?,
        fields.get(3)?.parse().ok()?,
    ))
}

/// Makes a folder that the server can use.
pub fn folder() -> tempfile::TempDir {
    let folder = super::folder::folder();
    drop(unprivileged(folder.path()));
    folder
}

/// Gives one of PostgreSQL's programs. The cluster runs, so they are there.
pub fn program(name: &str) -> PathBuf {
    let mut found = places().map(|place| place.join(name));
    found.find(|path| path.is_file()).expect("the program")
}

fn find_bin() -> Option<PathBuf> {
    places().find(|place| place.join("initdb").is_file() && place.join("pg_ctl").is_file())
}

/// Where PostgreSQL's programs may be, the best place first.
fn places() -> impl Iterator<Item = PathBuf> {
    let mut places: Vec<PathBuf> = env("REDRESS_TEST_POSTGRES_BIN")
        .into_iter()
        .map(PathBuf::from)
        .collect();
    places.extend(std::env::split_paths(&env("PATH").unwrap_or_default()));
    let mut packaged: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    // The newest last, whatever the directory's order; versions are two digits until 2089.
    packaged.sort();
    places.extend(packaged.into_iter().rev());
    places.into_iter()
}

/// Makes and drops databases.
fn clerk(port: u16, inbox: &mpsc::Receiver<Order>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut connection = PgConnection::connect(&url)
            .await
            .expect("the clerk connects");
        while let Ok(order) = inbox.recv() {
            match order {
                Order::Run(sql, done) => {
                    patiently(&mut connection, sql).await;
                    let _ = done.send(());
                }
                Order::Forget(name) => {
                    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = connection.execute(AssertSqlSafe(sql)).await;
                }
            }
        }
    });
}

/// The session of whoever made a template ends sooner.
const GUEST_STAYS: Duration = Duration::from_secs(10);

/// Runs a statement, again while a template still has the guest who made it (55006).
async fn patiently(connection: &mut PgConnection, sql: String) {
    let what = format!("the session to end for which this waits: {sql}");
    poll::until(&what, GUEST_STAYS, async || {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.clone()));
        let Err(error) = connection.execute(statement).await else {
            return Some(());
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        assert_eq!(code.as_deref(), Some("55006"), "{sql} failed");
        None
    })
    .await;
}
