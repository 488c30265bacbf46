//! Places of Indiana, Michigan and Ohio, and of a few states where people moved to; foreign ones too.

use std::sync::LazyLock;

use super::dice::{Dice, cumulate};

/// A city with its state and the first three digits of its ZIP codes.
pub struct City {
    /// Name.
    pub name: &'static str,
    /// Two-letter state.
    pub state: &'static str,
    /// First three digits of its ZIP codes.
    pub zip: &'static str,
    /// Telephone area code.
    pub area: &'static str,
    weight: u32,
}

macro_rules! cities {
    ($($name:literal $state:literal $zip:literal $area:literal $weight:literal;)+) => {
        &[$(City { name: $name, state: $state, zip: $zip, area: $area, weight: $weight },)+]
    };
}

const CITIES: &[City] = cities! {
    "Fort Wayne" "IN" "468" "260" 220; "Indianapolis" "IN" "462" "317" 130; "South Bend" "IN" "466" "574" 40;
    "Evansville" "IN" "477" "812" 28; "Carmel" "IN" "460" "317" 24; "Bloomington" "IN" "474" "812" 16;
    "Lafayette" "IN" "479" "765" 18; "Muncie" "IN" "473" "765" 16; "Kokomo" "IN" "469" "765" 16; "Gary" "IN" "464" "219" 14;
    "Terre Haute" "IN" "478" "812" 12; "Elkhart" "IN" "465" "574" 18; "Rochester" "IN" "469" "574" 10;
    "Huntington" "IN" "467" "260" 14; "Auburn" "IN" "467" "260" 14; "Columbus" "IN" "472" "812" 8;
    "Richmond" "IN" "473" "765" 8; "New Albany" "IN" "471" "812" 8; "Hammond" "IN" "463" "219" 12;
    "Detroit" "MI" "482" "313" 46; "Grand Rapids" "MI" "495" "616" 32; "Lansing" "MI" "489" "517" 18; "Flint" "MI" "485" "810" 12;
    "Kalamazoo" "MI" "490" "269" 22; "Ann Arbor" "MI" "481" "734" 16; "Saginaw" "MI" "486" "989" 10; "Jackson" "MI" "492" "517" 10;
    "Sturgis" "MI" "490" "269" 8; "Muskegon" "MI" "494" "231" 6; "Traverse City" "MI" "496" "231" 4; "Warren" "MI" "480" "586" 18;
    "Columbus" "OH" "432" "614" 34; "Cleveland" "OH" "441" "216" 26; "Cincinnati" "OH" "452" "513" 26; "Toledo" "OH" "436" "419" 28;
    "Akron" "OH" "443" "330" 14; "Dayton" "OH" "454" "937" 18; "Lima" "OH" "458" "419" 12; "Canton" "OH" "447" "330" 8;
    "Youngstown" "OH" "445" "330" 8; "Van Wert" "OH" "458" "419" 8; "Defiance" "OH" "435" "419" 8; "Mansfield" "OH" "449" "419" 6;
    "Chicago" "IL" "606" "312" 14; "Louisville" "KY" "402" "502" 8; "Nashville" "TN" "372" "615" 5; "Tampa" "FL" "336" "813" 8;
    "Phoenix" "AZ" "850" "602" 6; "Dallas" "TX" "752" "214" 6; "Atlanta" "GA" "303" "404" 4; "Charlotte" "NC" "282" "704" 4;
    "Denver" "CO" "802" "303" 3; "Seattle" "WA" "981" "206" 2; "Los Angeles" "CA" "900" "213" 4; "New York" "NY" "100" "212" 3;
    "Anchorage" "AK" "995" "907" 1; "Honolulu" "HI" "968" "808" 1; "Milwaukee" "WI" "532" "414" 4; "St. Louis" "MO" "631" "314" 3;
};

const STREETS: &str = "Main Oak Maple Washington Park Elm Walnut Cedar Lincoln Jefferson Jackson Pine Madison Monroe Clinton \
Calhoun Harrison Anthony Coliseum State Broadway Lima Parnell Fairfield Hessen Cass Spy Run Berry Wayne Jefferson Dupont \
Illinois Covington Rudisill Pettit Tillman Hanna Lafayette Barr Webster Ewing Union Church Mill Spring River Lake Hill \
Meadow Forest Sunset Highland Ridge Valley Orchard Chestnut Cherry Hickory Sycamore Willow Birch Dogwood Magnolia Franklin \
Grant Adams Hamilton Sherman Sheridan Wabash Maumee Tippecanoe Auburn Goshen Huntington Bluffton Decatur Leesburg";

