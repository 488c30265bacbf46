//! Enrollments a day, as columns and as a table.

use std::fmt::Write as _;

use super::html::{self, Cell, escape, ratio, table};
use crate::client::convert::{date, with_commas};
use crate::wire::redress::enrollment::v1 as wire;

/// The most columns that can be told apart on a telephone.
const MOST_COLUMNS: usize = 120;
/// Width of a column's place, and of each of its two bars.
const PLACE: usize = 10;
const WIDTH: usize = 4;

/// One column: a day, or a few.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    first: String,
    last: String,
    begun: i64,
    submitted: i64,
}

/// The picture and its figures.
pub(super) fn section(days: &[wire::ReportDay], zone: &str) -> String {
    const TITLE: &str = "Enrollments a day";
    if days.is_empty() {
        return html::section(TITLE, "<p>Nobody has begun an enrollment yet.</p>\n");
    }
    let days_a_column = days_a_column(days.len());
    let columns = columns(days, days_a_column);
    let each = match days_a_column {
        1 => "Each column is a day".to_owned(),
        many => format!("Each column is {many} days"),
    };
    let rows = days.iter().map(|day| {
        vec![
            Cell::text(date(day.date.as_ref()).unwrap_or_default()),
            Cell::Number(day.begun),
            Cell::Number(day.submitted),
        ]
    });
    let table = table(&["Day", "Begun", "Submitted"], &rows.collect::<Vec<_>>());
    html::section(
        TITLE,
        &format!(
            "<p>{each}, in the time zone {}. <span class=\"key begun\"></span> begun \
             <span class=\"key submitted\"></span> submitted</p>\n{}\
             <details><summary>The figures of each day</summary>\n{table}</details>\n",
            escape(zone),
            picture(&columns)
        ),
    )
}

/// How many days one column stands for, so that there are not too many columns.
fn days_a_column(days: usize) -> usize {
    match days.div_ceil(MOST_COLUMNS) {
        0 | 1 => 1,
        2..=7 => 7,
        more => more.div_ceil(30) * 30,
    }
}

fn columns(days: &[wire::ReportDay], days_a_column: usize) -> Vec<Column> {
    let columns = days.chunks(days_a_column).map(|days| {
        let name = |day: Option<&wire::ReportDay>| {
            let day = day.and_then(|day| day.date.as_ref());
            date(day).unwrap_or_default()
        };
        Column {
            first: name(days.first()),
            last: name(days.last()),
            begun: days.iter().map(|day| day.begun).sum(),
            submitted: days.iter().map(|day| day.submitted).sum(),
        }
    });
    columns.collect()
}

fn picture(columns: &[Column]) -> String {
    let most = columns
        .iter()
        .map(|column| column.begun.max(column.submitted))
        .max();
    let top = round_up(most.unwrap_or(0));
    let width = columns.len() * PLACE;
    let mut bars = String::new();
    for (at, column) in columns.iter().enumerate() {
        let x = at * PLACE + 1;
        let days = if column.first == column.last {
            column.first.clone()
        } else {
            format!("{} to {}", column.first, column.last)
        };
        let figures = [
            ("begun", x, column.begun),
            ("submitted", x + WIDTH, column.submitted),
        ];
        _ = write!(
            bars,
            "<g><title>{}: {} begun, {} submitted</title>",
            escape(&days),
            with_commas(column.begun),
            with_commas(column.submitted)
        );
        for (class, x, count) in figures {
            let height = ratio(count, top) * 100.0;
            let y = 100.0 - height;
            _ = write!(
                bars,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y:.2}\" width=\"{WIDTH}\" height=\"{height:.2}\"/>"
            );
        }
        bars += "</g>\n";
    }
    let first = columns.first().map_or("", |column| column.first.as_str());
    let last = columns.last().map_or("", |column| column.last.as_str());
    let dates = if first == last {
        format!("<span>{}</span>", escape(first))
    } else {
        format!(
            "<span>{}</span><span>{}</span>",
            escape(first),
            escape(last)
        )
    };
    format!(
        "<figure class=\"days\">\n<div class=\"scale\"><span>{}</span><span>{}</span><span>0</span></div>\n\
         <svg viewBox=\"0 0 {width} 100\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Enrollments begun and submitted, {} to {}, at most {} in a column\">\n\
         <path class=\"lines\" d=\"M0 0H{width}M0 50H{width}M0 100H{width}\"/>\n{bars}</svg>\n\
         <figcaption>{dates}</figcaption>\n</figure>\n",
        with_commas(top),
        half(top),
        escape(first),
        escape(last),
        with_commas(most.unwrap_or(0)),
    )
}

/// Gives the next round number, so that half of it is read easily: 2, 4, 10, 20, 40, 100, ...
fn round_up(most: i64) -> i64 {
    let mut unit: i64 = 1;
    loop {
        for step in [2, 4, 10] {
            let round = unit.saturating_mul(step);
            if round >= most {
                return round;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn half(top: i64) -> String {
    with_commas(top / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number_above_the_highest_column() {
        let tops = [0, 1, 2, 3, 5, 11, 39, 41, 3_900].map(round_up);
        assert_eq!(tops, [2, 2, 2, 4, 10, 20, 40, 100, 4_000]);
        assert!(round_up(i64::MAX) >= i64::MAX - 10);
    }

    #[test]
    fn many_days_share_a_column_and_none_is_lost() {
        for days in [1, 119, 120, 121, 840, 841, 3_650] {
            let each = vec![
                wire::ReportDay {
                    begun: 3,
                    submitted: 2,
                    ..wire::ReportDay::default()
                };
                days
            ];
            let columns = columns(&each, days_a_column(days));
            assert!(
                columns.len() <= MOST_COLUMNS + 1,
                "{days}: {}",
                columns.len()
            );
            let begun: i64 = columns.iter().map(|column| column.begun).sum();
            assert_eq!(usize::try_from(begun), Ok(days * 3));
        }
    }
}
