//! `redress enroll`: one person's way through an enrollment, by hand.
//!
//! The program stands where an enrollment page would stand: it calls as a portal, asks what a page would ask, and shows
//! the consent before anything is submitted. Answers may come through a pipe, one a line.

pub mod answers;

use std::time::Duration;

use clap::Args;
use tonic::Request;

use super::ask::{line, say, until, yes};
use super::connect::{As, Channels};
use super::problem::{OrSay, Outcome, Problem};
use super::render::{self, Format, Record};
use super::wire_words::{date, state, time};
use super::{Session, new_request_id};
use crate::kernel::crypto;
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1 as identity;
use codes::begin_enrollment_request::Entitlement;
use codes::enrollment_service_client::EnrollmentServiceClient;
use identity::identity_verification_service_client::IdentityVerificationServiceClient;

/// How long the outcome is waited for, and how often it is asked for.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(300);

/// Flags of `enroll`.
#[derive(Debug, Args)]
pub struct EnrollArgs {
    /// Engagement number from the letter; asked for when missing.
    #[arg(long, value_name = "B123456")]
    engagement: Option<String>,
    /// Code from the letter; asked for when missing.
    #[arg(long)]
    code: Option<String>,
    /// Do not wait for the bureau's answer.
    #[arg(long)]
    no_wait: bool,
}

/// Runs the way through.
pub async fn run(session: &Session, args: EnrollArgs) -> Outcome {
    let walk = Walk {
        channels: session.connect(As::Portal)?,
    };
    say("An enrollment, as a person with a letter goes through it. Ctrl-C leaves at any time.\n");
    let engagement = match args.engagement {
        Some(engagement) => engagement,
        None => until(
            "Engagement number (such as B123456):",
            answers::engagement_number,
        )?,
    };
    let code = match args.code {
        Some(code) => code,
        None => line("Code from the letter (leave empty if the letter is lost):")?,
    };
    let (begun, verification_id) = if code.is_empty() {
        walk.without_letter(&engagement).await?
    } else {
        walk.with_letter(&engagement, code).await?
    };
    let enrollment = walk.complete(&engagement, &begun, verification_id).await?;
    say("Submitted.");
    let enrollment = if args.no_wait {
        enrollment
    } else {
        walk.outcome(&engagement, enrollment).await?
    };
    if session.format == Format::Table {
        say(&closing_words(&enrollment));
    }
    render::one(session.format, &record(&enrollment))
}

struct Walk {
    channels: Channels,
}

impl Walk {
    async fn with_letter(
        &self,
        engagement: &str,
        code: String,
    ) -> Result<(codes::BeginEnrollmentResponse, String), Problem> {
        let begun = self.begin(engagement, Entitlement::Code(code)).await?;
        let enrollment_id = begun.enrollment.as_ref().map(|it| it.enrollment_id.clone());
        let verification = self
            .verify(engagement, enrollment_id.unwrap_or_default())
            .await?;
        Ok((begun, verification.verification_id))
    }

    async fn without_letter(
        &self,
        engagement: &str,
    ) -> Result<(codes::BeginEnrollmentResponse, String), Problem> {
        let verification_id = self
            .verify(engagement, String::new())
            .await?
            .verification_id;
        let begun = self
            .begin(
                engagement,
                Entitlement::VerificationId(verification_id.clone()),
            )
            .await?;
        Ok((begun, verification_id))
    }

    async fn begin(
        &self,
        engagement: &str,
        entitlement: Entitlement,
    ) -> Result<codes::BeginEnrollmentResponse, Problem> {
        let request = codes::BeginEnrollmentRequest {
            request_id: new_request_id(),
            engagement_number: engagement.to_owned(),
            entitlement: Some(entitlement),
            channel: codes::Channel::Web.into(),
        };
        let mut client = EnrollmentServiceClient::new(self.channels.codes.clone());
        client
            .begin_enrollment(from_here(request))
            .await
            .or_say("begin the enrollment")
    }

    async fn verify(
        &self,
        engagement: &str,
        enrollment_id: String,
    ) -> Result<identity::Verification, Problem> {
        say("\nWho are you?");
        let request = identity::VerifyIdentityRequest {
            request_id: new_request_id(),
            engagement_number: engagement.to_owned(),
            enrollment_id,
            claims: Some(answers::claims()?),
        };
        let mut client = IdentityVerificationServiceClient::new(self.channels.identity.clone());
        let answer = client
            .verify_identity(from_here(request))
            .await
            .or_say("verify you")?;
        let verification = answer.verification.unwrap_or_default();
        match verification.state() {
            identity::VerificationState::Verified => Ok(verification),
            identity::VerificationState::ConfirmationRequired => {
                self.confirm(engagement, verification).await
            }
            identity::VerificationState::Referred => Err(Problem::refused(format!(
                "a person has to look at this first (verification {}); you will be told, nothing is lost",
                verification.verification_id
            ))),
            other => Err(Problem::refused(format!(
                "the verification is {}",
                other.as_str_name()
            ))),
        }
    }

