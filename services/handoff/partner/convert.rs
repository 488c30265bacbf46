//! A partner as the contract has it: read when it is made or changed, and written.

use std::collections::BTreeSet;

use crate::db::entities::partner::{Mode, State};
use crate::handoff::context::Context;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::wire::redress::handoff::v1 as wire;

use super::file_layout::Layout;
use super::http_layout;
use super::model::{BreakerRules, Partner, Projection};
use super::update::Changes;

const NAME_MAX: usize = 40;
/// As in the SPIFFE ID standard, section 2.3.
const URI_MAX: usize = 2_048;
const DEFAULT_IN_FLIGHT: u16 = 32;
const LONGEST_FIELD: u16 = 1_000;

/// Reads what shall be changed of a partner.
pub(super) fn changes(
    fields: &mut Fields,
    given: &wire::UpdatePartnerRequest,
    mode: Mode,
) -> Changes {
    if let Some(endpoint) = &given.endpoint {
        match mode {
            Mode::Push => fields.demand(
                is_endpoint(endpoint),
                "endpoint",
                "must be https://HOST:PORT",
            ),
            Mode::Pull | Mode::File | Mode::Http => {
                fields.wrong("endpoint", "must be unset but in mode PUSH");
            }
        }
    }
    if let Some(uri) = &given.server_uri {
        server_uri(fields, "", uri, mode);
    }
    if let Some(layout) = &given.file_layout {
        file_layout(fields, "file_layout", layout, mode);
    }
    let api = given.http_layout.as_ref();
    let api = api.and_then(|layout| http_layout(fields, "http_layout", layout, mode));
    let (origin, http_layout) = api.unzip();
    let changes = Changes {
        endpoint: given.endpoint.clone().or(origin),
        server_uri: given.server_uri.clone(),
        max_in_flight: (given.max_in_flight).map(|wish| in_flight(fields, "", wish)),
        projection: (given.projection.as_ref()).map(|limits| projection(fields, "", Some(limits))),
        file_layout: given.file_layout.clone(),
        http_layout,
    };
    let nothing = changes == Changes::default();
    fields.demand(!nothing, "endpoint", "something must be changed");
    changes
}

