//! Callers whom nobody should let in.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use redress::kernel::caller::Role;
use redress::kernel::certs::{Authority, TlsFiles};
use redress::wire::redress::sandbox::v1::sandbox_service_server::SandboxService;
use redress::wire::redress::sandbox::v1::{
    GetBookKeyRequest, GetBookKeyResponse, ListBookEntriesRequest, ListBookEntriesResponse,
};
use tonic::{Request, Response, Status};

use super::processes::House;

/// A certificate of our own authority for a role that does not exist.
pub fn of_unknown_role(house: &House) -> TlsFiles {
    of_uri(house, "spiffe://redress/janitor/joe", "janitor")
}

/// A certificate of our own authority with this URI in it.
pub fn of_uri(house: &House, uri: &str, stem: &str) -> TlsFiles {
    let certs = house.certs();
    let read = |name: &str| std::fs::read_to_string(certs.join(name)).expect("the authority");
    let key = KeyPair::from_pem(&read("ca.key")).expect("the authority's key");
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "Redress development authority");
    let issuer = Issuer::new(authority, key);
    let mut params = CertificateParams::default();
    let uri = uri.to_owned().try_into().expect("a URI");
    params.subject_alt_names.push(SanType::URI(uri));
    params
        .extended_key_usages
        .push(ExtendedKeyUsagePurpose::ClientAuth);
    let key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&key, &issuer).expect("a certificate");
    let files = TlsFiles::in_directory(&certs, stem);
    std::fs::write(&files.cert, cert.pem()).expect("it is saved");
    std::fs::write(&files.key, key.serialize_pem()).expect("it is saved");
    files
}

/// An operator of somebody else's authority, who trusts our servers.
pub fn of_another_authority(house: &House) -> TlsFiles {
    let other = Authority::generate().expect("another authority");
    let issued = other
        .issue_client(Role::Operator, "admin")
        .expect("a certificate");
    let directory = house.path().join("other-certs");
    let files = issued
        .save(&directory, "operator-admin")
        .expect("it is saved");
    TlsFiles {
        ca: house.certs().join("ca.pem"),
        ..files
    }
}

/// A service that nobody reaches.
pub struct NoSandbox;

#[tonic::async_trait]
impl SandboxService for NoSandbox {
    async fn list_book_entries(
        &self,
        _: Request<ListBookEntriesRequest>,
    ) -> Result<Response<ListBookEntriesResponse>, Status> {
        unreachable!("the server does not start")
    }

    async fn get_book_key(
        &self,
        _: Request<GetBookKeyRequest>,
    ) -> Result<Response<GetBookKeyResponse>, Status> {
        unreachable!("the server does not start")
    }
}
