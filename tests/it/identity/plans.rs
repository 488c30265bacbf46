//! Every statement about one person goes through an index, as the plans that PostgreSQL keeps for them say.

use redress::identity::verification::of_age::come_of_age;
use redress::kernel::caller::Role;
use redress::kernel::ids::{EnrollmentId, IndividualId};
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::identity::v1::identity_verification_service_server::IdentityVerificationService;
use redress::wire::redress::identity::v1::roster_service_server::RosterService;
use redress::wire::redress::r#type::v1::ItemResult;
use wire::ContactChannel::{Email, Sms};
use wire::MailEventKind::{AddressCorrected, Mailed, Remailed, Returned};
use wire::ReferralState::{Approved, Denied};
use wire::VerificationState as State;

use super::export::{begin, export};
use super::house::{FILE, House, NUMBER, by};
use super::mail::event;
use super::people::{ada, but, claims, name, somebody};
use crate::harness::{Database, fill, plans};

impl House {
    async fn seen(&self, verification: &str) {
        let asked = wire::GetVerificationRequest {
            campaign: NUMBER.into(),
            verification_id: verification.into(),
        };
        let seen = self
            .handlers
            .get_verification(by(Role::Portal, asked))
            .await;
        seen.unwrap();
    }
}

/// With the letter, without it, and with doubts that a person settles.
async fn verify(house: &House, letter: EnrollmentId) {
    let verified = house.verify(Some(letter), claims()).await.unwrap();
    assert_eq!(verified.state(), State::Verified);
    let lost = house.verify(None, claims()).await.unwrap();
    let id = lost.verification_id;
    house.send(&id, Sms).await.unwrap();
    house.send(&id, Email).await.unwrap();
    house.seen(&id).await;
    let code = house.last_code();
    house
        .confirm(&id, &super::confirm::other(&code))
        .await
        .unwrap_err();
    let confirmed = house.confirm(&id, &code).await.unwrap();
    assert_eq!(confirmed.state(), State::Verified);
    house.seen(&id).await;
    let nobody = wire::Claims {
        name: name("Grace", "O'Neill"),
        ssn: "666-99-9999".into(),
        postal_code: "46802".into(),
        ..claims()
    };
    house.verify(None, nobody).await.unwrap_err();
    let two: &[&str] = &["ann", "bob"];
    for (decision, reviewers) in [(Approved, two), (Denied, &two[..1])] {
        let doubtful = wire::Claims {
            name: name("Katherine", "Taylor"),
            ..claims()
        };
        let referred = house.verify(Some(letter), doubtful).await.unwrap();
        assert_eq!(referred.state(), State::Referred);
        let page = house.referrals(2, "").await;
        let rest = house.referrals(2, &page.next_page_token).await;
        assert_eq!((page.referrals.len(), rest.referrals.len()), (2, 2));
        let case = house.text(
            "SELECT CAST(id AS TEXT) FROM referral WHERE state = 'OPEN' ORDER BY id DESC LIMIT 1",
        );
        let case = case.await;
        for reviewer in reviewers {
            let decided = house.decision(&case, decision);
            house.decide(reviewer, decided).await.unwrap();
        }
    }
}

/// One person's record and what happens to the letters.
async fn write_to(house: &House, who: IndividualId) {
    let asked = wire::GetIndividualRequest {
        campaign: house.campaign.to_string(),
        person: Some(wire::get_individual_request::Person::IndividualId(
            who.to_string(),
        )),
    };
    let seen = house.handlers.get_individual(by(Role::CallCenter, asked));
    seen.await.unwrap();
    let day = [Mailed, Returned, AddressCorrected, Remailed];
    for (kind, day) in day.into_iter().zip(3..) {
        let verdicts = house.record(vec![event(who, kind, day)]).await;
        assert_eq!(verdicts[0].result(), ItemResult::Applied);
    }
    assert_eq!(house.history(who, 3).await.len(), 4);
    assert_eq!(export(house, Some(fill::last())).await.len(), 4);
    // From the start, where nobody's record can be opened.
    let (mut pages, exporting) = begin(house, None);
    pages.recv().await.unwrap().unwrap_err();
    exporting.await.unwrap();
}

/// Somebody known, somebody known by another entity, somebody known better, and somebody new.
async fn import(house: &House) {
    let rows = [
        ada(2),
        but(somebody(3), |row| row.covered_entity = "st-francis".into()),
        but(somebody(4), |row| {
            row.covered_entity = "st-francis".into();
            row.phone = "260-555-0199".into();
        }),
        somebody(9),
        but(somebody(10), |row| row.ssn = "".into()),
    ];
    let last = house.load("b", &rows).await;
    assert_eq!((last.totals.accepted, last.totals.rejected), (2, 0));
    assert_eq!((last.totals.merged, last.totals.unchanged), (2, 1));
}

/// Of tables just loaded PostgreSQL knows nothing, and would rather read all of a campaign than look for five hundred keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_into_tables_just_loaded_looks_its_people_up_one_by_one() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::open(&database).await;
    fill::keep_uncounted(&house.owner).await;
    let mut rows: Vec<_> = (2..502).map(somebody).collect();
    house.load(FILE, &rows).await;
    fill::just_loaded(&house.owner, house.campaign).await;
    for row in &mut rows {
        row.columns.covered_entity = "st-francis".into();
    }
    let statements = house.context.db.statements().clone();
    statements.watch();
    let answers = house.import("b", &rows, 500).await;
    let last = answers.into_iter().last().unwrap().unwrap();
    assert_eq!(last.totals.merged, 500);
    plans::expect_whole_keys(&house.owner, statements.seen(), 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_about_one_person_reads_a_large_table_whole() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::open(&database).await;
    house
        .load(FILE, &[ada(2), somebody(3), somebody(4), somebody(5)])
        .await;
    let people = house.individuals().await;
    let letter = house.enrollment(people[0].id).await;
    fill::fill(&house.owner, house.campaign, house.ids.next()).await;

    let statements = house.context.db.statements().clone();
    statements.watch();
    verify(&house, letter).await;
    write_to(&house, people[1].id).await;
    import(&house).await;
    house.review_all().await;
    come_of_age(&house.context).await.unwrap();
    let sent = statements.seen();
    plans::expect_indexes(&house.owner, sent, 45, &[]).await;
}
