//! The simulated callers: each walks through an enrollment the way their habit says, and remembers what they were promised.

use std::time::Duration;

use tonic::Status;

use super::letters::{Holder, Person};
use super::scenario::{self as cast, Habit};
use crate::cli::problem::reason;
use crate::cli::synthesize::Dice;
use crate::client::enrollment::{Line, enrollment_id};
use crate::kernel::fault::Reason;
use crate::lab::demo::World;
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1::{ContactChannel, Verification, VerificationState};

/// How long a caller waits for the reviewer, and how often they ask.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(100);

/// How a call ended for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// "You are enrolled": this enrollment.
    Promised(String),
    /// "We cannot do this", for this reason.
    Refused(String),
}

/// What became of one caller, and what should not have happened on the way.
#[derive(Clone, Debug)]
pub struct Told {
    /// How it ended.
    pub ending: Ending,
    /// Rules that were broken, in words.
    pub surprises: Vec<&'static str>,
}

/// One caller on the line.
struct Call<'a> {
    world: &'a World,
    line: Line,
    holder: &'a Holder,
    dice: Dice,
    surprises: Vec<&'static str>,
}

/// Lets one person call.
pub async fn call(world: &World, number: usize, holder: &Holder, habit: Habit) -> Told {
    let mut call = Call {
        world,
        line: world.fronts.line(number),
        holder,
        dice: Dice::new(world.seed ^ 0x5eed, number as u64),
        surprises: Vec::new(),
    };
    let ending = call
        .walk(habit)
        .await
        .unwrap_or_else(|status| Ending::Refused(in_words(&status)));
    Told {
        ending,
        surprises: call.surprises,
    }
}

