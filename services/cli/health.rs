//! `redress health`: asks every process whether it serves.

use std::time::Duration;

use clap::Args;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::{ClientRole, PROCESSES};
use crate::client::problem::{Outcome, Problem};
use crate::client::ready::is_ready;

const PATIENCE: Duration = Duration::from_secs(3);

/// What each process serves.
const SERVICES: [&[&str]; 4] = [
    &[
        "redress.identity.v1.RosterService",
        "redress.identity.v1.ReviewService",
        "redress.identity.v1.IdentityVerificationService",
    ],
    &[
        "redress.enrollment.v1.CampaignService",
        "redress.enrollment.v1.EnrollmentCodeService",
        "redress.enrollment.v1.EnrollmentService",
    ],
    &[
        "redress.handoff.v1.PartnerService",
        "redress.handoff.v1.HandoffService",
        "redress.handoff.v1.HandoffAdminService",
    ],
    &[
        "redress.bureau.v1.BureauEnrollmentService",
        "redress.sandbox.v1.SandboxService",
    ],
];

/// Flags of `health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Ask only this process, such as enrollment-codes.
    #[arg(long, value_name = "PROCESS", value_parser = PROCESSES)]
    process: Option<String>,
    /// Ask one process's admin port over plain HTTP instead, such as 127.0.0.1:7541; needs no certificate.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "process")]
    address: Option<String>,
}

/// Asks, prints, and fails unless everything serves.
pub async fn run(session: &Session, args: HealthArgs) -> Outcome {
    if let Some(address) = &args.address {
        return ask_admin(session, address).await;
    }
    let endpoints = session.connect.endpoints()?;
    let channels = session.connect(ClientRole::Operator)?;
    let channels = [
        channels.identity,
        channels.codes,
        channels.handoff,
        channels.bureau,
    ];
    let mut rows = Vec::new();
    let mut all_serve = true;
    for (at, process) in PROCESSES.into_iter().enumerate() {
        let endpoint = endpoints.in_order()[at];
        if endpoint.is_empty()
            || args
                .process
                .as_ref()
                .is_some_and(|wanted| wanted != process)
        {
            continue;
        }
        for service in std::iter::once("").chain(SERVICES[at].iter().copied()) {
            let status = ask(&channels[at], service).await;
            all_serve &= status == "SERVING";
            let shown = if service.is_empty() {
                "(process)"
            } else {
                service
            };
            rows.push(
                Record::new()
                    .with("process", process)
                    .with("endpoint", endpoint)
                    .with("service", shown)
                    .with("status", status),
            );
        }
    }
    render::many(session.format, &rows, "nothing to ask")?;
    if all_serve {
        Ok(())
    } else {
        Err(Problem::refused(
            "not everything serves; the logs are in the stack's directory under log/",
        ))
    }
}

async fn ask_admin(session: &Session, address: &str) -> Outcome {
    let ready = is_ready(address).await;
    let status = if ready { "SERVING" } else { "NOT SERVING" };
    let row = Record::new()
        .with("address", address)
        .with("status", status);
    render::many(session.format, &[row], "")?;
    if ready {
        Ok(())
    } else {
        Err(Problem::refused(format!(
            "{address} is not ready or does not answer"
        )))
    }
}

async fn ask(channel: &Channel, service: &str) -> String {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut client = HealthClient::new(channel.clone());
    match tokio::time::timeout(PATIENCE, client.check(request)).await {
        Err(_) => "no answer".to_owned(),
        Ok(Err(status)) if status.code() == tonic::Code::NotFound => "unknown service".to_owned(),
        Ok(Err(_)) => "unreachable".to_owned(),
        Ok(Ok(answer)) => {
            let status = answer.into_inner().status();
            if status == ServingStatus::Serving {
                "SERVING"
            } else {
                "NOT SERVING"
            }
            .to_owned()
        }
    }
}
