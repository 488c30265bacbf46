//! Typed clients over mTLS, one caller a role.

use redress::client::connect::Channels;
use redress::kernel::caller::{AGENT, CASE, NETWORK, REASON, Role};
use redress::kernel::certs::TlsFiles;
use redress::kernel::clock::Clock;
use redress::kernel::ids::Ids;
use redress::wire::redress::enrollment::v1::campaign_service_client::CampaignServiceClient;
use redress::wire::redress::enrollment::v1::enrollment_code_service_client::EnrollmentCodeServiceClient;
use redress::wire::redress::handoff::v1::handoff_admin_service_client::HandoffAdminServiceClient;
use redress::wire::redress::handoff::v1::handoff_service_client::HandoffServiceClient;
use redress::wire::redress::handoff::v1::partner_service_client::PartnerServiceClient;
use redress::wire::redress::identity::v1::identity_verification_service_client::IdentityVerificationServiceClient;
use redress::wire::redress::identity::v1::roster_service_client::RosterServiceClient;
use redress::wire::redress::sandbox::v1::sandbox_service_client::SandboxServiceClient;
use tonic::Request;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::processes::{Address, House, Service};

impl House {
    /// The connection of a role to a service, made at the first call and again after a crash.
    pub fn channel(&self, service: Service, role: Role) -> Channel {
        let mut channels = self
            .channels
            .lock()
            .expect("no test panics while it connects");
        let channel = channels
            .entry((service, role))
            .or_insert_with(|| connect(&self.endpoint(service), &self.files(role)));
        channel.clone()
    }

    /// The connections of a role to all services.
    pub fn channels(&self, role: Role) -> Channels {
        Channels {
            identity: self.channel(Service::Identity, role),
            codes: self.channel(Service::Codes, role),
            handoff: self.channel(Service::Handoff, role),
            bureau: self.channel(Service::Bureau, role),
        }
    }

    /// From now on half of the roles call the second instance of a service.
    pub fn share(&self, service: Service, second: Address) {
        let mut channels = self
            .channels
            .lock()
            .expect("no test panics while it connects");
        for role in [Role::Portal, Role::Partner, Role::Auditor] {
            let endpoint = format!("https://localhost:{}", second.port);
            channels.insert((service, role), connect(&endpoint, &self.files(role)));
        }
    }

    pub fn rosters(&self) -> RosterServiceClient<Channel> {
        RosterServiceClient::new(self.channel(Service::Identity, Role::Operator))
    }

    pub fn verifications(&self, role: Role) -> IdentityVerificationServiceClient<Channel> {
        IdentityVerificationServiceClient::new(self.channel(Service::Identity, role))
    }

    pub fn campaigns(&self) -> CampaignServiceClient<Channel> {
        CampaignServiceClient::new(self.channel(Service::Codes, Role::Operator))
    }

    pub fn codes(&self) -> EnrollmentCodeServiceClient<Channel> {
        EnrollmentCodeServiceClient::new(self.channel(Service::Codes, Role::Operator))
    }

    pub fn partners(&self) -> PartnerServiceClient<Channel> {
        PartnerServiceClient::new(self.channel(Service::Handoff, Role::Operator))
    }

    pub fn queue(&self) -> HandoffAdminServiceClient<Channel> {
        HandoffAdminServiceClient::new(self.channel(Service::Handoff, Role::Operator))
    }

    pub fn handoffs(&self, partner: &TlsFiles) -> HandoffServiceClient<Channel> {
        HandoffServiceClient::new(connect(&self.endpoint(Service::Handoff), partner))
    }

    pub fn sandbox(&self) -> SandboxServiceClient<Channel> {
        SandboxServiceClient::new(self.channel(Service::Bureau, Role::Operator))
    }
}

/// Connects with a client certificate when the first call is made.
pub fn connect(endpoint: &str, files: &TlsFiles) -> Channel {
    let tls = files.read().expect("the certificate's files");
    let tls = ClientTlsConfig::new()
        .ca_certificate(tls.ca)
        .identity(tls.identity)
        .domain_name("localhost");
    Endpoint::from_shared(endpoint.to_owned())
        .and_then(|endpoint| endpoint.tls_config(tls))
        .expect("an endpoint")
        .connect_lazy()
}

/// A fresh request id.
pub fn request_id() -> String {
    Ids::system(Clock::system()).request_id().to_string()
}

/// A request by a role, with the metadata that the role owes; the number tells people and their networks apart.
pub fn by<T>(role: Role, number: usize, message: T) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata(role, number);
    request
}

/// What a role sends with every call.
pub fn metadata(role: Role, number: usize) -> MetadataMap {
    let mut map = MetadataMap::new();
    if role == Role::CallCenter {
        map.insert(AGENT, format!("agent-{number}").parse().expect("a word"));
        map.insert(CASE, format!("case-{number}").parse().expect("a word"));
        map.insert(REASON, "enrollment".parse().expect("a word"));
    }
    if matches!(role, Role::CallCenter | Role::Portal) {
        map.insert(NETWORK, network(number).parse().expect("a prefix"));
    }
    map
}

/// The network of a person.
pub fn network(number: usize) -> String {
    format!("10.{}.{}.0/24", number / 250 % 250, number % 250)
}
