//! Every RPC that an operator may call has its command, and every command and flag says what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::{Command, CommandFactory};
use redress::access;
use redress::cli::args::Cli;
use redress::kernel::caller::Role;

/// Which command calls an RPC. A new RPC for operators gets its line here, and its command.
const COMMANDS: &[(&str, &str)] = &[
    ("identity.v1.RosterService/ImportRoster", "roster import"),
    ("identity.v1.RosterService/GetImport", "roster imported"),
    ("identity.v1.RosterService/ListImports", "roster imports"),
    ("identity.v1.RosterService/GetIndividual", "individual show"),
    ("identity.v1.RosterService/SearchIndividuals", "find"),
    (
        "identity.v1.RosterService/ListIndividuals",
        "roster missing",
    ),
    (
        "identity.v1.RosterService/WithdrawListings",
        "roster withdraw",
    ),
    (
        "identity.v1.RosterService/ExportUnreachable",
        "roster unreachable",
    ),
    (
        "identity.v1.RosterService/ListCorrections",
        "individual history",
    ),
    (
        "identity.v1.RosterService/ExportMailingAddresses",
        "mailing export",
    ),
    (
        "identity.v1.RosterService/RecordMailEvents",
        "mailing record",
    ),
    (
        "identity.v1.RosterService/ListMailEvents",
        "mailing history",
    ),
    (
        "identity.v1.RosterService/GetRosterStatistics",
        "roster stats",
    ),
    ("identity.v1.ReviewService/ListReviews", "roster reviews"),
    ("identity.v1.ReviewService/GetReview", "roster review"),
    ("identity.v1.ReviewService/DecideReview", "roster review"),
    (
        "identity.v1.IdentityVerificationService/GetVerification",
        "verification show",
    ),
    (
        "identity.v1.IdentityVerificationService/ListRepudiations",
        "verification repudiations",
    ),
    (
        "identity.v1.IdentityVerificationService/GetReferral",
        "referral show",
    ),
    (
        "identity.v1.IdentityVerificationService/ListReferrals",
        "referral list",
    ),
    (
        "identity.v1.IdentityVerificationService/DecideReferral",
        "referral decide",
    ),
    (
        "enrollment.v1.CampaignService/CreateCampaign",
        "campaign create",
    ),
    ("enrollment.v1.CampaignService/GetCampaign", "campaign show"),
    (
        "enrollment.v1.CampaignService/GetPublicCampaign",
        "campaign public",
    ),
    (
        "enrollment.v1.CampaignService/ListCampaigns",
        "campaign list",
    ),
    (
        "enrollment.v1.CampaignService/CloseCampaign",
        "campaign close",
    ),
    (
        "enrollment.v1.CampaignService/ExtendEnrollBy",
        "campaign extend",
    ),
    (
        "enrollment.v1.CampaignService/UpdateCampaign",
        "campaign update",
    ),
    ("enrollment.v1.CampaignService/GetCampaignReport", "report"),
    (
        "enrollment.v1.EnrollmentCodeService/CreateWave",
        "codes wave create",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ListWaves",
        "codes waves",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/RecordWaveMailing",
        "codes mailed",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/IssueCodes",
        "codes issue",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ExportCodes",
        "mailing export",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/RequestExport",
        "mailing request",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ApproveExport",
        "mailing approve",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ListExportApprovals",
        "mailing approvals",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/SealBatch",
        "codes seal",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/GetBatch",
        "codes batch",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ListBatches",
        "codes batches",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ListRevocations",
        "codes revocations",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ReissueCode",
        "codes reissue",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/RevokeCodes",
        "codes revoke",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/ListCodes",
        "codes list",
    ),
    (
        "enrollment.v1.EnrollmentCodeService/CheckCode",
        "codes check",
    ),
    (
        "enrollment.v1.EnrollmentService/GetEnrollment",
        "enrollment show",
    ),
    (
        "enrollment.v1.EnrollmentService/ListEnrollments",
        "enrollment list",
    ),
    (
        "enrollment.v1.EnrollmentService/CancelEnrollment",
        "enrollment cancel",
    ),
    (
        "enrollment.v1.EnrollmentService/ResubmitEnrollment",
        "enrollment resubmit",
    ),
    (
        "enrollment.v1.EnrollmentService/MigrateCoverages",
        "partner migrate",
    ),
    (
        "enrollment.v1.EnrollmentService/ExtendCoverages",
        "partner extend",
    ),
    (
        "enrollment.v1.RestorationService/RequestRestoration",
        "restoration request",
    ),
    (
        "enrollment.v1.RestorationService/GetRestoration",
        "restoration show",
    ),
    (
        "enrollment.v1.RestorationService/ListRestorations",
        "restoration list",
    ),
    (
        "enrollment.v1.EnrollmentService/ListSetAside",
        "enrollment set-aside",
    ),
    (
        "enrollment.v1.EnrollmentService/RetrySetAside",
        "enrollment retry",
    ),
    ("handoff.v1.PartnerService/CreatePartner", "partner create"),
    ("handoff.v1.PartnerService/GetPartner", "partner show"),
    ("handoff.v1.PartnerService/ListPartners", "partner list"),
    ("handoff.v1.PartnerService/UpdatePartner", "partner update"),
    ("handoff.v1.PartnerService/PausePartner", "partner pause"),
    ("handoff.v1.PartnerService/ResumePartner", "partner resume"),
    (
        "handoff.v1.HandoffAdminService/ListHandoffs",
        "handoff list",
    ),
    (
        "handoff.v1.HandoffAdminService/GetCampaignHandoff",
        "handoff show",
    ),
    (
        "handoff.v1.HandoffAdminService/ReplayHandoff",
        "handoff replay",
    ),
    (
        "handoff.v1.HandoffAdminService/GetQueueStatistics",
        "handoff statistics",
    ),
    (
        "handoff.v1.HandoffAdminService/ImportActivationCodes",
        "partner pool import",
    ),
    (
        "handoff.v1.HandoffAdminService/ListHandoffFiles",
        "handoff files",
    ),
    (
        "handoff.v1.HandoffAdminService/ListActivationPools",
        "partner pool show",
    ),
    (
        "handoff.v1.ReconciliationService/GetManifest",
        "reconcile manifest",
    ),
    (
        "handoff.v1.ReconciliationService/ListManifests",
        "reconcile manifests",
    ),
    ("handoff.v1.ReconciliationService/Reconcile", "reconcile"),
    (
        "handoff.v1.ReconciliationService/ListReconciliations",
        "reconcile lists",
    ),
    (
        "handoff.v1.ReconciliationService/ListDifferences",
        "reconcile differences",
    ),
    (
        "handoff.v1.ReconciliationService/CloseDifference",
        "reconcile close",
    ),
    (
        "handoff.v1.ReconciliationService/RepairDifferences",
        "reconcile",
    ),
    (
        "handoff.v1.ReconciliationService/CheckInvoice",
        "reconcile invoice",
    ),
    (
        "handoff.v1.ReconciliationService/ListInvoiceChecks",
        "reconcile invoices",
    ),
    (
        "handoff.v1.ReconciliationService/ListInvoiceLines",
        "reconcile invoice-lines",
    ),
    // The sandbox bureau's own books, which the demonstration compares with ours.
    ("sandbox.v1.SandboxService/ListBookEntries", "demo"),
    ("sandbox.v1.SandboxService/GetBookKey", "demo"),
];

