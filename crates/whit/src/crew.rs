//! The threads of a runtime: workers 1 and up, and spares, which stand in while all workers are stuck.

use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use futures_lite::future;
use whit_core::Handle;
use whit_executor::{Executor, SharedPark, Spare};
use whit_sync::Event;

use crate::builder::{Builder, RunError, Why};
use crate::nested;
use crate::runtime::{Driver, report};

pub(crate) struct Crew {
    name: String,
    stack_size: Option<usize>,
    started: &'static Location<'static>,
    handle: Handle,
    executor: Arc<Executor<'static>>,
    shared: Arc<SharedPark<Arc<Driver>>>,
    stop: Event,
    threads: Mutex<Threads>,
}

struct Threads {
    // Each thread holds a clone until it ends, so that joining can be bounded in time. None once there is to be no new one.
    alive: Option<mpsc::Sender<()>>,
    ended: Option<mpsc::Receiver<()>>,
    all: Vec<thread::JoinHandle<()>>,
    // For the names of spares.
    spares: usize,
}

impl Crew {
    pub(crate) fn new(
        builder: &Builder,
        started: &'static Location<'static>,
        handle: &Handle,
        executor: &Arc<Executor<'static>>,
        shared: &Arc<SharedPark<Arc<Driver>>>,
    ) -> Arc<Crew> {
        let (alive, ended) = mpsc::channel();
        Arc::new(Crew {
            name: builder.name.clone(),
            stack_size: builder.stack_size,
            started,
            handle: handle.clone(),
            executor: executor.clone(),
            shared: shared.clone(),
            stop: Event::new(),
            threads: Mutex::new(Threads { alive: Some(alive), ended: Some(ended), all: Vec::new(), spares: 0 }),
        })
    }

    /// Starts workers 1 and up of so many.
    pub(crate) fn start(self: &Arc<Crew>, workers: usize) -> Result<(), RunError> {
        for number in 1..workers {
            let work = |crew: &Crew| {
                crew.executor.block_on(&crew.shared.worker(), crew.stop.wait());
            };
            let started = self.spawn(&mut self.threads(), format!("{}-{number}", self.name), work);
            started.map_err(|error| RunError(Why::Thread { number, of: workers, error }))?;
        }
        Ok(())
    }

    /// Starts a spare, which works until it is sent home, or the crew stops.
    pub(crate) fn start_spare(self: &Arc<Crew>, spare: Spare) {
        let mut threads = self.threads();
        // Those that were sent home.
        threads.all.retain(|thread| !thread.is_finished());
        threads.spares += 1;
        let name = format!("{}-spare-{}", self.name, threads.spares);
        let work = |crew: &Crew| {
            let until = future::or(spare, crew.stop.wait());
            crew.executor.block_on_as_spare(&crew.shared.worker(), until);
        };
        // Without it all is as if there were no spares, and the watch tries again.
        let _ = self.spawn(&mut threads, name, work);
    }

    fn spawn(
        self: &Arc<Crew>,
        threads: &mut Threads,
        name: String,
        work: impl FnOnce(&Crew) + Send + 'static,
    ) -> io::Result<()> {
        let Some(held) = threads.alive.clone() else { return Ok(()) };
        let crew = self.clone();
        let work = move || {
            let _held = held;
            let _entered = crew.handle.enter();
            let _running = nested::enter(crew.started);
            work(&crew);
        };
        let mut thread = thread::Builder::new().name(name);
        if let Some(bytes) = self.stack_size {
            thread = thread.stack_size(bytes);
        }
        threads.all.push(thread.spawn(work)?);
        Ok(())
    }

    /// Tells all to stop, and waits for them, though not longer than `grace`.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stop.set();
        let mut threads = self.threads();
        threads.alive = None;
        let (ended, all) = (threads.ended.take(), std::mem::take(&mut threads.all));
        drop(threads);
        // Disconnected once every thread has ended; nobody ever sends.
        let all_ended =
            ended.is_none_or(|ended| ended.recv_timeout(grace) == Err(mpsc::RecvTimeoutError::Disconnected));
        let (ended, stuck): (Vec<_>, Vec<_>) = all.into_iter().partition(|thread| all_ended || thread.is_finished());
        ended.into_iter().for_each(|thread| drop(thread.join()));
        let names: Vec<_> =
            stuck.iter().map(|thread| thread.thread().name().unwrap_or("a worker").to_owned()).collect();
        if !names.is_empty() {
            report("a worker is stuck in a task that blocks, and was left behind", &names);
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
