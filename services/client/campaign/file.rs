//! A campaign as a TOML file or as flags.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use crate::cli::campaign::TEMPLATE;
use crate::cli::problem::Problem;
use crate::cli::wire_words::wire_date;
use crate::wire::redress::enrollment::v1 as wire;

/// What a campaign file holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignFile {
    /// One letter and six digits.
    pub engagement_number: String,
    /// Name for operators.
    pub name: String,
    /// Day of the breach.
    #[serde(deserialize_with = "civil_date")]
    pub breach_date: Date,
    /// Day of discovery.
    #[serde(deserialize_with = "civil_date")]
    pub discovery_date: Date,
    /// Last day to enroll.
    #[serde(deserialize_with = "civil_date")]
    pub enroll_by_date: Date,
    /// IANA time zone of that day.
    pub time_zone: String,
    /// For how many days after the last one those who have begun can finish; the service's own number where none is given.
    #[serde(default)]
    pub grace_days: Option<i32>,
    /// Term of the monitoring.
    pub term_months: i32,
    /// Language of letters to people whose language is not known, `en` or `es`; English where none is given.
    #[serde(default)]
    pub locale: String,
    /// Web address in letters.
    pub letter_url: String,
    /// Telephone number in letters.
    pub letter_phone: String,
    /// Version of the consent text.
    pub consent_version: String,
    /// The consent text.
    pub consent_text: String,
    /// Whether an export of codes needs a second operator.
    #[serde(default)]
    pub two_operators: bool,
    /// Thresholds of the comparison.
    #[serde(default)]
    pub verification: Option<Verification>,
    /// The organisations that gave the lists.
    #[serde(rename = "covered_entity", default)]
    pub covered_entities: Vec<EntityEntry>,
    /// Who gets what from whom.
    #[serde(rename = "product", default)]
    pub products: Vec<ProductEntry>,
}

/// Thresholds of the comparison, in hundredths of a bit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// At or above: accepted.
    pub accept_centibits: i32,
    /// At or above: referred to a person.
    pub refer_centibits: i32,
}

/// A covered entity in a campaign file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityEntry {
    /// Key in roster files.
    pub key: String,
    /// Name in letters.
    pub name: String,
}

/// A product in a campaign file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductEntry {
    /// `ADULT` or `MINOR`.
    pub population: String,
    /// The partner's product code.
    pub product_code: String,
    /// The partner's name or id.
    pub partner: String,
}

/// Flags of `campaign create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Take everything from this TOML file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["engagement", "name", "breach", "discovered", "enroll_by", "entities", "products"])]
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
    locale: String,
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
    /// Version of the consent text.
    #[arg(long, default_value = "2026-01", value_name = "VERSION")]
    consent_version: String,
    /// Two people for the print file: one asks for an export, another approves it.
    #[arg(long)]
    two_operators: bool,
    /// File with the consent text; without it the template's.
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
        campaign.term_months = self.term;
        campaign.grace_days = Some(self.grace_days);
        campaign.locale = self.locale;
        campaign.letter_url = self.url;
        campaign.letter_phone = self.phone;
        campaign.consent_version = self.consent_version;
        campaign.two_operators = self.two_operators;
        campaign.covered_entities = self.entities;
        campaign.products = self.products;
        if let Some(path) = &self.consent_file {
            campaign.consent_text =
                fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
        }
        Ok(campaign)
    }
}

impl CampaignFile {
    /// Gives the campaign of the template.
    pub fn template() -> Result<Self, Problem> {
        toml::from_str(TEMPLATE)
            .map_err(|error| Problem::usage(format!("the campaign template: {error}")))
    }

    /// Converts to the wire; partners still stand by name.
    pub fn to_wire(&self) -> Result<wire::Campaign, Problem> {
        if self.covered_entities.is_empty() || self.products.is_empty() {
            return Err(Problem::usage(
                "a campaign needs at least one covered entity and one product",
            ));
        }
        let entities = self
            .covered_entities
            .iter()
            .map(|entity| wire::CoveredEntity {
                key: entity.key.clone(),
                name: entity.name.clone(),
                ..wire::CoveredEntity::default()
            });
        let products = self.products.iter().map(|product| wire::Product {
            population: product.population.to_uppercase(),
            product_code: product.product_code.clone(),
            partner_id: product.partner.clone(),
        });
        Ok(wire::Campaign {
            engagement_number: self.engagement_number.to_uppercase(),
            name: self.name.clone(),
            breach_date: Some(wire_date(self.breach_date)),
            discovery_date: Some(wire_date(self.discovery_date)),
            enroll_by_date: Some(wire_date(self.enroll_by_date)),
            time_zone: self.time_zone.clone(),
            term_months: self.term_months,
            grace_days: self.grace_days,
            locale: self.locale.clone(),
            covered_entities: entities.collect(),
            products: products.collect(),
            letter_url: self.letter_url.clone(),
            letter_phone: self.letter_phone.clone(),
            consent_version: self.consent_version.clone(),
            consent_text: self.consent_text.clone(),
            two_operators: self.two_operators,
            verification_policy: self.verification.map(|policy| wire::VerificationPolicy {
                accept_centibits: policy.accept_centibits,
                refer_centibits: policy.refer_centibits,
            }),
            ..wire::Campaign::default()
        })
    }
}

fn civil_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| de::Error::custom("a date looks like 2026-05-07"))
}

fn entity(text: &str) -> Result<EntityEntry, String> {
    let (key, name) = text
        .split_once('=')
        .ok_or("wanted: KEY=NAME, such as clinic='Summit City Clinic'")?;
    Ok(EntityEntry {
        key: key.to_owned(),
        name: name.to_owned(),
    })
}

fn product(text: &str) -> Result<ProductEntry, String> {
    let wanted = "wanted: POPULATION=CODE@PARTNER, such as ADULT=CM3B@sandbox-bureau";
    let (population, rest) = text.split_once('=').ok_or(wanted)?;
    let (code, partner) = rest.split_once('@').ok_or(wanted)?;
    Ok(ProductEntry {
        population: population.to_owned(),
        product_code: code.to_owned(),
        partner: partner.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_campaign() {
        let campaign = CampaignFile::template().unwrap().to_wire().unwrap();
        assert_eq!(campaign.engagement_number, "B123456");
        assert_eq!(campaign.products.len(), 2);
        assert_eq!(
            (campaign.grace_days, campaign.locale.as_str()),
            (Some(7), "en")
        );
    }

    #[test]
    fn products_and_entities_are_read_from_flags() {
        assert_eq!(product("ADULT=CM3B@bureau").unwrap().partner, "bureau");
        assert!(product("ADULT").is_err());
        assert_eq!(entity("a=b=c").unwrap().name, "b=c");
    }
}
