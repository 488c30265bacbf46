//! What becomes of the record of a person when another row tells of them.

use jiff::civil::Date;

use crate::db::entities::individual::Population;
use crate::identity::matching::waterfall::Level;
use crate::identity::matching::{address, compare, date, fold, street};
use crate::kernel::person::{Person, Text};

fn has_close_names(a: &Person, b: &Person) -> bool {
    let name = |person: &Person| {
        (
            fold::family(person.family_name.expose()),
            fold::name(person.given_name.expose()),
        )
    };
    let ((a_family, a_given), (b_family, b_given)) = (name(a), name(b));
    compare::family_name(&a_family, &b_family) != Level::Different
        && compare::given_name(&a_given, &b_given) != Level::Different
}

/// Fills into `known` what it lacks and `more` has; tells whether anything changed.
///
/// What is known stays. An address that cannot be delivered to is replaced as a whole by one that can.
pub fn enrich(known: &mut Person, more: &Person) -> bool {
    let mut changed = false;
    let mut fill = |ours: &mut Option<_>, theirs: &Option<_>| {
        if ours.is_none() && theirs.is_some() {
            ours.clone_from(theirs);
            changed = true;
        }
    };
    fill(&mut known.middle_name, &more.middle_name);
    fill(&mut known.suffix, &more.suffix);
    fill(&mut known.ssn, &more.ssn);
    fill(&mut known.phone, &more.phone);
    fill(&mut known.email, &more.email);
    if known.date_of_birth.is_none() && more.date_of_birth.is_some() {
        known.date_of_birth = more.date_of_birth;
        changed = true;
    }
    if known.language.is_none() && more.language.is_some() {
        known.language.clone_from(&more.language);
        changed = true;
    }
    changed |= add_lists(known, more);
    // Who asked to be written to elsewhere is not written to where another list knows them.
    let may_move = !known.confidential || more.confidential;
    changed |= more.confidential && !known.confidential;
    known.confidential |= more.confidential;
    if may_move && !address::is_mailable(known) && address::is_mailable(more) {
        address::replace(known, more);
        changed = true;
    }
    changed
}

/// Takes the address of a later row where it is another one that can be delivered to, and keeps the former beside it; tells whether it did.
/// Whoever asked one covered entity to be written to elsewhere is not written to where another one knows them.
pub fn move_to(known: &mut Person, later: &Person) -> bool {
    let place = |person: &Person| {
        let code = person.postal_code.as_ref();
        let code = code.map(|code| fold::postal(code.expose()).expose().clone());
        (street::key(&person.address_lines).expose().clone(), code)
    };
    let may_move = !known.confidential || later.confidential;
    if !may_move || !address::is_mailable(later) || place(known) == place(later) {
        return false;
    }
    let former = one_line(known);
    address::replace(known, later);
    if !former.is_empty() {
        add(&mut known.prior_addresses, &[former.into()]);
    }
    true
}

/// Keeps the name and the address of another record of the person beside those that are known.
pub fn keep_beside(known: &mut Person, other: &Person) {
    let (name, place) = (address::full_name(other), one_line(other));
    if name != address::full_name(known) {
        add(&mut known.prior_names, &[name.into()]);
    }
    if place != one_line(known) && !place.is_empty() {
        add(&mut known.prior_addresses, &[place.into()]);
    }
}

/// What a correction changed of a record, for its history.
pub type Fields = Vec<&'static str>;

/// Tells whether a row under a known reference still tells of the same person: by name, birth date or SSN. A reference that was given to
/// somebody else must not take the first one's letter along.
pub fn can_correct(known: &Person, row: &Person) -> bool {
    let born = known.date_of_birth.is_some() && known.date_of_birth == row.date_of_birth;
    let number = known.ssn.is_some() && same(known.ssn.as_ref(), row.ssn.as_ref());
    born || number || has_close_names(known, row)
}

