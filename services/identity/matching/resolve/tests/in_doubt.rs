//! Pairs that somebody must look at: too alike to be passed over, and not surely one person.

use super::*;

#[test]
fn in_doubt_somebody_looks() {
    for (what, other) in [
        (
            "twins under one number",
            with(|p| p.given_name = "Beatrix".into()),
        ),
        (
            "a child under the parent's number, no birth date",
            with(|p| p.date_of_birth = None),
        ),
        (
            "sisters of whom one list has the second name as a middle name",
            with(|p| {
                p.given_name = "Katherine Elena".into();
                p.middle_name = None;
            }),
        ),
        (
            "sisters whose names are forms of one",
            with(|p| p.given_name = "Katharina".into()),
        ),
        (
            "twins whose names are a letter apart",
            with(|p| p.given_name = "Katharine".into()),
        ),
        (
            "married and moved",
            with(|p| {
                moved(p);
                p.family_name = "Byron".into();
            }),
        ),
        (
            "married, and the birth date swapped",
            with(|p| {
                p.family_name = "Byron".into();
                p.date_of_birth = Some(date(1961, 12, 3));
            }),
        ),
        (
            "a father and a son of one name under one number",
            with(|p| {
                p.date_of_birth = Some(date(1991, 3, 12));
            }),
        ),
        (
            "the younger without a birth date, under the elder's number",
            with(|p| {
                p.suffix = Some("Jr".into());
                p.date_of_birth = None;
            }),
        ),
        (
            "a given name mistyped under another number",
            with(|p| {
                p.given_name = "Kathrine".into();
                p.middle_name = Some("Ann".into());
                p.ssn = Some("666019999".into());
            }),
        ),
        (
            "no number, moved",
            with(|p| {
                moved(p);
                p.ssn = None;
            }),
        ),
        (
            "no number, no middle name, one digit of the birth date",
            with(|p| {
                p.ssn = None;
                p.middle_name = None;
                p.date_of_birth = Some(date(1961, 3, 13));
            }),
        ),
        (
            "a given name that nobody has, and no middle name: it may be the twin's",
            with(|p| {
                p.given_name = "Kathetine".into();
                p.middle_name = None;
            }),
        ),
        (
            "the names swapped, one with a typing error",
            with(|p| {
                p.given_name = "Neill".into();
                p.family_name = "Kathrine".into();
            }),
        ),
        (
            "both names are others, under one number in one house",
            with(|p| {
                p.given_name = "Beatrix".into();
                p.family_name = "Byron".into();
            }),
        ),
        (
            "a given name that nobody has, under another number",
            with(|p| {
                p.given_name = "Kathetine".into();
                p.middle_name = None;
                p.ssn = Some("666019999".into());
            }),
        ),
        (
            "a namesake who was born on one day and has a number of their own",
            with(|p| {
                moved(p);
                p.ssn = Some("666019999".into());
            }),
        ),
        ("an initial", with(|p| p.given_name = "K".into())),
        (
            "another middle name",
            with(|p| {
                p.middle_name = Some("Ruth".into());
            }),
        ),
    ] {
        let first = with(|p| p.middle_name = Some("Ann".into()));
        assert_eq!(told(&first, &other), Doubtful, "{what}");
    }
}
