//! The few kinds of markup that the page is made of.

use crate::client::convert::with_commas;

/// A cell of a table.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// Words; escaped when written.
    Text(String),
    /// A few words that stay on one line, such as a day; escaped when written.
    Short(String),
    /// A number.
    Number(i64),
    /// A part of a whole, as [`share`] writes it.
    Share(String),
    /// Markup of this module.
    Picture(String),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn write(&self, tag: &str) -> String {
        let close = tag.split(' ').next().unwrap_or(tag);
        match self {
            Self::Text(text) => format!("<{tag}>{}</{close}>", escape(text)),
            Self::Short(text) => {
                format!("<{tag} class=\"short\">{}</{close}>", escape(text))
            }
            Self::Number(number) => {
                format!("<{tag} class=\"number\">{}</{close}>", with_commas(*number))
            }
            Self::Share(text) => format!("<{tag} class=\"number\">{text}</{close}>"),
            Self::Picture(markup) => format!("<{tag} class=\"picture\">{markup}</{close}>"),
        }
    }
}

/// Makes text harmless in elements and attributes. Characters that XML cannot hold are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// A part of the page with its heading.
pub(super) fn section(title: &str, inside: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{inside}</section>\n")
}

/// A table; the first cell of each row names it. A head without a name stands over pictures.
pub(super) fn table(heads: &[&str], rows: &[Vec<Cell>]) -> String {
    let numbers = |at: usize| {
        let cell = rows.first().and_then(|row| row.get(at));
        matches!(cell, Some(Cell::Number(_) | Cell::Share(_)))
    };
    // Where there are few columns, pictures have room.
    let class = if heads.len() <= 4 { "few" } else { "many" };
    let mut text = format!("<div class=\"wide\"><table class=\"{class}\">\n<thead><tr>");
    for (at, head) in heads.iter().enumerate() {
        let cell = match *head {
            "" => "<td></td>".to_owned(),
            head if numbers(at) => format!("<th scope=\"col\" class=\"number\">{head}</th>"),
            head => format!("<th scope=\"col\">{head}</th>"),
        };
        text.push_str(&cell);
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += "<tr>";
        for (at, cell) in row.iter().enumerate() {
            let tag = if at == 0 { "th scope=\"row\"" } else { "td" };
            text += &cell.write(tag);
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table></div>\n"
}

/// A bar of parts, each drawn over the one before, as wide as its share of `most`. The figures stand beside it.
pub(super) fn bar(parts: &[(i64, &str)], most: i64) -> String {
    let parts = parts.iter().map(|(count, class)| {
        let width = ratio(*count, most) * 100.0;
        format!("<rect class=\"{class}\" width=\"{width:.2}\" height=\"10\"/>")
    });
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"ground\" width=\"100\" height=\"10\"/>{}</svg>",
        parts.collect::<String>()
    )
}

/// A part of a whole in percent; nothing where there is no whole.
pub(super) fn share(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return String::new();
    }
    format!("{:.1}%", ratio(part, whole) * 100.0)
}

/// A part of a whole, from 0 up; 0 where there is no whole.
#[expect(
    clippy::cast_precision_loss,
    reason = "a picture needs no more than a few digits"
)]
pub(super) fn ratio(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        return 0.0;
    }
    (part.max(0) as f64) / (whole as f64)
}
