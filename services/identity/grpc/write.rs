//! Writing answers.

use crate::identity::matching::compare::{Agreement, Level};
use crate::identity::matching::contact::Channel;
use crate::identity::referral::decide::Case;
use crate::identity::referral::state::{Referral, Ruling};
use crate::identity::roster::export::Addressee;
use crate::identity::roster::import::{Answer, Totals};
use crate::identity::roster::notice::{SubstituteNotice, Undeliverable};
use crate::identity::roster::population::Population;
use crate::identity::roster::read::{Masked, Statistics};
use crate::identity::roster::reject::{Cause, Reject};
use crate::identity::verification::decide::ReferralReason;
use crate::identity::verification::state::Verification;
use crate::identity::verification::view::View;
use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date;
use crate::wire::redress::identity::v1 as wire;

pub fn answer(answer: &Answer) -> wire::ImportRosterResponse {
    wire::ImportRosterResponse {
        import_id: answer.import.to_string(),
        durable_line: answer.durable_line,
        totals: Some(totals(answer.totals)),
        rejected: answer
            .rejected
            .iter()
            .map(|(line, reject)| rejected(*line, *reject))
            .collect(),
        done: answer.done,
    }
}

fn totals(totals: Totals) -> wire::ImportTotals {
    wire::ImportTotals {
        rows: totals.rows,
        accepted: totals.accepted,
        merged: totals.merged,
        unchanged: totals.unchanged,
        rejected: totals.rejected,
    }
}

fn rejected(line: i64, reject: Reject) -> wire::RejectedRow {
    let reason = match reject.cause {
        Cause::Missing => wire::RejectReason::Missing,
        Cause::Malformed => wire::RejectReason::Malformed,
        Cause::TooLong => wire::RejectReason::TooLong,
        Cause::UnknownEntity => wire::RejectReason::UnknownEntity,
        Cause::SsnNeverIssued => wire::RejectReason::SsnNeverIssued,
        Cause::SsnOfAnother => wire::RejectReason::SsnOfAnother,
        Cause::RefConflict => wire::RejectReason::RefConflict,
        Cause::ImplausibleDate => wire::RejectReason::ImplausibleDate,
    };
    wire::RejectedRow {
        line,
        column: reject.column.as_str().to_owned(),
        reason: reason.into(),
        way_out: reject.way_out(),
    }
}

pub fn population(population: Population) -> i32 {
    match population {
        Population::Adult => wire::Population::Adult,
        Population::Minor => wire::Population::Minor,
        Population::Deceased => wire::Population::Deceased,
    }
    .into()
}

fn channel(channel: Channel) -> i32 {
    match channel {
        Channel::Email => wire::ContactChannel::Email,
        Channel::Sms => wire::ContactChannel::Sms,
        Channel::Voice => wire::ContactChannel::Voice,
    }
    .into()
}

fn contacts(contacts: Vec<(Channel, String)>) -> Vec<wire::MaskedContact> {
    let contact = |(kind, masked)| wire::MaskedContact {
        channel: channel(kind),
        masked,
    };
    contacts.into_iter().map(contact).collect()
}

pub fn masked(masked: Masked) -> wire::MaskedIndividual {
    wire::MaskedIndividual {
        individual_id: masked.individual.to_string(),
        masked_name: masked.name,
        birth_year: masked.birth_year.map_or(0, i32::from),
        has_ssn: masked.has_ssn,
        region: masked.region,
        population: population(masked.population),
        mailable: masked.mailable,
        contacts: contacts(masked.contacts),
        covered_entity_ids: masked.entities.iter().map(ToString::to_string).collect(),
    }
}

pub fn addresses(page: Vec<Addressee>) -> wire::ExportMailingAddressesResponse {
    let address = |one: Addressee| wire::MailingAddress {
        individual_id: one.individual.to_string(),
        name: one.name.expose().clone(),
        lines: one.lines.iter().map(|line| line.expose().clone()).collect(),
        covered_entities: one.entities,
        population: population(one.population),
        locale: one.locale.as_str().to_owned(),
    };
    wire::ExportMailingAddressesResponse {
        addresses: page.into_iter().map(address).collect(),
    }
}

