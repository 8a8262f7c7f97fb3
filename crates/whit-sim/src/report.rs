//! Why a run failed, in sentences.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Write};
use std::panic::Location;
use std::time::Duration;

use crate::HostId;
use crate::decider::Tape;
use crate::room::Known;
use crate::site::Site;

/// Why the engine stopped before the root was ready.
pub(crate) enum Why {
    /// Of the root.
    Panic(Box<dyn Any + Send>),
    /// Of a task that nobody awaits.
    Unhandled(String),
    Deadlock(String),
    Steps(u64, String),
    Time(Duration, String),
    Stray,
}

/// A run that failed: why, and how to see it again.
///
/// Its text is what [`Sim::run`](crate::Sim::run) prints.
pub struct Failure {
    pub(crate) why: Why,
    pub(crate) seed: Option<u64>,
    pub(crate) tape: Tape,
    pub(crate) time: Duration,
    pub(crate) steps: u64,
}

impl Failure {
    /// The seed of the run, unless it was run from a tape.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Every choice of the run: [`Sim::from_tape`](crate::Sim::from_tape) repeats it.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The virtual time of the failure, since the start.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// How many polls and events came before.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The message of the panic, or the report: without seed, time and steps.
    pub fn message(&self) -> String {
        self.why.to_string()
    }

    /// The panic goes on here, or the report becomes one.
    pub(crate) fn resume(self) -> ! {
        match self.why {
            Why::Panic(payload) => std::panic::resume_unwind(payload),
            why => panic!("{why}"),
        }
    }

    /// What two runs must have in common to have failed alike: the kind, and the message without its numbers.
    pub(crate) fn likeness(&self) -> String {
        let kind = match &self.why {
            Why::Panic(_) => "panic",
            Why::Unhandled(_) => "unhandled",
            // Who waits for what may differ as the run gets shorter.
            Why::Deadlock(_) => return "deadlock".to_owned(),
            Why::Steps(..) => return "steps".to_owned(),
            Why::Time(..) => return "time".to_owned(),
            Why::Stray => return "stray".to_owned(),
        };
        let message = self.message();
        let words: String = message.chars().filter(|character| !character.is_ascii_digit()).collect();
        format!("{kind}: {words}")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the simulation failed after {} steps, at {:?} of virtual time: {}", self.steps, self.time, self.why)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("seed", &self.seed)
            .field("steps", &self.steps)
            .field("time", &self.time)
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

impl Error for Failure {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Panic(payload) => f.write_str(message(&**payload)),
            Why::Unhandled(text) => f.write_str(text),
            Why::Deadlock(waiting) => {
                write!(f, "every task waits, and nothing is left that could wake one: no timer is set, nothing is on its way\n{waiting}")
            }
            Why::Steps(limit, waiting) => write!(
                f,
                "it did not end within {limit} steps: make the root return, or raise the limit with `max_steps`\n{waiting}"
            ),
            Why::Time(limit, waiting) => write!(
                f,
                "it did not end within {limit:?} of virtual time: make the root return, or raise the limit with `max_time`\n{waiting}"
            ),
            Why::Stray => f.write_str(
                "a task was woken or spawned by a thread outside the simulation, at a time that no seed can repeat: use \
                 `whit::unblock` for what blocks, and keep threads out of what is simulated",
            ),
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(|text| &**text));
    text.unwrap_or("a panic with a payload that is not text")
}

/// More tasks than this are only counted.
const SHOWN: usize = 100;

/// Every task that has not ended, host by host, each below the one that spawned it.
pub(crate) fn waiting(site: &Site, started: &'static Location<'static>) -> String {
    let names = site.names();
    let mut text = format!("  the root, started at {started}\n");
    let mut left = SHOWN;
    site.room.look(|all| {
        for (host, name) in names.iter().enumerate() {
            let host = HostId(host as u32);
            let on_host: Vec<_> = all.iter().copied().filter(|known| known.host == host).collect();
            if on_host.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  on host {name:?}:");
            let is_top = |known: &Known| !on_host.iter().any(|other| Some(other.number) == known.parent);
            for known in on_host.iter().filter(|known| is_top(known)) {
                branch(&mut text, &on_host, known, 2, &mut left);
            }
        }
        if all.len() > SHOWN {
            let _ = writeln!(text, "  and {} more", all.len() - SHOWN);
        }
    });
    let sockets = site.fabric.netstat();
    if !sockets.is_empty() {
        text.push_str("  sockets\n");
        sockets.lines().for_each(|line| {
            let _ = writeln!(text, "  {line}");
        });
    }
    text.truncate(text.trim_end().len());
    text
}

fn branch(text: &mut String, all: &[&Known], known: &Known, depth: usize, left: &mut usize) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let name = known.name.as_ref().map(|name| format!("{name:?}, ")).unwrap_or_default();
    let what = if known.blocking { "closure that may block" } else { "task" };
    let _ = write!(text, "{:1$}{what} {2} ({name}spawned at {3})", "", depth * 2, known.number, known.location);
    let _ = match known.since {
        Some(since) => writeln!(text, ", polled last at {since:?}"),
        None => writeln!(text, ", never polled"),
    };
    // Deep chains of spawning do not walk off the page.
    let deeper = (depth + 1).min(12);
    for child in all.iter().filter(|child| child.parent == Some(known.number)) {
        branch(text, all, child, deeper, left);
    }
}
