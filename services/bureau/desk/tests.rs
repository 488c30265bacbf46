use super::*;
use crate::bureau::rules::REFUSED_TRIES;
use crate::wire::google::r#type::Date;
use crate::wire::redress::r#type::v1::PersonName;

const ID: Uuid = Uuid::from_u128(1);

fn order(ssn: &str) -> EnrollmentOrder {
    EnrollmentOrder {
        subject: Some(subject(ssn)),
        ..EnrollmentOrder::default()
    }
}

fn subject(ssn: &str) -> Subject {
    Subject {
        ssn: ssn.to_owned(),
        name: Some(PersonName {
            family_name: " Lovelace ".to_owned(),
            ..PersonName::default()
        }),
        date_of_birth: Some(Date {
            year: 1815,
            month: 12,
            day: 10,
        }),
        ..Subject::default()
    }
}

fn desk(folder: &Path) -> Desk {
    let (clock, _) = Clock::manual(Timestamp::EPOCH);
    Desk::open(clock, &folder.join("book.jsonl")).unwrap()
}

fn status(answered: Answered) -> EnrollmentStatus {
    match answered {
        Answered::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_enrollment_is_accepted_first_and_booked_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let first = status(desk.submit(ID, &order("666110001")).await.unwrap());
    assert_eq!(first.progress(), EnrollmentProgress::Accepted);
    let again = status(desk.submit(ID, &order("666110001")).await.unwrap());
    assert_eq!(again.progress(), EnrollmentProgress::ActionRequired);
    assert_eq!(again.partner_reference, first.partner_reference);
    let book = desk.page(0, 10);
    assert_eq!((book.len(), book[0].0.offers), (1, 2));
}

#[tokio::test]
async fn another_attempt_takes_the_place_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let first = status(desk.submit(ID, &order("666110001")).await.unwrap());
    let refused = desk.status(ID).await.unwrap().unwrap();
    assert_eq!(refused.progress(), EnrollmentProgress::ActionRequired);
    let again = EnrollmentOrder {
        attempt: 2,
        ..order("666110001")
    };
    let taken = status(desk.submit(ID, &again).await.unwrap());
    assert_eq!(
        (taken.progress(), taken.attempt),
        (EnrollmentProgress::Accepted, 2)
    );
    assert_eq!(taken.partner_reference, first.partner_reference);
    assert!(taken.revision > refused.revision);
    let late = status(desk.submit(ID, &order("666110001")).await.unwrap());
    assert_eq!(
        (late.progress(), late.attempt),
        (EnrollmentProgress::Active, 2)
    );
    assert_eq!(desk.page(0, 10).len(), 1);
}

#[tokio::test]
async fn bad_habits_come_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let down = order("666150001");
    for _ in 0..REFUSED_TRIES {
        assert_eq!(desk.submit(ID, &down).await.unwrap(), Answered::Down);
    }
    status(desk.submit(ID, &down).await.unwrap());
    let loses = Uuid::from_u128(2);
    let answered = desk.submit(loses, &order("666160001")).await.unwrap();
    assert!(matches!(answered, Answered::Lost(_)));
    status(desk.submit(loses, &order("666160001")).await.unwrap());
    assert_eq!(desk.page(0, 10).len(), 2);
}

#[tokio::test]
async fn a_restart_remembers_everything_but_the_key_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let desk = desk(folder.path());
        desk.submit(ID, &order("666010001")).await.unwrap();
        desk.cancel(ID, false).await.unwrap();
        desk.page(0, 10).remove(0).0.digest
    };
    let desk = desk(folder.path());
    assert_eq!(digest(desk.key(), &subject("666010001")), before);
    let unreported = desk.unreported(10).await.unwrap();
    assert_eq!(unreported[0].progress(), EnrollmentProgress::Canceled);
    desk.mark_reported(&[(ID, EnrollmentProgress::Canceled)])
        .await
        .unwrap();
    assert!(desk.unreported(10).await.unwrap().is_empty());
    assert!(desk.status(Uuid::from_u128(9)).await.unwrap().is_none());
}

