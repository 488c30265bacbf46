//! What a campaign has come to.

use crate::client::connect::Channels;
use crate::client::convert::with_commas;
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::enrollment::v1 as wire;
use wire::campaign_service_client::CampaignServiceClient;

/// Fetches a campaign's report.
pub async fn fetch(
    channels: &Channels,
    campaign_id: &str,
    by: wire::GroupBy,
) -> Result<wire::GetCampaignReportResponse, Problem> {
    let request = wire::GetCampaignReportRequest {
        campaign: campaign_id.to_owned(),
        group_by: by.into(),
    };
    let response = CampaignServiceClient::new(channels.codes.clone())
        .get_campaign_report(request)
        .await;
    response.or_problem("count the campaign")
}

/// The funnel, each figure with what it counts.
pub fn lines(funnel: &wire::Funnel) -> [(&'static str, i64, &'static str); 18] {
    [
        ("rows", funnel.rows, "rows of all roster files"),
        ("rejected", funnel.rejected, "rows that were not taken"),
        (
            "records",
            funnel.records,
            "references of covered entities to these people",
        ),
        ("individuals", funnel.individuals, "people on the roster"),
        (
            "codes_issued",
            funnel.codes_issued,
            "codes, of every generation",
        ),
        (
            "letters",
            funnel.letters,
            "people for whom a letter was made, with a code or without",
        ),
        (
            "returned",
            funnel.returned,
            "people with a letter that came back",
        ),
        ("begun", funnel.begun, "enrollments begun"),
        ("verified", funnel.verified, "people verified"),
        ("refused", funnel.refused, "verifications refused"),
        (
            "referred",
            funnel.referred,
            "verifications that wait for a person",
        ),
        (
            "submitted",
            funnel.submitted,
            "enrollments completed by the person",
        ),
        ("handed_off", funnel.handed_off, "offered to a partner"),
        ("acknowledged", funnel.acknowledged, "taken by the partner"),
        ("active", funnel.active, "monitoring runs"),
        (
            "action_required",
            funnel.action_required,
            "somebody must act first",
        ),
        (
            "enrollment_refused",
            funnel.enrollment_refused,
            "refused by the partner",
        ),
        ("dead", funnel.dead, "given up on; an operator must look"),
    ]
}

/// Says how far a day is, so that what is past cannot be overlooked.
pub fn days_left(left: i32) -> String {
    match left {
        0 => "TODAY".to_owned(),
        1 => "in 1 day".to_owned(),
        -1 => "1 day PAST".to_owned(),
        left if left < 0 => format!("{} days PAST", with_commas(i64::from(-left))),
        left => format!("in {} days", with_commas(left.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_cannot_be_overlooked() {
        let said = [12, 1, 0, -1, -4_000].map(days_left);
        assert_eq!(
            said,
            [
                "in 12 days",
                "in 1 day",
                "TODAY",
                "1 day PAST",
                "4,000 days PAST"
            ]
        );
    }
}
