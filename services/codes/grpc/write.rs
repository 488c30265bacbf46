//! From what commands give to the wire.

use jiff::civil;

use crate::codes::batch::approval;
use crate::codes::campaign::store::Campaign;
use crate::codes::code::uniformity::Figures;
use crate::codes::enrollment::next_step;
use crate::codes::enrollment::state::Kind;
use crate::codes::enrollment::store::Enrollment;
use crate::codes::wave;
use crate::codes::wave::create::Wave;
use crate::db::entities::{code_batch, export_approval};
use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date;
use crate::wire::redress::enrollment::v1 as wire;

/// Writes a campaign.
pub fn campaign(campaign: Campaign) -> wire::Campaign {
    let Campaign {
        row,
        entities,
        products,
    } = campaign;
    let state = if row.state == "OPEN" {
        wire::CampaignState::Open
    } else {
        wire::CampaignState::Closed
    };
    wire::Campaign {
        campaign_id: row.id.to_string(),
        engagement_number: row.engagement_number,
        name: row.name,
        state: state.into(),
        breach_date: date(Some(&row.breach_on)),
        discovery_date: date(Some(&row.discovered_on)),
        enroll_by_date: date(Some(&row.enroll_by)),
        time_zone: row.zone,
        term_months: row.term_months,
        covered_entities: entities
            .into_iter()
            .map(|entity| wire::CoveredEntity {
                covered_entity_id: entity.id.to_string(),
                key: entity.entity_key,
                name: entity.name,
            })
            .collect(),
        products: products
            .into_iter()
            .map(|product| wire::Product {
                population: product.population,
                product_code: product.code,
                partner_id: product.partner_id.to_string(),
            })
            .collect(),
        letter_url: row.letter_url,
        letter_phone: row.letter_phone,
        consent_version: row.consent_version,
        consent_text: row.consent_text,
        verification_policy: policy(&row.policy),
        create_time: time(Some(row.created_at)),
        grace_days: Some(row.grace_days),
        locale: row.locale,
        two_operators: row.two_operators,
    }
}

fn policy(json: &str) -> Option<wire::VerificationPolicy> {
    let policy: serde_json::Value = serde_json::from_str(json).ok()?;
    let field = |name: &str| i32::try_from(policy.get(name)?.as_i64()?).ok();
    Some(wire::VerificationPolicy {
        accept_centibits: field("accept_centibits")?,
        refer_centibits: field("refer_centibits")?,
    })
}

/// Writes a wave.
pub fn wave(wave: &Wave) -> wire::Wave {
    let row = &wave.row;
    let kind = match wave::state::Kind::parse(&row.kind) {
        Ok(wave::state::Kind::Planned) => wire::WaveKind::Planned,
        Ok(wave::state::Kind::Automatic) => wire::WaveKind::Automatic,
        Ok(wave::state::Kind::Reissue) => wire::WaveKind::Reissue,
        Err(_) => wire::WaveKind::Unspecified,
    };
    let list = |json: &str| serde_json::from_str(json).unwrap_or_default();
    wire::Wave {
        wave_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        name: row.name.clone(),
        kind: kind.into(),
        covered_entities: wave.entities.clone(),
        regions: list(&row.regions),
        populations: list(&row.populations),
        members: row.members,
        enroll_by_date: date(Some(&row.enroll_by)),
        mailing_date: date(row.mailed_on.as_deref()),
        create_time: time(Some(row.created_at)),
    }
}

/// Writes a batch.
pub fn batch(batch: &code_batch::Model) -> wire::CodeBatch {
    let state = if batch.wrapped_secret.is_some() {
        wire::BatchState::Open
    } else {
        wire::BatchState::Sealed
    };
    wire::CodeBatch {
        batch_id: batch.id.to_string(),
        campaign_id: batch.campaign_id.to_string(),
        state: state.into(),
        codes: batch.codes,
        create_time: time(Some(batch.created_at)),
        seal_time: time(batch.sealed_at),
        wave_id: batch.wave_id.to_string(),
        complete_time: time(batch.completed_at),
        uniformity: uniformity(batch),
        first_export_time: time(batch.first_exported_at),
        withheld: batch.withheld,
    }
}

