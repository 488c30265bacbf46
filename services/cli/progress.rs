//! Bars for long work: on standard error, only where that is a terminal, with the rate and the time left.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressState, ProgressStyle};

use crate::client::progress::{Progress, Unit};

/// Shows how far a piece of work is.
pub fn show(what: &'static str, unit: Unit) -> Progress {
    let bar = match unit {
        Unit::Pieces => bar("{msg:22} {wide_bar} {human_pos}/{human_len}  {rate}  {eta} left"),
        Unit::Bytes => {
            bar("{msg:22} {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")
        }
        Unit::Nothing => {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        }
    };
    let bar = bar.with_message(what);
    Progress::new(move |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
}

fn bar(template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{:.0}/s", state.per_sec());
    });
    let bar = ProgressBar::new(0).with_style(style);
    bar.with_finish(ProgressFinish::Abandon)
}
