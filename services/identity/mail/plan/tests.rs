use jiff::civil::date;
use proptest::prelude::*;

use crate::db::entities::mail_event::{AddressSource, Kind};
use crate::kernel::person::Person;

use super::*;

const WHO: IndividualId = IndividualId::from_uuid(Uuid::from_u128(1));
const GONE: IndividualId = IndividualId::from_uuid(Uuid::from_u128(2));
const NOW: Timestamp = Timestamp::EPOCH;
const NOBODY: IndividualId = IndividualId::from_uuid(Uuid::from_u128(3));

#[expect(
    clippy::unnecessary_wraps,
    reason = "events are judged before they are planned"
)]
fn judged(individual: IndividualId, day: i8, what: What) -> Result<Judged, Refusal> {
    // The hash stands for the address: here one for each day.
    let macs = if matches!(what, What::AddressCorrected { .. }) {
        let number = u128::try_from(day).unwrap();
        vec![Uuid::from_u128(number), Uuid::from_u128(100 + number)]
    } else {
        Vec::new()
    };
    let event = Event {
        individual,
        on: date(2015, 7, day),
        what,
        generation: 0,
    };
    Ok(Judged { event, macs })
}

fn corrected() -> What {
    What::AddressCorrected {
        source: AddressSource::MailHouse,
        place: Box::new(Person::default()),
    }
}

fn subjects() -> BTreeMap<IndividualId, Subject> {
    let gone = Subject {
        is_erased: true,
        ..Subject::default()
    };
    BTreeMap::from([(WHO, Subject::default()), (GONE, gone)])
}

fn refused(field: Field, cause: Cause) -> Verdict {
    Verdict::Refused(Refusal::new(field, cause))
}

#[test]
fn each_event_gets_its_own_verdict() {
    let vacant = What::Returned(ReturnReason::Vacant);
    let malformed = Refusal::new(Field::Kind, Cause::Malformed);
    let events = [
        judged(WHO, 1, What::Mailed),
        Err(malformed),
        judged(NOBODY, 1, What::Mailed),
        judged(GONE, 1, What::Mailed),
        judged(WHO, 1, What::Mailed),
        judged(WHO, 4, vacant.clone()),
        judged(WHO, 4, vacant),
        judged(WHO, 4, What::Returned(ReturnReason::Refused)),
    ];
    let plan = plan(&events, subjects(), NOW);
    assert_eq!(
        plan.verdicts,
        [
            Verdict::Recorded,
            Verdict::Refused(malformed),
            refused(Field::IndividualId, Cause::UnknownIndividual),
            refused(Field::IndividualId, Cause::IndividualErased),
            Verdict::KnownBefore,
            Verdict::Recorded,
            Verdict::KnownBefore,
            refused(Field::EventDate, Cause::RecordedOtherwise),
        ]
    );
    let change = Change {
        is_returned: true,
        address_of: None,
    };
    assert_eq!(plan.changes, BTreeMap::from([(WHO, change)]));
}

#[test]
fn a_known_address_is_known_under_an_older_key_and_another_one_is_refused() {
    let mut subjects = subjects();
    let known = |mac| Detail {
        address: Some(Uuid::from_u128(mac)),
        ..Detail::default()
    };
    let history = &mut subjects.get_mut(&WHO).unwrap().history;
    let on = |day| Moment {
        on: date(2015, 7, day),
        kind: Kind::AddressCorrected,
        generation: 0,
    };
    history.insert(on(6), known(106));
    history.insert(on(7), known(999));
    let events = [judged(WHO, 6, corrected()), judged(WHO, 7, corrected())];
    let plan = plan(&events, subjects, NOW);
    let otherwise = refused(Field::EventDate, Cause::RecordedOtherwise);
    assert_eq!(plan.verdicts, [Verdict::KnownBefore, otherwise]);
    assert!(plan.changes.is_empty());
}

#[test]
fn of_two_addresses_the_newer_one_holds() {
    for days in [[6, 9], [9, 6]] {
        let events = days.map(|day| judged(WHO, day, corrected()));
        let plan = plan(&events, subjects(), NOW);
        let newer = days.iter().position(|day| *day == 9);
        assert_eq!(plan.changes[&WHO].address_of, newer);
        assert!(!plan.changes[&WHO].is_returned);
    }
}

proptest! {
    /// However a history is cut into calls and shuffled, it ends with the same standing and the same address.
    #[test]
    fn the_end_does_not_depend_on_the_order_of_recording(
        mut moments in prop::collection::btree_set((1_i8..28, 0_usize..4), 1..12)
            .prop_map(|set| set.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
        cut in 0_usize..12,
    ) {
        let end = |moments: &[(i8, usize)], cut: usize| {
            let cut = cut.min(moments.len());
            let mut subject = Subject::default();
            let mut end = (false, None);
            for part in [&moments[..cut], &moments[cut..]] {
                let what = [What::Mailed, What::Returned(ReturnReason::Other), corrected(), What::Remailed];
                let events: Vec<_> = part.iter().map(|(day, kind)| judged(WHO, *day, what[*kind].clone())).collect();
                let plan = plan(&events, BTreeMap::from([(WHO, subject.clone())]), NOW);
                for at in plan.recorded() {
                    let judged = events[at].as_ref().unwrap();
                    subject.history.insert(judged.event.moment(), detail(judged, NOW));
                }
                if let Some(change) = plan.changes.get(&WHO) {
                    let address = change.address_of.map(|at| events[at].as_ref().unwrap().macs[0]);
                    end = (change.is_returned, address.or(end.1));
                }
            }
            end
        };
        let shuffled = end(&moments, cut);
        moments.sort_unstable();
        prop_assert_eq!(shuffled, end(&moments, 0));
    }
}
