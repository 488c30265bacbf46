//! Who may call what, asked of the real servers: every method as every role, compared with a table in the repository.
//!
//! The table is reviewed like code. To write it anew: `REDRESS_UPDATE_ACCESS=1 cargo test --test it access`.

use std::fmt::Write as _;
use std::path::Path;

use prost_reflect::MethodDescriptor;
use redress::access;
use redress::kernel::caller::Role;
use redress::kernel::certs::TlsFiles;
use redress::kernel::fault::{Reason, reason_of};
use redress::kernel::server::Server;
use redress::kernel::settings::ServerSettings;
use redress::wire::DESCRIPTORS;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};

use crate::harness::clients::{connect, metadata};
use crate::harness::missing::env;
use crate::harness::processes::{House, Service};
use crate::harness::{Database, contract, raw, strangers};

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/access.snapshot");
const REFRESH: &str = "REDRESS_UPDATE_ACCESS";

/// Somebody who calls.
struct Somebody {
    name: String,
    files: Option<TlsFiles>,
    metadata: MetadataMap,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_as_every_role_answers_as_the_snapshot_says() {
    let house = House::open(Database::sqlite().await).await;
    let everybody = everybody(&house);
    let mut table = header(&everybody);
    for service in Service::ALL {
        let channels: Vec<Channel> = everybody
            .iter()
            .map(|one| channel(&house, service, one))
            .collect();
        for path in paths(service) {
            let mut row = format!("{path:<78}");
            for (somebody, channel) in everybody.iter().zip(&channels) {
                let called =
                    raw::call(channel, &path, &somebody.metadata, vec![Vec::new()], 0).await;
                _ = write!(row, " {:<12}", verdict(called.map(|_| ())));
            }
            table += row.trim_end();
            table.push('\n');
        }
    }
    if env(REFRESH).is_some_and(|value| value == "1") {
        std::fs::write(SNAPSHOT, &table).expect("the snapshot is written");
    }
    let kept = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    assert!(
        kept == table,
        "the servers answer otherwise than {SNAPSHOT} says; if that is meant, {REFRESH}=1 writes it anew:\n{}",
        difference(&kept, &table)
    );
}

#[test]
fn the_table_names_exactly_the_methods_of_the_contract() {
    let served = |path: &String| !path.starts_with("/redress.bureau.v1.");
    let mut known: Vec<String> = contract::methods()
        .map(|one| path_of(&one))
        .filter(served)
        .collect();
    let rows = access::TABLE
        .iter()
        .copied()
        .flatten()
        .map(|row| row.path.to_owned());
    let mut rows: Vec<String> = rows.filter(served).collect();
    known.sort();
    rows.sort();
    assert_eq!(rows, known);
}

#[tokio::test]
async fn a_server_with_a_method_that_is_not_in_the_table_does_not_start() {
    use redress::wire::redress::sandbox::v1::sandbox_service_server::SandboxServiceServer;
    let nowhere = TlsFiles::in_directory(Path::new("nowhere"), "nobody");
    let settings = ServerSettings::local(nowhere);
    let server = Server::builder(&settings, &[], DESCRIPTORS)
        .service(SandboxServiceServer::new(strangers::NoSandbox))
        .build();
    let error = server.err().expect("the server refuses").to_string();
    assert!(
        error.contains("/redress.sandbox.v1.SandboxService/"),
        "{error}"
    );
}

fn everybody(house: &House) -> Vec<Somebody> {
    let mut everybody: Vec<Somebody> = Role::ALL
        .iter()
        .map(|role| Somebody {
            name: role.to_string(),
            files: Some(house.files(*role)),
            metadata: metadata(*role, 1),
        })
        .collect();
    let other = house.caller(Role::Service, Service::Codes.name());
    let strangers = [
        ("other-serv.", Some(other)),
        ("no-cert", None),
        ("unknown-role", Some(strangers::of_unknown_role(house))),
        ("other-ca", Some(strangers::of_another_authority(house))),
    ];
    everybody.extend(strangers.map(|(name, files)| Somebody {
        name: name.into(),
        files,
        metadata: MetadataMap::new(),
    }));
    everybody
}

fn channel(house: &House, service: Service, somebody: &Somebody) -> Channel {
    let endpoint = house.endpoint(service);
    if let Some(files) = &somebody.files {
        return connect(&endpoint, files);
    }
    let ca = Certificate::from_pem(house.authority().cert_pem());
    let tls = ClientTlsConfig::new()
        .ca_certificate(ca)
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(endpoint).and_then(|endpoint| endpoint.tls_config(tls));
    endpoint.expect("an endpoint").connect_lazy()
}

fn header(everybody: &[Somebody]) -> String {
    let mut text = String::from(
        "# Who may call what, as the servers answer. yes: let in; no: PERMISSION_DENIED; who?: UNAUTHENTICATED;\n# tls: no connection; unknown: no such method. The service is bureau-handoff, the other one enrollment-codes.\n",
    );
    let mut row = format!("{:<78}", "# method");
    for somebody in everybody {
        _ = write!(row, " {:<12}", somebody.name);
    }
    text += row.trim_end();
    text.push('\n');
    text
}

/// Let in, whatever the method says about an empty request; or turned away, and where.
fn verdict(answer: Result<(), Status>) -> &'static str {
    let Err(status) = answer else {
        return "yes";
    };
    match (status.code(), reason_of(&status)) {
        (Code::PermissionDenied, Some(Reason::CallerNotAllowed)) => "no",
        (Code::Unauthenticated, Some(Reason::CallerUnknown)) => "who?",
        (Code::PermissionDenied | Code::Unauthenticated, _) => "BARE",
        // Every answer of ours has a reason; without one there was no connection, however the client puts it.
        (_, None) => "tls",
        (_, Some(Reason::MethodUnknown)) => "unknown",
        _ => "yes",
    }
}

fn paths(service: Service) -> Vec<String> {
    let own = contract::methods().filter(|method| contract::server_of(method) == service);
    let mut paths: Vec<String> = own.map(|method| path_of(&method)).collect();
    paths.sort();
    if service == Service::Identity {
        paths.push("/grpc.health.v1.Health/Check".into());
        paths.push("/grpc.health.v1.Health/Watch".into());
        paths.push("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".into());
        paths.push("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo".into());
        paths.push("/redress.identity.v1.RosterService/NoSuchMethod".into());
    }
    paths
}

fn path_of(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn difference(kept: &str, now: &str) -> String {
    let gone = kept
        .lines()
        .filter(|line| !now.lines().any(|other| other == *line));
    let new = now
        .lines()
        .filter(|line| !kept.lines().any(|other| other == *line));
    let gone = gone.map(|line| format!("- {line}\n"));
    gone.chain(new.map(|line| format!("+ {line}\n"))).collect()
}
