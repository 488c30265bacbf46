//! The journey by calls: campaign, roster, codes, letters, and what the books say.

use std::collections::BTreeMap;
use std::time::Duration;

use redress::client::convert::parse_population;
use redress::kernel::caller::Role;
use redress::kernel::crypto::sha256_hex;
use redress::wire::redress::enrollment::v1::issue_codes_response;
use redress::wire::redress::enrollment::v1::{
    Campaign, CodeBatch, ConsentText, CoveredEntity, CreateCampaignRequest, ExportCodesRequest,
    Funnel, GetCampaignReportRequest, IssueCodesRequest, Product,
};
use redress::wire::redress::handoff::v1::{CreatePartnerRequest, Partner, PartnerMode};
use redress::wire::redress::identity::v1::import_roster_request::Part;
use redress::wire::redress::identity::v1::import_roster_response::Step;
use redress::wire::redress::identity::v1::{
    ExportMailingAddressesRequest, ImportChunk, ImportEnd, ImportHeader, ImportProgress,
    ImportResult, ImportRosterRequest, ImportRosterResponse, MailingAddress, RosterRow,
};
use redress::wire::redress::sandbox::v1::{BookEntry, ListBookEntriesRequest};
use redress::wire::redress::r#type::v1::ItemVerdict;
use tonic::{Status, Streaming};

use super::clients::request_id;
use super::processes::{House, Service};
use super::roster::{ENTITIES, Roster, Row, csv, wire_date};

/// How long outcomes may take to come back, on a busy machine.
pub const SETTLED: Duration = Duration::from_mins(1);
/// Rows in one chunk of an import.
const CHUNK: usize = 50;

pub const CONSENT: &str = "I instruct the bureau to monitor my credit file.";

/// A letter that was printed.
#[derive(Clone, Debug)]
pub struct Letter {
    pub individual_id: String,
    pub code: String,
    pub address: MailingAddress,
}

/// A campaign with its letters.
pub struct Walk {
    pub campaign: Campaign,
    pub letters: Vec<Letter>,
}

impl Walk {
    pub fn engagement(&self) -> &str {
        &self.campaign.engagement_number
    }

    pub fn campaign_id(&self) -> String {
        self.campaign.campaign_id.clone()
    }

    /// The letter that this person found in the mailbox.
    pub fn letter_of(&self, row: &Row) -> &Letter {
        let line = row.address_line1.to_uppercase();
        let addressed = |letter: &&Letter| {
            let mut lines = letter.address.lines.iter();
            lines.any(|printed| printed.to_uppercase() == line)
        };
        let mut letters = self.letters.iter().filter(addressed);
        let letter = letters.next().expect("a letter for this address");
        assert!(letters.next().is_none(), "two letters for one address");
        letter
    }
}

/// Everything an operator does until the letters are out.
pub async fn prepare(house: &House, roster: &Roster) -> Walk {
    let partner = partner(house, PartnerMode::Push).await;
    prepare_for(house, roster, partner).await
}

