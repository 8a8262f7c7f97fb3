//! The watch of a runtime: a thread that sleeps as long as all workers do.

use std::thread::JoinHandle;
use std::time::Duration;

use whit_executor::{BlockedPoll, Watch, WatchEnd};

use crate::builder::Builder;
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
        let hook = builder.on_blocked.clone();
        let work = move || {
            watch.run(limit, |blocked: &BlockedPoll| match &hook {
                Some(hook) => hook(blocked),
                None => eprintln!("whit: {blocked}"),
            });
        };
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
