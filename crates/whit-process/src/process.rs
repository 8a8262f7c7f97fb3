//! A child, shared by its `Child` and by who waits for its status; and what becomes of one that was dropped.
//!
//! Rules:
//! 1. Only here is a child reaped, under the lock of its state: so its number is not given to another while we may kill it.
//! 2. Once its status is known, nobody watches it any more, and its descriptor is given back.
//! 3. Who drops the last handle of a child that still runs leaves an [`Orphan`], which is its own waker: the reactor that watched
//!    the child wakes it, and it reaps. It needs no task and no thread. If that reactor is shut down, the process-wide default
//!    takes over.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::process::{self, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use whit_core::{Handle, budget};

use crate::error::explain;
use crate::wait::Exit;

/// How long the end of a reactor waits for a child that was killed.
const KILLED_MOST: Duration = Duration::from_millis(100);

/// What to do with a child that is dropped while it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDrop {
    pub(crate) kill: bool,
    pub(crate) reap: bool,
}

pub(crate) struct Process {
    on_drop: OnDrop,
    // `None` only in `drop`.
    state: Mutex<Option<Watched>>,
}

struct Watched {
    child: process::Child,
    // `None` once its status is known. The child has it then.
    exit: Option<Exit>,
}

impl Process {
    /// Takes over a child that has just been started. If it cannot be watched, it is killed.
    pub(crate) fn new(mut child: process::Child, on_drop: OnDrop) -> io::Result<Process> {
        match Exit::watch(&child) {
            Ok(exit) => Ok(Process { on_drop, state: Mutex::new(Some(Watched { child, exit: Some(exit) })) }),
            Err(error) => {
                // A killed child is gone at once.
                let _ = child.kill().and_then(|()| child.wait());
                Err(explain(error, "watching a child, which was killed therefore,"))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.with(|watched| watched.child.id())
    }

    pub(crate) fn kill(&self) -> io::Result<()> {
        self.with(|watched| watched.child.kill())
    }

    pub(crate) fn try_status(&self) -> io::Result<Option<ExitStatus>> {
        self.with(Watched::try_status)
    }

    pub(crate) async fn status(self: Arc<Self>) -> io::Result<ExitStatus> {
        poll_fn(|cx| self.with(|watched| watched.poll(cx))).await
    }

    fn with<R>(&self, f: impl FnOnce(&mut Watched) -> R) -> R {
        f(lock(&self.state).as_mut().expect("taken only in drop"))
    }
}

impl Watched {
    fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = try_wait(&mut self.child)?;
        if status.is_some() {
            self.exit = None;
        }
        Ok(status)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let Some(exit) = &self.exit else {
            return Poll::Ready(try_wait(&mut self.child).transpose().expect("it has a status, or an error"));
        };
        let mut polled = exit.poll(cx, || try_wait(&mut self.child));
        // The reactor that watched it has been shut down. That of the current runtime goes on, if it is another, or the default,
        // which an empty handle shows.
        for outside in [false, true] {
            if !is_closed(&polled) {
                break;
            }
            let _outside = outside.then(|| Handle::builder().build().enter());
            polled = match Exit::watch(&self.child) {
                Ok(exit) => self.exit.insert(exit).poll(cx, || try_wait(&mut self.child)),
                Err(error) => Poll::Ready(Err(error)),
            };
        }
        if let Poll::Ready(Ok(_)) = polled {
            self.exit = None;
        }
        polled
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut watched) = self.state.get_mut().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if watched.exit.is_none() {
            return;
        }
        if self.on_drop.kill {
            // Ended already, or somebody else's by now: nothing to kill, and nobody to tell.
            let _ = watched.child.kill();
        }
        if self.on_drop.reap && matches!(watched.try_status(), Ok(None)) {
            Arc::new(Orphan { killed: self.on_drop.kill, watched: Mutex::new(Some(watched)) }).look();
        }
    }
}

/// A child that nobody waits for: reaped when it has ended.
struct Orphan {
    killed: bool,
    // `None` once it has been reaped. Until then the reactor keeps the orphan, as its waker.
    watched: Mutex<Option<Watched>>,
}

impl Orphan {
    fn look(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut held = lock(&self.watched);
        let Some(watched) = &mut *held else { return };
        // A waker has no turns to take: it would wake itself for ever.
        let ended = budget::unconstrained(|| {
            let cx = &mut Context::from_waker(&waker);
            let watching = watched.exit.as_ref().map(|exit| exit.poll(cx, || try_wait(&mut watched.child)));
            if !watching.as_ref().is_some_and(is_closed) {
                return watching.is_none_or(|polled| polled.is_ready());
            }
            // The end of a runtime. What was killed is dead in a moment, which is worth no thread.
            (self.killed && dies(&mut watched.child)) || watched.poll(cx).is_ready()
        });
        let gone = ended.then(|| held.take());
        drop(held);
        drop(gone);
    }
}

impl Wake for Orphan {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

fn dies(child: &mut process::Child) -> bool {
    let step = Duration::from_millis(1);
    (0..KILLED_MOST.as_millis()).any(|_| {
        let running = matches!(try_wait(child), Ok(None));
        if running {
            thread::sleep(step);
        }
        !running
    })
}

fn is_closed(polled: &Poll<io::Result<ExitStatus>>) -> bool {
    matches!(polled, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected)
}

fn try_wait(child: &mut process::Child) -> io::Result<Option<ExitStatus>> {
    let waited = child.try_wait();
    #[cfg(unix)]
    let waited = waited.map_err(|error| {
        if error.raw_os_error() == Some(rustix::io::Errno::CHILD.raw_os_error()) {
            let text = format!(
                "waiting for child {} failed: {error}; somebody else took its status: another part of the program that waits for all children, or one that ignores SIGCHLD",
                child.id()
            );
            return io::Error::new(error.kind(), text);
        }
        error
    });
    waited
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = lock(&self.state);
        let running = held.as_ref().is_some_and(|watched| watched.exit.is_some());
        f.debug_struct("Process")
            .field("id", &held.as_ref().map(|watched| watched.child.id()))
            .field("running", &running)
            .field("on_drop", &self.on_drop)
            .finish()
    }
}
