//! The merge of two streams ordered by individual id, and the lines that it makes.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use tonic::Streaming;

use crate::cli::problem::Problem;
use crate::cli::wire_words::state;
use crate::wire::redress::enrollment::v1::{ExportCodesResponse, PlainCode};
use crate::wire::redress::identity::v1::{ExportMailingAddressesResponse, MailingAddress};

/// The columns of the print file.
pub const COLUMNS: [&str; 12] = [
    "name",
    "address_line1",
    "address_line2",
    "address_line3",
    "address_line4",
    "engagement_number",
    "code",
    "enroll_by",
    "covered_entities",
    "url",
    "phone",
    "population",
];

const ADDRESS_LINES: usize = 4;

/// One line of the print file.
pub type Letter = [String; COLUMNS.len()];

/// What stands in every letter of a campaign.
pub struct Frame {
    /// Engagement number.
    pub engagement_number: String,
    /// Last day to enroll.
    pub enroll_by: String,
    /// The one web address.
    pub url: String,
    /// The one telephone number.
    pub phone: String,
    /// Names of covered entities by key.
    pub entities: HashMap<String, String>,
}

impl Frame {
    /// Makes the line of one letter.
    pub fn letter(&self, code: &PlainCode, address: &MailingAddress) -> Letter {
        let names = address.covered_entities.iter();
        let names: Vec<&str> = names
            .map(|key| self.entities.get(key).map_or(key.as_str(), String::as_str))
            .collect();
        let [line1, line2, line3, line4] = block(&address.lines);
        [
            inert(&address.name),
            line1,
            line2,
            line3,
            line4,
            self.engagement_number.clone(),
            code.code.clone(),
            self.enroll_by.clone(),
            inert(&names.join("; ")),
            self.url.clone(),
            self.phone.clone(),
            state(address.population().as_str_name(), "POPULATION_").to_lowercase(),
        ]
    }
}

/// Puts the address lines into four columns; what is over stands in the last one.
fn block(lines: &[String]) -> [String; ADDRESS_LINES] {
    let mut block: [String; ADDRESS_LINES] = Default::default();
    for (at, line) in lines.iter().enumerate() {
        let column = &mut block[at.min(ADDRESS_LINES - 1)];
        if !column.is_empty() {
            column.push_str(", ");
        }
        column.push_str(line);
    }
    block.map(|line| inert(&line))
}

/// Makes text from rosters inert where a spreadsheet would take it for a formula (CWE-1236).
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{text}");
    }
    text.to_owned()
}

/// Codes with the addresses that belong to them, one after the other.
pub struct Merged {
    codes: Streaming<ExportCodesResponse>,
    addresses: Streaming<ExportMailingAddressesResponse>,
    waiting_codes: VecDeque<PlainCode>,
    waiting_addresses: VecDeque<MailingAddress>,
}

impl Merged {
    /// Begins the merge.
    pub fn new(
        codes: Streaming<ExportCodesResponse>,
        addresses: Streaming<ExportMailingAddressesResponse>,
    ) -> Self {
        Self {
            codes,
            addresses,
            waiting_codes: VecDeque::new(),
            waiting_addresses: VecDeque::new(),
        }
    }

    /// Gives the next code and the address of its individual, if there is one.
    pub async fn next(&mut self) -> Result<Option<(PlainCode, Option<MailingAddress>)>, Problem> {
        let code = loop {
            match self.next_code().await? {
                None => return Ok(None),
                // Without seed names there is nobody to send it to.
                Some(code) if code.seed => {}
                Some(code) => break code,
            }
        };
        loop {
            let Some(address) = self.peek_address().await? else {
                return Ok(Some((code, None)));
            };
            match address.individual_id.cmp(&code.individual_id) {
                Ordering::Less => drop(self.waiting_addresses.pop_front()),
                Ordering::Equal => return Ok(Some((code, self.waiting_addresses.pop_front()))),
                Ordering::Greater => return Ok(Some((code, None))),
            }
        }
    }

    async fn next_code(&mut self) -> Result<Option<PlainCode>, Problem> {
        while self.waiting_codes.is_empty() {
            let answer = self.codes.message().await;
            match answer.map_err(|status| Problem::from_status("export the codes", &status))? {
                Some(answer) => self.waiting_codes.extend(answer.codes),
                None => return Ok(None),
            }
        }
        Ok(self.waiting_codes.pop_front())
    }

    async fn peek_address(&mut self) -> Result<Option<&MailingAddress>, Problem> {
        while self.waiting_addresses.is_empty() {
            let answer = self.addresses.message().await;
            match answer.map_err(|status| Problem::from_status("export the addresses", &status))? {
                Some(answer) => self.waiting_addresses.extend(answer.addresses),
                None => return Ok(None),
            }
        }
        Ok(self.waiting_addresses.front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_from_rosters_are_made_inert() {
        assert_eq!(inert("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(inert("-Smith"), "'-Smith");
        assert_eq!(inert("O'Brien"), "O'Brien");
    }

    #[test]
    fn a_long_address_keeps_all_its_lines() {
        let lines: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
        assert_eq!(block(&lines), ["a", "b", "c", "d, e"].map(String::from));
    }

    #[test]
    fn a_letter_names_the_entities_as_people_know_them() {
        let frame = Frame {
            engagement_number: "B123456".into(),
            enroll_by: "2027-12-31".into(),
            url: "https://enroll.example.org".into(),
            phone: "1-800-555-0100".into(),
            entities: HashMap::from([("clinic".into(), "Summit City Clinic".into())]),
        };
        let code = PlainCode {
            individual_id: "i".into(),
            code: "0000-0000-0000-0000".into(),
            seed: false,
        };
        let address = MailingAddress {
            name: "Ann Roe".into(),
            covered_entities: vec!["clinic".into(), "other".into()],
            ..MailingAddress::default()
        };
        assert_eq!(
            frame.letter(&code, &address)[8],
            "Summit City Clinic; other"
        );
    }
}
