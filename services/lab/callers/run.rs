//! All callers and impostors at once, so many at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::caller::{self as callers, Ending};
use super::impostor as impostors;
use super::letters::Person;
use super::scenario::Cast;
use crate::cli::connect::Channels;
use crate::cli::progress;
use crate::lab::demo::World;

/// What was played.
#[derive(Debug, Default)]
pub struct Played {
    /// Honest callers.
    pub callers: usize,
    /// Who was told "you are enrolled", and the enrollment.
    pub promises: Vec<(Person, String)>,
    /// Honest callers who were refused, by reason.
    pub turned_away: BTreeMap<String, usize>,
    /// Impostors who tried.
    pub impostors_tried: usize,
    /// Impostors whose papers were asked for.
    pub impostors_referred: usize,
    /// Impostors who believe that they got through.
    pub impostors_believing: usize,
    /// People whom impostors claimed to be, or lent their own data.
    pub victims: Vec<Person>,
    /// Rules that were broken, and how often.
    pub surprises: BTreeMap<&'static str, usize>,
}

enum Scene {
    Caller(Person, callers::Told),
    Impostor(impostors::Tried, [Person; 2]),
}

/// Lets everybody call, impostors among the others.
pub async fn play(
    world: Arc<World>,
    cast: Cast,
    reviewer: Channels,
    campaign_id: &str,
    at_once: usize,
) -> Played {
    let stop = CancellationToken::new();
    let reviewing = tokio::spawn({
        let (world, campaign_id, stop) = (Arc::clone(&world), campaign_id.to_owned(), stop.clone());
        async move { world.reviewer.work(reviewer, campaign_id, stop).await }
    });
    let mut scenes = Vec::new();
    let total = cast.callers.len() + cast.impostors.len();
    let every = (cast.callers.len() / cast.impostors.len().max(1)).max(1);
    let mut impostors = cast.impostors.into_iter();
    let mut number = 0;
    let mut next_number = || {
        number += 1;
        number
    };
    for (at, (holder, habit)) in cast.callers.into_iter().enumerate() {
        let (stage, number) = (Arc::clone(&world), next_number());
        scenes.push(boxed(async move {
            let told = callers::call(&stage, number, &holder, habit).await;
            Scene::Caller(holder.person, told)
        }));
        if at % every == 0 {
            scenes.extend(
                impostors
                    .next()
                    .map(|scene| pretend(&world, next_number(), scene)),
            );
        }
    }
    scenes.extend(impostors.map(|scene| pretend(&world, next_number(), scene)));

    let bar = progress::pieces("people call", total as u64);
    let mut playing = futures::stream::iter(scenes)
        .map(tokio::spawn)
        .buffer_unordered(at_once.max(1));
    let mut played = Played::default();
    while let Some(scene) = playing.next().await {
        bar.inc(1);
        if let Ok(scene) = scene {
            played.add(scene);
        } else {
            *played
                .surprises
                .entry("a caller's task panicked")
                .or_default() += 1;
        }
    }
    bar.finish();
    stop.cancel();
    let _ = reviewing.await;
    played
}

type Boxed = futures::future::BoxFuture<'static, Scene>;

fn boxed(scene: impl Future<Output = Scene> + Send + 'static) -> Boxed {
    Box::pin(scene)
}

fn pretend(
    world: &Arc<World>,
    number: usize,
    (victim, own, trick): (
        super::letters::Holder,
        super::letters::Holder,
        super::scenario::Trick,
    ),
) -> Boxed {
    let world = Arc::clone(world);
    boxed(async move {
        let tried = impostors::attempt(&world, number, &victim, &own, trick).await;
        Scene::Impostor(tried, [victim.person, own.person])
    })
}

impl Played {
    fn add(&mut self, scene: Scene) {
        match scene {
            Scene::Caller(person, told) => {
                self.callers += 1;
                for surprise in told.surprises {
                    *self.surprises.entry(surprise).or_default() += 1;
                }
                match told.ending {
                    Ending::Promised(enrollment_id) => self.promises.push((person, enrollment_id)),
                    Ending::Refused(reason) => {
                        let who = if person.population == "deceased" {
                            "deceased: "
                        } else {
                            ""
                        };
                        *self
                            .turned_away
                            .entry(format!("{who}{reason}"))
                            .or_default() += 1;
                    }
                }
            }
            Scene::Impostor(tried, people) => {
                self.impostors_tried += 1;
                self.impostors_believing += usize::from(tried.believes);
                self.impostors_referred += usize::from(tried.was_referred);
                self.victims.extend(people);
            }
        }
    }
}
