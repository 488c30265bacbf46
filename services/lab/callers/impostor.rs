//! The simulated impostors: each tries to enroll somebody else.

use tonic::Status;

use super::caller::wait_for_review;
use super::context::CallContext;
use super::letters::LetterHolder;
use super::scenario::{self, Trick};
use crate::client::enrollment::{EnrollmentClient, enrollment_id};
use crate::lab::people::dice::Dice;
use crate::wire::redress::identity::v1::{ContactChannel, Verification, VerificationState};

/// Tries of a guesser.
const GUESSES: usize = 10;

/// What became of an impostor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// They were told that they are enrolled. Whether they are, the bureau's books say.
    pub believes: bool,
    /// Somebody was asked to look at their papers.
    pub was_referred: bool,
}

/// Lets one impostor try.
pub async fn attempt(
    context: &CallContext,
    number: usize,
    victim: &LetterHolder,
    own: &LetterHolder,
    trick: Trick,
) -> Attempt {
    let mut impostor = Impostor {
        context,
        client: context.client(number),
        dice: Dice::new(context.seed ^ 0xbad, number as u64),
        was_referred: false,
    };
    let tried = match trick {
        Trick::StolenLetter => impostor.with_stolen_letter(victim).await,
        Trick::LeakedData => impostor.with_leaked_data(victim).await,
        Trick::GuessedCodes => impostor.with_guesses(own).await,
        Trick::AnothersEnrollment => impostor.with_anothers_enrollment(victim, own).await,
    };
    Attempt {
        believes: tried.unwrap_or(false),
        was_referred: impostor.was_referred,
    }
}

struct Impostor<'a> {
    context: &'a CallContext,
    client: EnrollmentClient,
    dice: Dice,
    was_referred: bool,
}

impl Impostor<'_> {
    /// Name and address stand in the letter; birth date and number are guessed.
    async fn with_stolen_letter(&mut self, victim: &LetterHolder) -> Result<bool, Status> {
        for at in 0..4 {
            let begun = self.client.begin_with_code(&victim.code).await?;
            let claims = scenario::from_stolen_letter(victim, at, &mut self.dice);
            if let Ok(verification) = self.client.verify(enrollment_id(&begun), claims).await {
                let verification = self.undecided(verification).await?;
                let completion = self
                    .client
                    .completion(&begun, &verification.verification_id);
                if self.client.complete(&completion).await.is_ok() {
                    return Ok(true);
                }
            }
            // A new enrollment, in case attempts are counted by enrollment.
            let _ = self.client.cancel(enrollment_id(&begun), "").await;
        }
        Ok(false)
    }

    /// Everything that leaked is right; neither the letter nor the contact on record is at hand.
    async fn with_leaked_data(&mut self, victim: &LetterHolder) -> Result<bool, Status> {
        let verification = self.client.verify("", victim.person.claims()).await?;
        let verification = self.undecided(verification).await?;
        let id = &verification.verification_id;
        let sent = match verification.contacts.first() {
            Some(contact) => self.client.send_code(id, contact).await,
            None => self.client.send_code_by(id, ContactChannel::Email).await,
        };
        if sent.is_ok() {
            for _ in 0..6 {
                let guess = format!("{:06}", self.dice.below(1_000_000));
                let _ = self.client.confirm(id, &guess).await;
            }
        }
        let begun = self.client.begin_with_verification(id).await?;
        let completion = self.client.completion(&begun, id);
        Ok(self.client.complete(&completion).await.is_ok())
    }

    /// Guessed codes, with the impostor's own identity.
    async fn with_guesses(&mut self, own: &LetterHolder) -> Result<bool, Status> {
        for _ in 0..GUESSES {
            let Ok(begun) = self
                .client
                .begin_with_code(&scenario::guessed(&mut self.dice))
                .await
            else {
                continue;
            };
            let verification = self
                .client
                .verify(enrollment_id(&begun), own.person.claims())
                .await?;
            let completion = self
                .client
                .completion(&begun, &verification.verification_id);
            if self.client.complete(&completion).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The victim's enrollment, completed with the impostor's own verification.
    async fn with_anothers_enrollment(
        &mut self,
        victim: &LetterHolder,
        own: &LetterHolder,
    ) -> Result<bool, Status> {
        let theirs = self.client.begin_with_code(&victim.code).await?;
        if let Ok(verification) = self
            .client
            .verify(enrollment_id(&theirs), own.person.claims())
            .await
        {
            let verification = self.undecided(verification).await?;
            let completion = self
                .client
                .completion(&theirs, &verification.verification_id);
            if self.client.complete(&completion).await.is_ok() {
                return Ok(true);
            }
        }
        let mine = self.client.begin_with_code(&own.code).await?;
        let verification = self
            .client
            .verify(enrollment_id(&mine), own.person.claims())
            .await?;
        let verification = self.undecided(verification).await?;
        let completion = self
            .client
            .completion(&theirs, &verification.verification_id);
        Ok(self.client.complete(&completion).await.is_ok())
    }

    /// Waits for the reviewer, who will deny.
    async fn undecided(&mut self, verification: Verification) -> Result<Verification, Status> {
        if verification.state() != VerificationState::Referred {
            return Ok(verification);
        }
        self.was_referred = true;
        self.context
            .reviewer
            .expect(&verification.verification_id, false);
        wait_for_review(self.context, &self.client, &verification.verification_id).await
    }
}
