//! Workers 1 and up: a thread each.

use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use whit_core::Handle;
use whit_executor::{Executor, SharedPark};
use whit_sync::Event;

use crate::builder::{Builder, RunError, Why};
use crate::runtime::Driver;
use crate::{nested, threads};

pub(crate) struct Crew {
    stop: Arc<Event>,
    threads: Vec<JoinHandle<()>>,
    alive: Arc<Alive>,
}

impl Crew {
    pub(crate) fn start(
        builder: &Builder,
        workers: usize,
        started: &'static Location<'static>,
        handle: &Handle,
        executor: &Arc<Executor<'static>>,
        shared: &Arc<SharedPark<Arc<Driver>>>,
    ) -> Result<Crew, RunError> {
        let mut crew = Crew { stop: Arc::new(Event::new()), threads: Vec::new(), alive: Arc::default() };
        for number in 1..workers {
            let (stop, handle, executor, shared) =
                (crew.stop.clone(), handle.clone(), executor.clone(), shared.clone());
            let held = Alive::hold(&crew.alive);
            let work = move || {
                let _held = held;
                let _entered = handle.enter();
                let _running = nested::enter(started);
                executor.block_on(&shared.worker(), stop.wait());
            };
            let name = format!("{}-{number}", builder.name);
            match threads::start(name, builder.stack_size, Box::new(work)) {
                Ok(thread) => crew.threads.push(thread),
                Err(error) => {
                    crew.stop(builder.grace);
                    return Err(RunError(Why::Thread { number, of: workers, error }));
                }
            }
        }
        Ok(crew)
    }

    pub(crate) fn stop(self, grace: Duration) {
        self.stop.set();
        let all_ended = self.alive.await_none(grace);
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

/// How many threads have not ended yet, so that joining can be bounded in time.
#[derive(Default)]
struct Alive {
    count: Mutex<usize>,
    none: Condvar,
}

struct Held(Arc<Alive>);

impl Alive {
    fn hold(alive: &Arc<Alive>) -> Held {
        *alive.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Held(alive.clone())
    }

    /// Whether all have ended within that time.
    fn await_none(&self, within: Duration) -> bool {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.none.wait_timeout_while(count, within, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.none.notify_one();
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
