//! How soon queues are empty: pushed to a bureau and pulled by one, beside people who enroll, behind orders that always fail, and after an
//! outage.
//!
//! The orders are written into the queue by SQL, due at one moment; the people who enroll meanwhile do so by the public API. The bureau that is
//! called is the sandbox, which says nothing more of what it took for an hour; the one that pulls is this program.

mod crowd;
pub mod measured;
mod pull;
mod run;

use super::campaign::{load, people_for};
use super::scratch::{Which, in_scratch, with_stack};
use crate::client::problem::Problem;
use crate::client::progress::Show;
use crate::lab::people::labelled::{Order, write_file};
use measured::{Measured, Settings};
use run::Run;

/// The bureau fails for this product, each time and for this person alone; everything else it takes.
const SCRIPT: &str = "[[rule]]\nproduct = \"POISON\"\nhabit = \"BREAKS\"\ntries = 1000000\n\n[[rule]]\noutcome = \"ACTIVE\"\nafter = \"1h\"\n";
/// At most so many enroll beside a queue that empties.
const BESIDE: usize = 6_000;

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    let letters = 2 * settings.enrollments + BESIDE;
    let order = Order::of_people(
        people_for(letters)
            .max(settings.pushed)
            .max(settings.pulled),
        1,
    );
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let which = Which {
            script: Some(SCRIPT),
            ..Which::default()
        };
        with_stack(databases, dir, which, async |stack| {
            let endpoints = stack.endpoints.clone();
            let loaded = Box::pin(load(&endpoints, (&roster, labels), letters, show)).await?;
            let run = Run::open(settings, databases, &endpoints, &loaded, show).await?;
            Box::pin(run.measure(stack)).await
        })
        .await
    })
    .await
}
