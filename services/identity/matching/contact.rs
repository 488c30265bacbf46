//! Contacts on record: e-mail addresses and telephone numbers.

use crate::db::entities::confirmation_code::Channel;
use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

use super::keys::KeyOf;

/// What stands before the `@` where nobody has an address.
const NO_ADDRESS: &str = "noemail none n.a unknown nomail noaddress noemailaddress noemailprovided donotemail notprovided \
    notavailable nobody declined refused patientdeclined decline nope null noreply donotreply";

/// From so many letters on a word is nobody's name with a year behind it.
const LONG_WORD: usize = 6;

/// What stands behind it, up to the first dot.
const NO_DOMAIN: &str = "noemail none nomail noaddress noemailaddress noemailprovided donotemail notprovided invalid unknown declined";

/// What a contact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
}

impl Kind {
    /// Gives the channel that reaches it if nobody says which.
    pub const fn channel(self) -> Channel {
        match self {
            Self::Email => Channel::Email,
            Self::Phone => Channel::Sms,
        }
    }

    /// Gives what its blind key is made of.
    pub const fn key_of(self) -> KeyOf {
        match self {
            Self::Email => KeyOf::Email,
            Self::Phone => KeyOf::Phone,
        }
    }

    /// Tells whether a channel reaches it.
    pub const fn is_reached_by(self, channel: Channel) -> bool {
        match self {
            Self::Email => matches!(channel, Channel::Email),
            Self::Phone => matches!(channel, Channel::Sms | Channel::Voice),
        }
    }
}

/// A contact on record.
#[derive(Clone, Copy, Debug)]
pub struct Contact<'p> {
    /// What it is.
    pub kind: Kind,
    /// The address or number.
    pub value: &'p Text,
}

/// Gives the contacts of a person, e-mail addresses first. What people type where there is none is no contact, whoever stored it.
pub fn contacts(person: &Person) -> impl Iterator<Item = Contact<'_>> {
    let of = |kind| move |value| Contact { kind, value };
    let emails = person.emails().map(of(Kind::Email));
    let all = emails.chain(person.phones().map(of(Kind::Phone)));
    all.filter(|contact| match contact.kind {
        Kind::Email => !is_no_email(contact.value.expose()),
        Kind::Phone => !is_no_phone(contact.value.expose()),
    })
}

/// Tells whether a number in E.164 is one that people type where there is none. No area code begins with 0 or 1.
pub fn is_no_phone(number: &str) -> bool {
    let national = number.strip_prefix("+1").unwrap_or(number);
    let digits = national.trim_start_matches('+');
    let mut different = digits.chars().filter(|digit| !digits.starts_with(*digit));
    let is_one_digit = different.next().is_none();
    let has_no_area = national.len() == 10 && national.starts_with(['0', '1']);
    is_one_digit
        || has_no_area
        || national.starts_with("000")
        || ["1234567890", "9876543210"].contains(&digits)
        || (national.len() == 10 && national.ends_with("0000000"))
}

/// Tells whether an address is one that people type where there is none.
pub fn is_no_email(text: &str) -> bool {
    let lower = text.to_lowercase();
    let (local, domain) = lower.split_once('@').unwrap_or((&lower, ""));
    let plain: String = local
        .chars()
        .filter(|letter| !"-_ ".contains(*letter))
        .collect();
    // Long words take a number behind them; of short ones there are people's own names with one.
    let word = plain.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let plain = if word.len() >= LONG_WORD {
        word
    } else {
        &plain
    };
    let is_among = |words: &str, word: &str| words.split(' ').any(|known| known == word);
    let first = domain
        .split('.')
        .next()
        .unwrap_or_default()
        .replace('-', "");
    is_among(NO_ADDRESS, plain) || is_among(NO_DOMAIN, &first) || domain.ends_with(".invalid")
}

/// Parses an e-mail address: one `@`, a local part, a domain with a dot; printable ASCII without spaces, the domain folded.
pub fn parse_email(text: &str) -> Option<Secret<String>> {
    let (local, domain) = text.split_once('@')?;
    let printable = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&byte));
    let labels = domain.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let whole = !local.is_empty() && local.len() <= 64 && domain.contains('.') && text.len() <= 254;
    (printable && labels && whole)
        .then(|| Secret::new(format!("{local}@{}", domain.to_ascii_lowercase())))
}

/// Parses a telephone number into E.164: ten digits are a U.S. number, others need their `+`.
pub fn parse_phone(text: &str) -> Option<Secret<String>> {
    let allowed = text
        .chars()
        .all(|c| c.is_ascii_digit() || " ()-.+/".contains(c));
    if !allowed || text.rfind('+').is_some_and(|at| at > 0) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = match (text.starts_with('+'), digits.len()) {
        (true, 8..=15) => format!("+{digits}"),
        (false, 10) => format!("+1{digits}"),
        (false, 11) if digits.starts_with('1') => format!("+{digits}"),
        _ => return None,
    };
    Some(Secret::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Option<String> {
        parse_email(text).map(|email| email.expose().clone())
    }

    fn phone(text: &str) -> Option<String> {
        parse_phone(text).map(|phone| phone.expose().clone())
    }

    #[test]
    fn addresses_are_read_and_the_domain_is_folded() {
        assert_eq!(
            email("Ada.L+x@Example.ORG").as_deref(),
            Some("Ada.L+x@example.org")
        );
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@example",
            "a da@example.org",
            "a@b@c.org",
            "a@b..org",
        ] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_become_e164() {
        assert_eq!(phone("(260) 555-0100").as_deref(), Some("+12605550100"));
        assert_eq!(phone("1-260-555-0100").as_deref(), Some("+12605550100"));
        assert_eq!(phone("+44 20 7946 0958").as_deref(), Some("+442079460958"));
        for wrong in ["", "555-0100", "call me", "260555010", "44+2079460958"] {
            assert_eq!(phone(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn fillers_are_no_contact() {
        let person = |email: &str, phone: &str| Person {
            email: Some(email.into()),
            phone: Some(phone.into()),
            ..Person::default()
        };
        for filler in [
            "noemail@example.org",
            "No-Email@example.org",
            "noemail123@example.org",
            "ada@noemail.com",
            "ada@no-email.com",
            "noreply@example.org",
            "ada@example.invalid",
        ] {
            let person = person(filler, "+12605550142");
            let kinds: Vec<Kind> = contacts(&person).map(|one| one.kind).collect();
            assert_eq!(kinds, [Kind::Phone], "{filler}");
        }
        for filler in [
            "+10000000000",
            "+19999999999",
            "+11234567890",
            "+10005550142",
            "+12600000000",
        ] {
            let person = person("ada@example.org", filler);
            let kinds: Vec<Kind> = contacts(&person).map(|one| one.kind).collect();
            assert_eq!(kinds, [Kind::Email], "{filler}");
        }
        let good = person("noemi.test@example.org", "+12605550000");
        assert_eq!(contacts(&good).count(), 2);
    }

    #[test]
    fn text_and_voice_reach_a_telephone() {
        assert!(
            Kind::Phone.is_reached_by(Channel::Sms) && Kind::Phone.is_reached_by(Channel::Voice)
        );
        assert!(!Kind::Phone.is_reached_by(Channel::Email));
        for kind in [Kind::Phone, Kind::Email] {
            assert!(kind.is_reached_by(kind.channel()));
        }
        assert!(!Kind::Email.is_reached_by(Channel::Sms));
    }
}
