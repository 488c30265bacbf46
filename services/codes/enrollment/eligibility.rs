//! Who may begin an enrollment: the rule, without a database.

use uuid::Uuid;

use crate::codes::attempt::cause::Cause;
use crate::codes::campaign::term::grace;
use crate::db::entities::individual::Population;
use crate::db::entities::{campaign, code, enrollment, verification};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};
use crate::process::Call;

use super::begin_store::Candidate;

/// What was looked up for a code or a verification.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The campaign of the engagement number.
    pub campaign: Option<campaign::Model>,
    /// The code's key; none for a verification.
    pub mac: Option<Uuid>,
    /// What the code or the verification stands for.
    pub candidate: Option<Candidate>,
}

/// A person who is entitled to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligible<'a> {
    /// In which campaign.
    pub campaign: CampaignId,
    /// By which code; none for a verification.
    pub mac: Option<Uuid>,
    /// Who.
    pub candidate: &'a Candidate,
    /// The open enrollment that is resumed, if there is one.
    pub resume: Option<EnrollmentId>,
    /// The open enrollment that is canceled first, because its letter counts no more.
    pub cancels: Option<EnrollmentId>,
    /// The first instant at which it can no longer begin, or, where it is resumed, no longer be completed.
    pub until: Timestamp,
    /// The first instant at which it can no longer be completed.
    pub complete_by: Timestamp,
}

impl Lookup {
    /// Leaves out what was found by a verification that somebody else asked for.
    #[must_use]
    pub fn reached_by(self, call: &Call) -> Self {
        let is_own = |candidate: &Candidate| {
            let by = candidate.verified_by.as_deref();
            by.is_none_or(|by| call.reaches(by))
        };
        Self {
            candidate: self.candidate.filter(is_own),
            ..self
        }
    }

    /// Decides whether an enrollment can begin now.
    pub fn decide(&self, now: Timestamp) -> Result<Eligible<'_>, Cause> {
        let campaign = self.campaign.as_ref().ok_or(Cause::UnknownCampaign)?;
        let candidate = self.candidate.as_ref().ok_or(Cause::Unknown)?;
        if candidate.honey_of.is_some() {
            return Err(Cause::Honey);
        }
        if campaign.state == campaign::State::Closed {
            return Err(Cause::CampaignClosed);
        }
        if self.mac.is_some() {
            good_code(candidate)?;
        } else {
            good_verification(candidate, now)?;
        }
        has_product(candidate)?;
        let open = open_enrollment(candidate)?;
        let (cancels, resume) = if is_void(candidate) {
            (open, None)
        } else {
            (None, open)
        };
        // A code holds as long as its wave does; without one the campaign's own date counts.
        let ends = match self.mac {
            Some(_) => candidate.expires_at,
            None => campaign.enroll_by_at,
        };
        let complete_by = ends + grace(campaign);
        let until = match (resume, candidate.live_complete_by_at) {
            (Some(_), Some(by)) => by.max(ends),
            _ => ends,
        };
        if now >= until {
            return Err(Cause::EnrollByPassed);
        }
        Ok(Eligible {
            campaign: campaign.id,
            mac: self.mac,
            candidate,
            resume,
            cancels,
            until,
            complete_by,
        })
    }
}

fn good_code(candidate: &Candidate) -> Result<(), Cause> {
    if candidate.without_code.is_some() {
        return Err(Cause::NotGiven);
    }
    match candidate.code_state {
        Some(code::State::Issued) => Ok(()),
        Some(code::State::Redeemed) => Err(Cause::Redeemed),
        Some(code::State::Superseded) => Err(Cause::Superseded),
        Some(code::State::Revoked) => Err(Cause::Revoked),
        None => Err(Cause::Unknown),
    }
}

/// A verification made for an enrollment opens no second one: its enrollment is there already.
fn good_verification(candidate: &Candidate, now: Timestamp) -> Result<(), Cause> {
    let verified = candidate.verification_state == Some(verification::State::Verified);
    if !verified || candidate.verified_for.is_some() {
        return Err(Cause::NotVerified);
    }
    if now >= candidate.expires_at {
        return Err(Cause::Expired);
    }
    Ok(())
}

fn has_product(candidate: &Candidate) -> Result<(), Cause> {
    if candidate.population == Some(Population::Deceased) {
        return Err(Cause::Deceased);
    }
    (candidate.has_product)
        .then_some(())
        .ok_or(Cause::NoProduct)
}

/// An enrollment that was begun with a letter that was replaced or taken back since, as one is where both happen at once.
const fn is_void(candidate: &Candidate) -> bool {
    matches!(
        candidate.live_code_state,
        Some(code::State::Superseded | code::State::Revoked)
    )
}

