//! Driving timers and sockets while futures are dropped at the end of a runtime, in case a `Drop` waits for one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use whit_core::Park;

use crate::threads;

/// A thread that parks in a driver, as no worker is left who would. Dropping it ends the thread and waits for that.
pub(crate) struct Driving {
    done: Arc<AtomicBool>,
    unparker: Waker,
    // `None` if it could not be started: everything is dropped all the same.
    thread: Option<JoinHandle<()>>,
}

impl Driving {
    pub(crate) fn start(park: Arc<dyn Park + Send + Sync>, name: &str) -> Driving {
        let (done, unparker) = (Arc::new(AtomicBool::new(false)), park.unparker());
        let end = done.clone();
        let drive = move || {
            while !end.load(Ordering::Acquire) {
                park_quietly(&*park);
            }
        };
        let thread = threads::start(format!("{name}-end"), None, Box::new(drive)).ok();
        Driving { done, unparker, thread }
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.unparker.wake_by_ref();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A driver that fails, or a foreign waker that panics in it, must not end the thread.
fn park_quietly(driver: &dyn Park) {
    if !matches!(catch_unwind(AssertUnwindSafe(|| driver.park(None))), Ok(Ok(()))) {
        sleep(Duration::from_millis(1));
    }
}
