//! `BlockedPoll`: the report.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use whit_core::TaskId;

/// A poll that has lasted longer than it should.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlockedPoll {
    /// The name of the worker's thread.
    pub worker: Box<str>,
    /// The kernel's number of that thread, on Linux.
    pub thread: Option<u32>,
    /// The task, or `None` for the root future.
    pub task: Option<TaskId>,
    /// The task's name, if it has one.
    pub name: Option<Box<str>>,
    /// The line that spawned the task, or started the root.
    pub location: &'static Location<'static>,
    /// How long the poll has lasted, at least.
    pub lasted: Duration,
    /// What the thread does, on Linux: `runs`, or `sleeps in the system (hrtimer_nanosleep)`, with the function of the kernel.
    pub doing: Option<Box<str>>,
    /// Where the poll is stuck, a call a line, innermost first, if the watch was told how to find [stacks](crate::Watch::stacks).
    pub stack: Option<StackTrace>,
}

/// The stack of a thread: something that can be written out, which may take its time. Cheap to clone.
#[derive(Clone)]
pub struct StackTrace(Arc<dyn fmt::Display + Send + Sync>);

impl StackTrace {
    /// A stack that writes itself as a line for each call, innermost first.
    pub fn new(stack: impl fmt::Display + Send + Sync + 'static) -> StackTrace {
        StackTrace(Arc::new(stack))
    }
}

impl fmt::Display for BlockedPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            Some(id) => write!(f, "task {id}")?,
            None => f.write_str("the root future")?,
        }
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        let verb = if self.task.is_some() { "spawned" } else { "started" };
        write!(
            f,
            ", {verb} at {}, blocks the worker {:?}: one poll has lasted {} ms so far",
            self.location,
            self.worker,
            self.lasted.as_millis()
        )?;
        if let Some(doing) = &self.doing {
            write!(f, ", and the thread {doing}")?;
        }
        f.write_str("; move what blocks to `unblock`, or await more often")?;
        if let Some(stack) = &self.stack {
            stack.to_string().lines().try_for_each(|call| write!(f, "\n    in {call}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for StackTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StackTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StackTrace").field(&format_args!("{}", self.0)).finish()
    }
}
