//! Where the way bends: a roster that comes again, a sealed batch, a lost letter, a minor, the deceased.

use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_service_client::EnrollmentServiceClient;
use redress::wire::redress::enrollment::v1::{
    EnrollmentState, ExportCodesRequest, ResubmitEnrollmentRequest, SealBatchRequest,
};
use redress::wire::redress::handoff::v1::PartnerMode;
use redress::wire::redress::identity::v1::{
    DecideReferralRequest, DecisionReason, ListReferralsRequest, ReferralState, VerificationState,
};

use redress::wire::redress::r#type::v1::OutcomeClass;

use super::person;
use crate::harness::clients::{by, request_id};
use crate::harness::one_coverage::OneCoverage as _;
use crate::harness::processes::{House, Service};
use crate::harness::roster::{Roster, Row, Sandbox};
use crate::harness::walk::{self, Walk};
use crate::harness::{Database, apply, both, confirm};

#[apply(both)]
async fn the_same_roster_again_changes_nothing(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(40);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100201").await;
    let first = walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let first_end = walk::import_result(&first);
    let totals = first_end.totals.expect("totals");
    let expected = (
        roster.rows.len(),
        roster.individuals(),
        roster.merged,
        roster.rejected,
    );
    let counted = (totals.rows, totals.accepted, totals.merged, totals.rejected);
    let number = |figure: i64| usize::try_from(figure).expect("a count");
    let counted = (
        number(counted.0),
        number(counted.1),
        number(counted.2),
        number(counted.3),
    );
    assert_eq!(counted, expected);
    assert_eq!(walk::rejected(&first).len(), roster.rejected);
    let again = walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import again");
    let again_end = walk::import_result(&again);
    assert_eq!(again_end.import, first_end.import);
    let totals = again_end.totals.expect("totals");
    assert_eq!((totals.accepted, totals.merged), (0, 0));
    let funnel = walk::funnel(&house, &campaign).await;
    assert_eq!(number(funnel.rows), roster.rows.len());
    assert_eq!(number(funnel.individuals), roster.individuals());
}

