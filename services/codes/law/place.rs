//! Where somebody lives, as the law counts residents: the states, the District of Columbia and the territories.

/// A state, district or territory of the United States ("State or jurisdiction", 45 CFR 160.103).
///
/// Military post is not a place: it says nothing about where somebody resides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(usize);

/// Sorted by their letters.
const PLACES: [(&str, &str); 56] = [
    ("AK", "Alaska"),
    ("AL", "Alabama"),
    ("AR", "Arkansas"),
    ("AS", "American Samoa"),
    ("AZ", "Arizona"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DC", "District of Columbia"),
    ("DE", "Delaware"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("GU", "Guam"),
    ("HI", "Hawaii"),
    ("IA", "Iowa"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("MA", "Massachusetts"),
    ("MD", "Maryland"),
    ("ME", "Maine"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MO", "Missouri"),
    ("MP", "Northern Mariana Islands"),
    ("MS", "Mississippi"),
    ("MT", "Montana"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("NE", "Nebraska"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NV", "Nevada"),
    ("NY", "New York"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("PR", "Puerto Rico"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VA", "Virginia"),
    ("VI", "U.S. Virgin Islands"),
    ("VT", "Vermont"),
    ("WA", "Washington"),
    ("WI", "Wisconsin"),
    ("WV", "West Virginia"),
    ("WY", "Wyoming"),
];

impl Place {
    /// Reads two letters.
    pub fn parse(code: &str) -> Option<Self> {
        let found = PLACES.binary_search_by_key(&code, |(code, _)| code);
        found.ok().map(Self)
    }

    /// Tells where an address lies; none is abroad, on military post, or not said.
    pub fn of_address(region: &str, country: &str) -> Option<Self> {
        let place = Self::parse(region.trim().to_ascii_uppercase().as_str());
        place.filter(|_| is_home(country))
    }

    /// Gives the two letters.
    pub fn code(self) -> &'static str {
        PLACES[self.0].0
    }

    /// Gives the name.
    pub fn name(self) -> &'static str {
        PLACES[self.0].1
    }
}

/// How a roster may write the country at home; an empty one means the same.
const HOME: [&str; 4] = ["", "US", "USA", "UNITED STATES"];

/// Tells whether a roster's country is the United States.
pub fn is_home(country: &str) -> bool {
    HOME.contains(&country.trim().to_ascii_uppercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_by_its_letters() {
        for (code, name) in PLACES {
            let place = Place::parse(code).unwrap();
            assert_eq!((place.code(), place.name()), (code, name));
        }
    }

    #[test]
    fn only_addresses_at_home_lie_in_a_state() {
        let code = |region, country| Place::of_address(region, country).map(Place::code);
        assert_eq!(code("in", "US"), Some("IN"));
        assert_eq!(code(" CT ", ""), Some("CT"));
        assert_eq!(code("PR", "usa"), Some("PR"));
        assert_eq!(code("MH", "IN"), None);
        assert_eq!(code("CA", "MX"), None);
        assert_eq!(code("AE", "US"), None);
        assert_eq!(code("", "US"), None);
    }
}
