//! The threads of a runtime: workers 1 and up, and spares, which stand in while all workers are stuck.

use std::io;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_lite::future;
use whit_core::Handle;
use whit_executor::{Executor, SharedPark, Spare};
use whit_sync::Event;

use crate::builder::{Builder, RunError, Why};
use crate::runtime::Driver;
use crate::{nested, threads};

pub(crate) struct Crew {
    name: String,
    stack_size: Option<usize>,
    started: &'static Location<'static>,
    handle: Handle,
    executor: Arc<Executor<'static>>,
    shared: Arc<SharedPark<Arc<Driver>>>,
    stop: Event,
    threads: Mutex<Threads>,
    // Signalled when one of them ends.
    one_less: Condvar,
}

struct Threads {
    // Those that have not ended yet, so that joining can be bounded in time.
    alive: usize,
    // No new one is to start.
    stopped: bool,
    all: Vec<JoinHandle<()>>,
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
        Arc::new(Crew {
            name: builder.name.clone(),
            stack_size: builder.stack_size,
            started,
            handle: handle.clone(),
            executor: executor.clone(),
            shared: shared.clone(),
            stop: Event::new(),
            threads: Mutex::new(Threads { alive: 0, stopped: false, all: Vec::new(), spares: 0 }),
            one_less: Condvar::new(),
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
        if threads.stopped {
            return Ok(());
        }
        let crew = self.clone();
        let work = move || {
            // Not before: if no thread can be started, this is dropped under the lock.
            let alive = Alive(crew);
            let crew = &alive.0;
            let _entered = crew.handle.enter();
            let _running = nested::enter(crew.started);
            work(crew);
        };
        // The new thread cannot say that it has ended before the lock is free.
        threads.all.push(threads::start(name, self.stack_size, Box::new(work))?);
        threads.alive += 1;
        Ok(())
    }

    /// Tells all to stop, and waits for them, though not longer than `grace`.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stop.set();
        let mut threads = self.threads();
        threads.stopped = true;
        let waited = self.one_less.wait_timeout_while(threads, grace, |threads| threads.alive > 0);
        let mut threads = waited.unwrap_or_else(PoisonError::into_inner).0;
        let (all_ended, all) = (threads.alive == 0, std::mem::take(&mut threads.all));
        drop(threads);
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

/// Held by a thread of the crew until it ends.
struct Alive(Arc<Crew>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.threads().alive -= 1;
        self.0.one_less.notify_all();
    }
}

pub(crate) fn report(what: &str, who: &[String]) {
    let mut list = String::new();
    for (i, name) in who.iter().enumerate() {
        list.push_str(if i == 0 { "" } else { ", " });
        list.push_str(name);
    }
    eprintln!("whit: {what}: {list}");
}
