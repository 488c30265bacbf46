//! Who is calling.
//!
//! A caller is the one URI in its client certificate, matched exactly: `spiffe://redress/<role>/<name>`. Nothing in a
//! request can change it. The server builder puts what it found into the extensions of every request; handlers take it
//! out with [`of`], [`agent_of`] and [`network_of`].

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderValue};
use tonic::Request;
use unicode_normalization::UnicodeNormalization;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::fault::{Fault, Reason};

/// Metadata that names the agent of a call center.
pub const AGENT: &str = "x-redress-agent";
/// Metadata that names the case an agent works on.
pub const CASE: &str = "x-redress-case";
/// Metadata that says why an agent asks, as a short word.
pub const REASON: &str = "x-redress-reason";
/// Metadata that names the network of the person who uses a portal or calls in, or of the agent who decides a referral. A portal must
/// send it.
pub const NETWORK: &str = "x-redress-network";

const SCHEME: &str = "spiffe://redress/";
const MAX_NAME: usize = 64;

/// What a caller is. One table says which role may call which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs campaigns.
    Operator,
    /// The backend of a call center; speaks for its agents.
    CallCenter,
    /// The backend of an enrollment page; speaks for affected people.
    Portal,
    /// A bureau or a reseller.
    Partner,
    /// Another process of this system.
    Service,
    /// Reads evidence and changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Operator,
        Self::CallCenter,
        Self::Portal,
        Self::Partner,
        Self::Service,
        Self::Auditor,
    ];

    /// Gives the name in certificates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::CallCenter => "call-center",
            Self::Portal => "portal",
            Self::Partner => "partner",
            Self::Service => "service",
            Self::Auditor => "auditor",
        }
    }

    /// Tells whether it speaks for affected people: a call center or a portal.
    pub const fn is_front_end(self) -> bool {
        matches!(self, Self::CallCenter | Self::Portal)
    }

    /// Finds a role by its name in certificates.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An authenticated caller. Shown as `role/name`, which is what audit events and idempotency rows hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// What the caller is.
    pub role: Role,
    /// Which one of them: the partner's name for a partner.
    pub name: Arc<str>,
}

impl Caller {
    /// Makes a caller if the name is 1 to 64 of `a-z 0-9 -`.
    pub fn new(role: Role, name: &str) -> Option<Self> {
        let well_formed = (1..=MAX_NAME).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        well_formed.then(|| Self {
            role,
            name: name.into(),
        })
    }

    /// Parses a certificate's URI.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::parse(uri.strip_prefix(SCHEME)?)
    }

    /// Parses the name of a front end, `call-center/NAME` or `portal/NAME`.
    pub fn front_end(name: &str) -> Option<Self> {
        Self::parse(name).filter(|caller| caller.role.is_front_end())
    }

    fn parse(text: &str) -> Option<Self> {
        let (role, name) = text.split_once('/')?;
        Self::new(Role::parse(role)?, name)
    }

    /// Gives the certificate's URI.
    pub fn uri(&self) -> String {
        format!("{SCHEME}{}/{}", self.role, self.name)
    }

    /// Reads the one URI of a certificate in DER. A certificate with several names nobody.
    pub fn from_certificate(der: &[u8]) -> Option<Self> {
        match uris_of(der).as_slice() {
            [uri] => Self::from_uri(uri),
            _ => None,
        }
    }
}

/// Reads the URIs of a certificate in DER; none where it cannot be read.
pub(super) fn uris_of(der: &[u8]) -> Vec<String> {
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    let read = || {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        Some(names.value.general_names.iter().filter_map(uri).collect())
    };
    read().unwrap_or_default()
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.role, self.name)
    }
}

/// The agent for whom a call center calls. All three are kept in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Agent {
    /// Which agent, in lower case: a name in other letters is no other person.
    pub agent: String,
    /// Which case of the call center's own books.
    pub case: String,
    /// Why the agent asks.
    pub reason: String,
}

