//! The simulated impostors: each tries to enroll somebody else, with what such people have.

use tonic::Status;

use super::caller::wait_for_review;
use super::letters::Holder;
use super::scenario::{self as cast, Trick};
use crate::cli::synthesize::Dice;
use crate::client::enrollment::{Line, enrollment_id};
use crate::lab::demo::World;
use crate::wire::redress::identity::v1::{Verification, VerificationState};

/// Tries of a guesser.
const GUESSES: usize = 10;

/// What an impostor met with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// They believe that they got through. Whether they did is for the books to say.
    pub believes: bool,
    /// Somebody was asked to look at their papers.
    pub was_referred: bool,
}

/// Lets one impostor try.
pub async fn attempt(
    world: &World,
    number: usize,
    victim: &Holder,
    own: &Holder,
    trick: Trick,
) -> Tried {
    let mut impostor = Impostor {
        world,
        line: world.fronts.line(number),
        dice: Dice::new(world.seed ^ 0xbad, number as u64),
        was_referred: false,
    };
    let tried = match trick {
        Trick::StolenLetter => impostor.with_stolen_letter(victim).await,
        Trick::LeakedData => impostor.with_leaked_data(victim).await,
        Trick::GuessedCodes => impostor.with_guesses(own).await,
        Trick::AnothersEnrollment => impostor.with_anothers_enrollment(victim, own).await,
    };
    Tried {
        believes: tried.unwrap_or(false),
        was_referred: impostor.was_referred,
    }
}

struct Impostor<'a> {
    world: &'a World,
    line: Line,
    dice: Dice,
    was_referred: bool,
}

impl Impostor<'_> {
    /// Name and address stand in the letter; birth date and number are guessed.
    async fn with_stolen_letter(&mut self, victim: &Holder) -> Result<bool, Status> {
        for at in 0..4 {
            let begun = self.line.begin_with_code(&victim.code).await?;
            let claims = cast::from_stolen_letter(victim, at, &mut self.dice);
            if let Ok(verification) = self.line.verify(enrollment_id(&begun), claims).await {
                let verification = self.undecided(verification).await?;
                let completion = self.line.completion(&begun, &verification.verification_id);
                if self.line.complete(&completion).await.is_ok() {
                    return Ok(true);
                }
            }
            // Somebody who counts tries for an enrollment counts anew after this.
            let _ = self.line.cancel(enrollment_id(&begun)).await;
        }
        Ok(false)
    }

    /// Everything that leaked is right; neither the letter nor the contact on record is at hand.
    async fn with_leaked_data(&mut self, victim: &Holder) -> Result<bool, Status> {
        let verification = self.line.verify("", victim.person.claims()).await?;
        let verification = self.undecided(verification).await?;
        let id = &verification.verification_id;
        if let Some(contact) = verification.contacts.first() {
            self.line.send_code(id, contact.channel).await?;
            for _ in 0..6 {
                let guess = format!("{:06}", self.dice.below(1_000_000));
                let _ = self.line.confirm(id, &guess).await;
            }
        }
        let begun = self.line.begin_with_verification(id).await?;
        let completion = self.line.completion(&begun, id);
        Ok(self.line.complete(&completion).await.is_ok())
    }

    /// Codes out of thin air, with an identity of one's own.
    async fn with_guesses(&mut self, own: &Holder) -> Result<bool, Status> {
        for _ in 0..GUESSES {
            let Ok(begun) = self
                .line
                .begin_with_code(&cast::guessed(&mut self.dice))
                .await
            else {
                continue;
            };
            let verification = self
                .line
                .verify(enrollment_id(&begun), own.person.claims())
                .await?;
            let completion = self.line.completion(&begun, &verification.verification_id);
            if self.line.complete(&completion).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A victim has begun; the impostor brings a verification of their own, and says of themself what is true.
    async fn with_anothers_enrollment(
        &mut self,
        victim: &Holder,
        own: &Holder,
    ) -> Result<bool, Status> {
        let theirs = self.line.begin_with_code(&victim.code).await?;
        if let Ok(verification) = self
            .line
            .verify(enrollment_id(&theirs), own.person.claims())
            .await
        {
            let verification = self.undecided(verification).await?;
            let completion = self.line.completion(&theirs, &verification.verification_id);
            if self.line.complete(&completion).await.is_ok() {
                return Ok(true);
            }
        }
        let mine = self.line.begin_with_code(&own.code).await?;
        let verification = self
            .line
            .verify(enrollment_id(&mine), own.person.claims())
            .await?;
        let verification = self.undecided(verification).await?;
        let completion = self.line.completion(&theirs, &verification.verification_id);
        Ok(self.line.complete(&completion).await.is_ok())
    }

    /// Waits for the reviewer, who will see no papers.
    async fn undecided(&mut self, verification: Verification) -> Result<Verification, Status> {
        if verification.state() != VerificationState::Referred {
            return Ok(verification);
        }
        self.was_referred = true;
        self.world
            .reviewer
            .expect(&verification.verification_id, false);
        wait_for_review(&self.line, &verification.verification_id).await
    }
}
