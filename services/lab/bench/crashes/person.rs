//! One person, who calls until they are answered, and remembers what they were told.

use std::time::Duration;

use tonic::Status;

use crate::client::enrollment::EnrollmentClient;
use crate::client::problem::reason;
use crate::kernel::fault::Reason;
use crate::lab::bench::campaign;
use crate::lab::bench::campaign::enroll::Enrolled;
use crate::lab::bench::campaign::subject::Subject;
use crate::lab::callers::caller::in_words;
use crate::lab::people::dice::Dice;

/// How many of a thousand people withdraw.
const WITHDRAW: u32 = 150;
/// They do it within this time.
const REGRET: u32 = 1_500;

/// What somebody was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// "You are enrolled": in this enrollment.
    pub enrollment: String,
    /// The coverages that were promised.
    pub coverages: Vec<String>,
    /// "You have withdrawn".
    pub withdrew: bool,
}

/// Lets somebody enroll with their letter, and some withdraw at once or a little later.
pub async fn enroll(
    client: &EnrollmentClient,
    subject: &Subject,
    (seed, number): (u64, usize),
) -> Result<Told, String> {
    let mut dice = Dice::new(seed, number as u64);
    let called = call(client, subject, &mut dice).await;
    called.unwrap_or_else(|status| Err(in_words(&status)))
}

async fn call(
    client: &EnrollmentClient,
    subject: &Subject,
    dice: &mut Dice,
) -> Result<Result<Told, String>, Status> {
    let Enrolled {
        enrollment,
        verification_id,
    } = match campaign::enroll::enroll(client, subject).await? {
        Ok(enrolled) => enrolled,
        Err(state) => return Ok(Err(state.as_str_name().to_owned())),
    };
    let mut withdrew = dice.chance(WITHDRAW);
    if withdrew {
        let regret = Duration::from_millis(dice.below(REGRET).into());
        tokio::time::sleep(regret).await;
        withdrew = match client
            .cancel(&enrollment.enrollment_id, &verification_id)
            .await
        {
            Ok(()) => true,
            // The bureaus have refused them meanwhile: there is nothing to withdraw from.
            Err(status) if reason(&status) == Some(Reason::EnrollmentState) => false,
            Err(status) => return Err(status),
        };
    }
    let coverages = enrollment.coverages.into_iter().map(|it| it.coverage_id);
    Ok(Ok(Told {
        enrollment: enrollment.enrollment_id,
        coverages: coverages.collect(),
        withdrew,
    }))
}
