//! One row of a test roster, and what the sandbox bureau answers for it.

use jiff::civil::Date;
use redress::wire::google::r#type::Date as WireDate;
use redress::wire::redress::identity::v1::Claims;
use redress::wire::redress::r#type::v1::{OutcomeClass, PersonName};

/// The covered entities of the test campaign: key and printed name.
pub const ENTITIES: &[(&str, &str)] = &[
    ("wabash-clinic", "Wabash Valley Clinic"),
    ("lakeside-radiology", "Lakeside Radiology Center"),
    ("st-brigid", "St. Brigid Hospital"),
];

const HEADER: &str = "external_ref,covered_entity,given_name,middle_name,family_name,suffix,\
    date_of_birth,ssn,address_line1,address_line2,city,region,postal_code,country,phone,email,population,\
    language,data_elements,prior_names,prior_addresses,confidential_communication";

const GIVEN: &[&str] = &[
    "Ada", "Boris", "Carla", "Deshawn", "Elena", "Farid", "Greta", "Hector", "Ines", "Jamal",
    "Keiko", "Liam", "Marta", "Nils", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Tova",
];
const FAMILY: &[&str] = &[
    "Abernathy",
    "Bluestone",
    "Castellano",
    "Dunleavy",
    "Eastwick",
    "Fairweather",
    "Goldwater",
    "Hollister",
    "Ironside",
    "Juarez",
    "Kowalczyk",
    "Lindqvist",
    "Montague",
    "Nightingale",
    "Okonkwo",
    "Pemberton",
    "Quackenbush",
    "Rasmussen",
    "Silverthorn",
    "Thornquist",
];

/// What the sandbox bureau answers for an SSN group of area 666.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sandbox {
    Active = 1,
    FileFrozen = 11,
    ThinFile = 12,
    SsnMismatch = 13,
    AlreadyEnrolled = 14,
    UnavailableAtFirst = 15,
    AnswerLost = 16,
    OutcomeLater = 17,
    NotConfirmed = 18,
    NoHit = 19,
}

impl Sandbox {
    pub const ALL: &'static [Self] = &[
        Self::Active,
        Self::FileFrozen,
        Self::ThinFile,
        Self::SsnMismatch,
        Self::AlreadyEnrolled,
        Self::UnavailableAtFirst,
        Self::AnswerLost,
        Self::OutcomeLater,
        Self::NotConfirmed,
        Self::NoHit,
    ];

    /// The outcome class that an enrollment ends with; unspecified when it ends active.
    pub fn class(self) -> OutcomeClass {
        match self {
            Self::Active | Self::UnavailableAtFirst | Self::AnswerLost | Self::OutcomeLater => {
                OutcomeClass::Unspecified
            }
            Self::FileFrozen => OutcomeClass::FileFrozen,
            Self::ThinFile => OutcomeClass::ThinFile,
            Self::SsnMismatch => OutcomeClass::SsnMismatch,
            Self::AlreadyEnrolled => OutcomeClass::AlreadyEnrolled,
            Self::NotConfirmed => OutcomeClass::IdentityNotConfirmed,
            Self::NoHit => OutcomeClass::NoHit,
        }
    }
}

/// One row of the file.
#[derive(Clone, Debug)]
pub struct Row {
    pub external_ref: String,
    pub covered_entity: String,
    pub given_name: String,
    pub middle_name: String,
    pub family_name: String,
    pub suffix: String,
    pub date_of_birth: String,
    pub ssn: String,
    pub address_line1: String,
    pub address_line2: String,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: String,
    pub phone: String,
    pub email: String,
    pub population: String,
    pub language: String,
    pub data_elements: String,
    pub prior_names: String,
    pub prior_addresses: String,
    pub confidential: String,
}

impl Row {
    /// A plain adult whose every value is told by the number.
    pub fn adult(number: usize, sandbox: Sandbox) -> Self {
        let given = GIVEN[number % GIVEN.len()];
        let family = FAMILY[(number / GIVEN.len() + number) % FAMILY.len()];
        Self {
            external_ref: format!("MRN-{number:06}"),
            covered_entity: ENTITIES[number % 2].0.into(),
            given_name: given.into(),
            middle_name: String::new(),
            family_name: family.into(),
            suffix: String::new(),
            date_of_birth: birth(1950 + number % 50, number),
            ssn: format!("666-{:02}-{:04}", sandbox as u8, number + 1),
            address_line1: format!("{} Juniper Street", 100 + number),
            address_line2: String::new(),
            city: "Fort Wayne".into(),
            region: "IN".into(),
            postal_code: format!("46{:03}", 800 + number % 100),
            country: "US".into(),
            phone: format!("+1260555{:04}", number % 10_000),
            email: format!("person{number}@mail.example"),
            population: "adult".into(),
            language: String::new(),
            data_elements: "NAME;SSN".into(),
            prior_names: String::new(),
            prior_addresses: String::new(),
            confidential: String::new(),
        }
    }

    /// The same person as another covered entity lists them.
    pub fn also_at(&self, entity: &str) -> Self {
        Self {
            external_ref: format!("X{}", self.external_ref),
            covered_entity: entity.into(),
            ..self.clone()
        }
    }

    /// What this person would truthfully say.
    pub fn claims(&self) -> Claims {
        Claims {
            name: Some(PersonName {
                given_name: self.given_name.clone(),
                middle_name: self.middle_name.clone(),
                family_name: self.family_name.clone(),
                ..PersonName::default()
            }),
            date_of_birth: self.date_of_birth.parse().ok().map(wire_date),
            ssn: self.ssn.replace('-', ""),
            postal_code: self.postal_code.clone(),
            representative: None,
            representative_verification_id: String::new(),
        }
    }

    fn cells(&self) -> [&str; 22] {
        [
            &self.external_ref,
            &self.covered_entity,
            &self.given_name,
            &self.middle_name,
            &self.family_name,
            &self.suffix,
            &self.date_of_birth,
            &self.ssn,
            &self.address_line1,
            &self.address_line2,
            &self.city,
            &self.region,
            &self.postal_code,
            &self.country,
            &self.phone,
            &self.email,
            &self.population,
            &self.language,
            &self.data_elements,
            &self.prior_names,
            &self.prior_addresses,
            &self.confidential,
        ]
    }
}

/// Writes rows as the file that `redress roster import` takes.
pub fn csv(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = HEADER.split(',').map(str::trim);
    writer.write_record(header).expect("a header");
    for row in rows {
        writer.write_record(row.cells()).expect("a row");
    }
    let bytes = writer.into_inner().expect("the whole file");
    String::from_utf8(bytes).expect("UTF-8")
}

/// A date of birth in this year, told by the number.
pub fn birth(year: usize, number: usize) -> String {
    format!("{year:04}-{:02}-{:02}", 1 + number % 12, 1 + number % 28)
}

/// A civil date on the wire.
pub fn wire_date(date: Date) -> WireDate {
    WireDate {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}
