//! How well a claim is decided: invented people are loaded, their codes issued, and claims are made of which it is known what should
//! become of them. All of it over the public API of the real processes.
//!
//! True people make slips ([`slip`]) with their letter and without it ([`honest`]); impostors have a letter, or data, that are not theirs
//! ([`impostor`]); thieves guess ([`thief`]). No letter meets more than one impostor and its owner, so each of their claims is among the
//! first tries of the letter and is decided by what it says. Thieves have letters of their own victims, and all tries.

mod honest;
mod impostor;
pub mod line;
mod slip;
pub mod thief;

use super::campaign::subject::{Subject, households};
use super::campaign::{Loaded, load, people_for};
use super::scratch::{in_scratch, with_processes};
use crate::client::problem::Problem;
use crate::client::progress::Show;
use crate::kernel::secrets::Secret;
use crate::lab::people::labelled::{Order, write_file};
use line::Line;
use thief::Tries;

/// One true person in so many claims without the letter too, but no more than this: a name has so many look-ups a day.
const LOOKED_UP: (usize, usize) = (5, 20_000);
/// One thief in so many looks the victim up before. Each makes a hundred calls.
const LOOKING_UP: usize = 10;
/// The hour's limit of a person is what a letter has in its life, which here passes within the hour: its own limits stay as they are. When a
/// refusal leaves is not measured here.
const SETTINGS: [(&str, &str); 2] = [
    ("REDRESS_TRIES_PER_PERSON", "10"),
    ("REDRESS_REFUSAL_GRID", "0s"),
];

/// What is measured.
#[derive(Debug)]
pub struct Settings {
    /// Claims of true people with their letter.
    pub claims: usize,
    /// Claims of impostors of each kind, and thieves.
    pub impostors: usize,
    /// Which people, slips and guesses.
    pub seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files.
    pub database_url: Option<Secret<String>>,
}

/// What a measurement came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `PostgreSQL` or `SQLite`.
    pub database: &'static str,
    /// People on the roster.
    pub people: u64,
    /// The claims by kind.
    pub lines: Vec<Line>,
    /// How often thieves could try.
    pub tries: Tries,
}

impl Settings {
    /// How many letters true people and impostors share. One victim in four has somebody at home whose record is right.
    fn shared(&self) -> usize {
        self.claims.max(5 * self.impostors)
    }

    fn looking_up(&self) -> usize {
        self.impostors.div_ceil(LOOKING_UP)
    }

    fn letters(&self) -> usize {
        self.shared() + self.impostors + self.looking_up()
    }

    fn people(&self) -> u64 {
        people_for(self.letters())
    }
}

/// Measures it, unless `stop` comes first, and leaves nothing behind.
pub async fn measure(
    settings: &Settings,
    stop: impl Future<Output = Problem>,
    show: Show,
) -> Result<Measured, Problem> {
    let order = Order::of_people(settings.people(), settings.seed);
    let url = settings.database_url.as_ref();
    in_scratch(url, stop, async |databases, dir| {
        let roster = dir.join("roster.csv");
        let labels = write_file(&order, &roster, show)?;
        let identity = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let done = with_processes(databases, dir, &identity, async |endpoints, _| {
            let loaded = load(endpoints, (&roster, labels), settings.letters(), show).await?;
            claim_all(&loaded, settings, show).await
        });
        let (lines, tries) = done.await?;
        Ok(Measured {
            database: databases.database(),
            people: settings.people(),
            lines,
            tries,
        })
    })
    .await
}

/// Makes all claims: first the impostors', then those of the people whose letters they had, last the thieves'.
async fn claim_all(
    loaded: &Loaded,
    settings: &Settings,
    show: Show,
) -> Result<(Vec<Line>, Tries), Problem> {
    let Settings {
        claims,
        impostors,
        seed,
        ..
    } = *settings;
    let desk = &loaded.desk;
    let begun = loaded.begin(show).await?;
    let (shared, thieves) = begun.split_at(settings.shared());
    let (by_letter, by_look_up) = thieves.split_at(impostors);
    let everybody: Vec<&Subject> = loaded.subjects.iter().collect();
    let lost = &everybody[..(claims / LOOKED_UP.0).min(LOOKED_UP.1)];

    let (others, rest) = shared.split_at(impostors);
    let (envelopes, rest) = rest.split_at(impostors);
    // A third of those who live with the victim are twins.
    let (twins, rest) = rest.split_at(impostors / 3);
    let households = households(&loaded.known);
    let relatives = impostor::household(rest, &households);
    let attempts = impostor::others(others, &everybody)
        .chain(impostor::envelopes(envelopes, seed))
        .chain(impostor::twins(twins, seed))
        .chain(relatives.take(impostors - twins.len()));
    let attempted = impostor::attempt(desk, attempts, show).await?;
    let stolen = &everybody[settings.shared()..][..settings.impostors];
    let stolen = impostor::with_stolen_data(desk, stolen, show).await?;

    let mut lines = honest::with_letter(desk, &shared[..claims], seed, show).await?;
    lines.extend(honest::without_letter(desk, lost, seed, show).await?);
    lines.extend(attempted);
    lines.push(stolen);
    let (thieves, tries) = thief::steal(desk, by_letter, by_look_up, seed, show).await?;
    lines.extend(thieves);
    Ok((lines, tries))
}
