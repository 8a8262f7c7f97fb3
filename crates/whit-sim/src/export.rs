//! A kept trace as text, and as what Chrome and Perfetto open.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::sim::Ended;
use crate::trace::Kept;

impl<T> Ended<T> {
    /// What happened, a line for each event: time, host, event. Empty unless [`Sim::keep_trace`](crate::Sim::keep_trace) was asked.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let width = self.hosts.iter().map(|name| name.len()).max().unwrap_or(0);
        for record in &self.records {
            let (host, what) = (&self.hosts[record.host.0 as usize], &record.what);
            let _ = writeln!(text, "{:>16} {host:width$} {what}", seconds(record.at));
        }
        text
    }

    /// The first line in which two traces differ, of both: where a program begins to depend on something that the simulation does
    /// not know of. An empty one is that of a trace which has ended. Both runs must have kept their traces.
    pub fn first_difference<U>(&self, other: &Ended<U>) -> Option<(String, String)> {
        let (ours, theirs) = (self.text(), other.text());
        let (mut ours, mut theirs) = (ours.lines(), theirs.lines());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return None,
                (our, their) if our == their => {}
                (our, their) => {
                    return Some((our.unwrap_or_default().to_owned(), their.unwrap_or_default().to_owned()));
                }
            }
        }
    }

    /// What happened, in the trace event format: open it at `ui.perfetto.dev` or `chrome://tracing`. A process for each host, a
    /// thread for each task, whose life is a bar.
    pub fn chrome(&self) -> String {
        let mut events = Vec::new();
        for (host, name) in self.hosts.iter().enumerate() {
            events.push(format!(
                r#"{{"ph":"M","name":"process_name","pid":{host},"tid":0,"args":{{"name":{}}}}}"#,
                quoted(name)
            ));
        }
        let mut alive = BTreeMap::new();
        for record in &self.records {
            let (host, at) = (record.host.0, micros(record.at));
            match &record.what {
                Kept::Spawn { task, what, .. } => {
                    alive.insert(*task, (host, record.at));
                    let name = quoted(&format!("task {task} {what}"));
                    events.push(format!(
                        r#"{{"ph":"M","name":"thread_name","pid":{host},"tid":{task},"args":{{"name":{name}}}}}"#
                    ));
                }
                Kept::Poll { task } => {
                    events.push(format!(r#"{{"ph":"i","s":"t","name":"poll","pid":{host},"tid":{task},"ts":{at}}}"#));
                }
                Kept::End { task } => {
                    if let Some((host, from)) = alive.remove(task) {
                        events.push(life(host, *task, from, record.at));
                    }
                }
                Kept::Note(text) => {
                    let name = quoted(text);
                    events.push(format!(r#"{{"ph":"i","s":"p","name":{name},"pid":{host},"tid":0,"ts":{at}}}"#));
                }
            }
        }
        events.extend(alive.into_iter().map(|(task, (host, from))| life(host, task, from, self.time)));
        format!("{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{}\n]}}\n", events.join(",\n"))
    }
}

fn life(host: u32, task: u64, from: Duration, to: Duration) -> String {
    let (at, length) = (micros(from), micros(to.saturating_sub(from)));
    format!(r#"{{"ph":"X","name":"task {task}","pid":{host},"tid":{task},"ts":{at},"dur":{length}}}"#)
}

/// In seconds, to the nanosecond.
fn seconds(at: Duration) -> String {
    format!("{}.{:09}", at.as_secs(), at.subsec_nanos())
}

/// In microseconds, to the nanosecond, as the format wants it.
fn micros(at: Duration) -> String {
    format!("{}.{:03}", at.as_micros(), at.subsec_nanos() % 1000)
}

/// As a string of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_times() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
        assert_eq!(micros(Duration::new(2, 1_000_005)), "2001000.005");
        assert_eq!(seconds(Duration::new(2, 1_000_005)), "2.001000005");
    }
}
