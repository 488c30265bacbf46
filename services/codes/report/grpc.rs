//! From a report, and from the law, to the wire.

use crate::codes::grpc::write::{civil_date, time};
use crate::codes::law::{Deadline, Law, Owed};
use crate::wire::redress::enrollment::v1 as wire;

use super::count::{NamedSlice, Report};
use super::store::{Funnel, Pool};

/// Writes what the creator of a campaign with this term should know.
pub fn notices(term_months: i32) -> Vec<wire::Notice> {
    let short = Law::current().beyond(term_months);
    let notices = short.map(|owed| wire::Notice {
        rule_id: owed.rule.id.clone(),
        jurisdiction: owed.place.code().to_owned(),
        message: owed.warning(term_months),
        citation: owed.rule.citation.clone(),
        months_owed: owed.months,
    });
    notices.collect()
}

/// Writes a report.
pub fn report(report: Report) -> wire::GetCampaignReportResponse {
    let outcomes = report.outcomes.into_iter().map(|count| wire::OutcomeCount {
        outcome_class: count.outcome_class,
        enrollments: count.enrollments,
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
        due_date: Some(civil_date(deadline.due_on)),
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