/// The network of the person behind a portal or a call center: `/24` of IPv4, `/48` of IPv6. Used to throttle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network(String);

impl Network {
    /// Parses an address or a prefix and cuts it to the network.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        match address.parse().ok()? {
            IpAddr::V4(_) if length.is_some_and(|length| !(24..=32).contains(&length)) => None,
            IpAddr::V6(_) if length.is_some_and(|length| !(48..=128).contains(&length)) => None,
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Some(Self(format!("{a}.{b}.{c}.0/24")))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Some(Self(format!("{a:x}:{b:x}:{c:x}::/48")))
            }
        }
    }

    /// Gives the prefix in its one form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives the caller of a request; fails only where no server put one in.
pub fn of<T>(request: &Request<T>) -> Result<Caller, Fault> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Fault::new(Reason::CallerUnknown))
}

/// Gives the agent of a request; there always is one when the caller is a call center.
pub fn agent_of<T>(request: &Request<T>) -> Option<Agent> {
    request.extensions().get().cloned()
}

/// Gives the network of the person behind a request; there always is one when the caller is a portal.
pub fn network_of<T>(request: &Request<T>) -> Option<Network> {
    request.extensions().get().cloned()
}

/// Reads the metadata that belongs to the caller's role into the request's extensions.
pub(super) fn read_metadata(
    caller: &Caller,
    headers: &HeaderMap,
    extensions: &mut Extensions,
) -> Result<(), Fault> {
    if caller.role == Role::CallCenter {
        extensions.insert(agent(headers)?);
    }
    match (caller.role, headers.get(NETWORK)) {
        // A page is open to everybody: without the network one machine could try people as fast as the whole page.
        (Role::Portal, value) | (Role::CallCenter, value @ Some(_)) => {
            extensions.insert(network(value)?);
        }
        _ => {}
    }
    Ok(())
}

fn network(value: Option<&HeaderValue>) -> Result<Network, Fault> {
    let text = value.and_then(|value| value.to_str().ok());
    let rule = "must be an IP address or a prefix such as 192.0.2.0/24";
    text.and_then(Network::parse).ok_or_else(|| {
        Fault::new(Reason::MetadataMissing)
            .metadata("metadata", NETWORK)
            .field(NETWORK, rule)
    })
}

/// Reads all three, and names all that are missing.
fn agent(headers: &HeaderMap) -> Result<Agent, Fault> {
    match [AGENT, CASE, REASON].map(|name| text(headers, name)) {
        [Some(agent), Some(case), Some(reason)] => Ok(Agent {
            agent: agent.nfkc().collect::<String>().to_lowercase(),
            case,
            reason,
        }),
        read => {
            let all = [AGENT, CASE, REASON].into_iter().zip(read);
            let missing: Vec<&str> = all
                .filter(|(_, value)| value.is_none())
                .map(|(name, _)| name)
                .collect();
            let fault = Fault::new(Reason::MetadataMissing).metadata("metadata", missing.join(" "));
            let rule = "must be 1 to 64 characters on one line, in UTF-8";
            Err(missing
                .iter()
                .fold(fault, |fault, name| fault.field(*name, rule)))
        }
    }
}