/// Reads a partner that shall be made.
pub(super) fn parse(
    fields: &mut Fields,
    partner: Option<&wire::Partner>,
    context: &Context,
) -> Partner {
    let nothing = wire::Partner::default();
    let given = partner.unwrap_or_else(|| {
        fields.wrong("partner", "must be given");
        &nothing
    });
    if partner.is_some() && !is_name(&given.name) {
        fields.wrong(
            "partner.name",
            "must be 1 to 40 lower-case letters, digits and dashes",
        );
    }
    let mode = mode(fields, partner);
    let api = http_layout(fields, "partner.http_layout", &given.http_layout, mode);
    let (origin, http_layout) = api.unzip();
    let endpoint = (!given.endpoint.is_empty()).then(|| given.endpoint.clone());
    Partner {
        id: context.ids.next(),
        name: given.name.clone(),
        mode,
        endpoint: endpoint.or(origin),
        server_uri: server_uri(fields, "partner.", &given.server_uri, mode),
        state: State::Active,
        max_in_flight: in_flight(fields, "partner.", given.max_in_flight),
        projection: projection(fields, "partner.", given.projection.as_ref()),
        breaker: BreakerRules::default(),
        created_at: context.clock.now(),
        heard_at: None,
        throttled_until: None,
        paused_campaigns: BTreeSet::new(),
        file_layout: file_layout(fields, "partner.file_layout", &given.file_layout, mode),
        http_layout,
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// The endpoint belongs to the mode: where we call we must know where to, and nowhere else.
fn mode(fields: &mut Fields, partner: Option<&wire::Partner>) -> Mode {
    let Some(partner) = partner else {
        return Mode::Pull;
    };
    match wire::PartnerMode::try_from(partner.mode) {
        Ok(wire::PartnerMode::Push) => {
            if !is_endpoint(&partner.endpoint) {
                fields.wrong("partner.endpoint", "must be https://HOST:PORT in mode PUSH");
            }
            Mode::Push
        }
        Ok(
            given @ (wire::PartnerMode::Pull | wire::PartnerMode::File | wire::PartnerMode::Http),
        ) => {
            if !partner.endpoint.is_empty() {
                fields.wrong("partner.endpoint", "must be empty but in mode PUSH");
            }
            match given {
                wire::PartnerMode::File => Mode::File,
                wire::PartnerMode::Http => Mode::Http,
                _ => Mode::Pull,
            }
        }
        Ok(wire::PartnerMode::Unspecified) | Err(_) => {
            fields.wrong("partner.mode", "must be PUSH, PULL, FILE or HTTP");
            Mode::Pull
        }
    }
}

/// Reads how the files of a partner look: given exactly where it is reached by files.
fn file_layout(fields: &mut Fields, at: &str, text: &str, mode: Mode) -> Option<String> {
    if mode != Mode::File {
        fields.demand(text.is_empty(), at, "must be empty but in mode FILE");
        return None;
    }
    if let Err(wrong) = Layout::parse(text) {
        fields.wrong(at, wrong);
    }
    Some(text.to_owned())
}

/// Reads how the REST API of a partner is called: given exactly where it has one. Gives the API's origin with the layout.
fn http_layout(fields: &mut Fields, at: &str, text: &str, mode: Mode) -> Option<(String, String)> {
    if mode != Mode::Http {
        fields.demand(text.is_empty(), at, "must be empty but in mode HTTP");
        return None;
    }
    match http_layout::parse(text) {
        Ok(layout) => Some((layout.base.origin(), text.to_owned())),
        Err(wrong) => {
            fields.wrong(at, wrong);
            None
        }
    }
}

fn is_endpoint(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    uri.scheme_str() == Some("https")
        && uri.port_u16().is_some()
        && uri.host().is_some_and(|host| !host.is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none()
        && !text.contains('@')
}

/// Takes any URI with a scheme and something behind it: a bureau's names are its own.
fn server_uri(fields: &mut Fields, at: &str, uri: &str, mode: Mode) -> Option<String> {
    if uri.is_empty() {
        return None;
    }
    let well_formed = uri.len() <= URI_MAX
        && uri.bytes().all(|byte| byte.is_ascii_graphic())
        && (uri.split_once("://"))
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    let at = format_args!("{at}server_uri");
    if mode != Mode::Push {
        fields.wrong(at, "must be empty but in mode PUSH");
    } else if !well_formed {
        fields.wrong(
            at,
            "must be a URI such as spiffe://bureau.example/enrollment, at most 2048 characters",
        );
    }
    Some(uri.to_owned())
}

fn in_flight(fields: &mut Fields, at: &str, wish: i32) -> u16 {
    match u16::try_from(wish) {
        Ok(0) => DEFAULT_IN_FLIGHT,
        Ok(wish @ 1..=1_000) => wish,
        _ => {
            fields.wrong(format_args!("{at}max_in_flight"), "must be 0 to 1000");
            DEFAULT_IN_FLIGHT
        }
    }
}

fn projection(fields: &mut Fields, at: &str, given: Option<&wire::FieldProjection>) -> Projection {
    let Some(given) = given else {
        return Projection::default();
    };
    let mut length = |name, wish: i32| match u16::try_from(wish) {
        Ok(length) if length <= LONGEST_FIELD => length,
        _ => {
            fields.wrong(format_args!("{at}projection.{name}"), "must be 0 to 1000");
            0
        }
    };
    Projection {
        given_name_max: length("given_name_max", given.given_name_max),
        family_name_max: length("family_name_max", given.family_name_max),
        city_max: length("city_max", given.city_max),
        ascii_names: given.ascii_names,
    }
}

/// Writes a partner.
pub(super) fn to_wire(partner: &Partner) -> wire::Partner {
    let paused = partner.paused_campaigns.iter();
    let mode = match partner.mode {
        Mode::Push => wire::PartnerMode::Push,
        Mode::Pull => wire::PartnerMode::Pull,
        Mode::File => wire::PartnerMode::File,
        Mode::Http => wire::PartnerMode::Http,
    };
    let state = match partner.state {
        State::Active => wire::PartnerState::Active,
        State::Paused => wire::PartnerState::Paused,
    };
    let limits = partner.projection;
    let projection = wire::FieldProjection {
        given_name_max: limits.given_name_max.into(),
        family_name_max: limits.family_name_max.into(),
        city_max: limits.city_max.into(),
        ascii_names: limits.ascii_names,
    };
    wire::Partner {
        partner_id: partner.id.to_string(),
        name: partner.name.clone(),
        mode: mode.into(),
        endpoint: partner.endpoint.clone().unwrap_or_default(),
        server_uri: partner.server_uri.clone().unwrap_or_default(),
        max_in_flight: partner.max_in_flight.into(),
        paused_campaign_ids: paused.map(ToString::to_string).collect(),
        state: state.into(),
        create_time: Some(Timestamp::to_proto(partner.created_at)),
        projection: (limits != Projection::default()).then_some(projection),
        file_layout: partner.file_layout.clone().unwrap_or_default(),
        http_layout: partner.http_layout.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_with_host_and_port() {
        for good in [
            "https://localhost:7444",
            "https://sandbox-bureau:7444/",
            "https://[::1]:1",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "",
            "localhost:7444",
            "http://localhost:1",
            "https://localhost",
            "https://a@b:1",
            "https://a:1/x",
        ] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_what_certificates_can_bear() {
        assert!(is_name("sandbox-bureau"));
        for bad in ["", "Bureau", "a_b", "a/b", &"x".repeat(41)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
