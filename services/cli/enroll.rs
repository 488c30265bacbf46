//! `redress enroll`: one person's way through an enrollment, by hand.
//!
//! The program stands where an enrollment page would stand: it calls as a portal, asks what a page would ask, and shows
//! the consent before anything is submitted. Answers may come through a pipe, one a line.

pub mod answers;

use std::time::Duration;

use clap::Args;
use tonic::Status;

use crate::cli::ask::{line, note, until, yes};
use crate::cli::enrollment::record::{coverage_words, next_step};
use crate::cli::progress;
use crate::cli::render::{self, Format, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::convert::state;
use crate::client::enrollment::{EnrollmentClient, enrollment_id};
use crate::client::problem::{Outcome, Problem};
use crate::client::progress::Unit;
use crate::kernel::client::Outgoing;
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1 as identity;

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
    let channels = session.connect(ClientRole::Portal)?;
    note("An enrollment, as a person with a letter goes through it. Ctrl-C leaves at any time.\n");
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
    // A portal must say from which network the person comes.
    let here = Outgoing::new().network("127.0.0.1");
    let walk = Walk(EnrollmentClient::new(
        &channels,
        here,
        &engagement,
        codes::EnrollmentChannel::Web,
        1,
    ));
    let (begun, verification_id) = if code.is_empty() {
        walk.without_letter().await?
    } else {
        walk.with_letter(&code).await?
    };
    let enrollment = walk.complete(&begun, &verification_id).await?;
    note("Submitted.");
    let enrollment = if args.no_wait {
        enrollment
    } else {
        walk.outcome(enrollment).await?
    };
    if session.format == Format::Table {
        note(&closing_words(&enrollment));
    }
    render::one(session.format, &record(&enrollment))
}

struct Walk(EnrollmentClient);

impl Walk {
    async fn with_letter(
        &self,
        code: &str,
    ) -> Result<(codes::BeginEnrollmentResponse, String), Problem> {
        let begun = self.0.begin_with_code(code).await;
        let begun = begun.map_err(failed("begin the enrollment"))?;
        let verification = self.verify(enrollment_id(&begun)).await?;
        Ok((begun, verification.verification_id))
    }

    async fn without_letter(&self) -> Result<(codes::BeginEnrollmentResponse, String), Problem> {
        let id = self.verify("").await?.verification_id;
        let begun = self.0.begin_with_verification(&id).await;
        Ok((begun.map_err(failed("begin the enrollment"))?, id))
    }

    async fn verify(&self, enrollment_id: &str) -> Result<identity::Verification, Problem> {
        note("\nWho are you?");
        let verification = self.0.verify(enrollment_id, answers::claims()?).await;
        let verification = verification.map_err(failed("verify you"))?;
        match verification.state() {
            identity::VerificationState::Verified => Ok(verification),
            identity::VerificationState::ConfirmationRequired => self.confirm(verification).await,
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
        verification: identity::Verification,
    ) -> Result<identity::Verification, Problem> {
        let id = &verification.verification_id;
        let sent = if verification.contacts.is_empty() {
            note(
                "\nIf you are on the list, a code is sent to a contact that we knew before. No code? Then call the number on the letter.",
            );
            let channel = until("By email, text message or call?", answers::channel)?;
            self.0.send_code_by(id, channel).await
        } else {
            note("\nTo be sure, a code is sent to a contact that is on record:");
            for (at, contact) in verification.contacts.iter().enumerate() {
                note(&format!("  {}  {}", at + 1, contact.masked));
            }
            let contact = until("Which one?", |text| {
                answers::choice(text, &verification.contacts)
            })?;
            self.0.send_code(id, &contact).await
        };
        sent.map_err(failed("send the code"))?;
        let code =
            line("The digits you received (`redress up` leaves them in its outbox directory):")?;
        let confirmed = self.0.confirm(id, &code).await;
        confirmed.map_err(failed("confirm the code"))
    }

    async fn complete(
        &self,
        begun: &codes::BeginEnrollmentResponse,
        verification_id: &str,
    ) -> Result<codes::Enrollment, Problem> {
        let text = begun.consent_text.as_ref();
        let text = text.map_or("", |text| text.text.trim());
        note(&format!("\n{text}\n"));
        if !yes("Do you give these instructions?")? {
            return Err(Problem::refused(
                "without them there is no enrollment; nothing was submitted",
            ));
        }
        let request = self.0.completion(begun, verification_id);
        let completed = self.0.complete(&request).await;
        completed.map_err(failed("complete the enrollment"))
    }

    async fn outcome(
        &self,
        mut enrollment: codes::Enrollment,
    ) -> Result<codes::Enrollment, Problem> {
        let _spinner = progress::show("waiting for the bureau", Unit::Nothing);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while enrollment.state() == codes::EnrollmentState::Submitted
            && tokio::time::Instant::now() < deadline
        {
            tokio::time::sleep(PAUSE).await;
            let found = self.0.enrollment(&enrollment.enrollment_id).await;
            enrollment = found.map_err(failed("look at the enrollment"))?;
        }
        Ok(enrollment)
    }
}

/// Says what could not be done.
fn failed(doing: &'static str) -> impl Fn(Status) -> Problem {
    move |status| Problem::from_status(doing, &status)
}

fn closing_words(enrollment: &codes::Enrollment) -> String {
    match enrollment.state() {
        codes::EnrollmentState::Active => "Monitoring is active.".to_owned(),
        codes::EnrollmentState::PartlyActive
        | codes::EnrollmentState::ActionRequired
        | codes::EnrollmentState::Refused => next_step(enrollment).to_owned(),
        _ => "The bureau has not answered yet; the enrollment is safe and will be handed over."
            .to_owned(),
    }
}

fn record(enrollment: &codes::Enrollment) -> Record {
    let coverages = enrollment.coverages.iter().map(coverage_words);
    Record::new()
        .with("enrollment_id", enrollment.enrollment_id.as_str())
        .with(
            "state",
            state(enrollment.state().as_str_name(), "ENROLLMENT_STATE_"),
        )
        .with("coverages", coverages.collect::<Vec<_>>())
        .with("next_step", next_step(enrollment))
}
