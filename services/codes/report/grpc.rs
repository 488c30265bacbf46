//! The report of a campaign on the wire.

use tonic::Request;

use crate::codes::context::Context;
use crate::codes::convert::time;
use crate::codes::error::Error;
use crate::codes::law::{Deadline, Owed};
use crate::kernel::fields::Fields;
use crate::process::convert::class_to_wire;
use crate::process::convert::date;
use crate::wire::redress::enrollment::v1 as wire;

use super::count::{self, NamedSlice, Report};
use super::days::Day;
use super::funnel::Funnel;
use super::slices::By;
use super::store::Pool;

/// Counts a campaign.
pub async fn get_campaign_report(
    context: &Context,
    request: Request<wire::GetCampaignReportRequest>,
) -> Result<wire::GetCampaignReportResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let by = grouping(message.group_by, &mut fields);
    fields.finish()?;
    Ok(report(count::count(context, campaign, by).await?))
}

/// Reads into which parts a report is divided.
fn grouping(number: i32, fields: &mut Fields) -> Option<By> {
    match wire::GroupBy::try_from(number) {
        Ok(wire::GroupBy::Unspecified) => None,
        Ok(wire::GroupBy::CoveredEntity) => Some(By::CoveredEntity),
        Ok(wire::GroupBy::Region) => Some(By::Region),
        Ok(wire::GroupBy::Population) => Some(By::Population),
        Ok(wire::GroupBy::Wave) => Some(By::Wave),
        Err(_) => {
            fields.wrong("group_by", "must be one of its values");
            None
        }
    }
}

fn report(report: Report) -> wire::GetCampaignReportResponse {
    let outcomes = report.outcomes.into_iter().map(|count| wire::OutcomeCount {
        outcome_class: class_to_wire(Some(count.outcome_class)).into(),
        coverages: count.coverages,
    });
    let without_rule = report
        .without_rule
        .iter()
        .map(|(place, residents)| wire::StateResidents {
            jurisdiction: place.code().to_owned(),
            residents: *residents,
        });
    wire::GetCampaignReportResponse {
        engagement_number: report.engagement_number,
        funnel: Some(funnel(&report.funnel)),
        outcomes: outcomes.collect(),
        count_time: time(Some(report.at)),
        slices: report.slices.into_iter().map(slice).collect(),
        deadlines: report.deadlines.iter().map(deadline).collect(),
        monitoring: report
            .monitoring
            .iter()
            .map(|(owed, residents)| monitoring(owed, *residents))
            .collect(),
        states_without_rule: without_rule.collect(),
        law_version: report.law_version.to_owned(),
        pools: report.pools.into_iter().map(pool).collect(),
        days: report.days.iter().map(day).collect(),
    }
}

fn day(day: &Day) -> wire::ReportDay {
    wire::ReportDay {
        date: Some(date(day.date)),
        begun: day.begun,
        submitted: day.submitted,
    }
}

fn pool(pool: Pool) -> wire::ActivationPoolCount {
    wire::ActivationPoolCount {
        partner_id: pool.partner_id.to_string(),
        partner_name: pool.partner_name,
        imported: pool.imported,
        available: pool.available,
        assigned: pool.imported - pool.available,
        low_water: pool.low_water,
        is_low: pool.available < i64::from(pool.low_water),
    }
}

fn slice(slice: NamedSlice) -> wire::ReportSlice {
    wire::ReportSlice {
        funnel: Some(funnel(&slice.funnel)),
        key: slice.key,
        display_name: slice.name,
    }
}

fn deadline(deadline: &Deadline<'_>) -> wire::Deadline {
    let reached = deadline.reached.iter().map(|(key, people)| wire::Reach {
        key: key.clone(),
        people: *people,
    });
    wire::Deadline {
        rule_id: deadline.rule.id.clone(),
        jurisdiction: deadline.rule.jurisdiction().to_owned(),
        what: deadline.rule.what.clone(),
        condition: deadline.rule.condition.clone(),
        citation: deadline.rule.citation.clone(),
        due_date: Some(date(deadline.due_on)),
        days_left: deadline.days_left,
        applies: deadline.applies,
        people: deadline.people,
        reached: reached.collect(),
    }
}

fn monitoring(owed: &Owed<'_>, residents: i64) -> wire::MonitoringOwed {
    let otherwise = owed
        .otherwise
        .iter()
        .map(|(rule, months)| format!("{months} months {}", rule.condition));
    wire::MonitoringOwed {
        rule_id: owed.rule.id.clone(),
        jurisdiction: owed.place.code().to_owned(),
        residents,
        months_owed: owed.months,
        short_by: owed.short_by,
        what: owed.rule.what.clone(),
        condition: owed.rule.condition.clone(),
        citation: owed.rule.citation.clone(),
        otherwise: otherwise.collect::<Vec<_>>().join("; "),
    }
}

fn funnel(funnel: &Funnel) -> wire::Funnel {
    wire::Funnel {
        rows: funnel.rows,
        rejected: funnel.rejected,
        individuals: funnel.individuals,
        codes_issued: funnel.codes_issued,
        letters: funnel.letters,
        begun: funnel.begun,
        verified: funnel.verified,
        refused: funnel.refused,
        referred: funnel.referred,
        submitted: funnel.submitted,
        handed_off: funnel.handed_off,
        acknowledged: funnel.acknowledged,
        active: funnel.active,
        action_required: funnel.action_required,
        enrollment_refused: funnel.enrollment_refused,
        dead: funnel.dead,
        records: funnel.records,
        returned: funnel.returned,
    }
}