/// Replaces what a corrected row says; an empty cell takes nothing away. A former name and a former address stay beside the new one.
pub fn correct(known: &mut Person, row: &Person) -> Fields {
    let before = known.clone();
    let mut fields = Fields::new();
    if address::full_name(known) != address::full_name(row) {
        known.given_name.clone_from(&row.given_name);
        known.middle_name.clone_from(&row.middle_name);
        known.family_name.clone_from(&row.family_name);
        known.suffix.clone_from(&row.suffix);
        add(
            &mut known.prior_names,
            &[address::full_name(&before).into()],
        );
        fields.push("name");
    }
    if row.date_of_birth.is_some() && row.date_of_birth != known.date_of_birth {
        known.date_of_birth = row.date_of_birth;
        fields.push("date_of_birth");
    }
    if row.ssn.is_some() && !same(row.ssn.as_ref(), known.ssn.as_ref()) {
        known.ssn.clone_from(&row.ssn);
        fields.push("ssn");
    }
    if !row.address_lines.is_empty() && one_line(row) != one_line(known) {
        let former = one_line(known);
        address::replace(known, row);
        if !former.is_empty() {
            add(&mut known.prior_addresses, &[former.into()]);
        }
        fields.push("address");
    }
    if correct_contacts(known, row) {
        fields.push("contacts");
    }
    let mut circumstances = row.language.is_some() && row.language != known.language;
    if circumstances {
        known.language.clone_from(&row.language);
    }
    circumstances |= add(&mut known.prior_names, &row.prior_names);
    circumstances |= add(&mut known.prior_addresses, &row.prior_addresses);
    circumstances |= add(&mut known.data_elements, &row.data_elements);
    circumstances |= row.confidential && !known.confidential;
    known.confidential |= row.confidential;
    if circumstances {
        fields.push("circumstances");
    }
    fields
}

/// Replaces the contacts of a kind that the row names.
fn correct_contacts(known: &mut Person, row: &Person) -> bool {
    let list = |texts: &[Text]| -> Vec<String> {
        texts.iter().map(|text| text.expose().clone()).collect()
    };
    let mut changed = false;
    let phones = same(row.phone.as_ref(), known.phone.as_ref())
        && list(&row.other_phones) == list(&known.other_phones);
    if row.phone.is_some() && !phones {
        known.phone.clone_from(&row.phone);
        known.other_phones.clone_from(&row.other_phones);
        changed = true;
    }
    let emails = same(row.email.as_ref(), known.email.as_ref())
        && list(&row.other_emails) == list(&known.other_emails);
    if row.email.is_some() && !emails {
        known.email.clone_from(&row.email);
        known.other_emails.clone_from(&row.other_emails);
        changed = true;
    }
    changed
}

fn same(a: Option<&Text>, b: Option<&Text>) -> bool {
    a.map(Text::expose) == b.map(Text::expose)
}

/// Gives an address as it is printed, in one line: of another country it is another address.
fn one_line(person: &Person) -> String {
    let mut lines = address::address_lines(person);
    lines.retain(|line| !line.is_empty());
    lines.join(" ")
}

/// Adds the lists of `more` to those of `known`.
fn add_lists(known: &mut Person, more: &Person) -> bool {
    let mut phones: Vec<Text> = more.phones().cloned().collect();
    phones.retain(|phone| Some(phone.expose()) != known.phone.as_ref().map(Text::expose));
    let mut emails: Vec<Text> = more.emails().cloned().collect();
    emails.retain(|email| Some(email.expose()) != known.email.as_ref().map(Text::expose));
    add(&mut known.other_phones, &phones)
        | add(&mut known.other_emails, &emails)
        | add(&mut known.prior_names, &more.prior_names)
        | add(&mut known.prior_addresses, &more.prior_addresses)
        | add(&mut known.data_elements, &more.data_elements)
}

/// Adds what a list lacks; tells whether anything was.
pub fn add(ours: &mut Vec<Text>, theirs: &[Text]) -> bool {
    let before = ours.len();
    for text in theirs {
        if !ours.iter().any(|known| known.expose() == text.expose()) {
            ours.push(text.clone());
        }
    }
    ours.len() > before
}

