//! A partner's bulk call: AcknowledgeHandoffs or ReportOutcomes, done once however often it comes.

use crate::db::idempotency::{self, Known};

use super::super::context::Ctx;
use super::super::error::Error;
use super::learn::{Said, Speaker, Verdict, learn};

/// Takes in what a partner says; `None` stands for an item that cannot be read. Gives a verdict for each, in order.
pub async fn say(
    ctx: &Ctx,
    speaker: Speaker<'_>,
    request: &idempotency::Request,
    items: &[Option<Said>],
) -> Result<Vec<Verdict>, Error> {
    let said: Vec<Said> = items.iter().flatten().cloned().collect();
    let verdicts = ctx
        .db
        .run_tx("handoff.say", |tx| {
            let said = &said;
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(letters) => return verdicts_of(&letters),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let mut verdicts = learn(tx, ctx, speaker, said).await?.into_iter();
                let verdicts: Vec<Verdict> = items
                    .iter()
                    .map(|item| match item {
                        Some(_) => verdicts.next().unwrap_or(Verdict::Unknown),
                        None => Verdict::Malformed,
                    })
                    .collect();
                let letters: String = verdicts.iter().map(|verdict| letter(*verdict)).collect();
                idempotency::record(tx, request, &letters, ctx.clock.now()).await?;
                Ok(verdicts)
            })
        })
        .await?;
    ctx.bell.notify_waiters();
    Ok(verdicts)
}

/// The form in which verdicts are kept for a repeated call.
const fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Recorded => 'R',
        Verdict::Unchanged => 'U',
        Verdict::Unknown => 'N',
        Verdict::Contradicts => 'C',
        Verdict::Malformed => 'M',
    }
}

fn verdicts_of(letters: &str) -> Result<Vec<Verdict>, Error> {
    let verdict = |kept| match kept {
        'R' => Ok(Verdict::Recorded),
        'U' => Ok(Verdict::Unchanged),
        'N' => Ok(Verdict::Unknown),
        'C' => Ok(Verdict::Contradicts),
        'M' => Ok(Verdict::Malformed),
        _ => Err(crate::db::Error::corrupt("verdicts of an earlier call").into()),
    };
    letters.chars().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_kept_as_letters() {
        let all = [
            Verdict::Recorded,
            Verdict::Unchanged,
            Verdict::Unknown,
            Verdict::Contradicts,
            Verdict::Malformed,
        ];
        let letters: String = all.into_iter().map(letter).collect();
        assert_eq!(verdicts_of(&letters).unwrap(), all);
        assert!(verdicts_of("X").is_err());
    }
}
