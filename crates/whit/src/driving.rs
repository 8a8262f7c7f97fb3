//! Driving timers and sockets while futures are dropped at the end of a runtime, in case a `Drop` waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread::JoinHandle;

use whit_core::Park;
use whit_executor::park_quietly;

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
                park_quietly(&*park, None);
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