/// Reads the figures of a batch's self-test, which are there once it is complete.
fn uniformity(batch: &code_batch::Model) -> Option<wire::Uniformity> {
    batch.completed_at?;
    let figures: Figures = serde_json::from_str(batch.uniformity.as_ref()?).ok()?;
    Some(wire::Uniformity {
        codes: i64::try_from(figures.codes).unwrap_or(i64::MAX),
        collisions: i64::try_from(figures.collisions).unwrap_or(i64::MAX),
        passed: figures.pass(),
        chi_square: figures.chi_square,
    })
}

/// Writes an export approval as it stands now.
pub fn export_approval(row: &export_approval::Model, now: Timestamp) -> wire::ExportApproval {
    let state = match approval::State::at(now, row.approved_at, row.expires_at) {
        approval::State::Requested => wire::ExportApprovalState::Requested,
        approval::State::Approved => wire::ExportApprovalState::Approved,
        approval::State::Expired => wire::ExportApprovalState::Expired,
    };
    wire::ExportApproval {
        export_approval_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        batch_id: row.batch_id.to_string(),
        state: state.into(),
        requester: row.requested_by.clone(),
        request_time: time(Some(row.requested_at)),
        approver: row.approved_by.clone().unwrap_or_default(),
        approve_time: time(row.approved_at),
        expire_time: time(Some(row.expires_at)),
    }
}

/// Writes an enrollment.
pub fn enrollment(enrollment: &Enrollment) -> wire::Enrollment {
    let state =
        Kind::parse(&enrollment.state).map_or(wire::EnrollmentState::Unspecified, wire_state);
    let live = !matches!(
        state,
        wire::EnrollmentState::Canceled | wire::EnrollmentState::Ended
    );
    let step = if live {
        next_step::words(enrollment.outcome_class.as_deref())
    } else {
        ""
    };
    wire::Enrollment {
        enrollment_id: enrollment.id.to_string(),
        campaign_id: enrollment.campaign_id.to_string(),
        state: state.into(),
        create_time: time(Some(enrollment.started_at)),
        submit_time: time(enrollment.submitted_at),
        activate_time: time(enrollment.activated_at),
        term_end_date: date(enrollment.term_ends_on.as_deref()),
        outcome_class: enrollment.outcome_class.clone().unwrap_or_default(),
        next_step: step.to_owned(),
        handoff_id: enrollment
            .handoff_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
    }
}

fn wire_state(kind: Kind) -> wire::EnrollmentState {
    match kind {
        Kind::Started => wire::EnrollmentState::Started,
        Kind::Verified => wire::EnrollmentState::Verified,
        Kind::Submitted => wire::EnrollmentState::Submitted,
        Kind::Active => wire::EnrollmentState::Active,
        Kind::ActionRequired => wire::EnrollmentState::ActionRequired,
        Kind::Refused => wire::EnrollmentState::Refused,
        Kind::Ended => wire::EnrollmentState::Ended,
        Kind::Canceled => wire::EnrollmentState::Canceled,
    }
}

/// Which enrollments a list shows.
pub enum Filter {
    /// All of them.
    All,
    /// Those in one state.
    Only(Kind),
}

impl Filter {
    /// Reads the filter of a request; `None` where the number is no state.
    pub fn read(number: i32) -> Option<Self> {
        match wire::EnrollmentState::try_from(number).ok()? {
            wire::EnrollmentState::Unspecified => Some(Self::All),
            state => {
                let kind = Kind::ALL.iter().find(|kind| wire_state(**kind) == state);
                kind.copied().map(Self::Only)
            }
        }
    }

    /// Gives the one state, if there is one.
    pub fn state(&self) -> Option<Kind> {
        match self {
            Self::All => None,
            Self::Only(kind) => Some(*kind),
        }
    }
}

/// Writes an instant.
pub fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(Timestamp::to_proto)
}

/// Writes a civil date.
pub fn date(text: Option<&str>) -> Option<Date> {
    Some(civil_date(text?.parse().ok()?))
}

/// Writes a civil date.
pub fn civil_date(day: civil::Date) -> Date {
    Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    }
}