#[apply(both)]
async fn after_sealing_nobody_can_recover_a_code_and_codes_still_work(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(12);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100202").await;
    walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let batch = walk::issue(&house, &campaign).await;
    let letters = walk::letters(&house, &campaign, &batch).await;
    let again = walk::letters(&house, &campaign, &batch).await;
    assert!(
        letters
            .iter()
            .zip(&again)
            .all(|(one, other)| one.code == other.code)
    );
    let seal = SealBatchRequest {
        request_id: request_id(),
        campaign: campaign.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    house
        .codes()
        .seal_batch(seal)
        .await
        .expect("the batch is sealed");
    let export = ExportCodesRequest {
        campaign: campaign.campaign_id.clone(),
        batch_id: batch.batch_id,
        after_individual_id: String::new(),
    };
    let refused = match house.codes().export_codes(export).await {
        Ok(stream) => stream.into_inner().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    let refused = refused.expect_err("a sealed batch gives no codes");
    assert_eq!(reason_of(&refused), Some(Reason::BatchSealed));
    let walk = Walk { campaign, letters };
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    person(&house, &walk, 0)
        .enroll(&code, row.claims())
        .await
        .expect("the code still works");
}

#[apply(both)]
async fn a_lost_letter_is_replaced_by_a_contact_that_was_on_the_roster(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(12);
    let walk = walk::prepare(&house, &roster).await;
    let row = &roster.adults[0].0;
    let caller = person(&house, &walk, 1);
    let verification = caller
        .verify("", row.claims())
        .await
        .expect("the person is found");
    assert_eq!(
        verification.state(),
        VerificationState::ConfirmationRequired
    );
    let masked = format!("{:?}", verification.contacts);
    assert!(!masked.contains(&row.email));
    confirm::by_mail(caller, &verification.verification_id, &row.email).await;
    let id = verification.verification_id;
    let begun = caller.begin(Entitlement::VerificationId(id.clone())).await;
    let begun = begun.expect("the verification is enough");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    caller.complete(&enrollment, &id).await.expect("completed");
    assert_eq!(
        caller.settled(&enrollment).await.state(),
        EnrollmentState::Active
    );
    // Whoever finds the letter now holds nothing.
    let code = walk.letter_of(row).code.clone();
    let finder = person(&house, &walk, 2)
        .begin(Entitlement::Code(code))
        .await;
    let refused = finder.expect_err("the letter is worthless");
    assert_eq!(reason_of(&refused), Some(Reason::CodeNotAccepted));
}

#[apply(both)]
async fn a_minor_is_enrolled_after_another_person_looked(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = person(&house, &walk, 1);
    let code = walk.letter_of(&roster.minor).code.clone();
    let begun = caller.begin(Entitlement::Code(code)).await.expect("begun");
    let enrollment = begun.enrollment.expect("an enrollment").enrollment_id;
    let verification = caller
        .verify(&enrollment, roster.minor.claims())
        .await
        .expect("referred");
    assert_eq!(verification.state(), VerificationState::Referred);
    let id = verification.verification_id;
    let early = caller
        .complete(&enrollment, &id)
        .await
        .expect_err("nobody has looked");
    assert_eq!(reason_of(&early), Some(Reason::NotVerified));
    approve_the_only_referral(&house, &walk).await;
    caller.complete(&enrollment, &id).await.expect("completed");
    assert_eq!(
        caller.settled(&enrollment).await.state(),
        EnrollmentState::Active
    );
}

#[apply(both)]
async fn the_deceased_and_strangers_get_the_same_refusal(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    let caller = person(&house, &walk, 1);
    assert_eq!(walk.letter_of(&roster.deceased).code, "", "no code at all");
    // A death that is known only after the letter with the code is out.
    let died = Row {
        population: "deceased".into(),
        ..roster.adults[0].0.clone()
    };
    let estate = walk.letter_of(&died).code.clone();
    let corrected = walk::import(&house, &walk.campaign, &[died]).await;
    let corrected = corrected.expect("imported");
    let totals = walk::import_result(&corrected).totals.expect("totals");
    assert_eq!(totals.corrected, 1);
    let of_the_estate = caller
        .begin(Entitlement::Code(estate))
        .await
        .expect_err("refused");
    let unknown = confirm::well_formed_but_never_issued(&walk.letters);
    let of_nobody = caller
        .begin(Entitlement::Code(unknown))
        .await
        .expect_err("refused");
    assert_eq!(reason_of(&of_the_estate), Some(Reason::CodeNotAccepted));
    assert_eq!(of_the_estate.code(), of_nobody.code());
    assert_eq!(of_the_estate.message(), of_nobody.message());
    assert_eq!(of_the_estate.details(), of_nobody.details());
}

async fn approve_the_only_referral(house: &House, walk: &Walk) {
    let mut operator = house.verifications(Role::Operator);
    let list = ListReferralsRequest {
        campaign: walk.campaign_id(),
        ..ListReferralsRequest::default()
    };
    let waiting = operator
        .list_referrals(list)
        .await
        .expect("referrals")
        .into_inner();
    assert_eq!(waiting.referrals.len(), 1);
    let decide = DecideReferralRequest {
        request_id: request_id(),
        campaign: walk.campaign_id(),
        referral_id: waiting.referrals[0].referral_id.clone(),
        decision: ReferralState::Approved.into(),
        decision_reason: DecisionReason::RecordCorrected.into(),
        evidence: Vec::new(),
    };
    let decided = operator
        .decide_referral(by(Role::Operator, 0, decide))
        .await;
    decided.expect("the referral is decided");
}

/// The bureau finds the file frozen; the person lifts the freeze, and the agent orders again.
#[apply(both)]
async fn a_frozen_file_is_ordered_again_and_becomes_active(database: Database) {
    let house = House::open(database).await;
    let roster = Roster::small(24);
    let walk = walk::prepare(&house, &roster).await;
    let row = roster.answered(Sandbox::FileFrozen).next();
    let row = row.expect("somebody with a frozen file");
    let caller = person(&house, &walk, 1);
    let code = walk.letter_of(row).code.clone();
    let enrolled = caller.enroll(&code, row.claims()).await.expect("enrolled");
    let id = enrolled.enrollment_id;
    let frozen = caller.settled(&id).await;
    assert_eq!(frozen.state(), EnrollmentState::ActionRequired);
    assert_eq!(frozen.class(), OutcomeClass::FileFrozen);
    let again = ResubmitEnrollmentRequest {
        request_id: request_id(),
        campaign: walk.campaign_id(),
        enrollment_id: id.clone(),
        coverage_ids: Vec::new(),
        verification_id: String::new(),
    };
    let channel = house.channel(Service::Codes, Role::Operator);
    let ordered = EnrollmentServiceClient::new(channel)
        .resubmit_enrollment(by(Role::Operator, 0, again))
        .await
        .expect("ordered again")
        .into_inner();
    let ordered = ordered.enrollment.expect("an enrollment");
    assert_eq!(ordered.state(), EnrollmentState::Submitted);
    let settled = caller.settled(&id).await;
    assert_eq!(settled.state(), EnrollmentState::Active);
    assert_eq!(settled.coverage().attempt, 2);
    let book = walk::book(&house).await;
    let entry = &book[&settled.coverage().coverage_id];
    let status = entry.status.as_ref().expect("a status");
    assert_eq!((book.len(), status.attempt), (1, 2), "booked once");
}
