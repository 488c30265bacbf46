//! Where claims are made: the portal of a campaign, as the public API has it.
//!
//! Each claim comes from a network of its own, as the claims of a hundred thousand people do. Whoever is told that the campaign or
//! the portal has too many calls at once waits as long as they are told: no limit of the service is switched off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::client::connect::Channels;
use crate::client::enrollment::{EnrollmentClient, enrollment_id};
use crate::client::problem::{Problem, reason};
use crate::kernel::caller::Agent;
use crate::kernel::client::Outgoing;
use crate::kernel::fault::Reason;
use crate::wire::redress::enrollment::v1::EnrollmentChannel;
use crate::wire::redress::identity::v1::{Claims, VerificationState};

/// So many calls one agent takes.
const CALLS_AN_AGENT: usize = 20;
/// How often a call is made that may work later.
const ATTEMPTS: u32 = 10;
/// Whoever is told to wait longer has used up what a letter or a person has, not what the campaign has.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How the service answered one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// VERIFIED.
    Verified,
    /// A code to a contact on record must confirm it.
    ConfirmationRequired,
    /// A person looks.
    Referred,
    /// Refused.
    Refused,
}

/// The engagement number of no campaign: those of invented ones begin with a D.
const UNKNOWN: &str = "Z999999";

/// The portal of a campaign.
pub struct Desk {
    portal: Channels,
    call_center: Channels,
    engagement_number: String,
    calls: AtomicUsize,
}

impl Desk {
    /// Takes the portal, the call center and what stands in the campaign's letters.
    pub fn new(portal: Channels, call_center: Channels, engagement_number: &str) -> Self {
        Self {
            portal,
            call_center,
            engagement_number: engagement_number.to_owned(),
            calls: AtomicUsize::new(0),
        }
    }

    /// Gives a client that makes each call once; in a campaign that does not exist, if wanted.
    pub fn prepare(&self, unknown_campaign: bool) -> EnrollmentClient {
        let number = if unknown_campaign {
            UNKNOWN
        } else {
            &self.engagement_number
        };
        self.client_of(number, 1)
    }

    /// Gives the client of somebody on a network of their own, who makes a call that may work later so often.
    pub fn client(&self, attempts: u32) -> EnrollmentClient {
        self.client_of(&self.engagement_number, attempts)
    }

    fn client_of(&self, engagement_number: &str, attempts: u32) -> EnrollmentClient {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let network = format!("10.{}.{}.0/24", call / 250 % 250, call % 250);
        let outgoing = Outgoing::new().network(&network);
        let channel = EnrollmentChannel::Web;
        EnrollmentClient::new(&self.portal, outgoing, engagement_number, channel, attempts)
    }

    /// Begins with a letter's code, and gives the id of the enrollment.
    pub async fn begin(&self, code: &str) -> Result<String, Problem> {
        let begun = self.client(ATTEMPTS).begin_with_code(code).await;
        let begun = begun.map_err(|status| Problem::from_status("begin an enrollment", &status))?;
        Ok(enrollment_id(&begun).to_owned())
    }

    /// Makes one claim; without an enrollment the person is looked up.
    pub async fn claim(&self, enrollment: Option<&str>, claims: Claims) -> Result<Answer, Problem> {
        let told = self.ask(enrollment, claims).await?;
        told.map(|(answer, _)| answer)
            .ok_or_else(|| Problem::refused("a claim was throttled, and should not have been"))
    }

    /// Makes one claim without a letter, and tries to begin an enrollment with what came of it. Whoever can is as good as verified.
    pub async fn claim_and_begin(&self, claims: Claims) -> Result<Answer, Problem> {
        let Some((answer, id)) = self.ask(None, claims).await? else {
            return Err(Problem::refused(
                "a claim was throttled, and should not have been",
            ));
        };
        if answer == Answer::Refused {
            return Ok(answer);
        }
        let begun = self.client(ATTEMPTS).begin_with_verification(&id).await;
        Ok(match begun {
            Ok(_) => Answer::Verified,
            Err(_) => answer,
        })
    }

    /// Makes one claim by an agent, without a letter: an agent may tell whether somebody is on the list.
    pub async fn claim_by_agent(&self, claims: Claims) -> Result<Answer, Problem> {
        let told = self.ask_by(&|| self.agent(), None, claims).await?;
        told.map(|(answer, _)| answer)
            .ok_or_else(|| Problem::refused("a claim was throttled, and should not have been"))
    }

    /// Gives the client of an agent who takes some calls of a minute.
    fn agent(&self) -> EnrollmentClient {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let agent = Agent {
            agent: format!("agent-{:05}", call / CALLS_AN_AGENT),
            case: format!("case-{call:07}"),
            reason: "enrollment".to_owned(),
        };
        let (number, channel) = (&self.engagement_number, EnrollmentChannel::Phone);
        let outgoing = Outgoing::new().agent(&agent);
        EnrollmentClient::new(&self.call_center, outgoing, number, channel, 1)
    }

    /// Makes one claim; nothing if the letter or the claimed person has no tries left.
    pub async fn ask(
        &self,
        enrollment: Option<&str>,
        claims: Claims,
    ) -> Result<Option<(Answer, String)>, Problem> {
        self.ask_by(&|| self.client(1), enrollment, claims).await
    }

    async fn ask_by(
        &self,
        client: &(dyn Fn() -> EnrollmentClient + Sync),
        enrollment: Option<&str>,
        claims: Claims,
    ) -> Result<Option<(Answer, String)>, Problem> {
        for _ in 0..ATTEMPTS {
            let client = client();
            let status = match client
                .verify(enrollment.unwrap_or_default(), claims.clone())
                .await
            {
                Ok(verification) => {
                    let answer = answer_of(verification.state())?;
                    return Ok(Some((answer, verification.verification_id)));
                }
                Err(status) => status,
            };
            if reason(&status) == Some(Reason::VerificationRefused) {
                return Ok(Some((Answer::Refused, String::new())));
            }
            match wait_of(&status) {
                Some(wait) if wait <= LONGEST_WAIT => tokio::time::sleep(wait).await,
                Some(_) => return Ok(None),
                None => return Err(Problem::from_status("claim an identity", &status)),
            }
        }
        Err(Problem::refused(
            "a claim was not answered in many attempts",
        ))
    }
}

/// Gives how long the service asks to wait; nothing if it will not be better later.
fn wait_of(status: &Status) -> Option<Duration> {
    const SOON: Duration = Duration::from_millis(200);
    let may_work = matches!(
        status.code(),
        Code::ResourceExhausted | Code::Unavailable | Code::Aborted
    );
    let told = status.get_details_retry_info();
    let told = told.and_then(|info| info.retry_delay);
    may_work.then(|| told.unwrap_or(SOON))
}

fn answer_of(state: VerificationState) -> Result<Answer, Problem> {
    match state {
        VerificationState::Verified => Ok(Answer::Verified),
        VerificationState::ConfirmationRequired => Ok(Answer::ConfirmationRequired),
        VerificationState::Referred => Ok(Answer::Referred),
        VerificationState::Refused => Ok(Answer::Refused),
        VerificationState::Unspecified => {
            Err(Problem::refused("a verification came without a state"))
        }
    }
}
