//! Waiting until every submitted enrollment is settled.

use std::collections::HashMap;
use std::time::Duration;

use tonic::transport::Channel;

use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Show, Unit};
use crate::wire::redress::enrollment::v1 as wire;
use wire::EnrollmentState as State;
use wire::enrollment_service_client::EnrollmentServiceClient;

const PAUSE: Duration = Duration::from_millis(250);

/// Waits until no enrollment is under way any more, or patience ends.
pub async fn wait(
    codes: &Channel,
    campaign_id: &str,
    patience: Duration,
    show: Show,
) -> Result<(), Problem> {
    let deadline = tokio::time::Instant::now() + patience;
    let _waiting = show("waiting for the bureau", Unit::Nothing);
    while is_under_way(codes, campaign_id, State::Submitted).await?
        || is_under_way(codes, campaign_id, State::PartlyActive).await?
    {
        if tokio::time::Instant::now() > deadline {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Tells whether an enrollment in this state has a coverage whose partner has not decided.
async fn is_under_way(codes: &Channel, campaign_id: &str, state: State) -> Result<bool, Problem> {
    let all = read_all(async |token| {
        let page = page(codes, campaign_id, state, token, PAGE_SIZE).await?;
        Ok((page.enrollments, page.next_page_token))
    });
    let mut coverages = all.await?.into_iter().flat_map(|it| it.coverages);
    Ok(coverages.any(|coverage| coverage.state() == wire::CoverageState::Submitted))
}

/// Gives all enrollments of a campaign, by id.
pub async fn enrollments(
    codes: &Channel,
    campaign_id: &str,
) -> Result<HashMap<String, wire::Enrollment>, Problem> {
    let all = read_all(async |token| {
        let page = page(codes, campaign_id, State::Unspecified, token, PAGE_SIZE).await?;
        Ok((page.enrollments, page.next_page_token))
    });
    let by_id = |it: wire::Enrollment| (it.enrollment_id.clone(), it);
    Ok(all.await?.into_iter().map(by_id).collect())
}

/// Tells whether an enrollment has an outcome that its person can be told.
pub fn is_settled(enrollment: &wire::Enrollment) -> bool {
    match enrollment.state() {
        State::Active => true,
        State::PartlyActive | State::ActionRequired | State::Refused => enrollment
            .coverages
            .iter()
            .any(|coverage| coverage.outcome_class != 0),
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
        campaign: campaign_id.to_owned(),
        state: state.into(),
        page_size,
        page_token,
    };
    let mut client = EnrollmentServiceClient::new(codes.clone());
    client
        .list_enrollments(request)
        .await
        .or_problem("list the enrollments")
}
