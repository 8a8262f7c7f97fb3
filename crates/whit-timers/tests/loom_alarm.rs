//! A model of how the driver is told of deadlines: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-timers --test loom_alarm`.
//!
//! Time is what the driver makes it: when it sleeps and nobody unparks it, it sleeps until the deadline it asked for. So a
//! deadline is missed if it would sleep for longer than that, with nobody on the way to unpark it.
#![cfg(loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use whit_timers::alarm::{Alarm, NEVER};

/// The park below: an unpark ends the sleep that goes on, or else the next one.
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

/// A wheel for few: what is pending, and what the alarm was told.
struct Shard {
    pending: Vec<u64>,
    told: u64,
}

struct Model {
    alarm: Alarm,
    shards: Vec<Mutex<Shard>>,
    bell: Bell,
    fired: AtomicUsize,
}

impl Model {
    fn new(shards: usize) -> Arc<Model> {
        let shard = |_| Mutex::new(Shard { pending: Vec::new(), told: NEVER });
        let shards = (0..shards).map(shard).collect();
        Arc::new(Model { alarm: Alarm::new(), shards, bell: Bell::default(), fired: AtomicUsize::new(0) })
    }

    /// As `Timers::register`.
    fn register(&self, shard: usize, deadline: u64) {
        let mut inner = self.shards[shard].lock().unwrap();
        inner.pending.push(deadline);
        let earlier = deadline < inner.told;
        if earlier {
            inner.told = deadline;
        }
        drop(inner);
        if earlier && self.alarm.lower(deadline) {
            self.bell.ring();
        }
    }

    fn cancel(&self, shard: usize, deadline: u64) {
        self.shards[shard].lock().unwrap().pending.retain(|pending| *pending != deadline);
    }

    /// As `Timers::park` and `Timers::fire`. The time is the deadline that was slept for; without one it sleeps until unparked.
    fn turn(&self) {
        let asked = self.alarm.enter();
        if asked == NEVER {
            self.bell.wait();
        }
        let alarm = self.alarm.leave();
        let now = asked;
        if alarm == NEVER || asked == NEVER || now < alarm {
            return;
        }
        self.alarm.reset();
        let mut earliest = NEVER;
        for shard in &self.shards {
            let mut inner = shard.lock().unwrap();
            if inner.told <= now {
                let before = inner.pending.len();
                inner.pending.retain(|pending| *pending > now);
                self.fired.fetch_add(before - inner.pending.len(), Ordering::Relaxed);
                inner.told = inner.pending.iter().copied().min().unwrap_or(NEVER);
            }
            earliest = earliest.min(inner.told);
        }
        let _ = self.alarm.lower(earliest);
    }
}

/// Two threads register in a shard each while the driver goes to sleep: it gets to fire both. loom reports a sleep without end.
#[test]
fn no_deadline_is_missed() {
    loom::model(|| {
        let model = Model::new(2);
        let threads: Vec<_> = (0..2)
            .map(|number| {
                let model = model.clone();
                thread::spawn(move || model.register(number, 10 - number as u64))
            })
            .collect();
        while model.fired.load(Ordering::Relaxed) < 2 {
            model.turn();
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// The driver fires one while another is registered in the shard that it visits, or has visited.
#[test]
fn what_comes_during_a_turn_is_kept() {
    loom::model(|| {
        let model = Model::new(2);
        model.register(0, 1);
        let other = thread::spawn({
            let model = model.clone();
            move || {
                model.register(0, 5);
                model.register(1, 3);
            }
        });
        while model.fired.load(Ordering::Relaxed) < 3 {
            model.turn();
        }
        other.join().unwrap();
    });
}

/// An earliest deadline that is cancelled hides none that was registered behind it.
#[test]
fn a_cancelled_one_hides_nobody() {
    loom::model(|| {
        let model = Model::new(1);
        let other = thread::spawn({
            let model = model.clone();
            move || {
                model.register(0, 2);
                model.register(0, 7);
                model.cancel(0, 2);
            }
        });
        while !model.shards[0].lock().unwrap().told.eq(&NEVER) || model.fired.load(Ordering::Relaxed) == 0 {
            model.turn();
        }
        other.join().unwrap();
    });
}

/// Two that lower the alarm one below the other while the driver sleeps for longer: one of them unparks it.
#[test]
fn a_driver_asleep_for_longer_is_unparked() {
    loom::model(|| {
        let model = Model::new(2);
        model.register(0, 100);
        let threads: Vec<_> = [(0, 20), (1, 10)]
            .map(|(shard, deadline)| {
                let model = model.clone();
                thread::spawn(move || model.register(shard, deadline))
            })
            .into_iter()
            .collect();
        // Who sleeps until 100 is not to sleep on: here it waits for the bell, which has to come unless it knows of 10.
        loop {
            let asked = model.alarm.enter();
            if asked > 10 {
                model.bell.wait();
            }
            model.alarm.leave();
            if asked == 10 {
                break;
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A deadline that is that of the alarm already takes `PARKED` away as well, and so has to unpark: an earlier one follows.
#[test]
fn the_same_deadline_twice_and_then_an_earlier_one() {
    loom::model(|| {
        let model = Model::new(2);
        model.register(0, 20);
        let other = thread::spawn({
            let model = model.clone();
            move || {
                model.register(1, 20);
                model.register(1, 10);
            }
        });
        loop {
            let asked = model.alarm.enter();
            if asked > 10 {
                model.bell.wait();
            }
            model.alarm.leave();
            if asked == 10 {
                break;
            }
        }
        other.join().unwrap();
    });
}
