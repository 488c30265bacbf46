//! From the wire's campaign to a valid one.

mod days;
mod offer;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::codes::campaign::create::{FRONT_ENDS, NewCampaign, TEXTS};
use crate::codes::campaign::update::Changes;
use crate::db::entities::front_ends::FrontEnds;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::r#type::v1::Population;

use days::{Days, days, zone};
pub use offer::partners;
use offer::{entities, products, restoration};

/// Thresholds where the request gives none, in hundredths of a bit.
const ACCEPT: i32 = 1_500;
const REFER: i32 = 700;
/// For how many days after the last one an enrollment that was begun can be completed, where the request says nothing.
const GRACE_DAYS: i32 = 7;
/// The languages of letters; the first is taken where the request says nothing.
const LETTERS: [&str; 2] = ["en", "es"];

/// Reads a campaign and checks every rule; `known` are the partners that exist.
pub fn campaign(
    wire: &wire::Campaign,
    known: &BTreeSet<PartnerId>,
    now: Timestamp,
    fields: &mut Fields,
) -> Option<NewCampaign> {
    let zone = zone(wire, fields);
    let days = days(wire, zone.as_ref(), now, fields);
    let language = language(wire, fields);
    let texts = &wire.consent_texts;
    let path = "campaign.consent_texts";
    let consent_texts = consent_texts(texts, path, fields);
    let has_own = consent_texts.iter().any(|(tag, ..)| *tag == language);
    fields.demand(
        has_own,
        path,
        "must have one in the campaign's own language",
    );
    let policy = policy(wire, fields);
    let today = zone.as_ref().and_then(|zone| now.date_in(zone).ok());
    let listed = !wire.covered_entities.is_empty();
    fields.demand(listed, "campaign.covered_entities", "must be 1 to 500");
    let path = "campaign.covered_entities";
    let entities = entities(&wire.covered_entities, path, today, fields);
    let adult = |product: &wire::Product| product.population() == Population::Adult;
    fields.demand(
        wire.products.iter().any(adult),
        "campaign.products",
        "must have one for the population ADULT",
    );
    let products = products(&wire.products, "campaign.products", known, fields);
    let engagement_number =
        fields.engagement_number("campaign.engagement_number", &wire.engagement_number);
    let name = fields.text("campaign.name", &wire.name, 120);
    let letter_url = letter_url(&wire.letter_url, "campaign.letter_url", fields);
    let letter_phone = letter_phone(&wire.letter_phone, "campaign.letter_phone", fields);
    fields.demand(
        (0..=90).contains(&wire.grace_days.unwrap_or(GRACE_DAYS)),
        "campaign.grace_days",
        "must be 0 to 90 days",
    );
    let front_ends = front_ends(&wire.front_ends, "campaign.front_ends", fields);
    let path = "campaign.restoration";
    let restoration = restoration(wire.restoration.as_ref(), path, known, fields);
    let Days {
        breach_on,
        discovered_on,
        enroll_by,
        enroll_by_at,
    } = days?;
    Some(NewCampaign {
        engagement_number,
        name,
        breach_on,
        discovered_on,
        enroll_by,
        zone: wire.time_zone.clone(),
        enroll_by_at,
        raise_term_by_law: wire.raise_term_by_law,
        entities,
        products,
        letter_url,
        letter_phone,
        consent_texts,
        policy,
        grace_days: wire.grace_days.unwrap_or(GRACE_DAYS),
        language,
        two_operators: wire.two_operators,
        front_ends,
        restoration,
    })
}

/// Reads the changes of a campaign that runs.
pub fn changes(
    wire: &wire::CampaignChanges,
    known: &BTreeSet<PartnerId>,
    today: Option<Date>,
    fields: &mut Fields,
) -> Changes {
    let mut text = |given: &str, read: &dyn Fn(&str, &mut Fields) -> String| {
        (!given.is_empty()).then(|| read(given, fields))
    };
    let name = text(&wire.name, &|given, fields| {
        fields.text("changes.name", given, 120)
    });
    let url = text(&wire.letter_url, &|given, fields| {
        letter_url(given, "changes.letter_url", fields)
    });
    let phone = text(&wire.letter_phone, &|given, fields| {
        letter_phone(given, "changes.letter_phone", fields)
    });
    let path = "changes.covered_entities";
    let entities = entities(&wire.covered_entities, path, today, fields);
    let products = products(&wire.products, "changes.products", known, fields);
    let path = "changes.consent_texts";
    let consent_texts = consent_texts(&wire.consent_texts, path, fields);
    let named = wire.front_ends.as_ref();
    let front_ends =
        named.map(|named| front_ends(&named.names, "changes.front_ends.names", fields));
    let path = "changes.restoration";
    let restoration = restoration(wire.restoration.as_ref(), path, known, fields);
    let changes = Changes {
        name,
        letter_url: url,
        letter_phone: phone,
        entities,
        products,
        consent_texts,
        front_ends,
        restoration,
    };
    fields.demand(!changes.is_empty(), "changes", "must change something");
    changes
}

