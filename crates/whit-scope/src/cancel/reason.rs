//! Why something was cancelled.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;

/// A scope was cancelled before the future in it was ready. Says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancelled {
    reason: Reason,
}

/// Why a scope was cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its deadline, or that of a scope around it, passed.
    Deadline,
    /// Somebody called `cancel`.
    Explicit {
        /// What they said.
        text: Arc<str>,
        /// The line that called.
        location: &'static Location<'static>,
    },
    /// A child of the group failed or panicked, or its body did.
    Failed {
        /// The line that spawned the child; `None` if it was the body.
        spawned: Option<&'static Location<'static>>,
    },
    /// The group has what it wanted: its first `Ok`.
    Won {
        /// The line that spawned the winner.
        spawned: &'static Location<'static>,
    },
    /// The future of the group was dropped.
    Dropped,
    /// The program was [interrupted](crate::interrupt), by Ctrl-C for example.
    Interrupted,
    /// The group had ended when the child was spawned, or the executor has.
    Ended,
}

impl Cancelled {
    pub(crate) fn new(reason: Reason) -> Cancelled {
        Cancelled { reason }
    }

    pub(crate) fn explicit(text: &str, location: &'static Location<'static>) -> Cancelled {
        Cancelled::new(Reason::Explicit { text: text.into(), location })
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether a deadline was the reason.
    pub fn is_deadline(&self) -> bool {
        self.reason == Reason::Deadline
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Deadline => f.write_str("cancelled: the deadline of its scope passed"),
            Reason::Explicit { text, location } => write!(f, "cancelled by {location}: {text}"),
            Reason::Failed { spawned: Some(line) } => {
                write!(f, "cancelled: a child of its group, spawned at {line}, failed")
            }
            Reason::Failed { spawned: None } => f.write_str("cancelled: the body of its group failed"),
            Reason::Won { spawned } => write!(f, "cancelled: a child of its group, spawned at {spawned}, won"),
            Reason::Interrupted => f.write_str("cancelled: the program was interrupted"),
            Reason::Dropped => f.write_str("cancelled: its group was dropped"),
            Reason::Ended => f.write_str("cancelled: its group or its executor had ended"),
        }
    }
}

impl Error for Cancelled {}

/// A passed deadline is `TimedOut`; any other reason is `Other`, since `Interrupted` would have callers try again.
impl From<Cancelled> for io::Error {
    fn from(cancelled: Cancelled) -> io::Error {
        let kind = if cancelled.is_deadline() { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
        io::Error::new(kind, cancelled)
    }
}
