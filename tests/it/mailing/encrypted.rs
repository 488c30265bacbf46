//! A print file that only the printer can read.

use std::io::Read;

use super::desk::Desk;
use crate::harness::{Database, apply, both};

#[apply(both)]
async fn only_the_printers_key_opens_the_file_and_the_manifest_fits_both_forms(database: Database) {
    let desk = Desk::open(database, 25).await;
    desk.export(&["--out", "plain.csv"]).fine();
    let plain = desk.read("plain.csv");
    let (printer, other) = (
        age::x25519::Identity::generate(),
        age::x25519::Identity::generate(),
    );
    let keys = [
        printer.to_public().to_string(),
        other.to_public().to_string(),
    ];
    desk.export(&[
        "--out",
        "letters.csv.age",
        "--encrypt-to",
        &keys[0],
        "--encrypt-to",
        &keys[1],
    ])
    .fine();
    let sealed = desk.read("letters.csv.age");
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    for identity in [&printer, &other] {
        assert!(opened(&sealed, identity).as_deref() == Some(&plain[..]));
    }
    assert_eq!(opened(&sealed, &age::x25519::Identity::generate()), None);
    let manifest = desk.manifest("letters.csv.age");
    assert_eq!(manifest.csv_sha256, desk.manifest("plain.csv").csv_sha256);
    let described = manifest.encrypted.expect("the encrypted file");
    assert_eq!(
        (described.bytes, &described.recipients[..]),
        (sealed.len() as u64, &keys[..])
    );
    let said = desk
        .house
        .redress(&["mailing", "check", "letters.csv.age"])
        .fine();
    assert!(said.contains("the encrypted file, whole"), "{said}");
    std::fs::write(desk.path("letters.csv"), &plain).expect("what the printer decrypts");
    let said = desk
        .house
        .redress(&["mailing", "check", "letters.csv"])
        .fine();
    assert!(said.contains("the CSV, whole"), "{said}");
    // What an encrypted export left behind is begun again.
    std::fs::write(
        desk.path("letters.csv.age.partial"),
        &sealed[..sealed.len() / 2],
    )
    .expect("half a file");
    desk.export(&["--out", "letters.csv.age", "--encrypt-to", &keys[0]])
        .fine();
    assert!(opened(&desk.read("letters.csv.age"), &printer).as_deref() == Some(&plain[..]));
    assert_eq!(opened(&desk.read("letters.csv.age"), &other), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_key_or_nonsense_is_refused_before_anything_is_exported() {
    let desk = Desk::open(Database::sqlite().await, 1).await;
    let secret = age::x25519::Identity::generate().to_string();
    let secret = age::secrecy::ExposeSecret::expose_secret(&secret).to_owned();
    for key in [secret.as_str(), "age1nonsense"] {
        let told = desk
            .export(&["--out", "x.age", "--encrypt-to", key])
            .refused(2);
        assert!(told.contains("age1"), "{told}");
    }
    assert!(!desk.path("x.age").exists() && !desk.path("x.age.partial").exists());
}

fn opened(sealed: &[u8], identity: &age::x25519::Identity) -> Option<Vec<u8>> {
    let decryptor = age::Decryptor::new(sealed).ok()?;
    let mut reader = decryptor.decrypt(std::iter::once(identity as _)).ok()?;
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).ok()?;
    Some(plain)
}
