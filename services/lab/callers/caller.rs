//! The simulated callers: each goes through an enrollment as their habit says, and remembers what they were told.

use std::time::Duration;

use tonic::Status;

use super::context::CallContext;
use super::letters::{LetterHolder, Person};
use super::scenario::{self, Habit};
use crate::client::enrollment::{EnrollmentClient, enrollment_id};
use crate::client::problem::reason;
use crate::kernel::fault::Reason;
use crate::lab::people::dice::Dice;
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1::{ContactChannel, Verification, VerificationState};

/// After so many rounds the reviewers have decided what they ever will: one is under way, two people decide in two, and a call may fail. Who is
/// on no list waits in vain, for the answer is the same for everybody.
const ROUNDS: u64 = 8;
/// How often a caller asks.
const PAUSE: Duration = Duration::from_millis(100);

/// How a call ended for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// "You are enrolled": this enrollment.
    Promised(String),
    /// "We cannot do this", for this reason.
    Refused(String),
}

/// How a call ended, and the rules that were broken on the way.
#[derive(Clone, Debug)]
pub struct CallResult {
    /// How it ended.
    pub ending: Ending,
    /// Rules that were broken, in words.
    pub surprises: Vec<&'static str>,
}

/// One call.
struct Call<'a> {
    context: &'a CallContext,
    client: EnrollmentClient,
    holder: &'a LetterHolder,
    dice: Dice,
    surprises: Vec<&'static str>,
}

/// Lets one person call.
pub async fn call(
    context: &CallContext,
    number: usize,
    holder: &LetterHolder,
    habit: Habit,
) -> CallResult {
    let mut call = Call {
        context,
        client: context.client(number),
        holder,
        dice: Dice::new(context.seed ^ 0x5eed, number as u64),
        surprises: Vec::new(),
    };
    let ending = call
        .walk(habit)
        .await
        .unwrap_or_else(|status| Ending::Refused(in_words(&status)));
    CallResult {
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
        let completion = self
            .client
            .completion(&begun, &verification.verification_id);
        match habit {
            Habit::Twice => self.complete_twice(&begun, &verification).await,
            Habit::Repeats => self.complete_and_repeat(&completion).await,
            _ => self.client.complete(&completion).await.map(promised),
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
            Habit::Misremembers => scenario::misremembered(self.holder, &mut self.dice),
            _ => self.holder.person.claims(),
        };
        let verification = match self.client.verify(enrollment_id(&begun), claims).await {
            Err(status) if habit == Habit::Misremembers && was_refused(&status) => {
                self.client
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
        let verification = self.client.verify("", self.holder.person.claims()).await?;
        self.check(
            verification.state() != VerificationState::Verified,
            "leaked data alone was enough to be verified",
        );
        let verification = self.decided(verification).await?;
        let begun = self
            .client
            .begin_with_verification(&verification.verification_id)
            .await?;
        Ok((begun, verification))
    }

    async fn begin(&mut self, habit: Habit) -> Result<codes::BeginEnrollmentResponse, Status> {
        let code = &self.holder.code;
        let (begun, again) = match habit {
            Habit::Twice => {
                let (one, other) = tokio::join!(
                    self.client.begin_with_code(code),
                    self.client.begin_with_code(code)
                );
                (one?, other?)
            }
            Habit::Hesitates => (
                self.client.begin_with_code(code).await?,
                self.client.begin_with_code(code).await?,
            ),
            _ => return self.client.begin_with_code(code).await,
        };
        self.check(
            enrollment_id(&again) == enrollment_id(&begun),
            "the same code began two enrollments",
        );
        Ok(begun)
    }

    async fn mistype(&mut self) -> Result<(), Status> {
        let typed = scenario::mistyped(&self.holder.code, &mut self.dice);
        let refused = match self.client.begin_with_code(&typed).await {
            Ok(_) => None,
            Err(status) => reason(&status),
        };
        self.check(
            refused == Some(Reason::CodeMistyped),
            "a mistyped code was not told as mistyped",
        );
        Ok(())
    }

    /// Goes on until the verification is decided.
    async fn decided(&mut self, verification: Verification) -> Result<Verification, Status> {
        match verification.state() {
            VerificationState::ConfirmationRequired => self.confirm(verification).await,
            VerificationState::Referred => self.reviewed(&verification.verification_id, true).await,
            _ => Ok(verification),
        }
    }

    async fn confirm(&mut self, verification: Verification) -> Result<Verification, Status> {
        let id = verification.verification_id.clone();
        if verification.contacts.is_empty() {
            return self.confirm_unseen(&id).await;
        }
        let Some(contact) = verification
            .contacts
            .iter()
            .find(|contact| has(&self.holder.person, contact.channel()))
        else {
            self.surprises
                .push("a confirmation went to a contact that the person does not have");
            return Ok(verification);
        };
        self.client.send_code(&id, contact).await?;
        let Some(code) = self.context.outbox.wait_for(&self.holder.person).await else {
            self.surprises.push("a confirmation code never came");
            return Ok(verification);
        };
        self.client.confirm(&id, &code).await
    }

    /// Without a letter nothing is shown: a code comes to a contact known before, or somebody looks at the claim.
    async fn confirm_unseen(&self, id: &str) -> Result<Verification, Status> {
        let channels = [ContactChannel::Email, ContactChannel::Sms];
        let channel = channels
            .into_iter()
            .find(|one| has(&self.holder.person, *one));
        if let Some(channel) = channel {
            self.client.send_code_by(id, channel).await?;
            if let Some(code) = self.context.outbox.wait_for(&self.holder.person).await {
                return self.client.confirm(id, &code).await;
            }
        }
        self.reviewed(id, true).await
    }

    async fn reviewed(&self, verification_id: &str, genuine: bool) -> Result<Verification, Status> {
        self.context.reviewer.expect(verification_id, genuine);
        wait_for_review(self.context, &self.client, verification_id).await
    }

    /// Two completions at once, each with its own request id, must make one enrollment.
    async fn complete_twice(
        &mut self,
        begun: &codes::BeginEnrollmentResponse,
        verification: &Verification,
    ) -> Result<Ending, Status> {
        let first = self.client.completion(begun, &verification.verification_id);
        let second = self.client.completion(begun, &verification.verification_id);
        let (first, second) =
            tokio::join!(self.client.complete(&first), self.client.complete(&second));
        if let (Ok(first), Ok(second)) = (&first, &second) {
            self.check(
                ordered(first) == ordered(second),
                "two completions at once ordered twice",
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
        let unheard = tokio::time::timeout(hurried, self.client.complete(completion)).await;
        let again = self.client.complete(completion).await?;
        if let Ok(Ok(first)) = unheard {
            self.check(
                ordered(&first) == ordered(&again),
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
pub async fn wait_for_review(
    context: &CallContext,
    client: &EnrollmentClient,
    verification_id: &str,
) -> Result<Verification, Status> {
    let last = context.reviewer.rounds() + ROUNDS;
    loop {
        tokio::time::sleep(PAUSE).await;
        let is_over = context.reviewer.rounds() >= last;
        let verification = client.verification(verification_id).await?;
        let is_open = matches!(
            verification.state(),
            VerificationState::Referred | VerificationState::ConfirmationRequired
        );
        if !is_open || is_over {
            return Ok(verification);
        }
    }
}

/// What was ordered, by the ids of the coverages.
fn ordered(enrollment: &codes::Enrollment) -> Vec<&str> {
    let coverages = enrollment.coverages.iter();
    coverages.map(|it| it.coverage_id.as_str()).collect()
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
