//! Amounts of money as whole numbers of the smallest unit, of currencies with two decimals. No number with a point is ever made of them.

/// Reads an amount as invoices have it: `7.95`, `$1,234.50`, `USD 7.95`, `7,95`. The invoice is in `currency`.
///
/// # Errors
/// What is wrong with it, without the amount.
pub fn read(text: &str, currency: &str) -> Result<i64, String> {
    const RULE: &str = "amount must look like 12.40, with at most two decimals";
    if text.contains(['-', '(', '\u{2212}']) {
        return Err("amount is negative; a credit is no line of an invoice".to_owned());
    }
    let letters: String = text.chars().filter(|it| it.is_alphabetic()).collect();
    if !letters.is_empty() && !letters.eq_ignore_ascii_case(currency) {
        return Err(format!(
            "amount is not in {currency}; --currency says which it is"
        ));
    }
    let digits =
        text.trim_matches(|it: char| it.is_alphabetic() || it.is_whitespace() || it == '$');
    let (whole, part) = split(digits).ok_or(RULE)?;
    let part = part.trim_end_matches('0');
    let cents: i64 = match part.len() {
        0 => 0,
        1 => part.parse::<i64>().map_err(|_| RULE)? * 10,
        2 => part.parse().map_err(|_| RULE)?,
        _ => return Err(RULE.to_owned()),
    };
    let whole: i64 = whole.parse().map_err(|_| RULE)?;
    let minor = whole.checked_mul(100).and_then(|it| it.checked_add(cents));
    minor.ok_or_else(|| RULE.to_owned())
}

/// Takes an amount apart at its decimal sign. A comma is one where two digits and nothing else stand behind it.
fn split(digits: &str) -> Option<(String, &str)> {
    let (whole, part) = match (digits.rsplit_once('.'), digits.rsplit_once(',')) {
        (Some(parts), _) => parts,
        (None, Some((whole, part))) if part.len() == 2 && !whole.contains(',') => (whole, part),
        _ => (digits, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().filter(|it| !it.is_empty())?;
    let mut joined = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.len() > 3 {
            return None;
        }
        joined.push_str(group);
    }
    (is_digits(&joined) && is_digits(part)).then_some((joined, part))
}

/// Writes an amount: `1234.50 USD`; nothing without a currency.
pub fn text(minor: i64, currency: &str) -> String {
    if currency.is_empty() {
        return String::new();
    }
    format!("{}.{:02} {currency}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_invoices_write_them() {
        for (text, minor) in [
            ("7.95", 795),
            ("$1,234.50", 123_450),
            ("USD 7.9", 790),
            ("7.9500 usd", 795),
            ("7,95", 795),
            ("12", 1_200),
            ("1,234,567", 123_456_700),
            ("0", 0),
        ] {
            assert_eq!(read(text, "USD"), Ok(minor), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_and_not_repeated() {
        for text in [
            "-7.95",
            "(7.95)",
            "7.955",
            "EUR 7.95",
            "1,23,456",
            "1234,567.00",
            ".95",
            "7.9.5",
            "",
            "99999999999999999999",
        ] {
            let wrong = read(text, "USD").unwrap_err();
            assert!(text.is_empty() || !wrong.contains(text), "{wrong}");
        }
    }

    #[test]
    fn an_amount_is_written_with_its_currency() {
        assert_eq!(text(123_450, "USD"), "1234.50 USD");
        assert_eq!(text(5, "USD"), "0.05 USD");
        assert_eq!(text(0, ""), "");
    }
}
