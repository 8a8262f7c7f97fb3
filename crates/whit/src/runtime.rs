//! The parts joined: an executor, timers over a reactor, a blocking pool, a network; started, and ended cleanly.
//!
//! A [`Runtime`] lasts for one root, by [`run`], or for several, by `Runner`. The end, in this order, so that each step finds what it needs still there:
//! 1. the (last) root is ready (or panicked, which is kept for later);
//! 2. the other workers are told to stop, and leave after the poll they are in;
//! 3. every leftover task is cancelled: its future is dropped on this thread, with the handle still current, and with timers
//!    and sockets that still work;
//! 4. the pool drops what is queued and joins its threads;
//! 5. timers and reactor close: whoever kept a socket gets errors instead of waiting for ever.
//!
//! Steps 2 to 4 share one grace period; who does not end within it is named on stderr and left alone.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use whit_blocking::{Pool, PoolBuilder};
use whit_core::{Handle, Home, Park};
use whit_executor::{Executor, LocalExecutor, SharedPark, park_quietly};
use whit_net::OsNetwork;
use whit_reactor::Reactor;
use whit_sync::Event;
use whit_timers::Timers;

use crate::builder::{Builder, RunError, Why};
use crate::interrupt::Listening;
use crate::watching::Watching;
use crate::{global, nested};

type Driver = Timers<Arc<Reactor>>;

/// What both kinds of runtime have below their executor.
struct Floor {
    driver: Arc<Driver>,
    pool: Arc<Pool>,
}

impl Floor {
    fn new(builder: &Builder) -> Result<Floor, RunError> {
        let reactor = Reactor::new().map_err(|error| RunError(Why::Driver(error)))?;
        let mut pool = PoolBuilder::new()
            .max_threads(builder.blocking_threads)
            .idle_timeout(builder.blocking_idle)
            .name(format!("{}-blocking", builder.name));
        if let Some(hook) = builder.on_unhandled.clone() {
            pool = pool.on_unhandled(move |panic| hook(panic));
        }
        let pool = pool.build().map_err(|error| RunError(Why::Driver(io::Error::other(error))))?;
        Ok(Floor { driver: Arc::new(Timers::new(Arc::new(reactor))), pool: Arc::new(pool) })
    }

    fn handle(&self, home: Home) -> Handle {
        let reactor = self.driver.inner().clone();
        let network = Arc::new(OsNetwork::new(reactor.clone(), self.pool.clone()));
        Handle::builder()
            .home(home)
            .blocking(self.pool.clone())
            .clock(self.driver.clone())
            .reactor(reactor)
            .network(network)
            .build()
    }

    /// Steps 4 and 5.
    fn close(&self, left: Duration) {
        if let Err(stragglers) = self.pool.shutdown(left) {
            eprintln!("whit: {stragglers}");
        }
        self.driver.close();
        self.driver.inner().close();
    }
}

pub(crate) fn run<F: Future>(
    builder: &Builder,
    listening: Option<&Listening>,
    workers: usize,
    started: &'static Location<'static>,
    root: F,
) -> Result<F::Output, RunError> {
    let mut runtime = Runtime::start(builder, workers, started)?;
    let output = catch_unwind(AssertUnwindSafe(|| runtime.run(listening, started, root)));
    drop(runtime);
    output.unwrap_or_else(|panic| resume_unwind(panic))
}

/// A runtime that has been started. Dropping it is the end.
pub(crate) struct Runtime {
    floor: Floor,
    executor: Arc<Executor<'static>>,
    handle: Handle,
    shared: Arc<SharedPark<Arc<Driver>>>,
    // Taken at the end.
    crew: Option<Crew>,
    watching: Option<Watching>,
    grace: Duration,
    name: String,
}

impl Runtime {
    pub(crate) fn start(
        builder: &Builder,
        workers: usize,
        started: &'static Location<'static>,
    ) -> Result<Runtime, RunError> {
        let floor = Floor::new(builder)?;
        let executor = Arc::new(Executor::new());
        if let Some(hook) = builder.on_unhandled.clone() {
            executor.on_unhandled(move |panic| hook(panic));
        }
        let handle = floor.handle(executor.home());
        let shared = Arc::new(SharedPark::new(floor.driver.clone()));
        let crew = match Crew::start(builder, workers, started, &handle, &executor, &shared) {
            Ok(crew) => crew,
            Err(error) => {
                floor.close(builder.grace);
                return Err(error);
            }
        };
        let watching = Watching::start(builder, || executor.watch());
        let (grace, name) = (builder.grace, builder.name.clone());
        Ok(Runtime { floor, executor, handle, shared, crew: Some(crew), watching, grace, name })
    }

