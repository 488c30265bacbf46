//! Ways on for whoever lost a letter, or whose enrollment failed.

use futures::future::join_all;
use redress::codes::enrollment::outcomes;
use redress::kernel::caller::{Agent, Role};
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::ids::{CampaignId, EnrollmentId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use wire::CodeState::{Issued, Redeemed, Superseded};
use wire::EnrollmentState as State;

use super::house::{House, by};
use super::outcomes::comes;
use super::reissue::why;
use crate::harness::{Database, apply, both};

impl House {
    async fn generations(
        &self,
        campaign: CampaignId,
        person: IndividualId,
    ) -> Vec<(i32, wire::CodeState)> {
        let chain = self.lineage(campaign, person).await;
        let chain = chain.iter().map(|code| (code.generation, code.state()));
        chain.collect()
    }

    async fn completed(
        &self,
        campaign: CampaignId,
        person: IndividualId,
        enrollment: EnrollmentId,
    ) -> wire::Enrollment {
        let verification = self
            .verify(campaign, person, Some(enrollment), "VERIFIED")
            .await;
        let completion = self.completion(enrollment, verification);
        self.complete(completion).await.unwrap()
    }
}

#[apply(both)]
async fn whoever_lost_the_letter_completes_after_a_reissue(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, old) = house.one_letter().await;
    // Somebody else began with it.
    let stranger = house.begun(&old).await;
    house.reissue(person).await.unwrap();
    let lookup = house.verify(campaign, person, None, "VERIFIED").await;
    let enrollment = house.begun_by(lookup).await;
    assert_ne!(enrollment, stranger);
    let message = house.completion(enrollment, lookup);
    let twice = join_all([
        house.complete(message.clone()),
        house.complete(message.clone()),
    ])
    .await;
    for answer in twice {
        assert_eq!(answer.unwrap().state(), State::Submitted);
    }
    // The letter that is not printed yet is used with it.
    assert_eq!(
        house.generations(campaign, person).await,
        [(2, Redeemed), (1, Superseded)]
    );
    assert_eq!(why(house.reissue(person).await), Reason::CodeRedeemed);
}

#[apply(both)]
async fn what_was_begun_without_a_letter_outlives_a_reissue(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    let lookup = house.verify(campaign, person, None, "VERIFIED").await;
    let enrollment = house.begun_by(lookup).await;
    let code = house.reissue(person).await.unwrap();
    let again = house.begun_by(lookup).await;
    assert_eq!(again, enrollment, "it is the same one");
    let (completed, reissued) = tokio::join!(
        house.complete(house.completion(enrollment, lookup)),
        house.reissue(person)
    );
    assert_eq!(completed.unwrap().state(), State::Submitted);
    // Before the completion it is the same letter, after it there is none.
    match reissued {
        Ok(letter) => assert_eq!(letter.generation, code.generation),
        Err(refused) => assert_eq!(reason_of(&refused), Some(Reason::CodeRedeemed)),
    }
    assert_eq!(
        house.generations(campaign, person).await,
        [(2, Redeemed), (1, Superseded)]
    );
}

/// A fresh letter, by which the person begins and completes again.
async fn enrolls_again(house: &House, campaign: CampaignId, person: IndividualId, failed: &str) {
    let message = house.reissue_of(person);
    let other = house.reissue_of(person);
    let calls = [message.clone(), message, other].map(async |message| {
        let mut asked = by(Role::CallCenter, message);
        asked.extensions_mut().insert(Agent {
            agent: "a7".into(),
            case: "c1".into(),
            reason: "letter".into(),
        });
        let answer = house.handlers.reissue_code(asked).await.unwrap();
        answer.into_inner().letter_code.unwrap()
    });
    let letters = join_all(calls).await;
    assert!(letters.iter().all(|letter| *letter == letters[0]));
    assert_eq!(
        house.generations(campaign, person).await,
        [(2, Issued), (1, Redeemed)]
    );
    let code = house.print(campaign, &letters[0]).await.remove(0).1;
    let both = join_all([house.begun(&code), house.begun(&code)]).await;
    assert_eq!(both[0], both[1], "one enrollment is alive");
    assert_ne!(both[0].to_string(), failed);
    let again = house.completed(campaign, person, both[0]).await;
    assert_eq!(again.state(), State::Submitted);
    assert_eq!(
        house.generations(campaign, person).await,
        [(2, Redeemed), (1, Redeemed)]
    );
    assert_eq!(why(house.reissue(person).await), Reason::CodeRedeemed);
}

#[apply(both)]
async fn after_a_refusal_there_is_another_letter(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let begun = house.begun(&code).await;
    let enrollment = house.completed(campaign, person, begun).await;
    assert_eq!(why(house.reissue(person).await), Reason::CodeRedeemed);
    comes(
        &house,
        campaign,
        &enrollment,
        "REFUSED",
        "IDENTITY_NOT_CONFIRMED",
    )
    .await;
    outcomes::step(&house.context).await.unwrap();
    let refused = house.get(&enrollment.enrollment_id).await;
    assert_eq!(refused.state(), State::Refused);
    enrolls_again(&house, campaign, person, &enrollment.enrollment_id).await;
}

#[apply(both)]
async fn after_a_cancellation_there_is_another_letter(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let begun = house.begun(&code).await;
    let enrollment = house.completed(campaign, person, begun).await;
    house.cancel(&enrollment.enrollment_id).await.unwrap();
    // Until the partner has confirmed it, it is alive.
    assert_eq!(why(house.reissue(person).await), Reason::CodeRedeemed);
    comes(&house, campaign, &enrollment, "CANCELED", "").await;
    outcomes::step(&house.context).await.unwrap();
    let canceled = house.get(&enrollment.enrollment_id).await;
    assert_eq!(canceled.state(), State::Canceled);
    enrolls_again(&house, campaign, person, &enrollment.enrollment_id).await;
}

/// What an operator took back after a failed enrollment stays taken back for agents.
#[apply(both)]
async fn a_used_code_does_not_hide_that_the_newest_was_taken_back(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, code) = house.one_letter().await;
    let begun = house.begun(&code).await;
    let enrollment = house.completed(campaign, person, begun).await;
    comes(
        &house,
        campaign,
        &enrollment,
        "REFUSED",
        "IDENTITY_NOT_CONFIRMED",
    )
    .await;
    outcomes::step(&house.context).await.unwrap();
    house.reissue(person).await.unwrap();
    let target = wire::revoke_codes_request::Target::IndividualId(person.to_string());
    house.revoke(campaign, target).await.unwrap();
    let asked = by(Role::CallCenter, house.reissue_of(person));
    let refused = house.handlers.reissue_code(asked).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CodeRevoked));
    assert_eq!(house.reissue(person).await.unwrap().generation, 3);
}
