//! The pool.
//!
//! Rules, all under the one lock:
//! 1. `idle` threads wait for the signal; `woken` says that one of them has been signalled and has not come yet.
//! 2. A new job signals if somebody is idle and nobody is `woken`; if nobody is idle it starts a thread, if the cap allows.
//! 3. A thread that takes a job clears `woken` if it was the one, and applies rule 2 again if jobs are left.
//! 4. One thread at a time, the `looker`, looks out for a job for a moment before it waits, as the next one often comes right
//!    after the answer to the last, and a look is a hundred times quicker than a signal. While there is a looker nobody is
//!    signalled: it comes for the lock in any case, and then takes a job or is idle. What it looks at, `queued`, is a hint.
//! 5. Looking in vain costs a processor some 30 microseconds. After a few times it is tried rarely, until it pays again.
//! 6. `closing` is never taken back: the queue is emptied, threads end after the job they are in, and schedulers drop.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use whit_core::{Blocking, Runnable, Schedule, ScheduleInfo, TaskId, UnhandledPanic, quietly};

/// A pool of threads for what blocks. Cheap to make: threads start with the first job.
///
/// Dropping it does not wait for running jobs; queued ones are dropped, and idle threads end.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    max: usize,
    idle_timeout: Duration,
    name: String,
    on_unhandled: Option<Hook>,
    state: Mutex<State>,
    /// Rule 4: the length of the queue, written under the lock.
    queued: AtomicUsize,
    /// For idle threads.
    job: Condvar,
    /// For `shutdown`.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Runnable>,
    threads: Vec<JoinHandle<()>>,
    alive: usize,
    idle: usize,
    woken: bool,
    looker: bool,
    // How often in a row looking was in vain, or not tried after that.
    vain: u32,
    closing: bool,
    running: Vec<(ThreadId, TaskId, &'static Location<'static>)>,
}

type Hook = Arc<dyn Fn(&UnhandledPanic) + Send + Sync>;

/// Sets a [`Pool`] up.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder {
    max: usize,
    idle_timeout: Duration,
    name: String,
    on_unhandled: Option<Hook>,
}

impl PoolBuilder {
    /// Up to 512 threads, each ending after a second without a job.
    pub fn new() -> PoolBuilder {
        PoolBuilder { max: 512, idle_timeout: Duration::from_secs(1), name: "whit-blocking".into(), on_unhandled: None }
    }

    /// How many jobs may block at once.
    pub fn max_threads(mut self, max: usize) -> PoolBuilder {
        self.max = max;
        self
    }

    /// How long an idle thread stays.
    pub fn idle_timeout(mut self, timeout: Duration) -> PoolBuilder {
        self.idle_timeout = timeout;
        self
    }

    /// Called when a job has panicked and nobody awaits it any more. By default a line goes to stderr.
    pub fn on_unhandled(mut self, hook: impl Fn(&UnhandledPanic) + Send + Sync + 'static) -> PoolBuilder {
        self.on_unhandled = Some(Arc::new(hook));
        self
    }

    /// What its threads are called.
    pub fn name(mut self, name: impl Into<String>) -> PoolBuilder {
        self.name = name.into();
        self
    }

    /// The pool.
    ///
    /// # Errors
    ///
    /// If it was to have no threads, or a name that no thread can have.
    pub fn build(self) -> Result<Pool, PoolError> {
        if self.max == 0 {
            return Err(PoolError(Why::NoThreads));
        }
        if self.name.as_bytes().contains(&0) {
            return Err(PoolError(Why::Name(self.name)));
        }
        let shared = Shared {
            max: self.max,
            idle_timeout: self.idle_timeout,
            name: self.name,
            on_unhandled: self.on_unhandled,
            state: Mutex::default(),
            queued: AtomicUsize::new(0),
            job: Condvar::new(),
            ended: Condvar::new(),
        };
        Ok(Pool { shared: Arc::new(shared) })
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("max", &self.max)
            .field("idle_timeout", &self.idle_timeout)
            .field("name", &self.name)
            .field("on_unhandled", &self.on_unhandled.is_some())
            .finish()
    }
}

/// A pool was asked for that cannot be. The text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolError(Why);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    NoThreads,
    Name(String),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::NoThreads => f.write_str(
                "a blocking pool of 0 threads was asked for, which could never run a job; give it at least 1",
            ),
            Why::Name(name) => write!(
                f,
                "a blocking pool was to call its threads {name:?}, and no thread's name can hold a NUL; leave it out"
            ),
        }
    }
}

impl Error for PoolError {}

/// Jobs that were still running when a shutdown's grace was over; they were left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stragglers(Vec<String>);

