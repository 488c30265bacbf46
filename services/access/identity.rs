//! Who may call what of `identity-verification`.

use crate::kernel::caller::Role::{Auditor, CallCenter, Operator, Portal};
use crate::kernel::server::Access;

use super::row::{bulk, prompt, slow};
use super::{FRONT, READERS};

/// Every method of the process.
pub const METHODS: &[Access] = &[
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
        READERS,
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
];
