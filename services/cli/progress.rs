//! Bars for long work: on standard error, only where that is a terminal, with the rate and the time left.

use std::fmt;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Shows how far work is that is counted in pieces.
pub fn pieces(what: &'static str, total: u64) -> ProgressBar {
    bar(
        what,
        total,
        "{msg:22} {wide_bar} {human_pos}/{human_len}  {rate}  {eta} left",
    )
}

/// Shows how far work is that is counted in bytes.
pub fn bytes(what: &'static str, total: u64) -> ProgressBar {
    bar(
        what,
        total,
        "{msg:22} {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left",
    )
}

/// Shows that work goes on whose end is not known.
pub fn waiting(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    spinner
}

fn bar(what: &'static str, total: u64, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{:.0}/s", state.per_sec());
    });
    ProgressBar::new(total).with_style(style).with_message(what)
}
