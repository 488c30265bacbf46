//! Waiting until every submitted enrollment is settled.

use std::collections::HashMap;
use std::time::Duration;

use tonic::transport::Channel;

use crate::cli::problem::{OrSay, Problem};
use crate::cli::progress;
use crate::wire::redress::enrollment::v1 as wire;
use wire::EnrollmentState as State;
use wire::enrollment_service_client::EnrollmentServiceClient;

const PAUSE: Duration = Duration::from_millis(250);

/// Waits until no enrollment is under way any more, or patience ends.
pub async fn wait(codes: &Channel, campaign_id: &str, patience: Duration) -> Result<(), Problem> {
    let deadline = tokio::time::Instant::now() + patience;
    let spinner = progress::waiting("waiting for the bureau");
    while !page(codes, campaign_id, State::Submitted, String::new(), 1)
        .await?
        .enrollments
        .is_empty()
    {
        if tokio::time::Instant::now() > deadline {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    spinner.finish_and_clear();
    Ok(())
}

/// Gives all enrollments of a campaign, by id.
pub async fn enrollments(
    codes: &Channel,
    campaign_id: &str,
) -> Result<HashMap<String, wire::Enrollment>, Problem> {
    let mut all = HashMap::new();
    let mut token = String::new();
    loop {
        let page = page(codes, campaign_id, State::Unspecified, token, 500).await?;
        all.extend(
            page.enrollments
                .into_iter()
                .map(|it| (it.enrollment_id.clone(), it)),
        );
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(all);
        }
    }
}

/// Tells whether an enrollment has come to an end that its person can be told.
pub fn is_settled(enrollment: &wire::Enrollment) -> bool {
    match enrollment.state() {
        State::Active => true,
        State::ActionRequired | State::Refused => !enrollment.outcome_class.is_empty(),
        _ => false,
    }
}

async fn page(
    codes: &Channel,
    campaign_id: &str,
    state: State,
    page_token: String,
    page_size: i32,
) -> Result<wire::ListEnrollmentsResponse, Problem> {
    let request = wire::ListEnrollmentsRequest {
        campaign_id: campaign_id.to_owned(),
        state: state.into(),
        page_size,
        page_token,
    };
    let mut client = EnrollmentServiceClient::new(codes.clone());
    client
        .list_enrollments(request)
        .await
        .or_say("list the enrollments")
}
