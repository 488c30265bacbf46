//! What each level of each field weighs: two tables of one mechanism, in `weights.csv` or a file of its form.
//!
//! A file has a line for every level that can come up ([`Field::levels`]) and no other. It may have comments, which begin with `#`, and says
//! which version of the weights it is.

use std::fmt::Write as _;
use std::sync::LazyLock;

use strum::VariantArray;

use super::level::{Field, Level};

/// Which question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Question {
    /// Whether a claim is about the person on the roster. Whoever claims may hold stolen data, so what agrees is capped well below its
    /// statistical weight, and what disagrees is not.
    Deciding,
    /// Whether two rows of the roster are one person. Nobody has a reason to forge them, so the weights are the statistical ones.
    Resolving,
}

impl Question {
    /// Gives the fields that are weighed: nobody claims a suffix, a street or a contact.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        let is_claimed =
            |field: &Field| !matches!(field, Field::Suffix | Field::Street | Field::Contact);
        let all = Field::VARIANTS.iter().copied();
        all.filter(move |field| self == Self::Resolving || is_claimed(field))
    }
}

/// What one level of one field weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight {
    /// In hundredths of a bit.
    pub centibits: i32,
    /// The probabilities of the level for one person (m) and for two (u), where they were estimated.
    pub estimate: Option<(f64, f64)>,
}

/// The weights of one question, by field and level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table([[Weight; Level::VARIANTS.len()]; Field::VARIANTS.len()]);

impl Table {
    /// Gives the weight of a level in hundredths of a bit; 0 for a level that cannot come up.
    pub fn of(&self, field: Field, level: Level) -> i32 {
        self.get(field, level).centibits
    }

    /// Gives the weight of a level.
    pub fn get(&self, field: Field, level: Level) -> Weight {
        self.0[field as usize][level as usize]
    }

    /// Sets the weight of a level.
    pub fn set(&mut self, field: Field, level: Level, weight: Weight) {
        self.0[field as usize][level as usize] = weight;
    }
}

/// Both tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Names the version.
    pub version: String,
    /// The weights for deciding who claims.
    pub deciding: Table,
    /// The weights for resolving rows.
    pub resolving: Table,
}

static BUILT_IN: LazyLock<Weights> = LazyLock::new(|| {
    let parsed = Weights::parse(include_str!("weights.csv"));
    parsed.expect("the file is checked by a test")
});

/// Why a file of weights cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// A cell is wrong.
    #[error("line {line}, column {column}: {wrong}")]
    Cell {
        /// The line, counted from 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// What is wrong.
        wrong: &'static str,
    },
    /// A level has no line.
    #[error("there is no line for {table},{field},{level}")]
    Missing {
        /// The table.
        table: &'static str,
        /// The field.
        field: &'static str,
        /// The level.
        level: &'static str,
    },
}

/// The columns of a file.
const COLUMNS: [&str; 6] = ["table", "field", "level", "weight", "m", "u"];

/// The most that a level may weigh either way, in hundredths of a bit.
pub const MOST: i32 = 10_000;