fn language(wire: &wire::Campaign, fields: &mut Fields) -> String {
    let language = if wire.language_code.is_empty() {
        LETTERS[0]
    } else {
        wire.language_code.as_str()
    };
    fields.demand(
        LETTERS.contains(&language),
        "campaign.language_code",
        "must be en or es: letters are printed in these",
    );
    language.to_owned()
}

fn letter_url(given: &str, path: &str, fields: &mut Fields) -> String {
    let url = fields.text(path, given, 200);
    let host = url.strip_prefix("https://").unwrap_or_default();
    let fits = host.contains('.') && !host.starts_with('.') && !url.contains(char::is_whitespace);
    fields.demand(
        fits,
        path,
        "must be an https:// address: people are told to trust no other",
    );
    url
}

fn letter_phone(given: &str, path: &str, fields: &mut Fields) -> String {
    let phone = fields.text(path, given, 30);
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let fits = (7..=15).contains(&digits)
        && phone
            .chars()
            .all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    fields.demand(fits, path, "must be a phone number of 7 to 15 digits");
    phone
}

/// Reads consent texts that stand at a path: language, version and text of each.
fn consent_texts(
    list: &[wire::ConsentText],
    path: &str,
    fields: &mut Fields,
) -> Vec<(String, String, String)> {
    fields.demand(list.len() <= TEXTS, path, "must be 1 to 20");
    let of = path;
    let mut languages = BTreeSet::new();
    let mut read = Vec::new();
    for (at, text) in list.iter().take(TEXTS).enumerate() {
        let path = format!("{of}[{at}]");
        let tag = fields.language(format!("{path}.language_code"), &text.language_code);
        let tag = tag.map(|tag| tag.to_string()).unwrap_or_default();
        let is_new = languages.insert(tag.clone());
        fields.demand(
            is_new,
            format!("{path}.language_code"),
            "stands in the list twice",
        );
        let version = fields.text(format!("{path}.version"), &text.version, 40);
        let fits = (1..=20_000).contains(&text.text.chars().count())
            && !text.text.trim().is_empty()
            && !text.text.contains('\0');
        fields.demand(
            fits,
            format!("{path}.text"),
            "must have 1 to 20000 characters",
        );
        read.push((tag, version, text.text.clone()));
    }
    read
}

/// Reads the front ends that stand at a path.
fn front_ends(names: &[String], path: &str, fields: &mut Fields) -> FrontEnds {
    fields.demand(names.len() <= FRONT_ENDS, path, "must be at most 50");
    let mut read: Vec<Caller> = Vec::new();
    for (at, name) in names.iter().take(FRONT_ENDS).enumerate() {
        let front_end = Caller::front_end(name).filter(|it| !read.contains(it));
        fields.demand(
            front_end.is_some(),
            format_args!("{path}[{at}]"),
            "must be call-center/NAME or portal/NAME as in its certificate, and stand in the list once",
        );
        read.extend(front_end);
    }
    FrontEnds(read)
}