impl fmt::Display for Stragglers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("blocking jobs did not end within the grace period, and were left behind: ")?;
        for (i, job) in self.0.iter().enumerate() {
            write!(f, "{}{job}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Error for Stragglers {}

impl Pool {
    /// A pool as [`PoolBuilder::new`] describes it.
    pub fn new() -> Pool {
        PoolBuilder::new().build().expect("512 threads are more than none")
    }

    /// Threads there are now.
    pub fn thread_count(&self) -> usize {
        self.shared.lock().alive
    }

    /// Threads that wait for a job.
    pub fn idle_count(&self) -> usize {
        let state = self.shared.lock();
        state.idle + usize::from(state.looker)
    }

    /// Jobs that wait for a thread.
    pub fn queued(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Drops what is queued, waits up to `grace` for running jobs, and joins the threads. Later jobs come back cancelled.
    ///
    /// # Errors
    ///
    /// The jobs that did not end in time, by id and spawn line. Their threads end with them.
    pub fn shutdown(&self, grace: Duration) -> Result<(), Stragglers> {
        self.shared.close();
        let end = Instant::now().checked_add(grace);
        let mut state = self.shared.lock();
        while state.alive > 0 {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                let name =
                    |(_, id, location): &(ThreadId, TaskId, &Location<'_>)| format!("task {id}, spawned at {location}");
                return Err(Stragglers(state.running.iter().map(name).collect()));
            }
            let waited = self.shared.ended.wait_timeout(state, left.min(Duration::from_secs(3600)));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        threads.into_iter().for_each(|thread| drop(thread.join()));
        Ok(())
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Schedule for Pool {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        let mut state = self.shared.lock();
        if state.closing {
            drop(state);
            return drop(runnable);
        }
        state.queue.push_back(runnable);
        self.shared.note(&state);
        let refused = self.shared.call_help(&mut state);
        drop(state);
        // Dropped outside of the lock: each comes back cancelled.
        drop(refused);
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        match &self.shared.on_unhandled {
            Some(hook) => hook(panic),
            None => eprintln!("{panic}"),
        }
    }
}

impl Blocking for Pool {}

impl Shared {
    /// Rule 2. The jobs that nobody will ever run, if there is no thread and none can be started.
    fn call_help(self: &Arc<Self>, state: &mut State) -> VecDeque<Runnable> {
        if state.looker {
            // Rule 4.
        } else if state.idle > 0 {
            if !state.woken {
                state.woken = true;
                self.job.notify_one();
            }
        } else if state.alive < self.max {
            let shared = self.clone();
            match thread::Builder::new().name(self.name.clone()).spawn(move || shared.work()) {
                Ok(thread) => {
                    state.alive += 1;
                    state.threads.push(thread);
                }
                Err(error) if state.alive == 0 => {
                    eprintln!("whit: a blocking job was cancelled, since no thread could be started for it: {error}");
                    let refused = std::mem::take(&mut state.queue);
                    self.note(state);
                    return refused;
                }
                // Those that there are will come to it.
                Err(_) => {}
            }
        }
        VecDeque::new()
    }

    /// What a thread does.
    fn work(self: Arc<Self>) {
        let me = thread::current().id();
        let mut state = self.lock();
        loop {
            if let Some(runnable) = state.queue.pop_front() {
                self.note(&state);
                state.running.push((me, runnable.meta().id(), runnable.meta().location()));
                if !state.queue.is_empty() {
                    // There is a thread, this one, so nothing is refused.
                    drop(self.call_help(&mut state));
                }
                drop(state);
                // What panics here is not the job but a foreign home that it came by. The thread goes on: it is counted on.
                quietly(|| _ = runnable.run());
                state = self.lock();
                state.running.retain(|(thread, ..)| *thread != me);
                continue;
            }
            if state.closing {
                break;
            }
            if !state.looker && state.looking_pays() {
                state.looker = true;
                drop(state);
                let found = self.look_out();
                state = self.lock();
                state.looker = false;
                state.vain = if found { 0 } else { state.vain.checked_add(1).unwrap_or(VAIN_MOST) };
                if !state.queue.is_empty() || state.closing {
                    continue;
                }
            }
            state.idle += 1;
            let (held, timeout) =
                self.job.wait_timeout(state, self.idle_timeout).unwrap_or_else(PoisonError::into_inner);
            state = held;
            state.idle -= 1;
            state.woken = false;
            if timeout.timed_out() && state.queue.is_empty() {
                // Dropping its handle gives the thread's stack back at its end; nobody will join it.
                state.threads.retain(|thread| thread.thread().id() != me);
                break;
            }
        }
        state.alive -= 1;
        self.ended.notify_all();
    }

    /// Rule 4: whether a job came.
    fn look_out(&self) -> bool {
        let began = Instant::now();
        while self.queued.load(Ordering::Relaxed) == 0 {
            if began.elapsed() > MOMENT {
                return false;
            }
            (0..PAUSES).for_each(|_| std::hint::spin_loop());
        }
        true
    }

    fn note(&self, state: &State) {
        self.queued.store(state.queue.len(), Ordering::Relaxed);
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        let queued = std::mem::take(&mut state.queue);
        self.note(&state);
        self.job.notify_all();
        drop(state);
        drop(queued);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Rule 5.
    fn looking_pays(&mut self) -> bool {
        let pays = self.vain < VAIN_MOST || self.vain.is_multiple_of(VAIN_EACH);
        if !pays {
            self.vain = self.vain.checked_add(1).unwrap_or(VAIN_MOST);
        }
        pays
    }
}

/// How long a looker looks out for a job.
const MOMENT: Duration = Duration::from_micros(30);
/// Pauses of the processor between two looks, some microseconds: in a burst of tiny jobs a few gather meanwhile, so that this
/// thread and the one that brings them do not meet at the lock for each.
const PAUSES: u32 = 100;
/// After so many looks in vain, one in so many idle moments tries again.
const VAIN_MOST: u32 = 4;
const VAIN_EACH: u32 = 16;

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Pool")
            .field("threads", &state.alive)
            .field("idle", &(state.idle + usize::from(state.looker)))
            .field("queued", &state.queue.len())
            .finish_non_exhaustive()
    }
}
