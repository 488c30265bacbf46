//! The closed catalogue of reasons.
//!
//! A reason is public and never changes its name, its code or its meaning; a new one is added. The table in `proto/README.md` comes
//! from here. Refusals that could tell a guesser something share one reason: see [`Reason::CodeNotAccepted`] and
//! [`Reason::VerificationRefused`].

use tonic::Code;

macro_rules! reasons {
    ($($name:ident $wire:literal $code:ident $text:literal;)+) => {
        /// Why a call failed. The text of each is what the caller reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $text] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Gives the name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// Gives the status code that goes with it.
            pub const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)+ }
            }

            /// Gives the constant text of the status.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

reasons! {
    // The call itself.
    InvalidRequest "INVALID_REQUEST" InvalidArgument "The request breaks a rule; the field violations say which.";
    MalformedMessage "MALFORMED_MESSAGE" InvalidArgument "The message cannot be decoded as this method's request.";
    MetadataMissing "METADATA_MISSING" InvalidArgument "Metadata that this caller must send is missing or malformed.";
    RequestIdReused "REQUEST_ID_REUSED" InvalidArgument "The request id was used before with other content.";
    CallerUnknown "CALLER_UNKNOWN" Unauthenticated "The client certificate names no caller of this system.";
    CallerNotAllowed "CALLER_NOT_ALLOWED" PermissionDenied "This caller's role may not call this method.";
    MethodUnknown "METHOD_UNKNOWN" Unimplemented "There is no such method here.";
    EncodingUnknown "ENCODING_UNKNOWN" Unimplemented "Messages compressed in this way are not taken; `grpc-accept-encoding` says which are.";
    NameNotFound "NAME_NOT_FOUND" NotFound "There is no service, symbol or file of that name here.";
    MessageTooLarge "MESSAGE_TOO_LARGE" ResourceExhausted "The message is larger than this server takes or sends.";
    Overloaded "OVERLOADED" ResourceExhausted "The server has too much to do; try again later.";
    Throttled "THROTTLED" ResourceExhausted "A limit was reached; try again later.";
    DeadlineExceeded "DEADLINE_EXCEEDED" DeadlineExceeded "The call did not finish within its deadline; whether it took effect is unknown.";
    CallCanceled "CALL_CANCELED" Cancelled "The call was canceled; whether it took effect is unknown.";
    ShuttingDown "SHUTTING_DOWN" Unavailable "The server is shutting down; call another one.";
    StorageUnavailable "STORAGE_UNAVAILABLE" Unavailable "The database cannot be reached; try again later.";
    StorageFull "STORAGE_FULL" Unavailable "The database's disk is full; an operator must look.";
    StorageBroken "STORAGE_BROKEN" Unavailable "The database cannot read or write its files; an operator must look.";
    StorageReadOnly "STORAGE_READ_ONLY" Unavailable "The database takes no changes now; try again later.";
    StorageStarting "STORAGE_STARTING" Unavailable "The database is starting up; try again soon.";
    StorageContended "STORAGE_CONTENDED" Aborted "Too many changes met at the same record; try again.";
    DataCorrupt "DATA_CORRUPT" DataLoss "Stored data cannot be read; an operator must look.";
    KeyUnavailable "KEY_UNAVAILABLE" Internal "A key that this needs is not in the keyring; an operator must look.";
    Internal "INTERNAL" Internal "The server failed; an operator must look.";

    // Campaigns.
    CampaignNotFound "CAMPAIGN_NOT_FOUND" NotFound "There is no such campaign.";
    CampaignExists "CAMPAIGN_EXISTS" AlreadyExists "The engagement number belongs to a campaign already.";
    CampaignClosed "CAMPAIGN_CLOSED" FailedPrecondition "The campaign is closed.";
    CampaignWithoutKey "CAMPAIGN_WITHOUT_KEY" FailedPrecondition "The campaign has no key to seal with yet; import its roster first.";
    CampaignErased "CAMPAIGN_ERASED" FailedPrecondition "The campaign's personal data has been destroyed.";

    // Rosters and individuals.
    ImportNotFound "IMPORT_NOT_FOUND" NotFound "There is no such import.";
    IndividualNotFound "INDIVIDUAL_NOT_FOUND" NotFound "There is no such individual.";
    IndividualErased "INDIVIDUAL_ERASED" FailedPrecondition "The individual's personal data has been destroyed.";
    ReviewNotFound "REVIEW_NOT_FOUND" NotFound "There is no such review.";
    ReviewState "REVIEW_STATE" FailedPrecondition "The review's state does not allow this.";
    BothEnrolled "BOTH_ENROLLED" FailedPrecondition "Both people have an enrollment; cancel one of them first.";

    // Codes.
    WaveNotFound "WAVE_NOT_FOUND" NotFound "There is no such wave.";
    WaveExists "WAVE_EXISTS" AlreadyExists "The campaign has a wave of this name.";
    WaveMailed "WAVE_MAILED" FailedPrecondition "The wave takes no further batch; make another wave.";
    WaveEmpty "WAVE_EMPTY" FailedPrecondition "The wave has no codes yet; issue them first.";
    BatchIncomplete "BATCH_INCOMPLETE" FailedPrecondition "Codes are still being added to the batch; finish issuing first.";
    BatchNotExported "BATCH_NOT_EXPORTED" FailedPrecondition "A batch of the wave has letters that no export had; export it first.";
    BatchNotFound "BATCH_NOT_FOUND" NotFound "There is no such batch.";
    BatchSealed "BATCH_SEALED" FailedPrecondition "The batch is sealed; its codes cannot be recovered.";
    ExportNotApproved "EXPORT_NOT_APPROVED" FailedPrecondition "Another operator must approve this export first.";
    ExportApprovalNotFound "EXPORT_APPROVAL_NOT_FOUND" NotFound "There is no such export approval.";
    ExportApprovalExpired "EXPORT_APPROVAL_EXPIRED" FailedPrecondition "The request to export has expired; ask again.";
    CodeMistyped "CODE_MISTYPED" InvalidArgument "The code is mistyped; compare it with the letter.";
    CodeNotAccepted "CODE_NOT_ACCEPTED" FailedPrecondition "This engagement number and code cannot be used.";
    CodeState "CODE_STATE" FailedPrecondition "The code's state does not allow this.";
    CodeRedeemed "CODE_REDEEMED" FailedPrecondition "The code was used: an enrollment was completed with it.";
    CodeRevoked "CODE_REVOKED" FailedPrecondition "The code was taken back; an operator can issue another one.";
    NoCodeYet "NO_CODE_YET" FailedPrecondition "No code has been issued to this individual yet.";
    NotMailable "NOT_MAILABLE" FailedPrecondition "There is no deliverable address on record.";
    ReissueLimit "REISSUE_LIMIT" ResourceExhausted "No further letter can be sent for now; try again later.";

    // Verification.
    VerificationNotFound "VERIFICATION_NOT_FOUND" NotFound "There is no such verification.";
    VerificationRefused "VERIFICATION_REFUSED" FailedPrecondition "The person could not be verified.";
    VerificationState "VERIFICATION_STATE" FailedPrecondition "The verification's state does not allow this.";
    VerificationExpired "VERIFICATION_EXPIRED" FailedPrecondition "The verification is too old; verify again.";
    NotVerified "NOT_VERIFIED" FailedPrecondition "The person has not been verified for this enrollment.";
    StepUpRequired "STEP_UP_REQUIRED" FailedPrecondition "A contact that is not on record is taken only with a confirmation code or a review.";
    SenderUnavailable "SENDER_UNAVAILABLE" Unavailable "The message could not be sent; call again with the same request id.";
    ConfirmationNotAccepted "CONFIRMATION_NOT_ACCEPTED" FailedPrecondition "This confirmation code cannot be used.";
    TokenNotAccepted "TOKEN_NOT_ACCEPTED" FailedPrecondition "This token cannot be used.";
    NoContactOnRecord "NO_CONTACT_ON_RECORD" FailedPrecondition "There is no such contact on record.";
    ReferralNotFound "REFERRAL_NOT_FOUND" NotFound "There is no such referral.";
    ReferralDecided "REFERRAL_DECIDED" FailedPrecondition "The referral has been decided.";
    SecondPersonRequired "SECOND_PERSON_REQUIRED" FailedPrecondition "Another person must decide this: neither who asked nor who has approved it already.";

    // Enrollments.
    EnrollmentNotFound "ENROLLMENT_NOT_FOUND" NotFound "There is no such enrollment.";
    EnrollmentState "ENROLLMENT_STATE" FailedPrecondition "The enrollment's state does not allow this.";
    EnrollmentExpired "ENROLLMENT_EXPIRED" FailedPrecondition "The enroll-by date has passed.";
    ConsentOutdated "CONSENT_OUTDATED" FailedPrecondition "The consent was not given to the campaign's current text.";
    NotEligible "NOT_ELIGIBLE" FailedPrecondition "There is no product for this individual.";
    RestorationNotFound "RESTORATION_NOT_FOUND" NotFound "There is no such restoration.";
    CoverageState "COVERAGE_STATE" FailedPrecondition "No such coverage can be ordered again by this caller: it waits for nobody, the bureau's reason forbids it, or it was ordered too often.";
    ConsenterNotVerified "CONSENTER_NOT_VERIFIED" FailedPrecondition "Whoever consents is not whom the verification names: the person, or the same representative.";

    // Partners and handoffs.
    PartnerNotFound "PARTNER_NOT_FOUND" NotFound "There is no such partner.";
    PartnerExists "PARTNER_EXISTS" AlreadyExists "The name belongs to a partner already.";
    PartnerState "PARTNER_STATE" FailedPrecondition "The partner's state or mode does not allow this.";
    HandoffNotFound "HANDOFF_NOT_FOUND" NotFound "There is no such handoff.";
    HandoffState "HANDOFF_STATE" FailedPrecondition "The handoff's state does not allow this.";
    DifferenceNotFound "DIFFERENCE_NOT_FOUND" NotFound "There is no such difference.";
    ReconciliationState "RECONCILIATION_STATE" FailedPrecondition "The state of the reconciliation or of the difference does not allow this.";
    ManifestNotFound "MANIFEST_NOT_FOUND" NotFound "No manifest was kept of this day.";
    InvoiceCheckNotFound "INVOICE_CHECK_NOT_FOUND" NotFound "There is no such check of an invoice.";
    InvoiceExists "INVOICE_EXISTS" AlreadyExists "An invoice of this number was checked with other content.";
}

