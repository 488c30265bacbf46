use super::*;
use jiff::civil::date;

fn indexer(campaign: u128) -> Indexer {
    Indexer::new(
        CampaignId::from_uuid(Uuid::from_u128(campaign)),
        &Key::from_bytes([3; 32]),
    )
}

fn person() -> Person {
    Person {
        given_name: "Ada".into(),
        family_name: "O'Neill".into(),
        date_of_birth: Some(date(1961, 3, 12)),
        ssn: Some("666012345".into()),
        postal_code: Some("46802-1234".into()),
        phone: Some("+12605550142".into()),
        email: Some("ada@example.org".into()),
        ..Person::default()
    }
}

fn claims(ssn: &str) -> Claims {
    Claims {
        given: fold::name("ADA"),
        middle: Folded::default(),
        family: fold::family("oneill"),
        born: date(1961, 12, 3),
        ssn: ssn::parse_claimed(ssn),
        postal: Some(fold::postal("46802")),
    }
}

#[test]
fn a_claim_meets_its_person_also_with_day_and_month_swapped() {
    let keys = indexer(1).person(&person());
    assert_eq!(keys.present().count(), KeyOf::ALL.len());
    let but = |left_out: &[KeyOf]| Keys::of(|of| keys.get(of).filter(|_| !left_out.contains(&of)));
    let contacts = [KeyOf::Phone, KeyOf::Email];
    let whole = indexer(1).claims(&claims("666-01-2345"));
    assert_eq!(whole, but(&contacts));
    let last_four = indexer(1).claims(&claims("2345"));
    assert_eq!(last_four, but(&[KeyOf::Ssn, KeyOf::Phone, KeyOf::Email]));
}

#[test]
fn a_slip_in_any_one_field_leaves_several_keys() {
    let keys = indexer(1).person(&person());
    let right = || claims("2345");
    let slips = [
        Claims {
            family: fold::family("oneil"),
            ..right()
        },
        Claims {
            given: fold::name("Eda"),
            ..right()
        },
        Claims {
            born: date(1961, 12, 4),
            ..right()
        },
        Claims {
            postal: Some(fold::postal("46803")),
            ..right()
        },
        claims("2346"),
    ];
    for slip in slips {
        let claimed = indexer(1).claims(&slip);
        let shared = claimed
            .present()
            .filter(|(of, key)| keys.get(*of) == Some(*key));
        assert!(shared.count() >= 2);
    }
}

#[test]
fn campaigns_and_kinds_of_keys_do_not_meet() {
    let of = |campaign| indexer(campaign).person(&person());
    let values = |campaign| {
        of(campaign)
            .present()
            .map(|(_, key)| key)
            .collect::<Vec<_>>()
    };
    assert!(values(1).iter().all(|key| !values(2).contains(key)));
}

#[test]
fn the_key_of_a_name_outlives_guesses_at_the_rest() {
    let guess = Claims {
        given: fold::name("Addie"),
        born: date(1975, 6, 30),
        postal: None,
        ..claims("9999")
    };
    assert_eq!(
        indexer(1).name(&guess),
        indexer(1).name(&claims("666-01-2345"))
    );
    let other = Claims {
        family: fold::family("Neill"),
        ..claims("2345")
    };
    assert_ne!(indexer(1).name(&other), indexer(1).name(&claims("2345")));
}

#[test]
fn a_contact_is_named_by_a_hash_of_its_person_kind_and_value() {
    let person = Person {
        email: Some("ada@example.org".into()),
        phone: Some("+12605550100".into()),
        other_phones: vec!["+12605550101".into()],
        ..Person::default()
    };
    let ids = |campaign, individual| -> Vec<ContactId> {
        let individual = IndividualId::from_uuid(Uuid::from_u128(individual));
        let indexer = indexer(campaign);
        contact::contacts(&person)
            .map(|one| indexer.contact_id(&one, individual))
            .collect()
    };
    let mut all = [ids(1, 1), ids(1, 2), ids(2, 1)].concat();
    assert_eq!(ids(1, 1), all[..3]);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 9);
}

#[test]
fn what_is_missing_makes_no_key() {
    let bare = Person {
        given_name: "Ada".into(),
        family_name: "Neill".into(),
        ..Person::default()
    };
    assert_eq!(indexer(1).person(&bare), Keys::default());
}
