//! A PostgreSQL that is starting up while a process starts: the process waits for it, but not for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redress::db::{DatabaseSettings, Db, Error, Process};
use redress::kernel::lifecycle::Lifecycle;
use redress::process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Database, cluster, poll};

/// How a server says that it is starting up: a message `E` with severity, SQLSTATE and text.
const STARTING: &[u8] =
    b"E\0\0\0\x3eSFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";

/// Stands in front of a server, and answers so many connections as a server does that is starting up.
struct Recovery {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Recovery {
    async fn before(server: u16, refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if counted.fetch_add(1, Ordering::SeqCst) < refusals {
                    tokio::spawn(async move { refuse(&mut stream).await });
                } else {
                    tokio::spawn(async move {
                        let mut to = TcpStream::connect(("127.0.0.1", server)).await?;
                        tokio::io::copy_bidirectional(&mut stream, &mut to).await
                    });
                }
            }
        });
        Self { port, asked }
    }

    fn settings(&self, database: &Database) -> DatabaseSettings {
        let server = cluster_port(database);
        let url = database
            .url()
            .expose()
            .replace(&server, &format!(":{}/", self.port));
        DatabaseSettings::new(url, Process::Codes)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn refuse(stream: &mut TcpStream) -> std::io::Result<()> {
    // First the client asks for TLS, then it says who it is.
    stream.read_exact(&mut [0; 8]).await?;
    stream.write_all(b"N").await?;
    let _ = stream.read(&mut [0; 1024]).await?;
    stream.write_all(STARTING).await
}

fn cluster_port(database: &Database) -> String {
    let url = database.url();
    let after = url.expose().rsplit_once(':').unwrap().1;
    format!(":{}/", after.split('/').next().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_waits_for_a_postgres_that_is_starting_up() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let server = cluster::get().await.unwrap().port();
    let recovery = Recovery::before(server, 2).await;
    let settings = recovery.settings(&database);
    let db = Db::connect(&settings, Process::Codes).await.unwrap();
    assert_eq!(db.check_usable().await, Ok(()));
    assert!(recovery.asked() >= 3);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_does_not_wait_for_ever() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let recovery = Recovery::before(0, usize::MAX).await;
    let settings = DatabaseSettings {
        startup_timeout: Duration::from_millis(600),
        ..recovery.settings(&database)
    };
    let told = Db::connect(&settings, Process::Codes).await.unwrap_err();
    let Error::Connect { message } = told else {
        panic!("{told}");
    };
    assert!(message.contains("still starting up"), "{message}");
    assert!(recovery.asked() >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_waits_stops_when_it_is_told_to() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let recovery = Recovery::before(0, usize::MAX).await;
    let settings = recovery.settings(&database);
    let life = Lifecycle::new(Duration::from_secs(10));
    let waiting = process::connect(&settings, Process::Codes, &life);
    let told = async {
        poll::until("the process to wait", Duration::from_secs(10), async || {
            (recovery.asked() >= 2).then_some(())
        })
        .await;
        life.stop();
    };
    let (stopped, ()) = tokio::join!(waiting, told);
    let stopped = stopped.unwrap_err().to_string();
    assert!(stopped.contains("told to stop"), "{stopped}");
}
