//! Models of the shared driver: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-executor --test loom_shared_park`.
#![cfg(loom)]

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use whit_core::{Park, ThreadPark};
use whit_executor::SharedPark;

fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Rules 1 and 2: whoever is unparked comes back, in the driver or asleep. A lost unpark would be a deadlock.
#[test]
fn no_unpark_is_lost() {
    bounded(|| {
        let shared = SharedPark::new(ThreadPark::new());
        let workers = [shared.worker(), shared.worker()];
        let wakers = [workers[0].unparker(), workers[1].unparker()];
        let flags: [Arc<AtomicBool>; 2] = Default::default();
        let [one, two] = workers;
        let until = |flag: Arc<AtomicBool>, park: whit_executor::WorkerPark<ThreadPark>| {
            move || {
                while !flag.load(Ordering::Acquire) {
                    park.park(None).unwrap();
                }
            }
        };
        let other = thread::spawn(until(flags[1].clone(), two));
        let waking = thread::spawn({
            let flags = flags.clone();
            move || {
                for (flag, waker) in flags.iter().zip(wakers) {
                    flag.store(true, Ordering::Release);
                    waker.wake();
                }
            }
        });
        until(flags[0].clone(), one)();
        other.join().unwrap();
        waking.join().unwrap();
    });
}

/// A driver with one event, which only whoever parks in it gets.
struct Driver {
    bell: ThreadPark,
    rung: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
}

impl Park for Driver {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        if !self.rung.load(Ordering::Acquire) {
            self.bell.park(deadline)?;
        }
        if self.rung.load(Ordering::Acquire) {
            self.heard.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn unparker(&self) -> Waker {
        self.bell.unparker()
    }
}

/// Rules 4 and 5: when the worker in the driver has left it and is busy, one that is asleep takes the driver over.
#[test]
fn the_driver_is_taken_over_from_who_is_busy() {
    bounded(|| {
        let (rung, heard): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let bell = ThreadPark::new();
        let ring = bell.unparker();
        let shared = SharedPark::new(Driver { bell, rung: rung.clone(), heard: heard.clone() });
        let (busy, stays) = (shared.worker(), shared.worker());
        let waker = busy.unparker();
        let leaving = thread::spawn(move || {
            busy.park(None).unwrap();
            // Busy for ever: never parks again, and is not dropped.
            busy
        });
        let waking = thread::spawn(move || {
            waker.wake();
            rung.store(true, Ordering::Release);
            ring.wake();
        });
        while !heard.load(Ordering::Acquire) {
            stays.park(None).unwrap();
        }
        waking.join().unwrap();
        drop(leaving.join().unwrap());
    });
}

/// Rule 3: when the worker in the driver leaves for good, one that is asleep takes the driver over, and gets its events.
#[test]
fn the_driver_is_taken_over_from_who_leaves() {
    bounded(|| {
        let (rung, heard): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let bell = ThreadPark::new();
        let ring = bell.unparker();
        let shared = SharedPark::new(Driver { bell, rung: rung.clone(), heard: heard.clone() });
        let (leaves, stays) = (shared.worker(), shared.worker());
        let waker = leaves.unparker();
        let leaving = thread::spawn(move || {
            leaves.park(None).unwrap();
            drop(leaves);
        });
        let waking = thread::spawn(move || {
            waker.wake();
            rung.store(true, Ordering::Release);
            ring.wake();
        });
        while !heard.load(Ordering::Acquire) {
            stays.park(None).unwrap();
        }
        leaving.join().unwrap();
        waking.join().unwrap();
    });
}

/// A driver that calls a foreign waker, which panics.
struct Panics;

impl Park for Panics {
    fn park(&self, _: Option<Instant>) -> io::Result<()> {
        panic::resume_unwind(Box::new("a waker panicked"))
    }

    fn unparker(&self) -> Waker {
        Waker::noop().clone()
    }
}

/// A panic in the driver leaves no worker in the list of those asleep, where it would take wakes that are meant for others.
#[test]
fn a_driver_that_panics_leaves_nobody_in_the_list_of_sleepers() {
    bounded(|| {
        let shared = Arc::new(SharedPark::new(Panics));
        let park = |shared: Arc<SharedPark<Panics>>| {
            let _ = panic::catch_unwind(AssertUnwindSafe(|| shared.worker().park(None)));
        };
        let other = thread::spawn({
            let shared = shared.clone();
            move || park(shared)
        });
        park(shared.clone());
        other.join().unwrap();
        assert_eq!(format!("{shared:?}"), "SharedPark { asleep: 0, .. }");
    });
}
