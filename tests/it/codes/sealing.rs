//! What a sealed batch leaves behind: somebody takes the whole database and every key, and tries.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use std::collections::BTreeSet;

use redress::codes::code::Code;
use redress::codes::code::derive::{self, BatchSecret};
use redress::kernel::crypto::Key;
use redress::kernel::ids::{BatchId, CampaignId, IndividualId};
use redress::kernel::keyring::Purpose;
use redress::wire::redress::enrollment::v1 as wire;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::house::{House, by};
use crate::harness::{Database, apply, both};

/// Everything that stands in the database, as text, with bytes in hexadecimal.
async fn everything(house: &House) -> String {
    let backend = house.owner.get_database_backend();
    let rows = async |sql: String| {
        let statement = Statement::from_string(backend, sql);
        house.owner.query_all_raw(statement).await.unwrap()
    };
    let tables = match backend {
        DbBackend::Postgres => {
            "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    };
    let mut dump = String::new();
    for table in rows(tables.to_owned()).await {
        let table: String = table.try_get("", "name").unwrap();
        let sql = if backend == DbBackend::Postgres {
            format!("SELECT row_to_json(t)::text AS line FROM {table} t")
        } else {
            let columns = rows(format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let columns: Vec<String> = columns
                .iter()
                .map(|column| format!("quote({})", column.try_get::<String>("", "name").unwrap()))
                .collect();
            format!(
                "SELECT {} AS line FROM {table}",
                columns.join(" || ',' || ")
            )
        };
        for row in rows(sql).await {
            dump.push_str(&row.try_get::<String>("", "line").unwrap());
            dump.push('\n');
        }
    }
    dump
}

/// Every run of bytes in a dump.
fn blobs(dump: &str) -> BTreeSet<Vec<u8>> {
    dump.split(|c: char| !c.is_ascii_hexdigit())
        .filter(|run| run.len() >= 32 && run.len().is_multiple_of(2))
        .map(|run| {
            let pairs = run.as_bytes().chunks(2);
            pairs
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        })
        .collect()
}

/// Whoever tries knows the program, the keys, the database, and whose code it is.
struct Thief {
    keys: Vec<Key>,
    blobs: BTreeSet<Vec<u8>>,
    campaign: CampaignId,
    batch: BatchId,
}

impl Thief {
    async fn new(house: &House, batch: &wire::CodeBatch) -> Self {
        let keys = &house.context.keys;
        let versions = keys.versions(Purpose::Code);
        Self {
            keys: versions
                .into_iter()
                .map(|version| keys.get(Purpose::Code, version).unwrap())
                .collect(),
            blobs: blobs(&everything(house).await.replace('-', "")),
            campaign: batch.campaign_id.parse().unwrap(),
            batch: batch.batch_id.parse().unwrap(),
        }
    }

    /// Every secret that opens with any key from any bytes, and whatever has the length of a secret.
    fn secrets(&self) -> Vec<BatchSecret> {
        const WRAPPED: usize = 61;
        let pieces = self.blobs.iter().flat_map(|blob| blob.windows(WRAPPED));
        let opened = pieces.flat_map(|piece| {
            let opens = |key| BatchSecret::unwrap(key, self.campaign, self.batch, piece).ok();
            self.keys.iter().filter_map(opens)
        });
        let bare = self.blobs.iter().flat_map(|blob| blob.windows(Key::LEN));
        let bare = bare.map(|piece| BatchSecret::new(piece.try_into().unwrap()));
        let keys = self.keys.iter().map(|key| BatchSecret::new(*key.expose()));
        opened.chain(bare).chain(keys).collect()
    }

    /// Every code that any secret gives to somebody and that the database knows.
    fn codes(&self, individual: IndividualId) -> Vec<Code> {
        let secrets = self.secrets();
        let codes = secrets.iter().flat_map(|secret| {
            (0..4).map(move |generation| secret.code(self.campaign, individual, generation))
        });
        let known = |code: &Code| {
            let macs = self
                .keys
                .iter()
                .map(|key| derive::mac(key, self.campaign, code));
            macs.into_iter()
                .any(|mac| self.blobs.contains(mac.as_bytes().as_slice()))
        };
        codes.filter(known).collect()
    }
}

#[apply(both)]
async fn a_sealed_batch_gives_no_code_to_whoever_has_everything(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    let people = house.people(campaign, 3).await;
    let batch = house.issue(campaign).await;
    let codes = house.export(&batch).await.unwrap();
    house.begun(&codes[1].1).await;
    // An open batch is open to whoever has the code key: this is what sealing takes away.
    let thief = Thief::new(&house, &batch).await;
    for (person, (_, code)) in people.iter().zip(&codes) {
        let found: Vec<String> = thief.codes(*person).iter().map(Code::expose).collect();
        assert_eq!(found, std::slice::from_ref(code));
    }
    house.seal(&batch).await.unwrap();
    let thief = Thief::new(&house, &batch).await;
    for person in people {
        assert!(thief.codes(person).is_empty());
    }
    let dump = everything(&house).await.to_uppercase();
    for (_, code) in &codes {
        assert!(!dump.contains(code) && !dump.contains(&code.replace('-', "")));
    }
}

/// Whatever became of a stream, the batch tells how far it came.
#[apply(both)]
async fn a_batch_is_got_by_its_id(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 1).await;
    let batch = house.issue(campaign).await;
    let get = async |batch_id: String| {
        let campaign = campaign.to_string();
        let message = wire::GetBatchRequest { campaign, batch_id };
        let answer = house.handlers.get_batch(by(Role::Auditor, message)).await?;
        Ok(answer.into_inner().batch.unwrap())
    };
    let got: Result<_, tonic::Status> = get(batch.batch_id.clone()).await;
    assert_eq!(got.unwrap(), batch);
    let unknown = get(house.request_id()).await.unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::BatchNotFound));
}
