//! `run`, `run_local`, and `Builder` for those who want it otherwise.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use whit_core::{Handle, UnhandledPanic};
use whit_executor::BlockedPoll;

use crate::interrupt::{EXIT_CODE, Listening};
use crate::nested;
use crate::runner::Runner;
use crate::runtime::{self, Runtime};

/// Runs `future`, and whatever it spawns, until it is ready: asyncio's `run`.
///
/// A worker for each core; the root future is polled on the calling thread, which is worker 0. At its end every leftover
/// task is cancelled and dropped, the blocking pool is stopped within the grace period (5 s), and no thread and no
/// descriptor is left behind.
///
/// # Panics
///
/// With the panic of `future`; when called inside another `run` (the text names the line of the outer one); when the system
/// has no descriptors or threads to give. [`Builder::try_run`] gives errors for the last two.
///
/// ```
/// assert_eq!(whit::run(async { 40 + 2 }), 42);
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    Builder::new().run(future)
}

/// Runs `future` on this thread alone: tasks of [`spawn_local`](crate::spawn_local) need not be `Send`.
///
/// # Panics
///
/// As [`run`].
///
/// ```
/// use std::rc::Rc;
///
/// let shared = Rc::new(7);
/// let seen = whit::run_local(async move { whit::spawn_local(async move { *shared }).await });
/// assert_eq!(seen, 7);
/// ```
#[track_caller]
pub fn run_local<F: Future>(future: F) -> F::Output {
    Builder::new().run_local(future)
}

/// Sets a runtime up.
///
/// ```
/// use std::time::Duration;
///
/// let answer = whit::Builder::new()
///     .workers(2)
///     .name("app")
///     .grace(Duration::from_secs(1))
///     .run(async { whit::spawn(async { 42 }).await });
/// assert_eq!(answer, 42);
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `run` or `build`"]
pub struct Builder {
    pub(crate) workers: Option<usize>,
    pub(crate) name: String,
    pub(crate) grace: Duration,
    pub(crate) stack_size: Option<usize>,
    pub(crate) blocking_threads: usize,
    pub(crate) blocking_idle: Duration,
    pub(crate) on_unhandled: Option<Hook>,
    pub(crate) blocked_after: Duration,
    pub(crate) on_blocked: Option<BlockedHook>,
    pub(crate) spare_workers: usize,
    pub(crate) ctrl_c: bool,
}

pub(crate) type Hook = Arc<dyn Fn(&UnhandledPanic) + Send + Sync>;
pub(crate) type BlockedHook = Arc<dyn Fn(&BlockedPoll) + Send + Sync>;

/// More workers than this are a slip of the pen.
const WORKERS_MAX: usize = 1024;

impl Builder {
    /// A worker for each core, 5 s of grace, up to 512 threads for what blocks.
    pub fn new() -> Builder {
        Builder {
            workers: None,
            name: "whit".into(),
            grace: Duration::from_secs(5),
            stack_size: None,
            blocking_threads: 512,
            blocking_idle: Duration::from_secs(1),
            on_unhandled: None,
            blocked_after: Duration::from_millis(100),
            on_blocked: None,
            spare_workers: 0,
            ctrl_c: false,
        }
    }

