//! A campaign as a TOML file.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use crate::client::convert::{parse_population, wire_date};
use crate::client::problem::Problem;
use crate::wire::redress::enrollment::v1 as wire;

/// The file to fill in.
pub const TEMPLATE: &str = include_str!("template.toml");

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
    /// Days after the last day in which enrollments that were begun can be finished; the service's default when absent.
    #[serde(default)]
    pub grace_days: Option<i32>,
    /// Whether a coverage gets the months that the law of the person's state asks for.
    #[serde(default)]
    pub raise_term_by_law: bool,
    /// Language of people whose language is not known, `en` or `es`; English when empty.
    #[serde(default)]
    pub language: String,
    /// Web address in letters.
    pub letter_url: String,
    /// Telephone number in letters.
    pub letter_phone: String,
    /// Whether an export of codes needs a second operator.
    #[serde(default)]
    pub two_operators: bool,
    /// The front ends that serve it, `call-center/NAME` or `portal/NAME`; every one when empty.
    #[serde(default)]
    pub front_ends: Vec<String>,
    /// Thresholds of the comparison.
    #[serde(default)]
    pub verification: Option<Verification>,
    /// The organisations whose patients are affected.
    #[serde(rename = "covered_entity", default)]
    pub covered_entities: Vec<EntityEntry>,
    /// The products of each population.
    #[serde(rename = "product", default)]
    pub products: Vec<ProductEntry>,
    /// Who restores people's identities; nobody when absent.
    #[serde(default)]
    pub restoration: Option<RestorationEntry>,
    /// The consent text, in each language.
    #[serde(rename = "consent", default)]
    pub consents: Vec<ConsentEntry>,
}

/// A consent text in a campaign file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentEntry {
    /// BCP 47 language.
    pub language: String,
    /// Version.
    pub version: String,
    /// The text.
    pub text: String,
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityEntry {
    /// Key in roster files.
    pub key: String,
    /// Name in letters.
    pub name: String,
    /// Its own day of discovery; the campaign's when absent.
    #[serde(default, deserialize_with = "maybe_civil_date")]
    pub discovery_date: Option<Date>,
    /// Who makes its notices: `COVERED_ENTITY` (itself, the default) or `BUSINESS_ASSOCIATE`.
    #[serde(default)]
    pub notifier: String,
    /// Whom to ask there.
    #[serde(default)]
    pub contact: String,
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
    /// Calendar months from activation.
    pub term_months: i32,
    /// The partner's subscriber or contract code, if it gave one.
    #[serde(default)]
    pub contract_code: String,
}

/// Who restores people's identities, in a campaign file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestorationEntry {
    /// The partner's product code.
    pub product_code: String,
    /// The partner's name or id.
    pub partner: String,
    /// The partner's subscriber or contract code, if it gave one.
    #[serde(default)]
    pub contract_code: String,
}

impl RestorationEntry {
    /// Converts to a wire message that still names the partner by name, not by id.
    pub fn to_wire(&self) -> wire::RestorationOffer {
        wire::RestorationOffer {
            partner_id: self.partner.clone(),
            product_code: self.product_code.clone(),
            contract_code: self.contract_code.clone(),
        }
    }
}

impl CampaignFile {
    /// Gives the campaign of the template.
    pub fn template() -> Result<Self, Problem> {
        toml::from_str(TEMPLATE)
            .map_err(|error| Problem::usage(format!("the campaign template: {error}")))
    }

    /// Converts to a wire message whose products still name partners by name, not by id.
    pub fn to_wire(&self) -> Result<wire::Campaign, Problem> {
        if self.covered_entities.is_empty() || self.products.is_empty() {
            return Err(Problem::usage(
                "a campaign needs at least one covered entity and one product",
            ));
        }
        let entities = self.covered_entities.iter().map(EntityEntry::to_wire);
        let products = self.products.iter().map(ProductEntry::to_wire);
        let consents = self.consents.iter().map(|text| wire::ConsentText {
            language_code: text.language.clone(),
            version: text.version.clone(),
            text: text.text.clone(),
            ..wire::ConsentText::default()
        });
        Ok(wire::Campaign {
            engagement_number: self.engagement_number.to_uppercase(),
            name: self.name.clone(),
            breach_date: Some(wire_date(self.breach_date)),
            discovery_date: Some(wire_date(self.discovery_date)),
            enroll_by_date: Some(wire_date(self.enroll_by_date)),
            time_zone: self.time_zone.clone(),
            raise_term_by_law: self.raise_term_by_law,
            grace_days: self.grace_days,
            language_code: self.language.clone(),
            covered_entities: entities.collect::<Result<_, _>>()?,
            products: products.collect::<Result<_, _>>()?,
            letter_url: self.letter_url.clone(),
            letter_phone: self.letter_phone.clone(),
            consent_texts: consents.collect(),
            two_operators: self.two_operators,
            front_ends: self.front_ends.clone(),
            restoration: self.restoration.as_ref().map(RestorationEntry::to_wire),
            verification_policy: self.verification.map(|policy| wire::VerificationPolicy {
                accept_centibits: policy.accept_centibits,
                refer_centibits: policy.refer_centibits,
            }),
            ..wire::Campaign::default()
        })
    }
}

impl ProductEntry {
    /// Converts to a wire message that still names the partner by name, not by id.
    pub fn to_wire(&self) -> Result<wire::Product, Problem> {
        let population = parse_population(&self.population)
            .map_err(|rule| Problem::usage(format!("population of a product: {rule}")))?;
        Ok(wire::Product {
            population: population.into(),
            product_code: self.product_code.clone(),
            partner_id: self.partner.clone(),
            term_months: self.term_months,
            contract_code: self.contract_code.clone(),
            ..wire::Product::default()
        })
    }
}

impl EntityEntry {
    /// Converts to a wire message.
    pub fn to_wire(&self) -> Result<wire::CoveredEntity, Problem> {
        let notifier = match self.notifier.to_uppercase().as_str() {
            "" => wire::Notifier::Unspecified,
            "COVERED_ENTITY" => wire::Notifier::CoveredEntity,
            "BUSINESS_ASSOCIATE" => wire::Notifier::BusinessAssociate,
            _ => {
                return Err(Problem::usage(format!(
                    "notifier of the covered entity {}: must be COVERED_ENTITY or BUSINESS_ASSOCIATE",
                    self.key
                )));
            }
        };
        Ok(wire::CoveredEntity {
            key: self.key.clone(),
            name: self.name.clone(),
            discovery_date: self.discovery_date.map(wire_date),
            notifier: notifier.into(),
            contact: self.contact.clone(),
            ..wire::CoveredEntity::default()
        })
    }
}

fn maybe_civil_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    civil_date(deserializer).map(Some)
}

fn civil_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| de::Error::custom("a date looks like 2026-05-07"))
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
            (campaign.grace_days, campaign.language_code.as_str()),
            (Some(7), "en")
        );
    }
}