fn open_enrollment(candidate: &Candidate) -> Result<Option<EnrollmentId>, Cause> {
    let Some(id) = candidate.live_id else {
        return Ok(None);
    };
    match candidate.live_state {
        Some(enrollment::State::Started) => Ok(Some(id)),
        _ => Err(Cause::Enrolled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{BatchId, IndividualId};

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn campaign() -> campaign::Model {
        campaign::Model {
            id: CampaignId::from_uuid(Uuid::from_u128(1)),
            engagement_number: "B123456".into(),
            name: String::new(),
            state: campaign::State::Open,
            breach_on: String::new(),
            discovered_on: String::new(),
            enroll_by: String::new(),
            zone: "UTC".into(),
            enroll_by_at: at(100),
            raise_term_by_law: false,
            letter_url: String::new(),
            letter_phone: String::new(),
            language: "en".into(),
            policy: String::new(),
            code_key_version: 1,
            created_at: at(0),
            closed_at: None,
            grace_days: 0,
            two_operators: false,
            front_ends: "[]".into(),
            restoration: None,
        }
    }

    fn candidate() -> Candidate {
        Candidate {
            individual_id: IndividualId::from_uuid(Uuid::from_u128(2)),
            honey_of: None,
            population: Some(Population::Adult),
            code_state: Some(code::State::Issued),
            without_code: None,
            verification_state: None,
            expires_at: at(100),
            proof_expires_at: Some(at(50)),
            verified_for: None,
            verified_by: None,
            has_product: true,
            live_id: None,
            live_state: None,
            live_code_mac: None,
            live_code_state: None,
            live_complete_by_at: None,
        }
    }

    fn seen(campaign: campaign::Model, candidate: Candidate) -> Lookup {
        Lookup {
            campaign: Some(campaign),
            mac: Some(Uuid::from_u128(9)),
            candidate: Some(candidate),
        }
    }

    #[test]
    fn an_issued_code_begins_until_the_last_instant() {
        let seen = seen(campaign(), candidate());
        assert_eq!(seen.decide(at(99)).unwrap().resume, None);
        assert_eq!(seen.decide(at(100)).unwrap_err(), Cause::EnrollByPassed);
    }

    #[test]
    fn an_old_proof_of_address_does_not_end_the_entitlement() {
        assert!(seen(campaign(), candidate()).decide(at(60)).is_ok());
    }

    const BATCH: BatchId = BatchId::from_uuid(Uuid::from_u128(5));

    #[test]
    fn every_cause_is_found() {
        let refused = |change: fn(&mut campaign::Model, &mut Candidate)| {
            let (mut campaign, mut candidate) = (campaign(), candidate());
            change(&mut campaign, &mut candidate);
            seen(campaign, candidate).decide(at(1)).unwrap_err()
        };
        assert_eq!(
            refused(|campaign, _| campaign.state = campaign::State::Closed),
            Cause::CampaignClosed
        );
        assert_eq!(
            refused(|_, who| who.code_state = Some(code::State::Redeemed)),
            Cause::Redeemed
        );
        assert_eq!(
            refused(|_, who| who.code_state = Some(code::State::Superseded)),
            Cause::Superseded
        );
        assert_eq!(
            refused(|_, who| who.code_state = Some(code::State::Revoked)),
            Cause::Revoked
        );
        assert_eq!(
            refused(|_, who| who.expires_at = at(1)),
            Cause::EnrollByPassed
        );
        assert_eq!(
            refused(|_, who| who.population = Some(Population::Deceased)),
            Cause::Deceased
        );
        assert_eq!(refused(|_, who| who.has_product = false), Cause::NoProduct);
        assert_eq!(refused(|_, who| who.honey_of = Some(BATCH)), Cause::Honey);
        assert_eq!(
            refused(|_, who| who.without_code = Some(true)),
            Cause::NotGiven
        );
        let nobody = Lookup {
            campaign: Some(campaign()),
            mac: None,
            candidate: None,
        };
        assert_eq!(nobody.decide(at(1)).unwrap_err(), Cause::Unknown);
        let nowhere = Lookup {
            campaign: None,
            mac: None,
            candidate: None,
        };
        assert_eq!(nowhere.decide(at(1)).unwrap_err(), Cause::UnknownCampaign);
    }

    #[test]
    fn an_open_enrollment_is_resumed_and_a_completed_one_is_not() {
        use enrollment::State;
        let id = EnrollmentId::from_uuid(Uuid::from_u128(4));
        let live = |state| {
            let who = Candidate {
                live_id: Some(id),
                live_state: Some(state),
                ..candidate()
            };
            let found = seen(campaign(), who);
            found.decide(at(1)).map(|eligible| eligible.resume)
        };
        assert_eq!(live(State::Started), Ok(Some(id)));
        for state in [State::Submitted, State::Active, State::ActionRequired] {
            assert_eq!(live(state), Err(Cause::Enrolled));
        }
    }

    #[test]
    fn an_enrollment_whose_letter_counts_no_more_is_not_resumed() {
        use code::State::{Issued, Redeemed, Revoked, Superseded};
        let id = EnrollmentId::from_uuid(Uuid::from_u128(4));
        let open = |live_code_state| {
            let who = Candidate {
                live_id: Some(id),
                live_state: Some(enrollment::State::Started),
                live_code_state,
                ..candidate()
            };
            let found = seen(campaign(), who);
            let eligible = found.decide(at(1)).unwrap();
            (eligible.resume, eligible.cancels)
        };
        for good in [None, Some(Issued), Some(Redeemed)] {
            assert_eq!(open(good), (Some(id), None), "{good:?}");
        }
        for void in [Superseded, Revoked] {
            assert_eq!(open(Some(void)), (None, Some(id)), "{void:?}");
        }
    }

    #[test]
    fn a_verification_begins_only_when_it_was_made_without_an_enrollment() {
        use verification::State::{Referred, Verified};
        let by_verification = |state, verified_for, now| {
            let who = Candidate {
                verification_state: Some(state),
                verified_for,
                ..candidate()
            };
            let seen = Lookup {
                mac: None,
                ..seen(campaign(), who)
            };
            seen.decide(at(now)).map(|_| ())
        };
        assert_eq!(by_verification(Verified, None, 99), Ok(()));
        assert_eq!(by_verification(Verified, None, 100), Err(Cause::Expired));
        assert_eq!(by_verification(Referred, None, 1), Err(Cause::NotVerified));
        let other = EnrollmentId::from_uuid(Uuid::from_u128(4));
        assert_eq!(
            by_verification(Verified, Some(other), 1),
            Err(Cause::NotVerified)
        );
    }
}