impl Weights {
    /// Gives the weights that the services use.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Gives the weights of a question.
    pub const fn of(&self, question: Question) -> &Table {
        match question {
            Question::Deciding => &self.deciding,
            Question::Resolving => &self.resolving,
        }
    }

    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, WeightsError> {
        let lines = text.lines().enumerate();
        let lines = lines.map(|(at, line)| (at + 1, line.trim_end()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let mut weights = Self::default();
        let (line, first) = lines.next().unwrap_or((1, ""));
        let version = first.strip_prefix("version,").map(str::trim);
        let version = version.filter(|version| !version.is_empty() && version.len() <= 40);
        let version = version.ok_or(cell(line, "version", "the first line is version,NAME"))?;
        version.clone_into(&mut weights.version);
        let (line, header) = lines.next().unwrap_or((line, ""));
        if !header.split(',').eq(COLUMNS) {
            let wrong = "the second line is table,field,level,weight,m,u";
            return Err(cell(line, "table", wrong));
        }
        let mut seen = Vec::new();
        for (line, text) in lines {
            let row = Row::parse(line, text)?;
            let place = (row.question, row.field, row.level);
            if seen.contains(&place) {
                return Err(cell(line, "level", "this level has a line already"));
            }
            seen.push(place);
            let table = match row.question {
                Question::Deciding => &mut weights.deciding,
                Question::Resolving => &mut weights.resolving,
            };
            table.set(row.field, row.level, row.weight);
        }
        match places().find(|place| !seen.contains(place)) {
            Some((question, field, level)) => Err(WeightsError::Missing {
                table: question.into(),
                field: field.as_str(),
                level: level.as_str(),
            }),
            None => Ok(weights),
        }
    }

    /// Writes a file, without comments.
    pub fn to_csv(&self) -> String {
        let mut text = format!("version,{}\n{}\n", self.version, COLUMNS.join(","));
        for (question, field, level) in places() {
            let Weight {
                centibits,
                estimate,
            } = self.of(question).get(field, level);
            let table: &str = question.into();
            let (field, level) = (field.as_str(), level.as_str());
            let _ = match estimate {
                Some((m, u)) => {
                    writeln!(text, "{table},{field},{level},{centibits},{m:.9},{u:.9}")
                }
                None => writeln!(text, "{table},{field},{level},{centibits},,"),
            };
        }
        text
    }
}

/// Gives every level that has a line.
fn places() -> impl Iterator<Item = (Question, Field, Level)> {
    let questions = Question::VARIANTS.iter().copied();
    let fields = questions.flat_map(|one| one.fields().map(move |field| (one, field)));
    fields.flat_map(|(one, field)| {
        let levels = field.levels().iter().copied();
        levels.map(move |level| (one, field, level))
    })
}

const fn cell(line: usize, column: &'static str, wrong: &'static str) -> WeightsError {
    WeightsError::Cell {
        line,
        column,
        wrong,
    }
}

/// A line.
struct Row {
    question: Question,
    field: Field,
    level: Level,
    weight: Weight,
}

impl Row {
    fn parse(line: usize, text: &str) -> Result<Self, WeightsError> {
        let cells: Vec<&str> = text.split(',').map(str::trim).collect();
        let [table, field, level, weight, m, u] = cells[..] else {
            return Err(cell(line, "table", "a line has six cells"));
        };
        let mut questions = Question::VARIANTS.iter().copied();
        let question = questions
            .find(|one| table == <&str>::from(one))
            .ok_or(cell(line, "table", "must be deciding or resolving"))?;
        let field = question
            .fields()
            .find(|one| one.as_str() == field)
            .ok_or(cell(line, "field", "is none that this table weighs"))?;
        let mut levels = field.levels().iter().copied();
        let level = levels.find(|one| one.as_str() == level).ok_or(cell(
            line,
            "level",
            "is none that this field can reach",
        ))?;
        let centibits = weight.parse().ok();
        let centibits = centibits.filter(|weight| (-MOST..=MOST).contains(weight));
        let wrong = "must be hundredths of a bit from -10000 to 10000";
        let centibits = centibits.ok_or(cell(line, "weight", wrong))?;
        let m = probability(line, "m", m)?;
        let u = probability(line, "u", u)?;
        Ok(Self {
            question,
            field,
            level,
            weight: Weight {
                centibits,
                estimate: m.zip(u),
            },
        })
    }
}

fn probability(line: usize, column: &'static str, text: &str) -> Result<Option<f64>, WeightsError> {
    if text.is_empty() {
        return Ok(None);
    }
    let value: Option<f64> = text.parse().ok();
    let value = value.filter(|value| (0.0..=1.0).contains(value));
    let wrong = "must be a probability from 0 to 1, or empty";
    value.map(Some).ok_or(cell(line, column, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_that_can_come_up_has_one_line_and_its_weight() {
        let text = include_str!("weights.csv");
        let lines = |place: &str| text.lines().filter(|line| line.starts_with(place)).count();
        for (question, field, level) in places() {
            let place = format!(
                "{},{},{},",
                <&str>::from(question),
                field.as_str(),
                level.as_str()
            );
            assert_eq!(lines(&place), 1, "{place}");
        }
        assert_eq!(lines("deciding,") + lines("resolving,"), places().count());
        let built_in = Weights::built_in();
        assert_eq!(built_in.deciding.of(Field::Ssn, Level::Exact), 1_200);
        assert_eq!(built_in.resolving.of(Field::Ssn, Level::Exact), 2_990);
        assert_eq!(built_in.resolving.of(Field::Street, Level::Missing), 0);
    }

    #[test]
    fn a_file_that_is_written_reads_back() {
        let mut weights = Weights::built_in().clone();
        let estimate = Some((0.25, 0.125));
        let weight = Weight {
            centibits: 100,
            estimate,
        };
        weights.resolving.set(Field::Street, Level::Close, weight);
        assert_eq!(Weights::parse(&weights.to_csv()), Ok(weights));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_column() {
        let good = Weights::built_in().to_csv();
        let told = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            let wrong = Weights::parse(&good.replacen(from, to, 1));
            wrong.expect_err("a wrong file").to_string()
        };
        for (from, to, column) in [
            ("exact,600,,", "exact,x,,", "line 3, column weight: "),
            ("exact,600,,", "exact,600,2,", "line 3, column m: "),
            ("exact,600,,", "exact,600,,nan", "line 3, column u: "),
            ("deciding,", "decided,", "line 3, column table: "),
            ("family_name,", "contact,", "line 3, column field: "),
            (
                "family_name,exact",
                "family_name,nickname",
                "line 3, column level: ",
            ),
            (
                "family_name,close",
                "family_name,exact",
                "line 4, column level: ",
            ),
            ("version,", "", "line 1, column version: "),
            ("table,", "", "line 2, column table: "),
            ("exact,600,,", "exact,600", "line 3, column table: "),
        ] {
            assert!(told(from, to).starts_with(column), "{}", told(from, to));
        }
        assert_eq!(
            told("deciding,ssn,close,300,,\n", ""),
            "there is no line for deciding,ssn,close"
        );
    }
}