fn policy(wire: &wire::Campaign, fields: &mut Fields) -> (i32, i32) {
    let given = wire.verification_policy.unwrap_or_default();
    let or = |value: i32, default: i32| if value == 0 { default } else { value };
    let (accept, refer) = (
        or(given.accept_centibits, ACCEPT),
        or(given.refer_centibits, REFER),
    );
    let path = "campaign.verification_policy";
    fields.demand(
        accept > 0,
        format!("{path}.accept_centibits"),
        "must be positive",
    );
    fields.demand(
        refer > 0 && refer <= accept,
        format!("{path}.refer_centibits"),
        "must be positive and not above accept",
    );
    (accept, refer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::google::r#type::Date as WireDate;

    fn now() -> Timestamp {
        "2015-07-17T12:00:00Z".parse().unwrap()
    }

    fn partner() -> PartnerId {
        "01890000-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn date(year: i32, month: i32, day: i32) -> WireDate {
        WireDate { year, month, day }
    }

    fn valid() -> wire::Campaign {
        wire::Campaign {
            engagement_number: "B123456".into(),
            name: "MIE 2015".into(),
            breach_date: Some(date(2015, 5, 7)),
            discovery_date: Some(date(2015, 5, 26)),
            enroll_by_date: Some(date(2016, 1, 31)),
            time_zone: "America/Indiana/Indianapolis".into(),
            covered_entities: vec![wire::CoveredEntity {
                key: "concentra".into(),
                name: "Concentra".into(),
                ..Default::default()
            }],
            products: vec![wire::Product {
                population: Population::Adult.into(),
                product_code: "GOLD".into(),
                partner_id: partner().to_string(),
                term_months: 24,
                ..Default::default()
            }],
            letter_url: "https://remedy.example.org".into(),
            letter_phone: "(866) 328-1987".into(),
            consent_texts: vec![wire::ConsentText {
                language_code: "en".into(),
                version: "2015-07".into(),
                text: "I instruct you to obtain my credit file.".into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn read(wire: &wire::Campaign) -> Result<NewCampaign, String> {
        let mut fields = Fields::default();
        let campaign = campaign(wire, &BTreeSet::from([partner()]), now(), &mut fields);
        fields.finish().map_err(|error| format!("{error:?}"))?;
        Ok(campaign.unwrap())
    }

    #[test]
    fn a_valid_campaign_ends_with_its_last_day() {
        let campaign = read(&valid()).unwrap();
        assert_eq!(campaign.enroll_by_at.to_string(), "2016-02-01T05:00:00Z");
        assert_eq!(campaign.policy, (1_500, 700));
    }

    #[test]
    fn every_broken_rule_is_told_at_once() {
        let entity = |key: &str| wire::CoveredEntity {
            key: key.into(),
            name: "X".into(),
            ..Default::default()
        };
        let product = |population: Population| wire::Product {
            population: population.into(),
            ..valid().products[0].clone()
        };
        let mut wire = valid();
        wire.engagement_number = "123".into();
        wire.time_zone = "Mars/Olympus".into();
        wire.breach_date = Some(date(2015, 6, 1));
        wire.covered_entities = vec![entity("a"), entity("a"), entity("A b")];
        wire.products = vec![product(Population::Deceased), product(Population::Minor)];
        wire.products[1].term_months = 0;
        wire.products[1].partner_id = "01890000-0000-7000-8000-000000000002".into();
        wire.letter_url = "http://remedy.example.org".into();
        wire.letter_phone = "call us".into();
        wire.consent_texts[0].text = " ".into();
        wire.consent_texts[0].language_code = "Spanish".into();
        wire.front_ends = ["portal/web", "operator/ann", "portal/web", "acme"]
            .map(Into::into)
            .into();
        wire.verification_policy = Some(wire::VerificationPolicy {
            accept_centibits: 100,
            refer_centibits: 200,
        });
        let told = read(&wire).unwrap_err();
        for path in [
            "engagement_number",
            "time_zone",
            "discovery_date",
            "products[1].term_months",
            "covered_entities[1].key",
            "covered_entities[2].key",
            "campaign.products\"",
            "products[0].population",
            "products[1].partner_id",
            "letter_url",
            "letter_phone",
            "consent_texts[0].text",
            "consent_texts[0].language_code",
            "campaign.consent_texts\"",
            "front_ends[1]",
            "front_ends[2]",
            "front_ends[3]",
            "refer_centibits",
        ] {
            assert!(told.contains(path), "{path}: {told}");
        }
    }

    #[test]
    fn the_last_day_may_be_today_and_not_yesterday() {
        let mut wire = valid();
        wire.enroll_by_date = Some(date(2015, 7, 17));
        assert!(read(&wire).is_ok());
        wire.enroll_by_date = Some(date(2015, 7, 16));
        assert!(read(&wire).unwrap_err().contains("enroll_by_date"));
    }
}
