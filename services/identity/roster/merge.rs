//! Two rows with one SSN: one person or a mistake.

use crate::db::entities::individual::Population;
use crate::identity::matching::waterfall::Level;
use crate::identity::matching::{address, compare, fold};
use crate::kernel::person::{Person, Text};

/// Tells whether two records with one SSN are of one person: the same birth date, or close names.
pub fn is_same_person(a: &Person, b: &Person) -> bool {
    let born = a.date_of_birth.is_some() && a.date_of_birth == b.date_of_birth;
    born || has_close_names(a, b)
}

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
/// What is known stays: the first record is the one that letters went out with. An address that cannot be delivered to is
/// replaced as a whole by one that can.
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
    changed |= more.confidential && !known.confidential;
    known.confidential |= more.confidential;
    if !address::is_mailable(known) && address::is_mailable(more) {
        address::replace(known, more);
        changed = true;
    }
    changed
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

/// Joins what two rows say: a death reported by one entity holds for all, a child is one wherever it is listed.
pub fn join_population(a: Population, b: Population) -> Population {
    match (a, b) {
        (Population::Deceased, _) | (_, Population::Deceased) => Population::Deceased,
        (Population::Minor, _) | (_, Population::Minor) => Population::Minor,
        (Population::Adult, Population::Adult) => Population::Adult,
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
    fn one_number_is_one_person_by_birth_date_or_by_names() {
        let mut other = ada();
        assert!(is_same_person(&ada(), &other));
        other.given_name = "Kate".into();
        other.date_of_birth = None;
        assert!(is_same_person(&ada(), &other));
        other.given_name = "Robert".into();
        assert!(!is_same_person(&ada(), &other));
        other.date_of_birth = Some(date(1961, 3, 12));
        assert!(is_same_person(&ada(), &other));
        other.date_of_birth = Some(date(1990, 3, 12));
        assert!(!is_same_person(&ada(), &other));
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