impl Call<'_> {
    async fn walk(&mut self, habit: Habit) -> Result<Ending, Status> {
        let (begun, verification) = if habit == Habit::LostLetter {
            self.without_letter().await?
        } else {
            self.with_letter(habit).await?
        };
        if verification.state() != VerificationState::Verified {
            return Ok(Ending::Refused(
                verification.state().as_str_name().to_owned(),
            ));
        }
        let completion = self.line.completion(&begun, &verification.verification_id);
        match habit {
            Habit::Twice => self.complete_twice(&begun, &verification).await,
            Habit::Repeats => self.complete_and_repeat(&completion).await,
            _ => self.line.complete(&completion).await.map(promised),
        }
    }

    async fn with_letter(
        &mut self,
        habit: Habit,
    ) -> Result<(codes::BeginEnrollmentResponse, Verification), Status> {
        if habit == Habit::Mistypes {
            self.mistype().await?;
        }
        let begun = self.begin(habit).await?;
        let claims = match habit {
            Habit::Misremembers => cast::misremembered(self.holder, &mut self.dice),
            _ => self.holder.person.claims(),
        };
        let verification = match self.line.verify(enrollment_id(&begun), claims).await {
            Err(status) if habit == Habit::Misremembers && was_refused(&status) => {
                self.line
                    .verify(enrollment_id(&begun), self.holder.person.claims())
                    .await?
            }
            other => other?,
        };
        Ok((begun, self.decided(verification).await?))
    }

    async fn without_letter(
        &mut self,
    ) -> Result<(codes::BeginEnrollmentResponse, Verification), Status> {
        let verification = self.line.verify("", self.holder.person.claims()).await?;
        self.check(
            verification.state() != VerificationState::Verified,
            "leaked data alone was enough to be verified",
        );
        let verification = self.decided(verification).await?;
        let begun = self
            .line
            .begin_with_verification(&verification.verification_id)
            .await?;
        Ok((begun, verification))
    }

    async fn begin(&mut self, habit: Habit) -> Result<codes::BeginEnrollmentResponse, Status> {
        let code = &self.holder.code;
        let (begun, again) = match habit {
            Habit::Twice => {
                let (one, other) = tokio::join!(
                    self.line.begin_with_code(code),
                    self.line.begin_with_code(code)
                );
                (one?, other?)
            }
            Habit::Hesitates => (
                self.line.begin_with_code(code).await?,
                self.line.begin_with_code(code).await?,
            ),
            _ => return self.line.begin_with_code(code).await,
        };
        self.check(
            enrollment_id(&again) == enrollment_id(&begun),
            "the same code began two enrollments",
        );
        Ok(begun)
    }

    async fn mistype(&mut self) -> Result<(), Status> {
        let typed = cast::mistyped(&self.holder.code, &mut self.dice);
        let refused = match self.line.begin_with_code(&typed).await {
            Ok(_) => None,
            Err(status) => reason(&status),
        };
        self.check(
            refused == Some(Reason::CodeMistyped),
            "a mistyped code was not told as mistyped",
        );
        Ok(())
    }

    /// Goes on until the verification is decided one way or the other.
    async fn decided(&mut self, verification: Verification) -> Result<Verification, Status> {
        match verification.state() {
            VerificationState::ConfirmationRequired => self.confirm(verification).await,
            VerificationState::Referred => self.reviewed(&verification.verification_id, true).await,
            _ => Ok(verification),
        }
    }

    async fn confirm(&mut self, verification: Verification) -> Result<Verification, Status> {
        let id = verification.verification_id.clone();
        let Some(contact) = verification
            .contacts
            .iter()
            .find(|contact| has(&self.holder.person, contact.channel()))
        else {
            self.surprises
                .push("a confirmation went to a contact that the person does not have");
            return Ok(verification);
        };
        self.line.send_code(&id, contact.channel).await?;
        let Some(code) = self.world.outbox.wait_for(&self.holder.person, &[]).await else {
            self.surprises.push("a confirmation code never came");
            return Ok(verification);
        };
        self.line.confirm(&id, &code).await
    }

    async fn reviewed(&self, verification_id: &str, genuine: bool) -> Result<Verification, Status> {
        self.world.reviewer.expect(verification_id, genuine);
        wait_for_review(&self.line, verification_id).await
    }

    /// Two completions at once, each with a request id of its own: one enrollment comes of it.
    async fn complete_twice(
        &mut self,
        begun: &codes::BeginEnrollmentResponse,
        verification: &Verification,
    ) -> Result<Ending, Status> {
        let first = self.line.completion(begun, &verification.verification_id);
        let second = self.line.completion(begun, &verification.verification_id);
        let (first, second) = tokio::join!(self.line.complete(&first), self.line.complete(&second));
        if let (Ok(first), Ok(second)) = (&first, &second) {
            self.check(
                first.handoff_id == second.handoff_id,
                "two completions at once made two handoffs",
            );
        }
        first.or(second).map(promised)
    }

    /// Hangs up before the answer comes, and repeats the same request.
    async fn complete_and_repeat(
        &mut self,
        completion: &codes::CompleteEnrollmentRequest,
    ) -> Result<Ending, Status> {
        let hurried = Duration::from_millis(u64::from(self.dice.below(12)));
        let unheard = tokio::time::timeout(hurried, self.line.complete(completion)).await;
        let again = self.line.complete(completion).await?;
        if let Ok(Ok(first)) = unheard {
            self.check(
                first.handoff_id == again.handoff_id,
                "a repeated request was answered otherwise",
            );
        }
        Ok(promised(again))
    }

    fn check(&mut self, holds: bool, rule: &'static str) {
        if !holds {
            self.surprises.push(rule);
        }
    }
}

/// Waits until a referral is decided.
pub async fn wait_for_review(line: &Line, verification_id: &str) -> Result<Verification, Status> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(PAUSE).await;
        let verification = line.verification(verification_id).await?;
        if verification.state() != VerificationState::Referred
            || tokio::time::Instant::now() > deadline
        {
            return Ok(verification);
        }
    }
}

fn promised(enrollment: codes::Enrollment) -> Ending {
    Ending::Promised(enrollment.enrollment_id)
}

fn was_refused(status: &Status) -> bool {
    reason(status) == Some(Reason::VerificationRefused)
}

fn has(person: &Person, channel: ContactChannel) -> bool {
    match channel {
        ContactChannel::Email => !person.email.is_empty(),
        ContactChannel::Sms | ContactChannel::Voice => !person.phone.is_empty(),
        ContactChannel::Unspecified => false,
    }
}

/// Gives the reason of a refusal, for counting.
pub fn in_words(status: &Status) -> String {
    reason(status).map_or_else(
        || format!("{:?}", status.code()),
        |reason| reason.as_str().to_owned(),
    )
}
