//! Runs all calls of a scenario, so many at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::caller::{self, Ending};
use super::context::CallContext;
use super::impostor;
use super::letters::{LetterHolder, Person};
use super::scenario::{Scenario, Trick};
use crate::client::progress::{Show, Unit};

/// What became of all calls.
#[derive(Debug, Default)]
pub struct RunResult {
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
    /// Impostors who were told that they are enrolled.
    pub impostors_believing: usize,
    /// The people whom impostors claimed to be, and the impostors' own identities.
    pub victims: Vec<Person>,
    /// Rules that were broken, and how often.
    pub surprises: BTreeMap<&'static str, usize>,
}

enum Finished {
    Caller(Person, caller::CallResult),
    Impostor(impostor::Attempt, [Person; 2]),
}

/// Makes all calls; impostors are spread among the honest callers.
pub async fn run(
    context: Arc<CallContext>,
    scenario: Scenario,
    campaign_id: &str,
    at_once: usize,
    show: Show,
) -> RunResult {
    let stop = CancellationToken::new();
    let reviewing = tokio::spawn({
        let (context, campaign_id, stop) =
            (Arc::clone(&context), campaign_id.to_owned(), stop.clone());
        async move {
            let (desk, operators) = (context.call_center.clone(), context.operators.clone());
            let reviewing = context.reviewer.work(desk, operators, campaign_id, stop);
            reviewing.await;
        }
    });
    let mut calls = Vec::new();
    let total = scenario.callers.len() + scenario.impostors.len();
    let every = (scenario.callers.len() / scenario.impostors.len().max(1)).max(1);
    let mut impostors = scenario.impostors.into_iter();
    let mut number = 0;
    let mut next_number = || {
        number += 1;
        number
    };
    for (at, (holder, habit)) in scenario.callers.into_iter().enumerate() {
        let (shared, number) = (Arc::clone(&context), next_number());
        calls.push(boxed(async move {
            let result = caller::call(&shared, number, &holder, habit).await;
            Finished::Caller(holder.person, result)
        }));
        if at % every == 0 {
            calls.extend(
                impostors
                    .next()
                    .map(|call| pretend(&context, next_number(), call)),
            );
        }
    }
    calls.extend(impostors.map(|call| pretend(&context, next_number(), call)));

    let progress = show("people call", Unit::Pieces);
    let mut ended = 0;
    let mut calling = futures::stream::iter(calls)
        .map(tokio::spawn)
        .buffer_unordered(at_once.max(1));
    let mut result = RunResult::default();
    while let Some(call) = calling.next().await {
        ended += 1;
        progress.set(ended, total as u64);
        if let Ok(call) = call {
            result.add(call);
        } else {
            *result
                .surprises
                .entry("a caller's task panicked")
                .or_default() += 1;
        }
    }
    stop.cancel();
    let _ = reviewing.await;
    result
}

type Boxed = futures::future::BoxFuture<'static, Finished>;

fn boxed(call: impl Future<Output = Finished> + Send + 'static) -> Boxed {
    Box::pin(call)
}

fn pretend(
    context: &Arc<CallContext>,
    number: usize,
    (victim, own, trick): (LetterHolder, LetterHolder, Trick),
) -> Boxed {
    let context = Arc::clone(context);
    boxed(async move {
        let tried = impostor::attempt(&context, number, &victim, &own, trick).await;
        Finished::Impostor(tried, [victim.person, own.person])
    })
}

impl RunResult {
    fn add(&mut self, call: Finished) {
        match call {
            Finished::Caller(person, result) => {
                self.callers += 1;
                for surprise in result.surprises {
                    *self.surprises.entry(surprise).or_default() += 1;
                }
                match result.ending {
                    Ending::Promised(enrollment_id) => {
                        if person.population == "deceased" {
                            let rule = "a deceased person was enrolled";
                            *self.surprises.entry(rule).or_default() += 1;
                        }
                        self.promises.push((person, enrollment_id));
                    }
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
            Finished::Impostor(tried, people) => {
                self.impostors_tried += 1;
                self.impostors_believing += usize::from(tried.believes);
                self.impostors_referred += usize::from(tried.was_referred);
                self.victims.extend(people);
            }
        }
    }
}
