//! Who may call what: the one table, deny by default.
//!
//! Every server is built with it and refuses to start when one of its methods is missing. Health and reflection are open
//! to every caller with a certificate and stand in the server builder. A test calls every method as every role and
//! compares the answers with a snapshot.

mod row;

use std::time::Duration;

use crate::kernel::caller::Role::{self, Auditor, CallCenter, Operator, Partner, Portal, Service};
use crate::kernel::server::Access;

use row::{bulk, never_shed, prompt, slow, stream, unary};

/// Reading every row of a campaign of millions.
const COUNTING: Duration = Duration::from_mins(1);

/// Who reads what operators see.
const READERS: &[Role] = &[Operator, Auditor];
/// Backends that speak for a person who enrolls.
const FRONT: &[Role] = &[CallCenter, Portal];

/// Every method of every service.
pub const TABLE: &[Access] = &[
    // identity-verification
    bulk(
        "/redress.identity.v1.RosterService/ImportRoster",
        &[Operator],
    ),
    prompt("/redress.identity.v1.RosterService/GetImport", READERS),
    prompt("/redress.identity.v1.RosterService/ListImports", READERS),
    prompt(
        "/redress.identity.v1.RosterService/GetIndividual",
        &[Operator, CallCenter],
    ),
    prompt(
        "/redress.identity.v1.RosterService/ListCorrections",
        &[Operator, CallCenter, Auditor],
    ),
    prompt(
        "/redress.identity.v1.RosterService/SearchIndividuals",
        &[Operator, CallCenter],
    ),
    slow(
        "/redress.identity.v1.RosterService/ListIndividuals",
        &[Operator],
    ),
    slow(
        "/redress.identity.v1.RosterService/WithdrawListings",
        &[Operator],
    ),
    bulk(
        "/redress.identity.v1.RosterService/ExportUnreachable",
        &[Operator],
    ),
    bulk(
        "/redress.identity.v1.RosterService/ExportMailingAddresses",
        &[Operator],
    ),
    slow(
        "/redress.identity.v1.RosterService/RecordMailEvents",
        &[Operator],
    ),
    prompt(
        "/redress.identity.v1.RosterService/ListMailEvents",
        &[Operator, CallCenter],
    ),
    slow(
        "/redress.identity.v1.RosterService/GetRosterStatistics",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/VerifyIdentity",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/SendConfirmationCode",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/OrderLetter",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/ConfirmCode",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/GetVerification",
        &[Operator, CallCenter, Portal],
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/CorrectEnrollment",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/GetReferral",
        &[Operator, CallCenter],
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/ListReferrals",
        &[Operator, CallCenter],
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/DecideReferral",
        &[Operator, CallCenter],
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/RepudiateProofing",
        FRONT,
    ),
    prompt(
        "/redress.identity.v1.IdentityVerificationService/ListRepudiations",
        READERS,
    ),
    slow(
        "/redress.identity.v1.ReviewService/ListReviews",
        &[Operator],
    ),
    prompt("/redress.identity.v1.ReviewService/GetReview", &[Operator]),
    slow(
        "/redress.identity.v1.ReviewService/DecideReview",
        &[Operator],
    ),
    // enrollment-codes
    prompt(
        "/redress.enrollment.v1.CampaignService/CreateCampaign",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.CampaignService/GetCampaign",
        &[Operator, CallCenter, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.CampaignService/GetPublicCampaign",
        &[Operator, CallCenter, Portal, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.CampaignService/ListCampaigns",
        &[Operator, CallCenter, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.CampaignService/UpdateCampaign",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.CampaignService/CloseCampaign",
        &[Operator],
    ),
    slow(
        "/redress.enrollment.v1.CampaignService/ExtendEnrollBy",
        &[Operator],
    ),
    unary(
        "/redress.enrollment.v1.CampaignService/GetCampaignReport",
        &[Operator, Auditor],
        COUNTING,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/CreateWave",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListWaves",
        &[Operator, Auditor],
    ),
    slow(
        "/redress.enrollment.v1.EnrollmentCodeService/RecordWaveMailing",
        &[Operator],
    ),
    bulk(
        "/redress.enrollment.v1.EnrollmentCodeService/IssueCodes",
        &[Operator],
    ),
    bulk(
        "/redress.enrollment.v1.EnrollmentCodeService/ExportCodes",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/RequestExport",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ApproveExport",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListExportApprovals",
        &[Operator, Auditor],
    ),
    slow(
        "/redress.enrollment.v1.EnrollmentCodeService/SealBatch",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/GetBatch",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListBatches",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListRevocations",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ReissueCode",
        &[Operator, CallCenter],
    ),
    bulk(
        "/redress.enrollment.v1.EnrollmentCodeService/RevokeCodes",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListCodes",
        &[Operator, CallCenter],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/CheckCode",
        &[Operator, CallCenter, Portal],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/BeginEnrollment",
        FRONT,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/CompleteEnrollment",
        FRONT,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/GetEnrollment",
        &[Operator, CallCenter, Portal],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/ListEnrollments",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/CancelEnrollment",
        &[Operator, CallCenter, Portal],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/ResubmitEnrollment",
        &[Operator, CallCenter, Portal],
    ),
    slow(
        "/redress.enrollment.v1.EnrollmentService/MigrateCoverages",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/ListSetAside",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/RetrySetAside",
        &[Operator],
    ),
    // bureau-handoff
    prompt(
        "/redress.handoff.v1.PartnerService/CreatePartner",
        &[Operator],
    ),
    prompt("/redress.handoff.v1.PartnerService/GetPartner", READERS),
    prompt("/redress.handoff.v1.PartnerService/ListPartners", READERS),
    prompt(
        "/redress.handoff.v1.PartnerService/UpdatePartner",
        &[Operator],
    ),
    prompt(
        "/redress.handoff.v1.PartnerService/PausePartner",
        &[Operator],
    ),
    prompt(
        "/redress.handoff.v1.PartnerService/ResumePartner",
        &[Operator],
    ),
    stream(
        "/redress.handoff.v1.HandoffService/PullHandoffs",
        &[Partner],
        Duration::MAX,
    ),
    // What a partner tells us is a fact: it is never shed.
    never_shed(
        "/redress.handoff.v1.HandoffService/AcknowledgeHandoffs",
        &[Partner],
    ),
    never_shed(
        "/redress.handoff.v1.HandoffService/ReportOutcomes",
        &[Partner],
    ),
    prompt(
        "/redress.handoff.v1.HandoffService/ReturnHandoffs",
        &[Partner],
    ),
    prompt(
        "/redress.handoff.v1.HandoffService/ExtendLeases",
        &[Partner],
    ),
    prompt("/redress.handoff.v1.HandoffService/GetHandoff", &[Partner]),
    prompt(
        "/redress.handoff.v1.HandoffService/ListPartnerHandoffs",
        &[Partner],
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/ListHandoffs",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/GetCampaignHandoff",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/ReplayHandoff",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/GetQueueStatistics",
        &[Operator, Auditor],
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/ImportActivationCodes",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/ListActivationPools",
        &[Operator, Auditor],
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/ListHandoffFiles",
        &[Operator, Auditor],
    ),
    unary(
        "/redress.handoff.v1.ReconciliationService/GetManifest",
        &[Operator, Partner, Auditor],
        COUNTING,
    ),
    prompt(
        "/redress.handoff.v1.ReconciliationService/ListManifests",
        &[Operator, Partner, Auditor],
    ),
    bulk(
        "/redress.handoff.v1.ReconciliationService/Reconcile",
        &[Operator, Partner],
    ),
    prompt(
        "/redress.handoff.v1.ReconciliationService/ListReconciliations",
        &[Operator, Partner, Auditor],
    ),
    prompt(
        "/redress.handoff.v1.ReconciliationService/ListDifferences",
        &[Operator, Partner, Auditor],
    ),
    prompt(
        "/redress.handoff.v1.ReconciliationService/CloseDifference",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.ReconciliationService/RepairDifferences",
        &[Operator],
    ),
    bulk(
        "/redress.handoff.v1.ReconciliationService/CheckInvoice",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.ReconciliationService/ListInvoiceChecks",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.ReconciliationService/ListInvoiceLines",
        &[Operator],
    ),
    // sandbox-bureau; its deadline is longer than its caller's, so that it can answer too late on purpose
    slow(
        "/redress.bureau.v1.BureauEnrollmentService/SubmitEnrollment",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/GetEnrollmentStatus",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/CancelEnrollment",
        &[Service],
    ),
    prompt(
        "/redress.bureau.v1.BureauEnrollmentService/ListEnrollmentStatuses",
        &[Service],
    ),
    prompt(
        "/redress.sandbox.v1.SandboxService/ListBookEntries",
        &[Operator],
    ),
    prompt("/redress.sandbox.v1.SandboxService/GetBookKey", &[Operator]),
];
