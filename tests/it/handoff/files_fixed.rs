//! A layout of fixed widths and an encrypted file, read by a bureau that is not ours.

use std::io::Read;

use redress::wire::redress::handoff::v1::{Partner, UpdatePartnerRequest};

use super::files::{Exchange, SANDBOX};
use super::world::World;
use crate::harness::{Database, apply, both};

/// As a mainframe wants it: no headings, a header and a trailer of their own, dates and numbers by its rules.
const FIXED: &str = r#"
[orders]
name = "ENR{campaign}.{number}.dat"
at = "02:00"
time_zone = "America/New_York"
plain = true
form = { format = "fixed", line_end = "lf", ascii = true }
header = [
    { value = "H", width = 1 },
    { field = "number", width = 6, align = "right", fill = "0" },
    { field = "date", width = 8, date = "%m%d%Y" },
]
record = [
    { value = "D", width = 1 },
    { field = "handoff_id", width = 36 },
    { field = "kind", width = 1, words = { ENROLL = "A", UPDATE = "C", CANCEL = "D" } },
    { field = "family_name", width = 20 },
    { field = "date_of_birth", width = 8, date = "%m%d%Y" },
    { field = "ssn", width = 9 },
]
trailer = [
    { value = "T", width = 1 },
    { field = "count", width = 7, align = "right", fill = "0" },
]

[[answers]]
name = "ANS.*"
form = { format = "fixed" }
complete = true
header = [{ value = "H", width = 1 }, { field = "file", width = 40 }]
record = [
    { value = "D", width = 1 },
    { field = "handoff_id", width = 36 },
    { field = "status", width = 2 },
    { field = "code", width = 6 },
    { field = "effective_date", width = 8, date = "%m%d%Y" },
]
trailer = [{ value = "T", width = 1 }, { field = "count", width = 7 }]
statuses = { OK = "ACTIVE", RJ = "REFUSED", WT = "ACCEPTED" }
codes = { N9193 = "NO_HIT" }
"#;

#[apply(both)]
async fn a_bureau_with_fixed_widths(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, FIXED).await;
    let mut ids = Vec::new();
    for serial in 1..=3 {
        ids.push(
            world
                .enroll(files.partner, &format!("66601000{serial}"))
                .await,
        );
    }
    assert_eq!(files.night().await, (1, 0));
    let name = files.names("out").remove(0);
    let text = files.text("out", &name);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "H00000108022015");
    assert_eq!(lines[4], "T0000003");
    for (line, id) in lines[1..4].iter().zip(&ids) {
        let expected = format!("D{id}ALovelace            12101815");
        assert_eq!(
            line.strip_prefix(expected.as_str()).map(str::len),
            Some(9),
            "{line}"
        );
    }
    let answer = format!(
        "H{name}\nD{}OK      08032015\nD{}RJN9193\nT2\n",
        ids[0], ids[1]
    );
    files.put("ANS.1", &answer);
    assert_eq!(files.step().await, (0, 1));
    assert_eq!(files.states(&ids).await, ["ACTIVE", "REFUSED", "QUEUED"]);
    assert_eq!(world.outcomes(ids[1]).await, ["REFUSED NO_HIT"]);
    let row = world.row(ids[1]).await;
    assert_eq!(row.native_code.as_deref(), Some("N9193"));
}

/// Nothing of a person lies there in the clear, also not while the file grows; the operator can change to it at any time.
#[apply(both)]
async fn an_encrypted_file_is_read_by_its_partner_alone(database: Database) {
    let world = World::new(database).await;
    let files = Exchange::open(&world, SANDBOX).await;
    let key = age::x25519::Identity::generate();
    let encrypted = format!("encrypt_to = \"{}\"", key.to_public());
    let layout = SANDBOX.replace("plain = true", &encrypted);
    let request = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: files.partner.to_string(),
        file_layout: Some(layout.clone()),
        ..UpdatePartnerRequest::default()
    };
    let updated = world.partners().update_partner(request).await.unwrap();
    let Partner { file_layout, .. } = updated.into_inner().partner.unwrap();
    assert_eq!(file_layout, layout);
    let id = world.enroll(files.partner, "666010001").await;
    assert_eq!(files.night().await, (1, 0));
    let name = files.names("out").remove(0);
    let bytes = std::fs::read(files.path("out", &name)).unwrap();
    for secret in ["Lovelace", "666010001", &id.to_string()] {
        assert!(
            !bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
    let mut text = String::new();
    let opened = age::Decryptor::new(&bytes[..]).unwrap();
    let identities = std::iter::once(&key as &dyn age::Identity);
    let mut opened = opened.decrypt(identities).unwrap();
    opened.read_to_string(&mut text).unwrap();
    assert!(text.contains("Lovelace") && text.contains(&id.to_string()));
}
