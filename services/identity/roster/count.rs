//! The stored totals of an import: each line of the file counts once, however often it is sent. Pure.

use crate::db::entities::roster_import::{Model, State};
use crate::kernel::clock::Timestamp;

use super::plan::Outcome;
use super::warning::{Warning, What};

/// The line of the header. An import whose durable line this is has no row that counts.
pub const HEADER: i64 = 1;

/// What is counted of a row that is taken, beside its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// Whether there is a warning.
    pub is_warned: bool,
    /// Whether no letter can be sent to its address.
    pub is_unmailable: bool,
}

impl Notices {
    /// Sums up warnings.
    pub fn of(warnings: &[Warning]) -> Self {
        let is_unmailable = |warning: &Warning| warning.what == What::Undeliverable;
        Self {
            is_warned: !warnings.is_empty(),
            is_unmailable: warnings.iter().any(is_unmailable),
        }
    }
}

/// Counts the rows of a batch, which are durable with the same commit.
///
/// A line that was counted before counts again only where its row was rejected then and is taken now.
pub fn count<'r>(import: &mut Model, rows: impl Iterator<Item = (i64, &'r Outcome, Notices)>) {
    if import.durable_line <= HEADER {
        (import.rows, import.rejected) = (0, 0);
        (import.warned, import.unmailable) = (0, 0);
    }
    for (line, outcome, notices) in rows {
        let first_seen = line > import.durable_line;
        if first_seen {
            import.durable_line = line;
            import.rows += 1;
            if !matches!(outcome, Outcome::Rejected(_)) {
                import.warned += i64::from(notices.is_warned);
                import.unmailable += i64::from(notices.is_unmailable);
            }
        }
        match outcome {
            Outcome::Accepted => import.accepted += 1,
            Outcome::Doubtful(..) => {
                import.accepted += 1;
                import.for_review += 1;
            }
            Outcome::Merged(_) => import.merged += 1,
            Outcome::Corrected => import.corrected += 1,
            Outcome::Rejected(_) if first_seen => import.rejected += 1,
            Outcome::Unchanged | Outcome::Rejected(_) => continue,
        }
        if !first_seen {
            import.rejected = (import.rejected - 1).max(0);
        }
    }
    import.unchanged = unchanged(import);
}

/// Closes an import whose every row was seen. If the file has another number of rows it begins again at the first line, unless it
/// was closed before; tells whether it is closed.
pub fn finish(import: &mut Model, rows: i64, now: Timestamp) -> bool {
    let complete = import.rows == rows;
    if complete {
        import.state = State::Done;
        import.finished_at = import.finished_at.or(Some(now));
    } else if import.state == State::Running {
        import.durable_line = HEADER;
    }
    complete
}

fn unchanged(import: &Model) -> i64 {
    // After a new beginning what was taken before is counted already, and its rows are not.
    (import.rows - import.rejected - import.accepted - import.merged - import.corrected).max(0)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::identity::roster::reject::{Cause, Column, Reject};
    use crate::kernel::ids::{CampaignId, ImportId, IndividualId};

    const REJECTED: Outcome = Outcome::Rejected(Reject::new(Column::Ssn, Cause::Malformed));

    fn import() -> Model {
        Model {
            campaign_id: CampaignId::from_uuid(Uuid::nil()),
            id: ImportId::from_uuid(Uuid::nil()),
            file_sha256: String::new(),
            rows: 0,
            accepted: 0,
            merged: 0,
            unchanged: 0,
            rejected: 0,
            corrected: 0,
            warned: 0,
            unmailable: 0,
            state: State::Running,
            started_at: Timestamp::EPOCH,
            finished_at: None,
            durable_line: HEADER,
            complete: false,
            for_review: 0,
        }
    }

    fn totals(import: &Model) -> [i64; 5] {
        let Model {
            rows,
            accepted,
            merged,
            unchanged,
            rejected,
            ..
        } = *import;
        [rows, accepted, merged, unchanged, rejected]
    }

    fn plain<const N: usize>(
        rows: [(i64, &Outcome); N],
    ) -> impl Iterator<Item = (i64, &Outcome, Notices)> {
        let rows = rows.into_iter();
        rows.map(|(line, outcome)| (line, outcome, Notices::default()))
    }

    #[test]
    fn a_line_counts_once_however_often_it_is_sent() {
        use Outcome::{Accepted, Unchanged};
        let merged = Outcome::Merged(IndividualId::from_uuid(Uuid::nil()));
        let mut import = import();
        count(
            &mut import,
            plain([(2, &Accepted), (3, &REJECTED), (5, &merged)]),
        );
        assert_eq!((totals(&import), import.durable_line), ([3, 1, 1, 0, 1], 5));
        count(
            &mut import,
            plain([
                (2, &Unchanged),
                (3, &REJECTED),
                (5, &Unchanged),
                (6, &Unchanged),
            ]),
        );
        assert_eq!((totals(&import), import.durable_line), ([4, 1, 1, 1, 1], 6));
        count(&mut import, plain([(3, &Accepted)]));
        assert_eq!(totals(&import), [4, 2, 1, 1, 0]);
    }

    #[test]
    fn a_file_of_another_length_is_counted_anew() {
        let mut import = import();
        count(
            &mut import,
            plain([(2, &Outcome::Accepted), (9, &REJECTED)]),
        );
        assert!(!finish(&mut import, 8, Timestamp::EPOCH));
        assert_eq!(
            (import.state, import.durable_line),
            (State::Running, HEADER)
        );
        let again = [
            (2, &Outcome::Unchanged),
            (3, &Outcome::Accepted),
            (9, &REJECTED),
        ];
        count(&mut import, plain(again));
        assert_eq!(totals(&import), [3, 2, 0, 0, 1]);
        assert!(finish(&mut import, 3, Timestamp::EPOCH));
        assert!(!finish(&mut import, 7, Timestamp::EPOCH));
        assert_eq!((import.state, import.durable_line), (State::Done, 9));
    }

    #[test]
    fn warnings_count_once_a_line_and_not_where_a_row_is_rejected() {
        let mut import = import();
        let warned = Notices {
            is_warned: true,
            is_unmailable: true,
        };
        let rows = [
            (2, &Outcome::Accepted, warned),
            (3, &REJECTED, warned),
            (4, &Outcome::Accepted, Notices::default()),
        ];
        for _again in 0..2 {
            count(&mut import, rows.into_iter());
            assert_eq!((import.warned, import.unmailable), (1, 1));
        }
    }
}