    /// How many threads poll tasks, the calling one among them: 1 to 1,024. By default as many as there are cores.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// What the threads are called: `name-1`, `name-2`, and `name-blocking` for the pool's. By default `whit`.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = name.into();
        self
    }

    /// How long the end of `run` waits for tasks and blocking closures that are in the middle of something. By default 5 s.
    ///
    /// Leftover tasks are dropped on the calling thread, while timers and sockets still work. A `Drop` that never returns
    /// is not given up: it holds up `run` for ever.
    pub fn grace(mut self, grace: Duration) -> Builder {
        self.grace = grace;
        self
    }

    /// The stack of each further worker, in bytes. The calling thread keeps its own.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// How many closures may block at once.
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.blocking_threads = threads;
        self
    }

    /// How long an idle thread of the blocking pool stays.
    pub fn blocking_idle(mut self, idle: Duration) -> Builder {
        self.blocking_idle = idle;
        self
    }

    /// Called when a task has panicked and nobody awaits it any more, on the thread where that happened. By default a line
    /// goes to stderr. The workers go on in either case.
    pub fn on_unhandled(mut self, hook: impl Fn(&UnhandledPanic) + Send + Sync + 'static) -> Builder {
        self.on_unhandled = Some(Arc::new(hook));
        self
    }

    /// How long one poll may take before it is reported as blocking its worker. By default 100 ms; `Duration::MAX` turns
    /// the watch off, with its thread.
    ///
    /// The watch also sees to it that what waits behind such a poll is given to an idle worker, within 30 ms. It costs less
    /// than a nanosecond a poll, and nothing while all workers sleep.
    pub fn blocked_after(mut self, limit: Duration) -> Builder {
        self.blocked_after = limit;
        self
    }

    /// Called once for each poll that blocks, while it still blocks, on a thread that is there for reports only. By default a
    /// line goes to stderr; by feature `tracing` it is an event, whether there is a hook or not.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let (sender, blocked) = mpsc::channel();
    /// whit::Builder::new()
    ///     .blocked_after(Duration::from_millis(20))
    ///     .on_blocked(move |poll| sender.send(poll.clone()).unwrap())
    ///     .run(async { whit::spawn_named("greedy", async { std::thread::sleep(Duration::from_millis(100)) }).await });
    /// assert_eq!(blocked.recv().unwrap().name.as_deref(), Some("greedy"));
    /// ```
    pub fn on_blocked(mut self, hook: impl Fn(&BlockedPoll) + Send + Sync + 'static) -> Builder {
        self.on_blocked = Some(Arc::new(hook));
        self
    }

    /// How many threads may stand in when all workers are stuck in polls that block. By default none.
    ///
    /// A spare starts when every worker, and every spare, has been in one poll for longer than
    /// [`blocked_after`](Builder::blocked_after). It runs ready tasks, timers and sockets until a worker is free again. So with
    /// spares a program that blocks in all of its workers stands still for little more than that time (up to 160 ms by
    /// default), and not for as long as they block. It is a net for mistakes: what is known to block belongs into
    /// [`unblock`](crate::unblock). Without the watch, and in [`run_local`], there are no spares.
    ///
    /// ```
    /// use std::thread;
    /// use std::time::Duration;
    ///
    /// let answer = whit::Builder::new().workers(1).spare_workers(1).on_blocked(|_| {}).run(async {
    ///     let sleeping = whit::spawn(async { thread::sleep(Duration::from_millis(400)) });
    ///     let (sender, receiver) = std::sync::mpsc::channel();
    ///     whit::spawn(async move { sender.send(42).unwrap() }).detach();
    ///     // Blocks the only worker, until the spare has run the task.
    ///     let answer = receiver.recv().unwrap();
    ///     sleeping.await;
    ///     answer
    /// });
    /// assert_eq!(answer, 42);
    /// ```
    pub fn spare_workers(mut self, most: usize) -> Builder {
        self.spare_workers = most;
        self
    }

    /// Whether Ctrl-C and `SIGTERM` end the program cleanly. By default they do not, under `#[whit::main]` they do.
    ///
    /// The first cancels the root future, as every scope does it: it is polled once more, with [`is_cancelled`](crate::is_cancelled)
    /// true and [`cancelled`](crate::cancelled) ready, and is dropped if it is still pending and nothing in it is
    /// [shielded](crate::shield). Then follows the usual end. Spawned tasks and closures for [`unblock`](crate::unblock) see the same
    /// meanwhile. **The second ends the process with exit code 130**, at once, wherever the first has got to.
    ///
    /// What comes out: the root's output if it had one all the same, as when it waits for `cancelled()` and returns. If it was dropped,
    /// [`try_run`](Builder::try_run) answers with an error that [is interrupted](RunError::is_interrupted), and `run`, which has
    /// nothing to return, **exits the process with 130**, after the clean-up. A first signal that comes during the clean-up, when the
    /// root is over, changes nothing.
    ///
    /// A signal that something else in the process catches, before or meanwhile, is left to it, as is one that is ignored. Outside
    /// of `run` everything is as it was before. On Windows it is Ctrl-C and Ctrl-Break. It takes a thread and two descriptors.
    pub fn ctrl_c(mut self, ctrl_c: bool) -> Builder {
        self.ctrl_c = ctrl_c;
        self
    }

    /// Runs `future` as [`run`] does. If it is interrupted (see [`ctrl_c`](Builder::ctrl_c)), it does not return, and exits the
    /// process.
    ///
    /// # Panics
    ///
    /// With the panic of `future`, and with the text of any other [`RunError`].
    #[track_caller]
    pub fn run<F: Future>(self, future: F) -> F::Output {
        match self.try_run(future) {
            Ok(output) => output,
            Err(error) => error.give_up(),
        }
    }

    /// Runs `future` as [`run`] does, and says so if it could not start, or was interrupted.
    ///
    /// # Errors
    ///
    /// [`RunError`]; then `future` has not been polled, unless it was [interrupted](RunError::is_interrupted).
    ///
    /// # Panics
    ///
    /// With the panic of `future`.
    #[track_caller]
    pub fn try_run<F: Future>(self, future: F) -> Result<F::Output, RunError> {
        let started = Location::caller();
        let workers = self.check(true)?;
        let listening = Listening::start(&self)?;
        runtime::run(&self, listening.as_ref(), workers, started, future)
    }

    /// Runs `future` as [`run_local`] does; `workers` does not count. If it is interrupted (see [`ctrl_c`](Builder::ctrl_c)), it does
    /// not return, and exits the process.
    ///
    /// # Panics
    ///
    /// With the panic of `future`, and with the text of any other [`RunError`].
    #[track_caller]
    pub fn run_local<F: Future>(self, future: F) -> F::Output {
        match self.try_run_local(future) {
            Ok(output) => output,
            Err(error) => error.give_up(),
        }
    }

    /// Runs `future` as [`run_local`] does, and says so if it could not start, or was interrupted.
    ///
    /// # Errors
    ///
    /// [`RunError`]; then `future` has not been polled, unless it was [interrupted](RunError::is_interrupted).
    ///
    /// # Panics
    ///
    /// With the panic of `future`.
    #[track_caller]
    pub fn try_run_local<F: Future>(self, future: F) -> Result<F::Output, RunError> {
        let started = Location::caller();
        self.check(false)?;
        let listening = Listening::start(&self)?;
        runtime::run_local(&self, listening.as_ref(), started, future)
    }

    /// Starts a runtime for several runs. With [`ctrl_c`](Builder::ctrl_c), signals are caught during each of them, and not in between.
    ///
    /// # Errors
    ///
    /// [`RunError`], as for [`try_run`](Builder::try_run).
    #[track_caller]
    pub fn build(self) -> Result<Runner, RunError> {
        let started = Location::caller();
        let workers = self.check(true)?;
        Ok(Runner::new(Runtime::start(&self, workers, started)?, self))
    }

    /// The number of workers, if all that was asked for can be done.
    fn check(&self, several: bool) -> Result<usize, RunError> {
        if let Some(outer) = nested::running() {
            return Err(RunError(Why::Nested(outer)));
        }
        if Handle::is_simulated() {
            return Err(RunError(Why::Simulated));
        }
        let workers = self
            .workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get().min(WORKERS_MAX)));
        if several && (workers == 0 || workers > WORKERS_MAX) {
            return Err(RunError(Why::Workers(workers)));
        }
        if self.blocking_threads == 0 {
            return Err(RunError(Why::BlockingThreads));
        }
        if self.name.as_bytes().contains(&0) {
            return Err(RunError(Why::Name(self.name.clone())));
        }
        Ok(workers)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("grace", &self.grace)
            .field("stack_size", &self.stack_size)
            .field("blocking_threads", &self.blocking_threads)
            .field("blocking_idle", &self.blocking_idle)
            .field("on_unhandled", &self.on_unhandled.is_some())
            .field("blocked_after", &self.blocked_after)
            .field("on_blocked", &self.on_blocked.is_some())
            .field("spare_workers", &self.spare_workers)
            .field("ctrl_c", &self.ctrl_c)
            .finish()
    }
}

