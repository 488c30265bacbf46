//! When an enrollment was active, as SQL over what this process may read.
//!
//! The handoff itself has only its newest state. When a coverage began, and the last day of its term, stands in `coverage`, which the
//! process `enrollment-codes` writes; an outcome that it has not applied yet stands in `outcome` and counts already. It ended at the first
//! of these: its cancellation was ordered, the coverage was ended or canceled here, the partner saw it end by its own account.
//!
//! What no table keeps is not considered: a pause that is over, and a coverage that ran before a correction took that back.

use sea_orm::DbBackend;

/// Stands for an end that has not come.
pub const NEVER: i64 = i64::MAX;

/// Writes the query for all orders of a campaign at a partner, with when each was active: `id`, `partner_reference`, `product_code`,
/// `activated_at`, `ended_at` ([`NEVER`] where it goes on), `term_ends_on`, `suspended_at`, `is_canceled`. `$1` campaign, `$3` partner.
pub fn orders(backend: DbBackend) -> String {
    let least = match backend {
        DbBackend::Postgres => "LEAST",
        _ => "min",
    };
    format!(
        "SELECT h.id, h.partner_reference, h.product_code, \
         CASE WHEN h.state IN ('REFUSED', 'ACTION_REQUIRED') THEN NULL \
         WHEN c.state IN ('ACTIVE', 'SUSPENDED', 'ENDED', 'CANCEL_PENDING', 'CANCELED') THEN COALESCE(c.activated_at, o.activated_at) \
         ELSE o.activated_at END AS activated_at, \
         {least}(COALESCE(x.created_at, {NEVER}), \
         CASE WHEN c.state IN ('ENDED', 'CANCELED') THEN c.settled_at ELSE {NEVER} END, \
         CASE WHEN h.state IN ('ENDED', 'CANCELED') THEN COALESCE(h.reported_at, h.settled_at) ELSE {NEVER} END) AS ended_at, \
         c.term_ends_on, \
         CASE WHEN h.state = 'SUSPENDED' THEN COALESCE(c.suspended_at, o.suspended_at, h.settled_at) END AS suspended_at, \
         x.id IS NOT NULL OR h.state = 'CANCELED' AS is_canceled \
         FROM handoff h \
         LEFT JOIN coverage c ON c.campaign_id = $1 AND c.id = h.coverage_id \
         LEFT JOIN handoff x ON x.campaign_id = $1 AND x.coverage_id = h.coverage_id AND x.kind = 'CANCEL' \
         LEFT JOIN (SELECT handoff_id, min(CASE WHEN result = 'ACTIVE' THEN effective_at END) AS activated_at, \
         max(CASE WHEN result = 'SUSPENDED' THEN effective_at END) AS suspended_at \
         FROM outcome WHERE campaign_id = $1 GROUP BY handoff_id) o ON o.handoff_id = h.id \
         WHERE h.campaign_id = $1 AND h.partner_id = $3 AND h.kind = 'ENROLL'"
    )
}

/// Gives why an order `s` of [`orders`] was active on no day of a period, and NULL where it was. `$4` the period's first instant, `$5` the
/// first one after it, `$6` its first day.
pub const WHY_NOT: &str = "CASE WHEN s.activated_at IS NULL OR s.ended_at <= s.activated_at THEN 'NEVER_ACTIVE' \
    WHEN s.activated_at >= $5 THEN 'ACTIVATED_AFTER' \
    WHEN s.ended_at <= $4 AND s.is_canceled THEN 'CANCELED_BEFORE' \
    WHEN s.ended_at <= $4 OR s.term_ends_on < $6 THEN 'ENDED_BEFORE' \
    WHEN s.suspended_at <= $4 THEN 'SUSPENDED' END";
