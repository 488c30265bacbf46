//! One column of a line.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

/// A column of a flat file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Column {
    /// The heading of a CSV's column; also what messages call it.
    pub name: String,
    /// What stands in it, by a name that whoever reads or writes the file knows.
    pub field: Option<String>,
    /// The same text in every line, in the place of a field.
    pub value: Option<String>,
    /// Characters: exactly so many in a line of fixed width, at most so many in a CSV.
    pub width: Option<usize>,
    /// On which side the text stands in a fixed width.
    pub align: Align,
    /// What fills up a fixed width: a space where nothing is said.
    pub fill: Option<char>,
    /// Whether it must not be empty.
    pub required: bool,
    /// How a date is written, in the signs of `strftime`; `%Y-%m-%d` where nothing is said.
    pub date: Option<String>,
    /// Other words for words: `{ ENROLL = "A" }` writes `A` and reads `A` as ENROLL.
    pub words: BTreeMap<String, String>,
}

/// On which side a text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Left, filled up on the right.
    #[default]
    Left,
    /// Right, filled up on the left.
    Right,
}

/// Says that a text does not fit its column. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is longer than the column.
    #[error("it is too long for its column")]
    TooLong,
    /// The column must not be empty.
    #[error("it is missing")]
    Missing,
    /// It has a sign that the file cannot hold, such as a line's end or one outside its character set.
    #[error("it has a sign that the file cannot hold")]
    Sign,
}

impl Column {
    /// Gives what messages call the column.
    pub fn title(&self) -> &str {
        let titles = [Some(self.name.as_str()), self.field.as_deref()];
        let mut titles = titles.into_iter().flatten();
        titles
            .find(|title| !title.is_empty())
            .unwrap_or("a column without a name")
    }

    /// Writes a value of the column's field: dates as the column has them, words by its own.
    pub fn write(&self, value: &str) -> String {
        if let (Some(form), Ok(date)) = (&self.date, value.parse::<Date>()) {
            return date.strftime(form).to_string();
        }
        self.words
            .get(value)
            .map_or_else(|| value.to_owned(), Clone::clone)
    }

    /// Reads a value of the column's field: the opposite of [`Column::write`]. A date that cannot be read stays as it is.
    pub fn read(&self, text: &str) -> String {
        let text = text.trim();
        if let Some(form) = &self.date
            && let Ok(date) = Date::strptime(form, text)
        {
            return date.to_string();
        }
        let known = self.words.iter().find(|(_, written)| *written == text);
        known.map_or_else(|| text.to_owned(), |(word, _)| word.clone())
    }

    /// Fills a text up to the column's width.
    pub(super) fn fill_up(&self, text: &str) -> Result<String, Unfit> {
        let width = self.width.unwrap_or_default();
        let missing = width.checked_sub(text.chars().count());
        let filling: String =
            std::iter::repeat_n(self.fill.unwrap_or(' '), missing.ok_or(Unfit::TooLong)?).collect();
        Ok(match self.align {
            Align::Left => format!("{text}{filling}"),
            Align::Right => format!("{filling}{text}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(toml: &str) -> Column {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn dates_and_words_are_the_columns_own() {
        let born = column("field = 'date_of_birth'\ndate = '%m%d%Y'");
        assert_eq!(born.write("1961-12-03"), "12031961");
        assert_eq!(born.read("12031961"), "1961-12-03");
        assert_eq!(born.read("soon"), "soon");
        let kind = column("field = 'kind'\nwords = { ENROLL = 'A', CANCEL = 'D' }");
        assert_eq!(kind.write("CANCEL"), "D");
        assert_eq!(kind.read(" A "), "ENROLL");
        assert_eq!(kind.read("X"), "X");
    }

    #[test]
    fn a_fixed_width_is_filled_up_and_nothing_is_cut() {
        let count = column("width = 5\nalign = 'right'\nfill = '0'");
        assert_eq!(count.fill_up("42").unwrap(), "00042");
        assert_eq!(count.fill_up("123456"), Err(Unfit::TooLong));
        let name = column("width = 6");
        assert_eq!(name.fill_up("Zoë").unwrap(), "Zoë   ");
    }
}
