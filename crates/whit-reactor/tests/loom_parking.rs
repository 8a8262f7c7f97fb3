//! A model of the park protocol: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-reactor --test loom_parking`.
#![cfg(loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use whit_reactor::parking::Parking;

/// Stands for the eventfd: a ring ends the wait that goes on, or else the next one.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    signal: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.signal.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.signal.wait(rung).unwrap();
        }
        *rung = false;
    }
}

fn park(parking: &Parking, bell: &Bell) {
    if parking.enter() {
        bell.wait();
    }
    parking.leave();
}

/// Whoever parks until a flag is set gets to see it, however the notifiers come: loom reports a wait without end.
#[test]
fn a_notification_is_never_missed() {
    loom::model(|| {
        let (parking, bell) = (Arc::new(Parking::new()), Arc::new(Bell::default()));
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let (parking, bell, done) = (parking.clone(), bell.clone(), done.clone());
            thread::spawn(move || {
                // Relaxed: it is the protocol that makes it visible.
                done.fetch_add(1, Ordering::Relaxed);
                if parking.notify() {
                    bell.ring();
                }
            });
        }
        while done.load(Ordering::Relaxed) < 2 {
            park(&parking, &bell);
        }
    });
}

/// Two parks in a row, and an event that ends the first one: a ring that comes late ends the second one at most.
#[test]
fn a_late_ring_does_no_harm() {
    loom::model(|| {
        let (parking, bell) = (Arc::new(Parking::new()), Arc::new(Bell::default()));
        let told = Arc::new(AtomicBool::new(false));
        let event = thread::spawn({
            let bell = bell.clone();
            move || bell.ring()
        });
        let notifier = thread::spawn({
            let (parking, bell, told) = (parking.clone(), bell.clone(), told.clone());
            move || {
                told.store(true, Ordering::Relaxed);
                if parking.notify() {
                    bell.ring();
                }
            }
        });
        while !told.load(Ordering::Relaxed) {
            park(&parking, &bell);
        }
        event.join().unwrap();
        notifier.join().unwrap();
    });
}
