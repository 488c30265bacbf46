//! `redress referral decide`: what somebody decides who has looked.

use clap::{Args, ValueEnum};

use super::record::{client, record};
use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::cli::{ask, render};
use crate::client::connect::ClientRole;
use crate::client::convert::parse_value;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::request::new_request_id;
use crate::wire::redress::identity::v1 as wire;
use crate::wire::redress::r#type::v1::Evidence;
use wire::{DecisionReason, ReferralState};

/// What goes with what.
pub const HELP: &str = "Reasons to approve: documents-seen (with --evidence), record-corrected, other.
Reasons to deny: not-the-person, not-enough-evidence, other.
Evidence: photo-id, birth-certificate, death-certificate, court-order, power-of-attorney, estate-letters, proof-of-address. Kinds of \
documents only: no number, no content.

What an agent took, one other person approves. What came from the page, two people approve: after the first it is ENDORSED, and shows under \
`redress referral list --state endorsed`. Either may deny. Nobody approves twice, nor what they took themselves.

Without --cert and --key whoever decides is `operator/reviewer`, as `redress certs` makes it for development.

Examples:
  redress referral show ID
  redress referral decide ID --decision approve --reason documents-seen --evidence photo-id --evidence proof-of-address
  redress referral decide ID --decision deny --reason not-the-person
  redress referral decide ID --decision approve --reason record-corrected --cert ann.pem --key ann.key     as somebody else
  redress referral decide ID                    asks";

/// Flags of `referral decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The referral's id; `redress referral list` shows it.
    referral_id: String,
    /// What is decided; asked for when missing.
    #[arg(long, value_enum)]
    decision: Option<Decision>,
    /// Why: documents-seen, record-corrected, not-the-person, not-enough-evidence or other; asked for when missing.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Option<DecisionReason>,
    /// A kind of document that was seen, such as photo-id; repeat for several.
    #[arg(long, value_name = "KIND", value_parser = document)]
    evidence: Vec<Evidence>,
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// The person is who they say.
    Approve,
    /// They are not, or it cannot be told.
    Deny,
}

impl Decision {
    /// Says what is wrong with a reason for this decision, if anything is.
    fn objection(self, reason: DecisionReason, has_evidence: bool) -> Option<&'static str> {
        match (self, reason) {
            (Self::Approve, DecisionReason::NotThePerson | DecisionReason::NotEnoughEvidence) => {
                Some("this is a reason to deny, not to approve")
            }
            (Self::Deny, DecisionReason::DocumentsSeen | DecisionReason::RecordCorrected) => {
                Some("this is a reason to approve, not to deny")
            }
            (Self::Approve, DecisionReason::DocumentsSeen) if !has_evidence => {
                Some("say which documents were seen: --evidence photo-id, repeat for several")
            }
            _ => None,
        }
    }
}

/// Decides; what is missing is asked for.
pub(super) async fn run(session: &Session, args: DecideArgs) -> Outcome {
    let decision = match args.decision {
        Some(decision) => decision,
        None => ask::until("Is the person who they say? [approve/deny]", decision)?,
    };
    let reason = match args.reason {
        Some(reason) => reason,
        None => ask::until("Why?", reason)?,
    };
    let mut evidence = args.evidence;
    if reason == DecisionReason::DocumentsSeen && evidence.is_empty() && args.reason.is_none() {
        evidence = ask::until("Which documents were seen, separated by spaces?", documents)?;
    }
    if let Some(objection) = decision.objection(reason, !evidence.is_empty()) {
        return Err(Problem::usage(objection));
    }
    let channels = session.connect(ClientRole::Reviewer)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let decision = match decision {
        Decision::Approve => ReferralState::Approved,
        Decision::Deny => ReferralState::Denied,
    };
    let request = wire::DecideReferralRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        referral_id: args.referral_id,
        decision: decision.into(),
        decision_reason: reason.into(),
        evidence: evidence.into_iter().map(Into::into).collect(),
    };
    let answer = client(&channels).decide_referral(request).await;
    let decided = answer.or_problem("decide the referral")?.referral;
    let decided = decided.unwrap_or_default();
    if decided.state() == ReferralState::Endorsed {
        ask::note(
            "another person must approve it too; until then it shows under `redress referral list --state endorsed`",
        );
    }
    render::one(session.format, &record(&decided))
}

fn decision(text: &str) -> Result<Decision, String> {
    Decision::from_str(text.trim(), true).map_err(|_| "answer approve or deny".to_owned())
}

fn reason(text: &str) -> Result<DecisionReason, String> {
    parse_value(text, DecisionReason::as_str_name, "DECISION_REASON_")
}

fn document(text: &str) -> Result<Evidence, String> {
    let kind = parse_value(text, Evidence::as_str_name, "EVIDENCE_")?;
    // The rest is what the program itself has found.
    if (kind as i32) < Evidence::PhotoId as i32 {
        return Err("this is not a document that a person can see".to_owned());
    }
    Ok(kind)
}

fn documents(text: &str) -> Result<Vec<Evidence>, String> {
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let kinds: Vec<Evidence> = words.map(document).collect::<Result<_, _>>()?;
    if kinds.is_empty() {
        return Err("name at least one, such as photo-id".to_owned());
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_does_not_go_with_the_decision_is_told_in_words() {
        let objection =
            |decision: Decision, word: &str, seen| decision.objection(reason(word).unwrap(), seen);
        for (decision, word, seen, fine) in [
            (Decision::Approve, "documents-seen", true, true),
            (Decision::Approve, "documents-seen", false, false),
            (Decision::Approve, "record-corrected", false, true),
            (Decision::Approve, "not-the-person", false, false),
            (Decision::Approve, "not-enough-evidence", true, false),
            (Decision::Deny, "documents-seen", true, false),
            (Decision::Deny, "record-corrected", false, false),
            (Decision::Deny, "not-the-person", false, true),
            (Decision::Deny, "other", false, true),
        ] {
            let told = objection(decision, word, seen);
            assert_eq!(told.is_none(), fine, "{decision:?} {word}: {told:?}");
        }
    }

    #[test]
    fn documents_are_those_that_a_person_can_see() {
        let seen = documents("photo-id, proof-of-address").unwrap();
        assert_eq!(seen, [Evidence::PhotoId, Evidence::ProofOfAddress]);
        assert!(documents("").is_err());
        assert!(documents("letter-code").is_err());
    }
}