/// The same for a partner that is there already.
pub async fn prepare_for(house: &House, roster: &Roster, partner: Partner) -> Walk {
    let campaign = campaign(house, &partner, "B100200").await;
    import(house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let batch = issue(house, &campaign).await;
    let letters = letters(house, &campaign, &batch).await;
    Walk { campaign, letters }
}

/// Creates the sandbox bureau's partner row.
pub async fn partner(house: &House, mode: PartnerMode) -> Partner {
    let endpoint = match mode {
        PartnerMode::Push => house.endpoint(Service::Bureau),
        _ => String::new(),
    };
    let request = CreatePartnerRequest {
        request_id: request_id(),
        partner: Some(Partner {
            name: super::processes::name_of(Role::Partner).into(),
            mode: mode.into(),
            endpoint,
            ..Partner::default()
        }),
    };
    let answer = house.partners().create_partner(request).await;
    let answer = answer.expect("the partner is created").into_inner();
    answer.partner.expect("a partner")
}

/// What an operator writes into a new campaign.
pub fn new_campaign(partner: &Partner, engagement: &str) -> Campaign {
    let product = |population: &str, code: &str| Product {
        population: parse_population(population).unwrap().into(),
        product_code: code.into(),
        partner_id: partner.partner_id.clone(),
        term_months: 24,
        ..Product::default()
    };
    let entities = ENTITIES.iter().map(|(key, name)| CoveredEntity {
        key: (*key).into(),
        name: (*name).into(),
        ..CoveredEntity::default()
    });
    let date = |year, month, day| Some(wire_date(jiff::civil::date(year, month, day)));
    Campaign {
        engagement_number: engagement.into(),
        name: "Harbor breach".into(),
        breach_date: date(2026, 5, 7),
        discovery_date: date(2026, 5, 26),
        enroll_by_date: date(2099, 12, 31),
        time_zone: "America/Indiana/Indianapolis".into(),
        language_code: "en".into(),
        covered_entities: entities.collect(),
        products: vec![product("ADULT", "CM-24"), product("MINOR", "CM-MINOR-24")],
        letter_url: "https://remedy.example/harbor".into(),
        letter_phone: "+1 800 555 0100".into(),
        consent_texts: vec![ConsentText {
            language_code: "en".into(),
            version: "2026-01".into(),
            text: CONSENT.into(),
            ..ConsentText::default()
        }],
        ..Campaign::default()
    }
}

pub async fn campaign(house: &House, partner: &Partner, engagement: &str) -> Campaign {
    let request = CreateCampaignRequest {
        request_id: request_id(),
        campaign: Some(new_campaign(partner, engagement)),
    };
    let answer = house.campaigns().create_campaign(request).await;
    let answer = answer.expect("the campaign is created").into_inner();
    answer.campaign.expect("a campaign")
}

/// Sends the file of these rows and gives every answer, the last one with the totals.
pub async fn import(
    house: &House,
    campaign: &Campaign,
    rows: &[Row],
) -> Result<Vec<ImportRosterResponse>, Status> {
    let parts = import_parts(campaign, rows);
    let parts = tokio_stream::iter(parts);
    let mut answers = house.rosters().import_roster(parts).await?.into_inner();
    let mut got = Vec::new();
    while let Some(answer) = answers.message().await? {
        got.push(answer);
    }
    Ok(got)
}

/// The last answer of an import.
pub fn import_result(answers: &[ImportRosterResponse]) -> &ImportResult {
    match answers.last().and_then(|answer| answer.step.as_ref()) {
        Some(Step::Result(result)) => result,
        _ => panic!("an import that did not end"),
    }
}

/// The rows of an import that were not taken.
pub fn rejected(answers: &[ImportRosterResponse]) -> Vec<ItemVerdict> {
    let steps = answers.iter().filter_map(|answer| answer.step.as_ref());
    let rows = steps.filter_map(|step| match step {
        Step::Progress(progress) => Some(progress.rejected.clone()),
        Step::Result(_) => None,
    });
    rows.flatten().collect()
}

/// Reads the answer to the header and the one to the first chunk.
pub async fn first_chunk(answers: &mut Streaming<ImportRosterResponse>) -> ImportProgress {
    let mut last = None;
    for _ in 0..2 {
        let answer = answers.message().await.expect("an answer");
        last = answer.expect("an answer").step;
    }
    match last {
        Some(Step::Progress(progress)) => progress,
        other => panic!("not an answer to a chunk: {other:?}"),
    }
}

pub fn import_parts(campaign: &Campaign, rows: &[Row]) -> Vec<ImportRosterRequest> {
    let message = |part| ImportRosterRequest { part: Some(part) };
    let mut parts = vec![message(Part::Header(ImportHeader {
        campaign: campaign.campaign_id.clone(),
        file_sha256: sha256_hex(csv(rows).as_bytes()),
        ..ImportHeader::default()
    }))];
    let wire: Vec<RosterRow> = rows.iter().zip(2..).map(wire_row).collect();
    for rows in wire.chunks(CHUNK) {
        let rows = rows.to_vec();
        parts.push(message(Part::Chunk(ImportChunk { rows })));
    }
    let rows = i64::try_from(rows.len()).expect("a small file");
    parts.push(message(Part::End(ImportEnd { rows })));
    parts
}

fn wire_row((row, line): (&Row, i64)) -> RosterRow {
    let row = row.clone();
    RosterRow {
        line,
        external_ref: row.external_ref,
        covered_entity_key: row.covered_entity,
        given_name: row.given_name,
        middle_name: row.middle_name,
        family_name: row.family_name,
        suffix: row.suffix,
        date_of_birth: row.date_of_birth,
        ssn: row.ssn,
        address_line1: row.address_line1,
        address_line2: row.address_line2,
        city: row.city,
        region: row.region,
        postal_code: row.postal_code,
        country: row.country,
        phone: row.phone,
        email: row.email,
        population: row.population,
        language_code: row.language,
        data_elements: row.data_elements,
        prior_names: row.prior_names,
        prior_addresses: row.prior_addresses,
        confidential_communication: row.confidential,
    }
}

pub async fn issue(house: &House, campaign: &Campaign) -> CodeBatch {
    let request = IssueCodesRequest {
        request_id: request_id(),
        campaign: campaign.campaign_id.clone(),
        wave_id: String::new(),
    };
    try_issue(house, request).await.expect("codes are issued")
}

pub async fn try_issue(house: &House, request: IssueCodesRequest) -> Result<CodeBatch, Status> {
    let mut progress = house.codes().issue_codes(request).await?.into_inner();
    let mut batch = None;
    while let Some(step) = progress.message().await? {
        if let Some(issue_codes_response::Step::Result(result)) = step.step {
            batch = result.batch;
        }
    }
    batch.ok_or_else(|| Status::data_loss("the stream ended without a batch"))
}

/// Merges the two streams as the operator's program does: codes from one process, addresses from the other.
pub async fn letters(house: &House, campaign: &Campaign, batch: &CodeBatch) -> Vec<Letter> {
    let codes = plain_codes(house, campaign, batch).await;
    let request = ExportMailingAddressesRequest {
        campaign: campaign.campaign_id.clone(),
        after_individual_id: String::new(),
    };
    let stream = house.rosters().export_mailing_addresses(request).await;
    let mut stream = stream.expect("addresses").into_inner();
    let mut letters = Vec::new();
    while let Some(chunk) = stream.message().await.expect("addresses") {
        for address in chunk.addresses {
            let code = codes.get(&address.individual_id).expect("a code for each");
            letters.push(Letter {
                individual_id: address.individual_id.clone(),
                code: code.clone(),
                address,
            });
        }
    }
    assert_eq!(letters.len(), codes.len(), "an address for each code");
    assert!(letters.is_sorted_by_key(|letter| letter.individual_id.clone()));
    letters
}

/// The codes of an open batch by individual.
pub async fn plain_codes(
    house: &House,
    campaign: &Campaign,
    batch: &CodeBatch,
) -> BTreeMap<String, String> {
    let request = ExportCodesRequest {
        campaign: campaign.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: String::new(),
    };
    let stream = house.codes().export_codes(request).await.expect("codes");
    let mut stream = stream.into_inner();
    let mut codes = BTreeMap::new();
    while let Some(chunk) = stream.message().await.expect("codes") {
        codes.extend(
            chunk
                .codes
                .into_iter()
                .filter(|code| !code.seed)
                .map(|code| (code.individual_id, code.code)),
        );
    }
    codes
}

/// The funnel as an operator reads it.
pub async fn funnel(house: &House, campaign: &Campaign) -> Funnel {
    let request = GetCampaignReportRequest {
        campaign: campaign.campaign_id.clone(),
        ..Default::default()
    };
    let answer = house.campaigns().get_campaign_report(request).await;
    answer
        .expect("a report")
        .into_inner()
        .funnel
        .expect("a funnel")
}

/// The bureau's own book, by coverage.
pub async fn book(house: &House) -> BTreeMap<String, BookEntry> {
    let mut book = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let request = ListBookEntriesRequest {
            page_size: 100,
            page_token,
        };
        let page = house.sandbox().list_book_entries(request).await;
        let page = page.expect("a page of the book").into_inner();
        for entry in page.entries {
            let twice = book.insert(entry.coverage_id.clone(), entry).is_some();
            assert!(!twice, "a coverage stands twice in the book");
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return book;
        }
    }
}