#[test]
fn every_rpc_that_an_operator_may_call_has_its_command() {
    let commands: BTreeMap<&str, &str> = COMMANDS.iter().copied().collect();
    let may = access::TABLE
        .iter()
        .copied()
        .flatten()
        .filter(|row| row.roles.contains(&Role::Operator))
        .map(|row| row.path.trim_start_matches("/redress."));
    let may: BTreeSet<&str> = may.collect();
    let named: BTreeSet<&str> = commands.keys().copied().collect();
    let missing: Vec<_> = may.difference(&named).collect();
    assert!(missing.is_empty(), "no command for {missing:#?}");
    let gone: Vec<_> = named.difference(&may).collect();
    assert!(gone.is_empty(), "no operator may call {gone:#?}");
    let sources = sources();
    for (rpc, words) in commands {
        assert!(command(words).is_some(), "there is no `redress {words}`");
        let method = rpc.rsplit('/').next().unwrap_or_default();
        let call = format!(".{}(", snake(method));
        assert!(sources.contains(&call), "nothing calls {rpc} ({call})");
    }
}

#[test]
fn every_command_and_every_flag_says_what_it_does() {
    let mut silent = Vec::new();
    look(&Cli::command(), "redress", &mut silent);
    assert!(silent.is_empty(), "{silent:#?}");
}

fn look(command: &Command, name: &str, silent: &mut Vec<String>) {
    if command.get_about().is_none() {
        silent.push(name.to_owned());
    }
    for argument in command.get_arguments() {
        if argument.get_help().is_none() {
            silent.push(format!("{name}: {}", argument.get_id()));
        }
    }
    for inner in command.get_subcommands() {
        look(inner, &format!("{name} {}", inner.get_name()), silent);
    }
}

fn command(words: &str) -> Option<Command> {
    let mut found = Cli::command();
    for word in words.split(' ') {
        found = found.find_subcommand(word)?.clone();
    }
    Some(found)
}

/// What the program and its libraries are written in, without spaces and line ends.
fn sources() -> String {
    let mut text = String::new();
    for folder in ["cli", "client", "lab"] {
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("services")
                .join(folder),
            &mut text,
        );
    }
    text.split_whitespace().collect()
}

fn read(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, text);
        } else {
            *text += &std::fs::read_to_string(&path).unwrap_or_default();
        }
    }
}

fn snake(camel: &str) -> String {
    let mut text = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
