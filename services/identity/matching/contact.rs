//! Contacts on record: e-mail addresses and telephone numbers.

use crate::db::entities::confirmation_code::Channel;
use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

impl Channel {
    /// Gives the contact that this channel uses, if it is on record.
    pub fn contact(self, person: &Person) -> Option<&Secret<String>> {
        match self {
            Self::Email => person.email.as_ref(),
            Self::Sms | Self::Voice => person.phone.as_ref(),
        }
    }
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
    fn text_and_voice_share_the_telephone() {
        let person = Person {
            phone: Some("+12605550100".into()),
            ..Person::default()
        };
        assert!(
            Channel::Sms.contact(&person).is_some() && Channel::Voice.contact(&person).is_some()
        );
        assert!(Channel::Email.contact(&person).is_none());
    }
}
