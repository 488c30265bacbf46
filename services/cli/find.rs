//! `redress find`: who on the list is meant.

use clap::Args;
use uuid::Uuid;

use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::population;
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::identity::v1 as wire;
use wire::get_individual_request::Person;
use wire::roster_service_client::RosterServiceClient;
use wire::search_individuals_request::Query;

/// Flags of `find`.
#[derive(Debug, Args)]
pub struct FindArgs {
    /// A name, as `Mary Smith` or `Smith, Mary`, with --born or --zip; or a covered entity's reference, alone; or the letter's id, as the
    /// print file and returned mail have it.
    #[arg(value_name = "NAME|REFERENCE", required = true, num_args = 1..)]
    who: Vec<String>,
    /// Year of birth.
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1850..=2100))]
    born: Option<i32>,
    /// ZIP or postal code of the address on record.
    #[arg(long, value_name = "CODE")]
    zip: Option<String>,
    /// The covered entity that gave the reference; without it all of the campaign are looked at.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["born", "zip"])]
    entity: Option<String>,
    #[command(flatten)]
    campaign: CampaignArg,
}

/// Finds people on the roster.
pub async fn run(session: &Session, args: FindArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = RosterServiceClient::new(channels.identity.clone());
    if let Some(id) = letter_id(&args) {
        let request = wire::GetIndividualRequest {
            campaign: campaign.campaign_id,
            person: Some(Person::IndividualId(id)),
        };
        let answer = client.get_individual(request).await;
        let found = answer.or_problem("find the letter's person")?.individual;
        let records: Vec<Record> = found.iter().map(record).collect();
        return render::many(session.format, &records, "nobody was found");
    }
    let request = wire::SearchIndividualsRequest {
        campaign: campaign.campaign_id,
        query: Some(query(&args)),
    };
    let answer = client.search_individuals(request).await;
    let found = answer.or_problem("search the roster")?;
    let records: Vec<Record> = found.individuals.iter().map(record).collect();
    render::many(
        session.format,
        &records,
        "nobody was found; try another spelling, or --zip in place of --born",
    )?;
    if found.more {
        ask::note("there are more than these; a given name, --born and --zip narrow it");
    }
    Ok(())
}

/// Gives the letter's id, where that is what was typed.
fn letter_id(args: &FindArgs) -> Option<String> {
    let [text] = args.who.as_slice() else {
        return None;
    };
    Uuid::try_parse(text).ok().map(|id| id.to_string())
}

/// Takes a name where something tells its bearers apart, and a reference otherwise.
fn query(args: &FindArgs) -> Query {
    let text = args.who.join(" ");
    if args.born.is_none() && args.zip.is_none() {
        return Query::Reference(wire::ReferenceQuery {
            external_ref: text,
            covered_entity_key: args.entity.clone().unwrap_or_default(),
        });
    }
    let (given, family) = names(&text);
    Query::Name(wire::NameQuery {
        family_name: family,
        given_name: given,
        birth_year: args.born.unwrap_or_default(),
        postal_code: args.zip.clone().unwrap_or_default(),
    })
}

/// Reads `Mary Smith` or `Smith, Mary`; one word is a family name.
fn names(text: &str) -> (String, String) {
    let parts = match text.split_once(',') {
        Some((family, given)) => (given, family),
        None => text.trim().split_once(' ').unwrap_or(("", text)),
    };
    (parts.0.trim().to_owned(), parts.1.trim().to_owned())
}

/// Shows an individual.
pub(super) fn record(found: &wire::MaskedIndividual) -> Record {
    let contacts = found.contacts.iter().map(|it| it.masked.as_str());
    let born = (found.birth_year != 0).then_some(found.birth_year);
    Record::new()
        .with("individual", found.individual_id.clone())
        .with("name", found.masked_name.clone())
        .with("born", born)
        .with("region", found.region.clone())
        .with("population", population(found.population))
        .with(
            "letter",
            if found.withdraw_time.is_some() {
                "none: off the list"
            } else if found.mailable {
                "can be sent"
            } else {
                "no address"
            },
        )
        .with("entities", found.covered_entity_keys.join(" "))
        .with("contacts", contacts.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_people_write_it() {
        let read = |text| {
            let (given, family) = names(text);
            format!("{given}|{family}")
        };
        assert_eq!(read("Mary Smith"), "Mary|Smith");
        assert_eq!(read("Smith, Mary Ann"), "Mary Ann|Smith");
        assert_eq!(read("Mary de la Cruz"), "Mary|de la Cruz");
        assert_eq!(read("Prince"), "|Prince");
    }
}