impl Reason {
    /// Tells whether the same call, with the same request id, may work later.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self.code(),
            Code::ResourceExhausted | Code::DeadlineExceeded | Code::Aborted | Code::Unavailable
        ) && !matches!(self, Self::MessageTooLarge)
    }

    /// Finds a reason by its name on the wire.
    pub fn parse(wire: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == wire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_screaming_snake_and_parse_back() {
        let names: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let name = reason.as_str();
            assert!(name.len() <= 63, "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
                "{name}"
            );
            assert_eq!(Reason::parse(name), Some(*reason));
        }
        assert_eq!(Reason::parse("NOBODY"), None);
    }

    /// The contract's enum is what clients in other languages see of this catalogue.
    #[test]
    fn the_contract_has_the_same_reasons_with_their_status_and_whether_to_retry() {
        let pool = prost_reflect::DescriptorPool::decode(crate::wire::DESCRIPTORS).unwrap();
        let reasons = pool
            .get_enum_by_name("redress.type.v1.ErrorReason")
            .unwrap();
        let file = reasons.parent_file();
        let info = file.file_descriptor_proto().source_code_info.clone();
        let places = info.unwrap().location;
        let contract: BTreeSet<(String, String)> = reasons
            .values()
            .filter(|value| value.number() > 0)
            .map(|value| {
                let place = places.iter().find(|place| place.path == value.path());
                let comment = place.unwrap().leading_comments().trim().replace('\n', "");
                let name = value.name().trim_start_matches("ERROR_REASON_");
                (name.to_owned(), comment)
            })
            .collect();
        let ours = Reason::ALL.iter().map(|reason| {
            let retry = if reason.is_retryable() {
                " Try again."
            } else {
                ""
            };
            let status = status_name(reason.code());
            (
                reason.as_str().to_owned(),
                format!("{status}. {}{retry}", reason.text()),
            )
        });
        assert_eq!(contract, ours.collect());
    }

    /// `FailedPrecondition` is `FAILED_PRECONDITION` in the contract.
    fn status_name(code: Code) -> String {
        let mut name = String::new();
        for (at, letter) in format!("{code:?}").char_indices() {
            if letter.is_uppercase() && at > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }

    #[test]
    fn no_reason_is_ok_or_unknown() {
        for reason in Reason::ALL {
            assert!(
                !matches!(reason.code(), Code::Ok | Code::Unknown),
                "{reason:?}"
            );
        }
    }
}