const SUFFIXES: &[&str] = &[
    "St", "Ave", "Rd", "Dr", "Ln", "Ct", "Blvd", "Pl", "Way", "Ter",
];
const DIRECTIONS: &[&str] = &["N", "S", "E", "W"];

static STREET_LIST: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| STREETS.split_whitespace().collect());

static CITY_WEIGHTS: LazyLock<Vec<u32>> =
    LazyLock::new(|| cumulate(CITIES.iter().map(|city| city.weight)));

/// A foreign city with how its postal code looks (`#` a digit, `@` a letter).
struct Abroad(&'static str, &'static str, &'static str, &'static str);

const ABROAD: &[Abroad] = &[
    Abroad("Windsor", "ON", "N9A #@#", "CA"),
    Abroad("Toronto", "ON", "M5V #@#", "CA"),
    Abroad("Monterrey", "NL", "64###", "MX"),
    Abroad("Guadalajara", "JA", "44###", "MX"),
    Abroad("London", "", "SW1A #@@", "GB"),
    Abroad("Gera", "", "075##", "DE"),
    Abroad("Kaiserslautern", "", "676##", "DE"),
    Abroad("Pune", "MH", "4110##", "IN"),
    Abroad("Yokohama", "", "220-00##", "JP"),
];

/// A postal address as a covered entity has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// First delivery line.
    pub line1: String,
    /// Second delivery line.
    pub line2: String,
    /// City.
    pub city: String,
    /// State or region.
    pub region: String,
    /// ZIP or foreign postal code.
    pub postal_code: String,
    /// Country; empty means US.
    pub country: String,
}

/// Draws an address inside the U.S. and the area code that goes with it.
pub fn domestic(dice: &mut Dice) -> (Address, &'static str) {
    let city = &CITIES[dice.weighted(&CITY_WEIGHTS)];
    let line1 = delivery_line(dice);
    let line2 = unit(dice, &line1);
    let plus4 = dice.chance(60);
    let mut postal_code = format!("{}{:02}", city.zip, dice.between(1, 99));
    if plus4 {
        postal_code = format!("{postal_code}-{:04}", dice.between(1, 9_999));
    }
    let address = Address {
        line1,
        line2,
        city: city.name.to_owned(),
        region: city.state.to_owned(),
        postal_code,
        country: if dice.chance(300) { "US" } else { "" }.to_owned(),
    };
    (address, city.area)
}

/// Draws an address outside the U.S.
pub fn foreign(dice: &mut Dice) -> Address {
    let Abroad(city, region, pattern, country) = dice.pick(ABROAD);
    let number = dice.between(1, 220);
    Address {
        line1: format!("{number} {}", dice.pick(&STREET_LIST)),
        line2: String::new(),
        city: (*city).to_owned(),
        region: (*region).to_owned(),
        postal_code: pattern.chars().map(|c| filled(dice, c)).collect(),
        country: (*country).to_owned(),
    }
}

/// Breaks an address so that no letter can reach it.
pub fn undeliverable(dice: &mut Dice, address: &mut Address) {
    match dice.below(4) {
        0 => address.line1.clear(),
        1 => "ADDRESS UNKNOWN".clone_into(&mut address.line1),
        2 => {
            address.city.clear();
            address.postal_code.clear();
        }
        _ => *address = Address::default(),
    }
}

fn filled(dice: &mut Dice, pattern: char) -> char {
    match pattern {
        '#' => char::from(b'0' + u8::try_from(dice.below(10)).unwrap_or(0)),
        '@' => char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0)),
        other => other,
    }
}

fn delivery_line(dice: &mut Dice) -> String {
    if dice.chance(40) {
        return format!("PO Box {}", dice.between(1, 9_899));
    }
    let number = dice.between(1, 99) * 100 + dice.below(100);
    let street = dice.pick(&STREET_LIST);
    let suffix = dice.pick(SUFFIXES);
    if dice.chance(350) {
        return format!("{number} {} {street} {suffix}", dice.pick(DIRECTIONS));
    }
    format!("{number} {street} {suffix}")
}

fn unit(dice: &mut Dice, line1: &str) -> String {
    if line1.starts_with("PO Box") || !dice.chance(140) {
        return String::new();
    }
    let word = dice.pick(&["Apt", "Apt", "Unit", "Lot", "Ste"]);
    format!("{word} {}", dice.between(1, 240))
}