    /// Polls `root` on this thread, as worker 0. The error is that it was interrupted.
    pub(crate) fn run<F: Future>(
        &mut self,
        listening: Option<&Listening>,
        started: &'static Location<'static>,
        root: F,
    ) -> Result<F::Output, RunError> {
        let _entered = self.handle.enter();
        let _running = nested::enter(started);
        let worker = self.shared.worker();
        match listening {
            None => Ok(self.executor.block_on_at(started, &worker, root)),
            Some(listening) => listening.run(root, |root| self.executor.block_on_at(started, &worker, root)),
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Steps 2 to 5; nothing, if they were done.
    pub(crate) fn end(&mut self) {
        let Some(crew) = self.crew.take() else { return };
        let _entered = self.handle.enter();
        // A grace that no clock can hold has no end.
        let end = Instant::now().checked_add(self.grace);
        let left = || end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
        crew.stop(left());
        let some = !self.executor.is_empty();
        let closed = drive_while(self.shared.worker(), some, &self.name, || self.executor.close_timeout(left()));
        if let Err(stragglers) = closed {
            report("a task did not end within the grace period", &stragglers);
        }
        self.watching = None;
        self.floor.close(left());
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) fn run_local<F: Future>(
    builder: &Builder,
    listening: Option<&Listening>,
    started: &'static Location<'static>,
    root: F,
) -> Result<F::Output, RunError> {
    let floor = Floor::new(builder)?;
    let executor = Rc::new(LocalExecutor::new());
    if let Some(hook) = builder.on_unhandled.clone() {
        executor.on_unhandled(move |panic| hook(panic));
    }
    let handle = floor.handle(executor.home());
    let _entered = handle.enter();
    let _running = nested::enter(started);
    let _local = global::enter_local(executor.clone());

    let watching = Watching::start(builder, || executor.watch());
    let output = catch_unwind(AssertUnwindSafe(|| match listening {
        None => Ok(executor.block_on_at(started, &floor.driver, root)),
        Some(listening) => listening.run(root, |root| executor.block_on_at(started, &floor.driver, root)),
    }));
    drop(watching);
    drive_while(floor.driver.clone(), !executor.is_empty(), &builder.name, || executor.close());
    floor.close(builder.grace);
    output.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Workers 1 and up: a thread each.
struct Crew {
    stop: Arc<Event>,
    threads: Vec<thread::JoinHandle<()>>,
    // Each thread holds a sender until it ends, so that joining can be bounded in time.
    ended: mpsc::Receiver<()>,
}

impl Crew {
    fn start(
        builder: &Builder,
        workers: usize,
        started: &'static Location<'static>,
        handle: &Handle,
        executor: &Arc<Executor<'static>>,
        shared: &Arc<SharedPark<Arc<Driver>>>,
    ) -> Result<Crew, RunError> {
        let (alive, ended) = mpsc::channel();
        let mut crew = Crew { stop: Arc::new(Event::new()), threads: Vec::new(), ended };
        for number in 1..workers {
            let (stop, handle, executor, shared) =
                (crew.stop.clone(), handle.clone(), executor.clone(), shared.clone());
            let held = alive.clone();
            let work = move || {
                let _held = held;
                let _entered = handle.enter();
                let _running = nested::enter(started);
                executor.block_on(&shared.worker(), stop.wait());
            };
            let mut thread = thread::Builder::new().name(format!("{}-{number}", builder.name));
            if let Some(bytes) = builder.stack_size {
                thread = thread.stack_size(bytes);
            }
            match thread.spawn(work) {
                Ok(thread) => crew.threads.push(thread),
                Err(error) => {
                    drop(alive);
                    crew.stop(builder.grace);
                    return Err(RunError(Why::Thread { number, of: workers, error }));
                }
            }
        }
        Ok(crew)
    }

    fn stop(self, grace: Duration) {
        self.stop.set();
        // Disconnected once every thread has ended; nobody ever sends.
        let all_ended = self.ended.recv_timeout(grace) == Err(mpsc::RecvTimeoutError::Disconnected);
        let (ended, stuck): (Vec<_>, Vec<_>) =
            self.threads.into_iter().partition(|thread| all_ended || thread.is_finished());
        ended.into_iter().for_each(|thread| drop(thread.join()));
        let names: Vec<_> =
            stuck.iter().map(|thread| thread.thread().name().unwrap_or("a worker").to_owned()).collect();
        if !names.is_empty() {
            report("a worker is stuck in a task that blocks, and was left behind", &names);
        }
    }
}

/// Step 3: runs `close`, which drops futures, while timers and sockets still work, in case a `Drop` waits for one.
///
/// No worker is left who would be in the driver, so that takes a thread, if there is a task left.
fn drive_while<R>(park: impl Park + Send, tasks_left: bool, name: &str, close: impl FnOnce() -> R) -> R {
    if !tasks_left {
        return close();
    }
    let (done, unparker) = (&AtomicBool::new(false), park.unparker());
    let drive = move || {
        while !done.load(Ordering::Acquire) {
            park_quietly(&park, None);
        }
    };
    thread::scope(|scope| {
        // Without it everything is dropped all the same.
        let _ = thread::Builder::new().name(format!("{name}-end")).spawn_scoped(scope, drive);
        let closed = catch_unwind(AssertUnwindSafe(close));
        done.store(true, Ordering::Release);
        unparker.wake_by_ref();
        closed.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn report(what: &str, who: &[String]) {
    eprintln!("whit: {what}: {}", who.join(", "));
}