pub fn statistics(statistics: &Statistics) -> wire::GetRosterStatisticsResponse {
    let populations = statistics.populations.iter();
    wire::GetRosterStatisticsResponse {
        rows: statistics.rows,
        rejected: statistics.rejected,
        merged: statistics.merged,
        individuals: statistics.individuals,
        mailable: statistics.mailable,
        populations: populations
            .map(|(kind, individuals)| wire::PopulationCount {
                population: population(*kind),
                individuals: *individuals,
            })
            .collect(),
        last_import_date: statistics.last_import_at.and_then(utc_date),
        undeliverable: Some(undeliverable(String::new(), statistics.undeliverable)),
        undeliverable_by_covered_entity: statistics
            .undeliverable_by_entity
            .iter()
            .map(|(key, count)| undeliverable(key.clone(), *count))
            .collect(),
    }
}

fn undeliverable(covered_entity: String, count: Undeliverable) -> wire::UndeliverableCount {
    let notice = count.substitute_notice();
    let substitute_notice = match notice {
        SubstituteNotice::None => wire::SubstituteNotice::None,
        SubstituteNotice::OtherMeans => wire::SubstituteNotice::OtherMeans,
        SubstituteNotice::Conspicuous => wire::SubstituteNotice::Conspicuous,
    };
    wire::UndeliverableCount {
        covered_entity,
        individuals: count.individuals,
        deceased: count.deceased,
        substitute_notice: substitute_notice.into(),
        substitute_notice_text: notice.in_words().to_owned(),
    }
}

fn utc_date(at: Timestamp) -> Option<Date> {
    at.date_in(&jiff::tz::TimeZone::UTC).ok().map(date)
}

pub fn date(date: jiff::civil::Date) -> Date {
    Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

pub fn verification(view: View) -> wire::Verification {
    let state = match view.state {
        Verification::Pending => wire::VerificationState::Pending,
        Verification::ConfirmationRequired { .. } => wire::VerificationState::ConfirmationRequired,
        Verification::Verified { .. } => wire::VerificationState::Verified,
        Verification::Referred { .. } => wire::VerificationState::Referred,
        Verification::Refused { .. } => wire::VerificationState::Refused,
    };
    wire::Verification {
        verification_id: view.id.to_string(),
        enrollment_id: view.enrollment.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        contacts: contacts(view.contacts),
        expire_time: Some(view.expires_at.to_proto()),
        create_time: Some(view.created_at.to_proto()),
        waterfall: view.waterfall.0.iter().copied().map(agreement).collect(),
    }
}

fn agreement(agreement: Agreement) -> wire::FieldAgreement {
    let level = match agreement.level {
        Level::Exact => wire::AgreementLevel::Exact,
        Level::Close => wire::AgreementLevel::Close,
        Level::Nickname => wire::AgreementLevel::Nickname,
        Level::Transposed => wire::AgreementLevel::Transposed,
        Level::Missing => wire::AgreementLevel::Missing,
        Level::Different => wire::AgreementLevel::Different,
    };
    wire::FieldAgreement {
        field: agreement.field.as_str().to_owned(),
        level: level.into(),
        weight_centibits: agreement.weight,
    }
}

pub fn case(case: &Case) -> wire::Referral {
    let state = match case.state {
        Referral::Open => wire::ReferralState::Open,
        Referral::Decided(Ruling::Approved) => wire::ReferralState::Approved,
        Referral::Decided(Ruling::Denied) => wire::ReferralState::Denied,
    };
    let reason = match case.reason {
        ReferralReason::ScoreBetweenThresholds => wire::ReferralReason::ScoreBetweenThresholds,
        ReferralReason::NoContactOnRecord => wire::ReferralReason::NoContactOnRecord,
        ReferralReason::Minor => wire::ReferralReason::Minor,
    };
    wire::Referral {
        referral_id: case.id.to_string(),
        verification_id: case.verification.to_string(),
        individual_id: case.individual.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        reason: reason.into(),
        open_time: Some(case.opened_at.to_proto()),
        due_time: Some(case.due_at.to_proto()),
    }
}
