//! What happened: a hash of it always; the records themselves if somebody wants to read them.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::HostId;
use crate::decider::mix;

/// What happens to a task, or around it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    Spawn {
        task: u64,
        parent: Option<u64>,
        name: Option<&'a str>,
        location: &'static Location<'static>,
        blocking: bool,
    },
    /// 0 is the root.
    Poll {
        task: u64,
    },
    End {
        task: u64,
    },
    /// Whatever a part of the simulation has to tell.
    Note(&'a str),
}

/// One line of a trace.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) at: Duration,
    pub(crate) host: HostId,
    pub(crate) what: Kept,
}

/// An [`Event`] that owns what it says.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Spawn { task: u64, parent: Option<u64>, what: String },
    Poll { task: u64 },
    End { task: u64 },
    Note(String),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Spawn { task, parent: Some(parent), what } => write!(f, "task {task} {what}, by task {parent}"),
            Kept::Spawn { task, parent: None, what } => write!(f, "task {task} {what}"),
            Kept::Poll { task: 0 } => f.write_str("the root is polled"),
            Kept::Poll { task } => write!(f, "task {task} is polled"),
            Kept::End { task } => write!(f, "task {task} is gone"),
            Kept::Note(text) => f.write_str(text),
        }
    }
}

/// The trace of a run.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: Hash,
    // `None`: nobody wants to read it.
    records: Option<Vec<Record>>,
}

impl Trace {
    pub(crate) fn record(&mut self, at: Duration, host: HostId, event: Event<'_>) {
        self.hash.number(at.as_nanos() as u64);
        self.hash.number(u64::from(host.0) << 32 | event.kind());
        match event {
            Event::Spawn { task, name, location, .. } => {
                self.hash.number(task);
                self.hash.text(name.unwrap_or_default());
                self.hash.number(u64::from(location.line()) << 32 | u64::from(location.column()));
            }
            Event::Poll { task } | Event::End { task } => self.hash.number(task),
            Event::Note(text) => self.hash.text(text),
        }
        if let Some(records) = &mut self.records {
            records.push(Record { at, host, what: event.keep() });
        }
    }

    pub(crate) fn keep_records(&mut self) {
        self.records.get_or_insert_with(Vec::new);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.0
    }

    pub(crate) fn records(&self) -> &[Record] {
        self.records.as_deref().unwrap_or_default()
    }
}

impl Event<'_> {
    fn kind(self) -> u64 {
        match self {
            Event::Spawn { .. } => 1,
            Event::Poll { .. } => 2,
            Event::End { .. } => 3,
            Event::Note(_) => 4,
        }
    }

    fn keep(self) -> Kept {
        match self {
            Event::Spawn { task, parent, name, location, blocking } => {
                let verb = if blocking { "is to block" } else { "is spawned" };
                let what = match name {
                    Some(name) => format!("{name:?} {verb} at {location}"),
                    None => format!("{verb} at {location}"),
                };
                Kept::Spawn { task, parent, what }
            }
            Event::Poll { task } => Kept::Poll { task },
            Event::End { task } => Kept::End { task },
            Event::Note(text) => Kept::Note(text.to_owned()),
        }
    }
}

/// A hash over all that happened, in order. It has no address, no wall clock, and no number of the process in it.
#[derive(Clone, Copy, Debug, Default)]
struct Hash(u64);

impl Hash {
    fn number(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(23).wrapping_add(1) ^ number);
    }

    fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(bytes));
        }
        self.number(text.len() as u64);
    }
}
