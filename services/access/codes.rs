//! Who may call what of `enrollment-codes`.

use crate::kernel::caller::Role::{Auditor, CallCenter, Operator, Portal};
use crate::kernel::server::Access;

use super::row::{bulk, prompt, slow, unary};
use super::{COUNTING, FRONT, READERS};

/// Every method of the process.
pub const METHODS: &[Access] = &[
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
        READERS,
        COUNTING,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/CreateWave",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListWaves",
        READERS,
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
        READERS,
    ),
    slow(
        "/redress.enrollment.v1.EnrollmentCodeService/SealBatch",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/GetBatch",
        READERS,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListBatches",
        READERS,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentCodeService/ListRevocations",
        READERS,
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
        READERS,
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
    slow(
        "/redress.enrollment.v1.EnrollmentService/ExtendCoverages",
        &[Operator],
    ),
    prompt(
        "/redress.enrollment.v1.RestorationService/RequestRestoration",
        &[Operator, CallCenter, Portal],
    ),
    prompt(
        "/redress.enrollment.v1.RestorationService/GetRestoration",
        &[Operator, CallCenter, Portal, Auditor],
    ),
    prompt(
        "/redress.enrollment.v1.RestorationService/ListRestorations",
        READERS,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/ListSetAside",
        READERS,
    ),
    prompt(
        "/redress.enrollment.v1.EnrollmentService/RetrySetAside",
        &[Operator],
    ),
];
