//! An import that stores nothing (AIP-163): each row is parsed and judged by itself, and answered as an import would answer it.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use crate::identity::error::Error;
use crate::process;

use super::answer::{Answer, Finished, Totals};
use super::batch::{Part, last_line};
use super::count;
use super::row::{RawRow, Rules, parse_row};

/// Judges rows until their parts end.
pub async fn validate<P>(
    rules: Rules,
    mut parts: P,
    answers: &mpsc::Sender<Result<Answer, Error>>,
) -> Result<(), Error>
where
    P: Stream<Item = Result<Part, Error>> + Send + Unpin,
{
    let rules = Arc::new(rules);
    let mut said = Answer {
        import: None,
        durable_line: count::HEADER,
        totals: Totals::default(),
        rejected: Vec::new(),
        warnings: Vec::new(),
        matched: Vec::new(),
        finished: None,
    };
    if answers.send(Ok(said.clone())).await.is_err() {
        return Ok(());
    }
    while let Some(part) = parts.next().await {
        match part? {
            Part::Header(_) => {
                return Err(Error::field(
                    "header",
                    "must come once, as the first message",
                ));
            }
            Part::Chunk(rows) => {
                let line = last_line(&rows, said.durable_line)?;
                let (totals, rules) = (said.totals, Arc::clone(&rules));
                let judged =
                    tokio::task::spawn_blocking(move || judge(&rows, &rules, totals, line)).await;
                said = judged.map_err(|_| process::Error::ShuttingDown)?;
            }
            Part::End { rows } if rows != said.totals.rows => {
                return Err(Error::field(
                    "end.rows",
                    "must be the number of rows in the file",
                ));
            }
            Part::End { .. } => {
                said.rejected.clear();
                said.warnings.clear();
                said.finished = Some(Finished::Judged);
            }
        }
        let is_last = said.finished.is_some();
        if answers.send(Ok(said.clone())).await.is_err() || is_last {
            break;
        }
    }
    Ok(())
}

fn judge(rows: &[RawRow], rules: &Rules, mut totals: Totals, line: i64) -> Answer {
    let (mut rejected, mut warnings) = (Vec::new(), Vec::new());
    for row in rows {
        totals.rows += 1;
        match parse_row(&row.columns, rules) {
            Ok(read) => {
                totals.accepted += 1;
                totals.notice(&read.warnings);
                warnings.extend(read.warnings.into_iter().map(|warning| (row.line, warning)));
            }
            Err(reject) => {
                totals.rejected += 1;
                rejected.push((row.line, reject));
            }
        }
    }
    Answer {
        import: None,
        durable_line: line,
        totals,
        rejected,
        warnings,
        matched: Vec::new(),
        finished: None,
    }
}
