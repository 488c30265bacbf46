//! Another letter: who gets one, and one good code a person, never two.

use std::time::Duration;

use futures::future::join_all;
use redress::kernel::caller::{Agent, Role};
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::kernel::ids::{CampaignId, IndividualId};
use redress::wire::redress::enrollment::v1 as wire;
use redress::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use redress::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use tonic::Status;
use wire::CodeState::{Issued, Superseded};

use super::house::{House, NUMBER, by};
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);

impl House {
    pub fn reissue_of(&self, person: IndividualId) -> wire::ReissueCodeRequest {
        wire::ReissueCodeRequest {
            request_id: self.request_id(),
            campaign: NUMBER.into(),
            individual_id: person.to_string(),
            reason: wire::ReissueReason::Lost.into(),
            ..Default::default()
        }
    }

    pub async fn reissue(&self, person: IndividualId) -> Result<wire::LetterCode, Status> {
        let message = self.reissue_of(person);
        let answer = self.handlers.reissue_code(by(Role::Operator, message));
        Ok(answer.await?.into_inner().letter_code.unwrap())
    }

    /// The same by an agent of a call center.
    async fn reissue_by_agent(&self, person: IndividualId) -> Result<wire::LetterCode, Status> {
        let mut request = by(Role::CallCenter, self.reissue_of(person));
        request.extensions_mut().insert(Agent {
            agent: "a7".into(),
            case: "c1".into(),
            reason: "letter".into(),
        });
        let answer = self.handlers.reissue_code(request).await?;
        Ok(answer.into_inner().letter_code.unwrap())
    }

    pub async fn lineage(
        &self,
        campaign: CampaignId,
        person: IndividualId,
    ) -> Vec<wire::LetterCode> {
        let message = wire::ListCodesRequest {
            campaign: campaign.to_string(),
            individual_id: person.to_string(),
            ..Default::default()
        };
        let answer = self.handlers.list_codes(by(Role::Operator, message)).await;
        answer.unwrap().into_inner().codes
    }
}

pub fn why(refused: Result<wire::LetterCode, Status>) -> Reason {
    reason_of(&refused.unwrap_err()).unwrap()
}

#[apply(both)]
async fn many_reissues_at_once_leave_one_good_code_and_a_chain(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, old) = house.one_letter().await;
    for generation in [2, 3] {
        let answers = join_all((0..32).map(|_| house.reissue(person))).await;
        let first = answers[0].as_ref().unwrap();
        assert_eq!(first.generation, generation);
        // The letter waits for the printer: nobody gets two in one envelope.
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_ref().unwrap() == first)
        );
        assert!(!first.printable);
        assert_eq!(
            house
                .count("code WHERE state = 'ISSUED' AND generation > 0")
                .await,
            1
        );
        assert_eq!(
            house.count("code WHERE generation > 0").await,
            i64::from(generation)
        );
        assert_eq!(house.print(campaign, first).await.len(), 1);
    }
    let chain = house.lineage(campaign, person).await;
    let chain: Vec<_> = chain
        .iter()
        .map(|code| (code.generation, code.supersedes_generation, code.state()))
        .collect();
    assert_eq!(
        chain,
        [(3, 2, Issued), (2, 1, Superseded), (1, 0, Superseded)]
    );
    assert_eq!(
        reason_of(&house.begin(&old).await.unwrap_err()),
        Some(Reason::CodeNotAccepted)
    );
    assert_eq!(
        house
            .count("audit_event WHERE action = 'code.reissued'")
            .await,
        64
    );
}

