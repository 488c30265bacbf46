//! The file of people whom no letter reaches, for the substitute notice. Readable by its owner alone.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::client::connect::Channels;
use crate::client::convert::{population, state};
use crate::client::mailing::partial::Partial;
use crate::client::mailing::text::{inert, put};
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

const DOING: &str = "export whom no letter reaches";

const COLUMNS: [&str; 9] = [
    "individual_id",
    "name",
    "reason",
    "population",
    "phones",
    "emails",
    "address_on_record",
    "covered_entities",
    "confidential_communication",
];

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// People.
    pub individuals: u64,
    /// Those of them whose letter came back.
    pub returned: u64,
    /// Those of them with a telephone number or an e-mail address on record.
    pub with_contact: u64,
    /// Those of them who are deceased: no substitute notice is owed for them.
    pub deceased: u64,
}

/// Writes the file; it is there whole or not at all.
pub async fn write(channels: &Channels, campaign_id: &str, out: &Path) -> Result<Written, Problem> {
    let request = wire::ExportUnreachableRequest {
        campaign: campaign_id.to_owned(),
    };
    let mut client = RosterServiceClient::new(channels.identity.clone());
    let answers = client.export_unreachable(request).await;
    let mut answers = answers.or_problem(DOING)?;
    let partial = Partial::create(out)?;
    let failed = |error: std::io::Error| Problem::file(out, &error);
    let mut file: BufWriter<File> = BufWriter::new(partial.handle().map_err(failed)?);
    let mut line = COLUMNS.join(",").into_bytes();
    line.push(b'\n');
    file.write_all(&line).map_err(failed)?;
    let mut written = Written::default();
    while let Some(answer) = answers
        .message()
        .await
        .map_err(|status| Problem::from_status(DOING, &status))?
    {
        for person in &answer.individuals {
            written.count(person);
            line.clear();
            write_line(&mut line, person);
            file.write_all(&line).map_err(failed)?;
        }
    }
    file.flush().map_err(failed)?;
    drop(file);
    partial.publish().map_err(failed)?;
    Ok(written)
}

impl Written {
    fn count(&mut self, person: &wire::UnreachableIndividual) {
        use crate::wire::redress::r#type::v1::Population;
        self.individuals += 1;
        self.returned += u64::from(person.reason() == wire::UnreachableReason::Returned);
        self.with_contact += u64::from(!person.phones.is_empty() || !person.emails.is_empty());
        self.deceased += u64::from(person.population() == Population::Deceased);
    }
}

fn write_line(line: &mut Vec<u8>, person: &wire::UnreachableIndividual) {
    let reason = state(person.reason().as_str_name(), "UNREACHABLE_REASON_");
    let confidential = if person.confidential_communication {
        "yes"
    } else {
        "no"
    };
    let cells = [
        person.individual_id.clone(),
        person.name.clone(),
        reason.clone(),
        population(person.population),
        person.phones.join("; "),
        person.emails.join("; "),
        person.lines.join(", "),
        person.covered_entity_keys.join("; "),
        confidential.to_owned(),
    ];
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        put(line, &inert(cell));
    }
    line.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_inert_and_has_every_column() {
        let person = wire::UnreachableIndividual {
            name: "=Ann Roe".into(),
            phones: vec!["+12605550100".into(), "+12605550101".into()],
            lines: vec!["12 Main St".into(), "Fort Wayne IN".into()],
            reason: wire::UnreachableReason::Returned.into(),
            ..wire::UnreachableIndividual::default()
        };
        let mut line = Vec::new();
        write_line(&mut line, &person);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(line.as_slice());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.len(), COLUMNS.len());
        assert_eq!((&record[1], &record[2]), ("'=Ann Roe", "RETURNED"));
        assert_eq!(&record[4], "'+12605550100; '+12605550101");
        assert_eq!(&record[6], "12 Main St, Fort Wayne IN");
    }
}
