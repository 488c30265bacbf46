//! Which column of a file is which of ours: by its name, by the names that others give it, or by a map that somebody wrote.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use crate::client::problem::Problem;

/// A column of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether a table must have it.
    pub required: bool,
    /// What others call it, in small letters and digits alone, with spaces between.
    pub usual: &'static str,
}

impl Column {
    /// A column that a table must have.
    pub const fn required(name: &'static str, usual: &'static str) -> Self {
        Self {
            name,
            required: true,
            usual,
        }
    }

    /// A column that a table may have.
    pub const fn optional(name: &'static str, usual: &'static str) -> Self {
        Self {
            name,
            required: false,
            usual,
        }
    }
}

/// The columns of one kind of table.
#[derive(Debug)]
pub struct Vocabulary {
    /// What such a table is called: "a roster".
    pub of: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// The place of each name, made when it is first asked for.
    known: OnceLock<HashMap<String, usize>>,
}

/// What others put before the name of a column.
const BEFORE: [&str; 13] = [
    "patient",
    "pt",
    "member",
    "subscriber",
    "person",
    "individual",
    "client",
    "customer",
    "employee",
    "primary",
    "mailing",
    "home",
    "current",
];

impl Vocabulary {
    /// Names the columns of a kind of table.
    pub const fn new(of: &'static str, columns: &'static [Column]) -> Self {
        Self {
            of,
            columns,
            known: OnceLock::new(),
        }
    }

    /// Finds a column by the name that a file gives it.
    pub fn find(&self, name: &str) -> Option<usize> {
        let name = plain(name);
        self.by_plain_name(&name).or_else(|| {
            let mut rests = BEFORE
                .iter()
                .filter_map(|word| name.strip_prefix(word))
                .filter(|rest| !rest.is_empty());
            rests.find_map(|rest| self.by_plain_name(rest))
        })
    }

    fn by_plain_name(&self, name: &str) -> Option<usize> {
        let known = self.known.get_or_init(|| {
            let columns = self.columns.iter().enumerate();
            let usual = columns.clone().flat_map(|(at, column)| {
                let names = column.usual.split(' ').filter(|name| !name.is_empty());
                names.map(move |name| (name.to_owned(), at))
            });
            let own = columns.map(|(at, column)| (plain(column.name), at));
            usual.chain(own).collect()
        });
        known.get(name).copied()
    }

    /// Names the column that is spelled most alike.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        let name = plain(name);
        let scored = self.columns.iter().flat_map(|column| {
            let names = std::iter::once(plain(column.name))
                .chain(column.usual.split(' ').map(str::to_owned));
            let name = &name;
            names.map(move |known| (strsim::jaro_winkler(&known, name), column.name))
        });
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 > 0.75).then_some(best.1)
    }

    /// Lists the names.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }
}

/// Folds the name of a column: small letters and digits alone.
pub fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What a file of `"Their header" = "our_column"` says. An empty text leaves the column out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(BTreeMap<String, String>);

impl Map {
    /// Reads a map.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
        let map: BTreeMap<String, String> =
            toml::from_str(&text).map_err(|error| Problem::file(path, &error))?;
        Ok(map.into_iter().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&plain(name)).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(theirs, ours)| (plain(&theirs), ours))
                .collect(),
        )
    }
}

/// What a column of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The column of ours at this place.
    Ours(usize),
    /// It has no name.
    Nameless,
    /// It is left out on somebody's word.
    LeftOut,
    /// Nobody knows it, or the map names a column that is none.
    Unknown,
}

/// Tells what a name in a header means.
pub fn meaning(vocabulary: &Vocabulary, map: &Map, name: &str) -> Meaning {
    match map.get(name) {
        Some("") => Meaning::LeftOut,
        Some(ours) => vocabulary
            .find(ours)
            .map_or(Meaning::Unknown, Meaning::Ours),
        None if plain(name).is_empty() => Meaning::Nameless,
        None => vocabulary
            .find(name)
            .map_or(Meaning::Unknown, Meaning::Ours),
    }
}