#[apply(both)]
async fn a_reissue_and_a_completion_at_once_never_both_win(database: Database) {
    let house = House::open(&database).await;
    let campaign = house.campaign().await;
    house.people(campaign, 12).await;
    let batch = house.issue(campaign).await;
    let mut pairs = Vec::new();
    for (person, code) in house.export(&batch).await.unwrap() {
        let person: IndividualId = person.parse().unwrap();
        let enrollment = house.begun(&code).await;
        let verification = house
            .verify(campaign, person, Some(enrollment), "VERIFIED")
            .await;
        pairs.push((person, house.completion(enrollment, verification)));
    }
    let races = pairs.into_iter().map(async |(person, completion)| {
        tokio::join!(house.complete(completion), house.reissue(person))
    });
    for (completed, reissued) in join_all(races).await {
        match (completed, reissued) {
            (Ok(_), Err(refused)) => {
                assert_eq!(
                    reason_of(&refused),
                    Some(Reason::CodeRedeemed),
                    "{refused:?}"
                );
            }
            (Err(refused), Ok(_)) => {
                let ended = Some(Reason::EnrollmentState);
                assert_eq!(reason_of(&refused), ended, "{refused:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    let doubled = "code r WHERE r.state = 'REDEEMED' AND EXISTS (SELECT 1 FROM code n WHERE n.campaign_id = r.campaign_id \
        AND n.individual_id = r.individual_id AND n.generation > r.generation)";
    assert_eq!(house.count(doubled).await, 0);
    let submitted = house.count("enrollment WHERE state = 'SUBMITTED'").await;
    assert_eq!(
        house.count("code WHERE state = 'REDEEMED'").await,
        submitted
    );
    assert_eq!(
        house.count("code WHERE generation = 2").await,
        12 - submitted
    );
}

#[apply(both)]
async fn the_same_reissue_has_one_answer(database: Database) {
    let house = House::open(&database).await;
    let (_, person, _) = house.one_letter().await;
    let message = house.reissue_of(person);
    let calls = (0..16).map(|_| {
        house
            .handlers
            .reissue_code(by(Role::Operator, message.clone()))
    });
    let answers: Vec<_> = join_all(calls)
        .await
        .into_iter()
        .map(|answer| answer.unwrap().into_inner())
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        house
            .count("audit_event WHERE action = 'code.reissued'")
            .await,
        1
    );
    let other = wire::ReissueCodeRequest {
        reason: wire::ReissueReason::Damaged.into(),
        ..message
    };
    let reused = house
        .handlers
        .reissue_code(by(Role::Operator, other))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&reused), Some(Reason::RequestIdReused));
}

#[apply(both)]
async fn whoever_can_have_no_letter_is_told_why(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    let nowhere = house.person(campaign, "ADULT", "IN", false).await;
    assert_eq!(why(house.reissue(nowhere).await), Reason::NotMailable);
    let newcomer = house.people(campaign, 1).await[0];
    assert_eq!(why(house.reissue(newcomer).await), Reason::NoCodeYet);
    assert_eq!(
        why(house.reissue(house.ids.next()).await),
        Reason::IndividualNotFound
    );
    house
        .run(
            "UPDATE individual SET erased_at = 1, salt = NULL, sealed = NULL \
        WHERE id = (SELECT id FROM individual ORDER BY id DESC LIMIT 1)",
        )
        .await;
    assert_eq!(why(house.reissue(newcomer).await), Reason::IndividualErased);
    let unknown = wire::ReissueCodeRequest {
        campaign: "Z999999".into(),
        ..house.reissue_of(person)
    };
    let unknown = house
        .handlers
        .reissue_code(by(Role::Operator, unknown))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&unknown), Some(Reason::CampaignNotFound));
    let why_not = wire::ReissueCodeRequest {
        reason: 0,
        ..house.reissue_of(person)
    };
    let why_not = house
        .handlers
        .reissue_code(by(Role::Operator, why_not))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&why_not), Some(Reason::InvalidRequest));
    // The last day has passed.
    house.clock.set("2016-02-01T05:00:00Z".parse().unwrap());
    assert_eq!(why(house.reissue(person).await), Reason::EnrollmentExpired);
    house.clock.set("2016-02-01T04:59:59Z".parse().unwrap());
    house.reissue(person).await.unwrap();
    let close = wire::CloseCampaignRequest {
        request_id: house.request_id(),
        campaign: campaign.to_string(),
    };
    house
        .handlers
        .close_campaign(by(Role::Operator, close))
        .await
        .unwrap();
    assert_eq!(why(house.reissue(person).await), Reason::CampaignClosed);
}

#[apply(both)]
async fn what_was_revoked_only_an_operator_gives_again(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    let second = house.reissue(person).await.unwrap();
    house
        .run("UPDATE code SET state = 'REVOKED', settled_at = 1 WHERE generation = 2")
        .await;
    assert_eq!(
        why(house.reissue_by_agent(person).await),
        Reason::CodeRevoked
    );
    let third = house.reissue(person).await.unwrap();
    assert_eq!((third.generation, third.supersedes_generation), (3, 2));
    // A batch holds one letter a person, so this one is in another.
    assert_ne!(third.batch_id, second.batch_id);
    assert_eq!(
        house.lineage(campaign, person).await[1].state(),
        wire::CodeState::Revoked
    );
    assert_eq!(house.print(campaign, &third).await.len(), 1);
    house.reissue_by_agent(person).await.unwrap();
}

#[apply(both)]
async fn one_person_gets_so_many_letters_and_no_more(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    for _ in 0..3 {
        let code = house.reissue(person).await.unwrap();
        house.print(campaign, &code).await;
    }
    let before = (
        house.count("code").await,
        house.count("code_batch").await,
        house.count("audit_event").await,
    );
    let refused = house.reissue(person).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::ReissueLimit));
    let wait = retry_after_of(&refused).unwrap();
    assert!(wait > 29 * DAY && wait <= 30 * DAY, "{wait:?}");
    let after = (
        house.count("code").await,
        house.count("code_batch").await,
        house.count("audit_event").await,
    );
    assert_eq!(before, after, "a refusal leaves nothing behind");
    assert_eq!(
        house
            .count("code WHERE state = 'ISSUED' AND generation = 4")
            .await,
        1
    );
    house.clock.advance(wait);
    house.reissue(person).await.unwrap();
}

#[apply(both)]
async fn one_agent_sends_so_many_letters_a_day(database: Database) {
    let house = House::open(&database).await;
    let (_, person, _) = house.one_letter().await;
    for _ in 0..60 {
        house.reissue_by_agent(person).await.unwrap();
    }
    let refused = house.reissue_by_agent(person).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::ReissueLimit));
    assert_eq!(retry_after_of(&refused), Some(Duration::from_mins(24)));
    // An operator is no agent.
    house.reissue(person).await.unwrap();
    house.clock.advance(Duration::from_mins(24));
    house.reissue_by_agent(person).await.unwrap();
    assert_eq!(
        house
            .count("audit_event WHERE action = 'code.reissued' AND actor = 'call-center/test/a7'")
            .await,
        61
    );
}

#[apply(both)]
async fn a_long_lineage_is_read_page_by_page(database: Database) {
    let house = House::open(&database).await;
    let (campaign, person, _) = house.one_letter().await;
    house.reissue(person).await.unwrap();
    let all = house.lineage(campaign, person).await;
    assert_eq!(all.len(), 2);
    let mut message = wire::ListCodesRequest {
        campaign: campaign.to_string(),
        individual_id: person.to_string(),
        page_size: 1,
        ..Default::default()
    };
    let mut read = Vec::new();
    loop {
        let page = house
            .handlers
            .list_codes(by(Role::Operator, message.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.codes.len(), 1);
        read.extend(page.codes);
        if page.next_page_token.is_empty() {
            break;
        }
        message.page_token = page.next_page_token;
    }
    assert_eq!(read, all);
}
