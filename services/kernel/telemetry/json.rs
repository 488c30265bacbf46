//! Log lines: one JSON object each, with the id of the trace it belongs to.

use std::fmt::{self, Debug};
use std::io;

use serde::Serializer as _;
use serde::ser::SerializeMap;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::trace::Trace;
use crate::kernel::clock::Clock;

/// Writes events as JSON lines.
pub(super) struct Lines {
    pub(super) process: &'static str,
}

/// Keeps nothing of spans: what a line should say stands in its event.
pub(super) struct NoFields;

impl FormatFields<'_> for NoFields {
    fn format_fields<R: RecordFields>(&self, _: Writer<'_>, _: R) -> fmt::Result {
        Ok(())
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        self.line(&mut writer, event).map_err(|_| fmt::Error)?;
        writeln!(writer)
    }
}

impl Lines {
    fn line(&self, writer: &mut Writer<'_>, event: &Event<'_>) -> serde_json::Result<()> {
        let meta = event.metadata();
        let mut serializer = serde_json::Serializer::new(Bytes(writer));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &Clock::system().now())?;
        map.serialize_entry("level", meta.level().as_str())?;
        map.serialize_entry("process", self.process)?;
        map.serialize_entry("target", meta.target())?;
        let mut fields = Fields {
            map,
            traced: false,
            result: Ok(()),
        };
        event.record(&mut fields);
        fields.result?;
        let Fields {
            mut map, traced, ..
        } = fields;
        if !traced && let Some(trace) = Trace::current() {
            map.serialize_entry("trace_id", &trace.trace_id())?;
        }
        map.end()
    }
}

/// Lets JSON, which is bytes, go to a writer of text. The serializer only writes whole UTF-8.
struct Bytes<'a, 'b>(&'a mut Writer<'b>);

impl io::Write for Bytes<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Fields<M: SerializeMap> {
    map: M,
    traced: bool,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn entry<V: serde::Serialize + ?Sized>(&mut self, field: &Field, value: &V) {
        self.traced |= field.name() == "trace_id";
        if self.result.is_ok() {
            self.result = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.entry(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.entry(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.entry(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.entry(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.entry(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.entry(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::telemetry::kept::{Kept, keep};
    use tracing_subscriber::layer::SubscriberExt;

    fn logged(work: impl FnOnce()) -> Vec<serde_json::Value> {
        let kept = Kept::default();
        let to = kept.clone();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Lines { process: "test" })
            .fmt_fields(NoFields)
            .with_writer(move || to.clone());
        let guard = keep(tracing_subscriber::registry().with(layer));
        work();
        drop(guard);
        let text = kept.text();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_one_json_object_with_its_trace() {
        let trace = Trace::root();
        let lines = logged(|| {
            trace.enter(|| tracing::info!(count = 3, name = "a\"b\n", "done {}", 1));
            tracing::warn!(trace_id = "own", ok = true, "x");
        });
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "done 1");
        assert_eq!(lines[0]["count"], 3);
        assert_eq!(lines[0]["name"], "a\"b\n");
        assert_eq!(lines[0]["process"], "test");
        assert_eq!(lines[0]["trace_id"], trace.trace_id());
        assert_eq!(lines[1]["level"], "WARN");
        assert_eq!(lines[1]["trace_id"], "own");
    }
}
