//! `redress campaign create`: its flags.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::client::campaign::file::{
    CampaignFile, ConsentEntry, EntityEntry, ProductEntry, RestorationEntry,
};
use crate::client::problem::Problem;

/// Flags of `campaign create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Take everything from this TOML file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["engagement", "name", "breach", "discovered", "enroll_by", "entities", "products", "front_ends"])]
    file: Option<PathBuf>,
    /// Engagement number: one letter and six digits, printed in every letter.
    #[arg(long, required_unless_present = "file", value_name = "B123456")]
    engagement: Option<String>,
    /// Name for operators.
    #[arg(long, required_unless_present = "file")]
    name: Option<String>,
    /// Day of the breach.
    #[arg(long, required_unless_present = "file", value_name = "DATE")]
    breach: Option<Date>,
    /// Day of discovery; HIPAA's 60 days run from it.
    #[arg(long, required_unless_present = "file", value_name = "DATE")]
    discovered: Option<Date>,
    /// Last day to enroll.
    #[arg(long, required_unless_present = "file", value_name = "DATE")]
    enroll_by: Option<Date>,
    /// Time zone in which that day ends.
    #[arg(
        long,
        default_value = "America/Indiana/Indianapolis",
        value_name = "ZONE"
    )]
    zone: String,
    /// Months of monitoring.
    #[arg(long, default_value_t = 24, value_name = "MONTHS")]
    term: i32,
    /// Days after the last one in which those who have begun can finish.
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    grace_days: i32,
    /// Language of letters to people whose language is not known: en or es.
    #[arg(long, default_value = "en", value_name = "LANGUAGE")]
    language: String,
    /// A covered entity: its key in roster files and its name in letters. Repeat for each.
    #[arg(long = "entity", value_name = "KEY=NAME", value_parser = entity, required_unless_present = "file")]
    entities: Vec<EntityEntry>,
    /// What a population gets, and from whom. Repeat for each.
    #[arg(long = "product", value_name = "POPULATION=CODE@PARTNER", value_parser = product, required_unless_present = "file")]
    products: Vec<ProductEntry>,
    /// Web address in letters.
    #[arg(long, default_value = "https://enroll.example.org", value_name = "URL")]
    url: String,
    /// Telephone number in letters.
    #[arg(long, default_value = "1-800-555-0100", value_name = "PHONE")]
    phone: String,
    /// Version of the text in the consent file.
    #[arg(
        long,
        default_value = "2026-01",
        value_name = "VERSION",
        requires = "consent_file"
    )]
    consent_version: String,
    /// Give who lives where the law asks for more months of monitoring as many.
    #[arg(long)]
    raise_term_by_law: bool,
    /// Two people for the print file: one asks for an export, another approves it.
    #[arg(long)]
    two_operators: bool,
    /// A call center or a portal that serves the campaign, named as in its certificate; repeat for each. Without any, every one does.
    #[arg(long = "front-end", value_name = "call-center/NAME|portal/NAME")]
    front_ends: Vec<String>,
    /// Who restores people's identities, enrolled or not; without it nobody does.
    #[arg(long, value_name = "CODE@PARTNER", value_parser = restoration)]
    restoration: Option<RestorationEntry>,
    /// File with the consent text, in the campaign's language; without it the template's texts in English and Spanish.
    #[arg(long, value_name = "FILE")]
    consent_file: Option<PathBuf>,
}

impl CreateArgs {
    /// Gives the campaign to create.
    pub fn campaign(self) -> Result<CampaignFile, Problem> {
        if let Some(path) = &self.file {
            let text = fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
            return toml::from_str(&text).map_err(|error| Problem::file(path, &error));
        }
        let missing =
            || Problem::usage("a flag is missing; `redress campaign create --help` shows all");
        let mut campaign = CampaignFile::template()?;
        campaign.engagement_number = self.engagement.ok_or_else(missing)?;
        campaign.name = self.name.ok_or_else(missing)?;
        campaign.breach_date = self.breach.ok_or_else(missing)?;
        campaign.discovery_date = self.discovered.ok_or_else(missing)?;
        campaign.enroll_by_date = self.enroll_by.ok_or_else(missing)?;
        campaign.time_zone = self.zone;
        campaign.grace_days = Some(self.grace_days);
        campaign.language = self.language;
        campaign.letter_url = self.url;
        campaign.letter_phone = self.phone;
        campaign.two_operators = self.two_operators;
        campaign.front_ends = self.front_ends;
        campaign.covered_entities = self.entities;
        campaign.raise_term_by_law = self.raise_term_by_law;
        campaign.restoration = self.restoration;
        campaign.products = self.products;
        for product in &mut campaign.products {
            product.term_months = self.term;
        }
        if let Some(path) = &self.consent_file {
            let text = fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
            campaign.consents = vec![ConsentEntry {
                language: campaign.language.clone(),
                version: self.consent_version,
                text,
            }];
        }
        Ok(campaign)
    }
}

/// Reads `KEY=NAME`.
pub fn entity(text: &str) -> Result<EntityEntry, String> {
    let (key, name) = text
        .split_once('=')
        .ok_or("wanted: KEY=NAME, such as clinic='Summit City Clinic'")?;
    Ok(EntityEntry {
        key: key.to_owned(),
        name: name.to_owned(),
        ..EntityEntry::default()
    })
}

/// Reads `POPULATION=CODE@PARTNER`.
pub fn product(text: &str) -> Result<ProductEntry, String> {
    let wanted = "wanted: POPULATION=CODE@PARTNER, such as ADULT=CM3B@sandbox-bureau";
    let (population, rest) = text.split_once('=').ok_or(wanted)?;
    let (code, partner) = rest.split_once('@').ok_or(wanted)?;
    Ok(ProductEntry {
        population: population.to_owned(),
        product_code: code.to_owned(),
        partner: partner.to_owned(),
        // The flag `--term` is for all of them.
        term_months: 0,
        contract_code: String::new(),
    })
}

/// Reads `CODE@PARTNER`.
pub fn restoration(text: &str) -> Result<RestorationEntry, String> {
    let wanted = "wanted: CODE@PARTNER, such as RESTORE@sandbox-bureau";
    let (code, partner) = text.split_once('@').ok_or(wanted)?;
    Ok(RestorationEntry {
        product_code: code.to_owned(),
        partner: partner.to_owned(),
        contract_code: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_entities_are_read_from_flags() {
        assert_eq!(product("ADULT=CM3B@bureau").unwrap().partner, "bureau");
        assert!(product("ADULT").is_err());
        assert_eq!(restoration("RESTORE@bureau").unwrap().partner, "bureau");
        assert!(restoration("RESTORE").is_err());
        assert_eq!(entity("a=b=c").unwrap().name, "b=c");
    }
}