/// Joins what two rows say of a person: a death reported by one entity holds for all. Where they differ about the age, the birth date
/// decides; without one a child is one wherever it is listed.
pub fn join_population(
    (a, b): (Population, Population),
    person: &Person,
    today: Date,
) -> Population {
    match (a, b) {
        (Population::Deceased, _) | (_, Population::Deceased) => Population::Deceased,
        (Population::Minor, Population::Minor) => Population::Minor,
        (Population::Adult, Population::Adult) => Population::Adult,
        (Population::Minor, Population::Adult) | (Population::Adult, Population::Minor) => {
            let born = person.date_of_birth;
            if born.is_some_and(|born| !date::is_minor(born, today)) {
                Population::Adult
            } else {
                Population::Minor
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn ada() -> Person {
        Person {
            given_name: "Katherine".into(),
            family_name: "Neill".into(),
            date_of_birth: Some(date(1961, 3, 12)),
            ssn: Some("666012345".into()),
            ..Person::default()
        }
    }

    #[test]
    fn the_newest_address_counts_and_the_former_stays_beside_it() {
        let at = |street: &str| Person {
            address_lines: vec![street.into()],
            city: Some("Fort Wayne".into()),
            region: Some("IN".into()),
            postal_code: Some("46802".into()),
            ..ada()
        };
        let mut known = at("1 Old St");
        assert!(!move_to(&mut known, &at("1 OLD STREET")));
        assert!(!move_to(&mut known, &ada()), "no address is no newer one");
        assert!(move_to(&mut known, &at("9 New St")));
        assert_eq!(known.address_lines[0].expose(), "9 New St");
        assert_eq!(
            known.prior_addresses[0].expose(),
            "1 Old St Fort Wayne IN 46802"
        );
        known.confidential = true;
        assert!(!move_to(&mut known, &at("1 Old St")));
    }

    #[test]
    fn a_correction_replaces_what_it_says_and_keeps_what_was() {
        let mut known = Person {
            address_lines: vec!["12 Main St".into()],
            city: Some("Fort Wayne".into()),
            phone: Some("+12605550100".into()),
            ..ada()
        };
        let row = Person {
            family_name: "Byron".into(),
            address_lines: vec!["1 Elm St".into()],
            city: Some("Gary".into()),
            ssn: None,
            ..ada()
        };
        assert!(can_correct(&known, &row));
        assert_eq!(correct(&mut known, &row), ["name", "address"]);
        assert_eq!(known.family_name.expose(), "Byron");
        assert_eq!(known.prior_names[0].expose(), "Katherine Neill");
        assert_eq!(known.prior_addresses[0].expose(), "12 Main St Fort Wayne");
        assert!(
            known.ssn.is_some() && known.phone.is_some(),
            "an empty cell takes nothing away"
        );
        assert!(
            correct(&mut known, &row).is_empty(),
            "the second time nothing changes"
        );
        let abroad = Person {
            country: Some("DE".into()),
            ..row.clone()
        };
        assert_eq!(correct(&mut known, &abroad), ["address"]);
        let other = Person {
            given_name: "Robert".into(),
            family_name: "Poe".into(),
            date_of_birth: Some(date(1990, 1, 2)),
            ssn: Some("666019999".into()),
            ..Person::default()
        };
        assert!(!can_correct(&known, &other));
    }

    #[test]
    fn where_two_lists_differ_about_the_age_the_birth_date_decides() {
        use Population::{Adult, Deceased, Minor};
        let join = |a, b, born| {
            let person = Person {
                date_of_birth: born,
                ..ada()
            };
            join_population((a, b), &person, date(2015, 7, 17))
        };
        assert_eq!(join(Minor, Adult, Some(date(1997, 7, 17))), Adult);
        assert_eq!(join(Adult, Minor, Some(date(1997, 7, 18))), Minor);
        assert_eq!(join(Adult, Minor, None), Minor);
        assert_eq!(join(Minor, Minor, Some(date(1961, 3, 12))), Minor);
        assert_eq!(join(Minor, Deceased, None), Deceased);
    }

    #[test]
    fn enriching_fills_gaps_and_keeps_what_is_known() {
        let mut known = ada();
        known.address_lines = vec!["UNKNOWN".into()];
        let more = Person {
            given_name: "Kate".into(),
            phone: Some("+12605550100".into()),
            address_lines: vec!["12 Main St".into()],
            city: Some("Fort Wayne".into()),
            region: Some("IN".into()),
            postal_code: Some("46802".into()),
            ..ada()
        };
        assert!(enrich(&mut known, &more));
        assert_eq!(known.given_name.expose(), "Katherine");
        assert!(known.phone.is_some() && address::is_mailable(&known));
        assert!(
            !enrich(&mut known, &more),
            "the second time nothing changes"
        );
    }
}
