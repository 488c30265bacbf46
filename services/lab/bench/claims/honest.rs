//! True people: with their letter, and without it.

use std::collections::BTreeMap;

use super::line::{Asked, Line, Tally};
use super::slip::{Kind, say};
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::lab::bench::at_once::run;
use crate::lab::bench::campaign::desk::{Answer, Desk};
use crate::lab::bench::campaign::subject::Subject;
use crate::lab::people::dice::Dice;

/// Of 1,000 true people with a letter so many are to be verified or referred.
const SERVED: usize = 995;

/// Whoever has the letter makes one claim.
pub async fn with_letter(
    desk: &Desk,
    people: &[(&Subject, String)],
    seed: u64,
    show: Show,
) -> Result<Vec<Line>, Problem> {
    const WHO: &str = "true person with the letter";
    let progress = show("true people claim", Unit::Pieces);
    let calls = people.iter().map(async |(subject, enrollment)| {
        let mut dice = Dice::new(seed, subject.label.person);
        let (said, kind) = say(&mut dice, &subject.person);
        let answer = desk.claim(Some(enrollment), said.claims()).await?;
        Ok((kind, answer))
    });
    let answers = run(calls, &progress).await?;
    let mut refused: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for ((subject, _), (kind, answer)) in people.iter().zip(&answers) {
        if *answer == Answer::Refused && *kind != Kind::Two {
            let label = &subject.label;
            let row = format!("{} {}", label.covered_entity, label.external_ref);
            refused.entry(*kind).or_default().push(row);
        }
    }
    let kinds = by_kind(answers);
    let all = kinds
        .values()
        .fold(Tally::default(), |all, one| all.plus(*one));
    let mut line = |(kind, tally): (Kind, Tally)| Line {
        who: WHO,
        kind: kind.name(),
        tally,
        asked: match kind {
            Kind::Right | Kind::One(_) => Asked::NobodyRefused,
            Kind::Two => Asked::Nothing,
        },
        rows: refused.remove(&kind).unwrap_or_default(),
    };
    let mut lines: Vec<Line> = kinds.into_iter().map(&mut line).collect();
    lines.push(Line {
        who: WHO,
        kind: "all",
        tally: all,
        asked: Asked::Served(SERVED),
        rows: Vec::new(),
    });
    Ok(lines)
}

/// Whoever has lost the letter calls, and an agent looks them up.
pub async fn without_letter(
    desk: &Desk,
    people: &[&Subject],
    seed: u64,
    show: Show,
) -> Result<Vec<Line>, Problem> {
    const WHO: &str = "true person without the letter";
    let progress = show("people without a letter claim", Unit::Pieces);
    let calls = people.iter().map(async |subject| {
        let mut dice = Dice::new(seed, subject.label.person);
        let (said, kind) = say(&mut dice, &subject.person);
        Ok((kind, desk.claim_by_agent(said.claims()).await?))
    });
    let kinds = by_kind(run(calls, &progress).await?);
    let all = kinds
        .values()
        .fold(Tally::default(), |all, one| all.plus(*one));
    let named = kinds.into_iter().map(|(kind, tally)| (kind.name(), tally));
    let line = |(kind, tally)| Line {
        who: WHO,
        kind,
        tally,
        // Nobody is verified by what they know alone.
        asked: Asked::NobodyVerified,
        rows: Vec::new(),
    };
    Ok(named.chain([("all", all)]).map(line).collect())
}

fn by_kind(answers: Vec<(Kind, Answer)>) -> BTreeMap<Kind, Tally> {
    let mut kinds: BTreeMap<Kind, Tally> = BTreeMap::new();
    for (kind, answer) in answers {
        kinds.entry(kind).or_default().add(answer);
    }
    kinds
}
