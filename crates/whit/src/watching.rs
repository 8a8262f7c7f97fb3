//! The watch of a runtime: a thread that sleeps as long as all workers do.
//!
//! What it finds goes to the hook, if there is one; by feature `tracing` to whoever collects events; and if neither is there, to
//! stderr. That is done by a thread of its own, which starts when there is something to report: a hook may take long, or
//! panic, and writing a stack may read much debug information, while the watch has to see to what waits behind the poll.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use whit_executor::{BlockedPoll, Watch, WatchEnd};

use crate::builder::{BlockedHook, Builder};
use crate::threads;

/// Watches until it is dropped, which waits for the thread.
pub(crate) struct Watching {
    end: WatchEnd,
    thread: Option<JoinHandle<()>>,
}

impl Watching {
    /// Nothing, if the builder turns it off or no thread can be started: a runtime works without.
    pub(crate) fn start(builder: &Builder, watch: impl FnOnce() -> (Watch, WatchEnd)) -> Option<Watching> {
        let limit = builder.blocked_after;
        if limit == Duration::MAX {
            return None;
        }
        let (mut watch, end) = watch();
        #[cfg(feature = "blocked-stack")]
        watch.stacks(stacks::of_thread);
        let mut reporter = Reporter::new(builder);
        let work = move || watch.run(limit, |blocked| reporter.report(blocked));
        let thread = threads::start(format!("{}-watch", builder.name), None, Box::new(work)).ok()?;
        Some(Watching { end, thread: Some(thread) })
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.end.end();
        if let Some(thread) = self.thread.take() {
            // A hook that panicked has said so.
            drop(thread.join());
        }
    }
}

/// Reports on a thread, which ends when this is dropped.
struct Reporter {
    hook: Option<BlockedHook>,
    name: String,
    thread: Option<(mpsc::Sender<BlockedPoll>, JoinHandle<()>)>,
}

impl Reporter {
    fn new(builder: &Builder) -> Reporter {
        Reporter { hook: builder.on_blocked.clone(), name: format!("{}-report", builder.name), thread: None }
    }

    fn report(&mut self, blocked: &BlockedPoll) {
        // A hook that panicked has taken its thread along.
        let thread = self.thread.take_if(|(_, thread)| thread.is_finished());
        drop(thread);
        if self.thread.is_none() {
            let (sender, reports) = mpsc::channel::<BlockedPoll>();
            let hook = self.hook.clone();
            let work = move || reports.iter().for_each(|blocked| report(hook.as_ref(), &blocked));
            let thread = threads::start(self.name.clone(), None, Box::new(work));
            self.thread = thread.ok().map(|thread| (sender, thread));
        }
        let sent = self.thread.as_ref().is_some_and(|(sender, _)| sender.send(blocked.clone()).is_ok());
        if !sent {
            report(self.hook.as_ref(), blocked);
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // A hook that panicked has said so.
            drop(thread.join());
        }
    }
}

fn report(hook: Option<&BlockedHook>, blocked: &BlockedPoll) {
    // Looks names up, which may take long, before anybody writes them with stderr or a log locked.
    let text = blocked.to_string();
    let traced = trace(blocked);
    match hook {
        Some(hook) => hook(blocked),
        None if traced => {}
        None => eprintln!("whit: {text}"),
    }
}

/// Whether somebody collects it.
#[cfg(feature = "tracing")]
fn trace(blocked: &BlockedPoll) -> bool {
    let enabled = tracing::event_enabled!(target: "whit::blocked", tracing::Level::WARN);
    if enabled {
        tracing::warn!(
            target: "whit::blocked",
            worker = &*blocked.worker,
            thread = blocked.thread,
            task.id = blocked.task.map(whit_core::TaskId::get),
            task.name = blocked.name.as_deref(),
            location = %blocked.location,
            lasted_ms = u64::try_from(blocked.lasted.as_millis()).unwrap_or(u64::MAX),
            doing = blocked.doing.as_deref(),
            stack = blocked.stack.as_ref().map(tracing::field::display),
            "a poll blocks its worker"
        );
    }
    enabled
}

#[cfg(not(feature = "tracing"))]
fn trace(_: &BlockedPoll) -> bool {
    false
}

/// Stacks by feature `blocked-stack`.
#[cfg(feature = "blocked-stack")]
mod stacks {
    use std::fmt;

    use whit_executor::StackTrace;
    use whit_stack::{Frame, Stack};

    /// No stack, no harm: the report says the rest.
    pub(super) fn of_thread(thread: u32) -> Option<StackTrace> {
        whit_stack::of_thread(thread).ok().map(|stack| StackTrace::new(Inner(stack)))
    }

    /// What is inside the task.
    struct Inner(Stack);

    impl fmt::Display for Inner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let lines = self.0.frames().iter().flat_map(lines);
            for (number, line) in lines.take_while(|line| !is_ours(line)).enumerate() {
                f.write_str(if number > 0 { "\n" } else { "" })?;
                f.write_str(&line)?;
            }
            Ok(())
        }
    }

    fn lines(frame: &Frame) -> Vec<String> {
        frame.to_string().lines().map(str::to_owned).collect()
    }

    /// How a task and the root are polled is nobody's concern.
    fn is_ours(line: &str) -> bool {
        let inside = [
            "poll_in_cell<",
            "whit_core::task::cell::",
            "whit_core::budget::",
            "whit_executor::worker::",
            "whit_executor::local::",
        ];
        inside.iter().any(|path| line.contains(path))
    }
}
