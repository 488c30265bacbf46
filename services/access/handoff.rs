//! Who may call what of `bureau-handoff`.

use std::time::Duration;

use crate::kernel::caller::Role::{Auditor, Operator, Partner};
use crate::kernel::server::Access;

use super::row::{bulk, never_shed, prompt, slow, stream, unary};
use super::{COUNTING, READERS};

/// Every method of the process.
pub const METHODS: &[Access] = &[
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
        READERS,
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/GetCampaignHandoff",
        READERS,
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/ReplayHandoff",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/GetQueueStatistics",
        READERS,
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/ImportActivationCodes",
        &[Operator],
    ),
    slow(
        "/redress.handoff.v1.HandoffAdminService/ListActivationPools",
        READERS,
    ),
    prompt(
        "/redress.handoff.v1.HandoffAdminService/ListHandoffFiles",
        READERS,
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
];
