//! The covered entities of the rosters made here: eleven providers and forty-four hospitals and radiology centers in
//! Indiana, Michigan and Ohio, the shape of the MIE breach of 2015. Their names are invented.

use std::sync::LazyLock;

use super::dice::{Dice, cumulate};

/// A covered entity of the sample campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Key in roster files.
    pub key: String,
    /// Name in letters.
    pub name: String,
    /// What its references look like.
    pub prefix: &'static str,
    /// Whether its system writes dates as month/day/year.
    pub us_dates: bool,
    weight: u32,
}

const PROVIDERS: &[(&str, u32)] = &[
    ("Concordia Occupational Health", 310),
    ("St. Aurelia Health Indianapolis", 160),
    ("Rochester Valley Medical Group", 70),
    ("Three Rivers Neurological Center", 60),
    ("Fort Wayne Women's Health Partners", 55),
    ("RapidCare Walk-In Clinics", 80),
    ("Summit City Family Physicians", 50),
    ("Wabash Orthopaedic Specialists", 40),
    ("Maumee Bay Internal Medicine", 30),
    ("Lakeland Pediatrics", 45),
    ("Tippecanoe Heart Institute", 35),
];

const RADIOLOGY_TOWNS: &str = "Adams Allen Auburn Bluffton Cass Decatur Dekalb Elkhart Fulton Garrett Goshen Grant Huntington \
Kendallville Kosciusko Lagrange Ligonier Logansport Marion Miami Noble Peru Plymouth Pulaski Wabash Warsaw Wells Whitley \
Branch Cassopolis Coldwater Hillsdale Niles Sturgis Bryan Celina Defiance Lima Mercer Napoleon Paulding Putnam Vanwert Wauseon";

const KINDS: &[&str] = &[
    "Imaging Center",
    "Memorial Hospital",
    "Radiology Associates",
    "Open MRI",
];

/// The sample campaign's covered entities: eleven providers, then forty-four hospitals and radiology centers.
pub static ENTITIES: LazyLock<Vec<Entity>> = LazyLock::new(|| {
    let providers = PROVIDERS
        .iter()
        .map(|(name, weight)| ((*name).to_owned(), *weight));
    let towns = RADIOLOGY_TOWNS.split_whitespace().zip(KINDS.iter().cycle());
    let centers = towns.map(|(town, kind)| (format!("{town} {kind}"), 15));
    let all = providers.chain(centers).enumerate();
    all.map(|(at, (name, weight))| entity(at, name, weight))
        .collect()
});

static WEIGHTS: LazyLock<Vec<u32>> =
    LazyLock::new(|| cumulate(ENTITIES.iter().map(|entity| entity.weight)));

fn entity(at: usize, name: String, weight: u32) -> Entity {
    Entity {
        key: key(&name),
        name,
        prefix: ["MRN", "P", "", "R-"][at % 4],
        us_dates: at % 7 == 3,
        weight,
    }
}

/// Lower-case letters, digits and dashes, at most 40.
fn key(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '\'' && c != '.');
    let words = words.filter(|word| !word.is_empty());
    let key: Vec<String> = words
        .map(|word| word.to_ascii_lowercase().replace(['\'', '.'], ""))
        .collect();
    key.join("-")
}

/// Draws a covered entity by its share of the people.
pub fn draw(dice: &mut Dice) -> &'static Entity {
    &ENTITIES[dice.weighted(&WEIGHTS)]
}