/// A script comes before the groups, and what nobody sent stands in a new book once.
#[tokio::test]
async fn a_script_holds_before_the_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.jsonl");
    let text = "strangers = 2\n[[rule]]\nssn_ends_with = \"0009\"\noutcome = \"REFUSED MINOR\"\nafter = \"2s\"\n\
        [[rule]]\nssn_ends_with = \"0008\"\nhabit = \"DOWN_AT_FIRST\"\ntries = 1\n";
    let (clock, hand) = Clock::manual(Timestamp::EPOCH);
    let ids = Ids::seeded(clock.clone(), 1);
    let open = async || {
        let desk = Desk::open(clock.clone(), &path).unwrap();
        let script = Script::parse(text).unwrap();
        desk.following(script, &ids).await.unwrap()
    };
    let desk = open().await;
    let first = desk.submit(ID, &order("666110009")).await.unwrap();
    let Answered::Status(first) = first else {
        panic!("{first:?}")
    };
    assert_eq!(first.progress(), EnrollmentProgress::Accepted);
    hand.advance(Duration::from_secs(2));
    let refused = desk.status(ID).await.unwrap().unwrap();
    assert_eq!(refused.outcome_class(), OutcomeClass::Minor);
    let other = Uuid::from_u128(2);
    let down = desk.submit(other, &order("666010008")).await.unwrap();
    assert_eq!(down, Answered::Down);
    let taken = desk.submit(other, &order("666010008")).await.unwrap();
    assert!(matches!(taken, Answered::Status(_)), "{taken:?}");
    drop(desk);
    let products = open().await.page(0, 10);
    let strangers = products.iter().filter(|(it, _)| it.product == "STRANGER");
    assert_eq!((strangers.count(), products.len()), (2, 4));
}

/// An update of a person is taken once an attempt, for what runs here; the book has it after a restart, too.
#[tokio::test]
async fn new_data_of_somebody_are_taken_once_for_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let update = Uuid::from_u128(2);
    let told = |of: Uuid, attempt, ssn: &str| EnrollmentOrder {
        kind: HandoffKind::UpdatePerson.into(),
        attempt,
        updates_handoff_id: of.to_string(),
        ..order(ssn)
    };
    let before = {
        let desk = desk(folder.path());
        let unknown = desk.submit(update, &told(ID, 1, "666010001")).await;
        let unknown = status(unknown.unwrap());
        assert_eq!(unknown.progress(), EnrollmentProgress::Refused);
        desk.submit(ID, &order("666010001")).await.unwrap();
        let digest = desk.page(0, 1)[0].0.digest.clone();
        let mut answers = Vec::new();
        for (attempt, ssn) in [
            (1, "666010002"),
            (2, "666010003"),
            (2, "666010004"),
            (1, "666010002"),
        ] {
            let taken = status(desk.submit(update, &told(ID, attempt, ssn)).await.unwrap());
            assert_eq!(taken.progress(), EnrollmentProgress::Active);
            answers.push((taken.attempt, taken.revision));
        }
        assert_eq!(answers, [(1, 1), (2, 2), (2, 2), (2, 2)]);
        let book = desk.page(0, 10);
        assert_eq!((book.len(), book[0].0.offers), (1, 3));
        assert_ne!(book[0].0.digest, digest);
        desk.cancel(ID, false).await.unwrap();
        let over = status(
            desk.submit(update, &told(ID, 3, "666010001"))
                .await
                .unwrap(),
        );
        assert_eq!(over.progress(), EnrollmentProgress::Refused);
        book[0].0.digest.clone()
    };
    let again = desk(folder.path());
    assert_eq!(again.page(0, 1)[0].0.digest, before);
    let known = again.status(update).await.unwrap().unwrap();
    assert_eq!(known.attempt, 2);
}
