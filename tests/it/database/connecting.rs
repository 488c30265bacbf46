//! Opening the database with wrong settings: one message that says what to do, and never the password.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use redress::db::{DatabaseSettings, Db, Error, Process};

use crate::harness::folder::folder;
use crate::harness::{Database, cluster};

async fn refusal(url: &str) -> String {
    let mut settings = DatabaseSettings::new(url, Process::Codes);
    settings.acquire_timeout = Duration::from_millis(500);
    match Db::connect(&settings, Process::Codes).await {
        Err(Error::Connect { message }) => message,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{url} was opened"),
    }
}

#[tokio::test]
async fn a_missing_file_is_not_made_by_a_service() {
    let database = Database::sqlite_without_file();
    let url = database.url();
    let message = refusal(url.expose()).await;
    assert!(
        message.contains("there is no database file") && message.contains("redress migrate"),
        "{message}"
    );
    assert!(!std::fs::exists(url.expose().trim_start_matches("sqlite:")).unwrap());
}

#[tokio::test]
async fn a_file_of_another_kind_is_named() {
    let database = Database::sqlite_without_file();
    let path = database
        .url()
        .expose()
        .trim_start_matches("sqlite:")
        .to_owned();
    std::fs::write(&path, "not a database, whatever its name says".repeat(40)).unwrap();
    let message = refusal(database.url().expose()).await;
    assert!(message.contains("is not an SQLite database"), "{message}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_soon() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let started = Instant::now();
    let message = refusal(&format!(
        "postgres://redress:canary@127.0.0.1:{port}/redress"
    ))
    .await;
    assert!(
        message.contains("does not answer") && message.contains(&port.to_string()),
        "{message}"
    );
    assert!(!message.contains("canary"));
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// A listener that accepts and says nothing: a firewall, a wrong port, a hung server.
#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let message = refusal(&format!(
        "postgres://redress:canary@127.0.0.1:{port}/redress"
    ))
    .await;
    assert!(message.contains("does not answer"), "{message}");
}

/// A server that answers and whose TLS cannot be taken does not have to be started.
#[tokio::test]
async fn a_server_whose_tls_is_refused_is_told_from_one_that_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        // Yes to TLS, and then no TLS.
        stream.write_all(b"S").unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        let _ = stream.read(&mut [0; 512]);
    });
    let message = refusal(&format!(
        "postgres://redress:canary@127.0.0.1:{port}/redress"
    ))
    .await;
    assert!(
        message.contains("TLS is refused") && message.contains("sslrootcert"),
        "{message}"
    );
    serving.join().unwrap();
}

#[tokio::test]
async fn a_missing_file_for_tls_is_told_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(b"S").unwrap();
        let _ = stream.read(&mut [0; 512]);
    });
    let message = refusal(&format!(
        "postgres://redress:canary@127.0.0.1:{port}/redress?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem"
    ))
    .await;
    assert!(
        message.contains("is missing") && message.contains("sslrootcert"),
        "{message}"
    );
    serving.join().unwrap();
}

#[tokio::test]
async fn a_migrator_that_cannot_make_its_file_does_not_advise_itself() {
    let folder = folder();
    let file = folder.path().join("no/such/folder/redress.db");
    let url = format!("sqlite:{}", file.display());
    let told = redress::db::migrate::up(&url.into()).await.unwrap_err();
    let told = told.to_string();
    assert!(
        told.contains("cannot be made") && !told.contains("migrate"),
        "{told}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let Some(cluster) = cluster::get().await else {
        return;
    };
    cluster
        .run("CREATE ROLE locked LOGIN PASSWORD 'right'".to_owned())
        .await;
    let message = refusal(&format!(
        "postgres://locked:canary@127.0.0.1:{}/postgres",
        cluster.port()
    ))
    .await;
    assert!(
        message.contains("refused user locked") && !message.contains("canary"),
        "{message}"
    );
}

#[tokio::test]
async fn a_missing_database_and_a_missing_role_are_told_apart() {
    let Some(cluster) = cluster::get().await else {
        return;
    };
    let message = refusal(&cluster.url("no_such_database")).await;
    assert!(
        message.contains("has no database no_such_database"),
        "{message}"
    );

    let Some(database) = Database::postgres().await else {
        return;
    };
    let mut settings = database.settings(Process::Codes);
    settings.role = Some("redress_nobody".to_owned());
    let Err(Error::Connect { message }) = Db::connect(&settings, Process::Codes).await else {
        panic!("opened")
    };
    assert!(message.contains("has no role redress_nobody"), "{message}");
    settings.role = Some("x\"; DROP TABLE campaign".to_owned());
    assert!(matches!(
        Db::connect(&settings, Process::Codes).await,
        Err(Error::Connect { .. })
    ));
}

#[tokio::test]
async fn a_login_that_may_not_take_the_role_is_told_what_to_grant() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let Some(cluster) = cluster::get().await else {
        return;
    };
    cluster.run("CREATE ROLE stranger LOGIN".to_owned()).await;
    let name = database
        .url()
        .expose()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    cluster
        .run(format!("GRANT CONNECT ON DATABASE {name} TO stranger"))
        .await;
    let message = refusal(&cluster.url_for("stranger", &name)).await;
    assert!(
        message.contains("GRANT redress_codes TO stranger"),
        "{message}"
    );
}