/// For each column of ours, where it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The places.
    pub of: Vec<Option<usize>>,
    /// Columns without a name.
    pub nameless: Vec<usize>,
    /// Unknown columns that are passed over, by name.
    pub ignored: Vec<String>,
}

impl Places {
    /// Finds each column, or says which are missing, unknown, or there twice.
    pub fn find(
        vocabulary: &Vocabulary,
        map: &Map,
        ignore_unknown: bool,
        header: &[String],
    ) -> Result<Self, String> {
        let mut places = Self {
            of: vec![None; vocabulary.columns.len()],
            nameless: Vec::new(),
            ignored: Vec::new(),
        };
        let (mut unknown, mut twice) = (Vec::new(), Vec::new());
        for (at, name) in header.iter().enumerate() {
            let name = name.trim();
            match meaning(vocabulary, map, name) {
                Meaning::Ours(ours) => match places.of[ours] {
                    None => places.of[ours] = Some(at),
                    Some(first) => twice.push(format!(
                        "`{}` and `{name}` both are {}",
                        header[first].trim(),
                        vocabulary.columns[ours].name
                    )),
                },
                Meaning::Nameless => places.nameless.push(at),
                Meaning::LeftOut => {}
                Meaning::Unknown if ignore_unknown => places.ignored.push(name.to_owned()),
                Meaning::Unknown => unknown.push(match vocabulary.nearest(name) {
                    Some(nearest) => format!("{name} (nearest: {nearest})"),
                    None => name.to_owned(),
                }),
            }
        }
        let columns = vocabulary.columns.iter().zip(&places.of);
        let missing = columns.filter(|(column, place)| column.required && place.is_none());
        let missing: Vec<&str> = missing.map(|(column, _)| column.name).collect();
        let mut wrong = Vec::new();
        if !missing.is_empty() {
            wrong.push(format!("columns are missing: {}", missing.join(", ")));
        }
        if !unknown.is_empty() {
            wrong.push(format!("columns are unknown: {}", unknown.join(", ")));
        }
        if !twice.is_empty() {
            wrong.push(format!("columns stand there twice: {}", twice.join(", ")));
        }
        if wrong.is_empty() {
            return Ok(places);
        }
        Err(format!(
            "the header does not fit: {}\n  columns of {}: {}\n  --map FILE.toml says which column is which (\"Their header\" = \"our_column\", \"\" leaves one out); \
             --ignore-unknown passes over what is unknown",
            wrong.join("; "),
            vocabulary.of,
            vocabulary.names()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PEOPLE: Vocabulary = Vocabulary::new(
        "a list of people",
        &[
            Column::required("given_name", "first firstname fname"),
            Column::optional("postal_code", "zip zipcode"),
        ],
    );

    fn places(header: &[&str], map: &[(&str, &str)], ignore: bool) -> Result<Places, String> {
        let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        Places::find(&PEOPLE, &map.iter().map(owned).collect(), ignore, &header)
    }

    #[test]
    fn names_are_known_however_they_are_written() {
        for header in [
            ["Given Name", "ZIP"],
            ["Patient First Name", "Zip-Code"],
            ["FNAME", "postal_code"],
        ] {
            assert_eq!(places(&header, &[], false).unwrap().of, [Some(0), Some(1)]);
        }
        let map = [("Rufname", "given_name"), ("Bemerkung", "")];
        let found = places(&["Rufname", "Bemerkung", "", "zip"], &map, false).unwrap();
        assert_eq!(
            (found.of, found.nameless),
            (vec![Some(0), Some(3)], vec![2])
        );
    }

    #[test]
    fn what_does_not_fit_is_told_by_name() {
        let told = places(&["frist name", "Zipp", "zip", "zip code"], &[], false).unwrap_err();
        for part in [
            "missing: given_name",
            "frist name (nearest: given_name)",
            "Zipp (nearest: postal_code)",
            "`zip` and `zip code` both are postal_code",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let passed = places(&["first name", "Notes"], &[], true).unwrap();
        assert_eq!(passed.ignored, ["Notes"]);
        assert!(places(&["first name", "x"], &[("x", "nothing")], false).is_err());
    }
}