/// A runtime could not be started, or its root was interrupted. The text says what was asked, what went wrong and what to do.
#[derive(Debug)]
pub struct RunError(pub(crate) Why);

#[derive(Debug)]
pub(crate) enum Why {
    Nested(&'static Location<'static>),
    Simulated,
    Workers(usize),
    BlockingThreads,
    Name(String),
    Driver(io::Error),
    Thread { number: usize, of: usize, error: io::Error },
    Signals(io::Error),
    Interrupted,
}

impl RunError {
    pub(crate) fn nested(outer: &'static Location<'static>) -> RunError {
        RunError(Why::Nested(outer))
    }

    /// Whether Ctrl-C or `SIGTERM` cancelled the root before it was ready; see [`Builder::ctrl_c`]. Everything has been cleaned up then.
    pub fn is_interrupted(&self) -> bool {
        matches!(self.0, Why::Interrupted)
    }

    /// For those who must return a value and have none.
    #[track_caller]
    pub(crate) fn give_up(self) -> ! {
        if self.is_interrupted() {
            std::process::exit(EXIT_CODE);
        }
        panic!("{self}");
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Nested(outer) => write!(
                f,
                "a runtime cannot be started inside another: this thread works for the one that was started at {outer}; await the future, or use `whit::spawn`"
            ),
            Why::Simulated => f.write_str(
                "a runtime cannot be started inside a simulation, which is to see all that happens: await the future instead",
            ),
            Why::Workers(asked) => {
                write!(
                    f,
                    "a runtime of {asked} workers was asked for; it takes 1 to {WORKERS_MAX}, or leave `workers` out for one per core"
                )
            }
            Why::BlockingThreads => f.write_str(
                "a blocking pool of 0 threads was asked for, which could never run a closure; it takes at least 1",
            ),
            Why::Name(name) => {
                write!(
                    f,
                    "a runtime was to call its threads {name:?}, and no thread's name can hold a NUL; leave it out"
                )
            }
            Why::Driver(error) => write!(f, "a runtime could not set up its reactor: {error}"),
            Why::Thread { number, of, error } => write!(
                f,
                "worker {number} of {of} could not be started: {error}; ask for fewer with `Builder::workers`, or raise the limit on threads"
            ),
            Why::Signals(error) => {
                write!(f, "a runtime was to catch Ctrl-C, and could not: {error}; leave out `Builder::ctrl_c`")
            }
            Why::Interrupted => f.write_str(
                "the program was interrupted, by Ctrl-C or SIGTERM, before the root of its runtime was ready; everything has been cleaned up",
            ),
        }
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Why::Driver(error) | Why::Thread { error, .. } | Why::Signals(error) => Some(error),
            _ => None,
        }
    }
}