fn text(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let value = std::str::from_utf8(headers.get(name)?.as_bytes()).ok()?;
    let value = value.trim();
    let fits =
        (1..=MAX_NAME).contains(&value.chars().count()) && !value.chars().any(char::is_control);
    fits.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_uri_names_a_caller() {
        let caller = Caller::from_uri("spiffe://redress/call-center/fort-wayne-1").unwrap();
        assert_eq!(caller.to_string(), "call-center/fort-wayne-1");
        assert_eq!(Caller::from_uri(&caller.uri()), Some(caller));
        for uri in [
            "spiffe://redress/operator/",
            "spiffe://redress/operator/a/b",
            "spiffe://redress/Operator/a",
            "spiffe://redress/operator/A",
            "spiffe://redress.dev/operator/a",
            "https://redress/operator/a",
            "spiffe://redress/janitor/a",
            "spiffe://redress//operator/a",
        ] {
            assert_eq!(Caller::from_uri(uri), None, "{uri}");
        }
    }

    #[test]
    fn networks_are_cut_to_their_prefix() {
        let network = |text| Network::parse(text).map(|network| network.0);
        assert_eq!(network("203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("203.0.113.0/24").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(
            network("2001:db8:7:1::9").as_deref(),
            Some("2001:db8:7::/48")
        );
        assert_eq!(network("10.0.0.0/8"), None);
        assert_eq!(network("nowhere"), None);
    }

    #[test]
    fn a_call_center_must_name_agent_case_and_reason() {
        let caller = Caller::new(Role::CallCenter, "one").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(AGENT, "a-17".parse().unwrap());
        headers.insert(CASE, "C.1".parse().unwrap());
        let mut extensions = Extensions::new();
        let fault = read_metadata(&caller, &headers, &mut extensions).unwrap_err();
        assert_eq!(fault.reason(), Reason::MetadataMissing);
        assert!(format!("{fault:?}").contains(REASON));
        for wrong in ["", " ", "letter\tlost", &"x".repeat(65)] {
            headers.insert(REASON, wrong.parse().unwrap());
            assert!(read_metadata(&caller, &headers, &mut extensions).is_err());
        }
        headers.insert(REASON, "letter lost".parse().unwrap());
        read_metadata(&caller, &headers, &mut extensions).unwrap();
        assert_eq!(extensions.get::<Agent>().unwrap().agent, "a-17");
    }

    #[test]
    fn all_metadata_that_is_missing_is_named_at_once() {
        let caller = Caller::new(Role::CallCenter, "one").unwrap();
        let told = read_metadata(&caller, &HeaderMap::new(), &mut Extensions::new());
        let told = format!("{:?}", told.unwrap_err());
        for name in [AGENT, CASE, REASON] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn an_agent_is_named_as_call_centers_do_and_is_one_in_any_case() {
        let caller = Caller::new(Role::CallCenter, "one").unwrap();
        let agent = |name: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(AGENT, HeaderValue::from_bytes(name).unwrap());
            headers.insert(CASE, "2026/17 b".parse().unwrap());
            headers.insert(REASON, "enroll".parse().unwrap());
            let mut extensions = Extensions::new();
            read_metadata(&caller, &headers, &mut extensions).unwrap();
            extensions.remove::<Agent>().unwrap().agent
        };
        assert_eq!(
            agent(b"Zoe.Roe@desk.example.org"),
            "zoe.roe@desk.example.org"
        );
        assert_eq!(agent("Zoë Roe".as_bytes()), agent("ZOË ROE".as_bytes()));
    }

    #[test]
    fn a_portal_must_name_the_network() {
        let caller = Caller::new(Role::Portal, "one").unwrap();
        let mut headers = HeaderMap::new();
        let mut extensions = Extensions::new();
        let fault = read_metadata(&caller, &headers, &mut extensions).unwrap_err();
        assert_eq!(fault.reason(), Reason::MetadataMissing);
        assert!(format!("{fault:?}").contains(NETWORK));
        headers.insert(NETWORK, "203.0.113.7".parse().unwrap());
        read_metadata(&caller, &headers, &mut extensions).unwrap();
        let network = extensions.get::<Network>().unwrap();
        assert_eq!(network.as_str(), "203.0.113.0/24");
    }

    #[test]
    fn a_partner_cannot_claim_a_network_or_an_agent() {
        let caller = Caller::new(Role::Partner, "one").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(NETWORK, "203.0.113.7".parse().unwrap());
        let mut extensions = Extensions::new();
        read_metadata(&caller, &headers, &mut extensions).unwrap();
        assert!(extensions.get::<Network>().is_none());
    }
}
