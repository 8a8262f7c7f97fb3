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
use std::time::{Duration, Instant};

use whit_blocking::{Pool, PoolBuilder};
use whit_core::{Handle, Home};
use whit_executor::{Executor, LocalExecutor, SharedPark};
use whit_net::OsNetwork;
use whit_reactor::Reactor;
use whit_timers::Timers;

use crate::builder::{Builder, RunError, Why};
use crate::crew::{Crew, report};
use crate::driving::Driving;
use crate::interrupt::Listening;
use crate::watching::Watching;
use crate::{global, nested};

pub(crate) type Driver = Timers<Arc<Reactor>>;

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
    crew: Arc<Crew>,
    watching: Option<Watching>,
    grace: Duration,
    name: String,
    ended: bool,
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
        let crew = Crew::new(builder, started, &handle, &executor, &shared);
        if let Err(error) = crew.start(workers) {
            crew.stop(builder.grace);
            floor.close(builder.grace);
            return Err(error);
        }
        let watching = Watching::start(builder, || {
            let (mut watch, end) = executor.watch();
            if builder.spare_workers > 0 {
                let crew = crew.clone();
                watch.spares(builder.spare_workers, move |spare| crew.start_spare(spare));
            }
            (watch, end)
        });
        let (grace, name) = (builder.grace, builder.name.clone());
        Ok(Runtime { floor, executor, handle, shared, crew, watching, grace, name, ended: false })
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
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let _entered = self.handle.enter();
        // A grace that no clock can hold has no end.
        let end = Instant::now().checked_add(self.grace);
        let left = || end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
        self.crew.stop(left());
        let driving = (!self.executor.is_empty()).then(|| Driving::start(Arc::new(self.shared.worker()), &self.name));
        let closed = self.executor.close_timeout(left());
        drop(driving);
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
    let driving = (!executor.is_empty()).then(|| Driving::start(floor.driver.clone(), &builder.name));
    executor.close();
    drop(driving);
    floor.close(builder.grace);
    output.unwrap_or_else(|panic| resume_unwind(panic))
}