    async fn confirm(
        &self,
        engagement: &str,
        verification: identity::Verification,
    ) -> Result<identity::Verification, Problem> {
        say("\nTo be sure, a code is sent to a contact that is on record:");
        for (at, contact) in verification.contacts.iter().enumerate() {
            say(&format!("  {}  {}", at + 1, contact.masked));
        }
        let contact = until("Which one?", |text| {
            answers::choice(text, &verification.contacts)
        })?;
        let mut client = IdentityVerificationServiceClient::new(self.channels.identity.clone());
        let request = identity::SendConfirmationCodeRequest {
            request_id: new_request_id(),
            engagement_number: engagement.to_owned(),
            verification_id: verification.verification_id.clone(),
            channel: contact.channel,
        };
        client
            .send_confirmation_code(from_here(request))
            .await
            .or_say("send the code")?;
        let request = identity::ConfirmCodeRequest {
            request_id: new_request_id(),
            engagement_number: engagement.to_owned(),
            verification_id: verification.verification_id,
            code: line(
                "The digits you received (`redress up` leaves them in its outbox directory):",
            )?,
        };
        let confirmed = client
            .confirm_code(from_here(request))
            .await
            .or_say("confirm the code")?;
        Ok(confirmed.verification.unwrap_or_default())
    }

    async fn complete(
        &self,
        engagement: &str,
        begun: &codes::BeginEnrollmentResponse,
        verification_id: String,
    ) -> Result<codes::Enrollment, Problem> {
        say(&format!("\n{}\n", begun.consent_text.trim()));
        if !yes("Do you give these instructions?")? {
            return Err(Problem::refused(
                "without them there is no enrollment; nothing was submitted",
            ));
        }
        let enrollment_id = begun.enrollment.as_ref().map(|it| it.enrollment_id.clone());
        let request = codes::CompleteEnrollmentRequest {
            request_id: new_request_id(),
            engagement_number: engagement.to_owned(),
            enrollment_id: enrollment_id.unwrap_or_default(),
            verification_id,
            consent: Some(consent(begun)),
        };
        let mut client = EnrollmentServiceClient::new(self.channels.codes.clone());
        let completed = client
            .complete_enrollment(from_here(request))
            .await
            .or_say("complete the enrollment")?;
        Ok(completed.enrollment.unwrap_or_default())
    }

    async fn outcome(
        &self,
        engagement: &str,
        mut enrollment: codes::Enrollment,
    ) -> Result<codes::Enrollment, Problem> {
        let spinner = super::progress::waiting("waiting for the bureau");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut client = EnrollmentServiceClient::new(self.channels.codes.clone());
        while enrollment.state() == codes::EnrollmentState::Submitted
            && tokio::time::Instant::now() < deadline
        {
            tokio::time::sleep(PAUSE).await;
            let request = codes::GetEnrollmentRequest {
                engagement_number: engagement.to_owned(),
                enrollment_id: enrollment.enrollment_id.clone(),
            };
            let found = client
                .get_enrollment(from_here(request))
                .await
                .or_say("look at the enrollment")?;
            enrollment = found.enrollment.unwrap_or_default();
        }
        spinner.finish_and_clear();
        Ok(enrollment)
    }
}

/// Gives the consent to the text that was shown.
pub fn consent(begun: &codes::BeginEnrollmentResponse) -> codes::Consent {
    codes::Consent {
        version: begun.consent_version.clone(),
        text_sha256: crypto::sha256_hex(begun.consent_text.as_bytes()),
        agreed: true,
        locale: "en-US".to_owned(),
    }
}

/// Says from which network the person comes, as a portal must.
fn from_here<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let network = tonic::metadata::MetadataValue::from_static("127.0.0.1");
    request
        .metadata_mut()
        .insert(crate::kernel::caller::NETWORK, network);
    request
}

fn closing_words(enrollment: &codes::Enrollment) -> String {
    match enrollment.state() {
        codes::EnrollmentState::Active => "Monitoring is active.".to_owned(),
        codes::EnrollmentState::ActionRequired | codes::EnrollmentState::Refused => {
            enrollment.next_step.clone()
        }
        _ => "The bureau has not answered yet; the enrollment is safe and will be handed over."
            .to_owned(),
    }
}

fn record(enrollment: &codes::Enrollment) -> Record {
    Record::new()
        .with("enrollment_id", enrollment.enrollment_id.as_str())
        .with(
            "state",
            state(enrollment.state().as_str_name(), "ENROLLMENT_STATE_"),
        )
        .with("activated", time(enrollment.activate_time.as_ref()))
        .with("term_ends", date(enrollment.term_end_date.as_ref()))
        .with("outcome_class", enrollment.outcome_class.as_str())
        .with("next_step", enrollment.next_step.as_str())
}
