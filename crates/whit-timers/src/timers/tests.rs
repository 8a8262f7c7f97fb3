//! Timers in several shards: their order, and being moved, cancelled and dropped from wherever.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use whit_core::ThreadPark;

use super::*;
use crate::Sleep;

const MILLISECOND: Duration = Duration::from_millis(1);

struct Note(u64, Arc<Mutex<Vec<u64>>>);
impl Wake for Note {
    fn wake(self: Arc<Self>) {
        lock(&self.1).push(self.0);
    }
}

fn poll<C: Clock>(sleep: &mut Sleep<C>, waker: &Waker) -> Poll<Instant> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

/// Parks until `timers` has none left.
fn drain<P: Park>(timers: &Timers<P>) {
    while !timers.is_empty() {
        timers.park(None).unwrap();
    }
}

/// Counts unparks, and sleeps without end for those who ask until then.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>, ThreadPark);
impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.unparker().wake();
    }
}
impl Park for Counted {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.1.park(deadline)
    }
    fn unparker(&self) -> Waker {
        Waker::from(Arc::new(self.clone()))
    }
}

#[test]
fn what_is_due_fires_by_deadline_across_shards() {
    let timers = Timers::new(ThreadPark::new());
    let fired = Arc::new(Mutex::new(Vec::new()));
    let start = timers.now() + 20 * MILLISECOND;
    let mut sleeps: Vec<_> =
        (0..100u64).map(|number| (number * 37 % 100, Sleep::new_in(&timers, None::<Instant>))).collect();
    for (number, sleep) in &mut sleeps {
        SHARD.set(*number as usize);
        sleep.reset(Some(start + Duration::from_micros(*number)));
        assert!(poll(sleep, &Waker::from(Arc::new(Note(*number, fired.clone())))).is_pending());
    }
    let used = timers.shards.iter().filter(|shard| shard.0.lock().wheel.len() > 0).count();
    assert_eq!(used, timers.shards.len());
    // All in one turn.
    std::thread::sleep(25 * MILLISECOND);
    timers.park(Some(start)).unwrap();
    assert_eq!(*lock(&fired), (0..100).collect::<Vec<_>>());
}

#[test]
fn threads_that_meet_in_a_shard_part() {
    let timers = Timers::new(ThreadPark::new());
    let key = |timers: &Timers<ThreadPark>| {
        let mut key = TimerKey::NONE;
        let deadline = timers.now() + Duration::from_secs(3600);
        assert!(timers.poll_until(&mut key, deadline, &mut Context::from_waker(Waker::noop())).is_pending());
        (key.get().unwrap().get() >> SHARD_SHIFT) as usize
    };
    SHARD.set(0);
    let held = timers.shards[0].0.lock();
    assert_eq!(key(&timers), 1);
    drop(held);
    assert_eq!(key(&timers), 1, "it stays there");
    // Where all are taken it waits for its own.
    let all: Vec<_> = timers.shards.iter().map(|shard| shard.0.lock()).collect();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            SHARD.set(1);
            key(&timers)
        });
        std::thread::sleep(5 * MILLISECOND);
        drop(all);
        assert_eq!(waits.join().unwrap(), 1);
    });
}

#[test]
fn one_that_is_registered_here_is_cancelled_and_polled_elsewhere() {
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    let register = |after| {
        let mut sleep = Sleep::new_in(timers.clone(), Some(timers.now() + after));
        assert!(poll(&mut sleep, Waker::noop()).is_pending());
        sleep
    };
    SHARD.set(1);
    let (dropped, mut polled) = (register(3600 * 1000 * MILLISECOND), register(MILLISECOND));
    std::thread::spawn(move || {
        SHARD.set(0);
        drop(dropped);
    })
    .join()
    .unwrap();
    assert_eq!(timers.len(), 1);
    drain(&timers);
    std::thread::spawn(move || assert!(poll(&mut polled, Waker::noop()).is_ready())).join().unwrap();
    assert!(timers.shards.iter().all(|shard| shard.0.lock().wheel.is_unused()));
}

#[test]
fn another_deadline_takes_the_place_of_the_first() {
    let timers = Timers::new(ThreadPark::new());
    let fired = Arc::new(Mutex::new(Vec::new()));
    let waker = Waker::from(Arc::new(Note(7, fired.clone())));
    let mut sleep = Sleep::new_in(&timers, Some(timers.now() + MILLISECOND));
    assert!(poll(&mut sleep, &waker).is_pending());
    // Later, while it is pending.
    let later = timers.now() + 10 * MILLISECOND;
    sleep.reset(Some(later));
    assert!(poll(&mut sleep, &waker).is_pending());
    assert_eq!(timers.len(), 1);
    drain(&timers);
    assert!(timers.now() >= later && *lock(&fired) == [7]);
    // It has fired for the last one, and nobody has looked.
    let later = timers.now() + 5 * MILLISECOND;
    sleep.reset(Some(later));
    assert!(poll(&mut sleep, &waker).is_pending());
    drain(&timers);
    assert!(timers.now() >= later && lock(&fired).len() == 2);
    assert_eq!(poll(&mut sleep, &waker), Poll::Ready(later));
    // Earlier than before.
    sleep.reset(Some(timers.now() + Duration::from_secs(3600)));
    assert!(poll(&mut sleep, &waker).is_pending());
    sleep.reset(Some(timers.now() + MILLISECOND));
    assert!(poll(&mut sleep, &waker).is_pending());
    drain(&timers);
    assert!(poll(&mut sleep, &waker).is_ready() && lock(&fired).len() == 3);
}

#[test]
fn many_that_come_and_go_unpark_the_driver_once() {
    let (park, count) = (Counted::default(), Arc::new(AtomicUsize::new(0)));
    let timers = Timers::new(Counted(count.clone(), park.1));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                timers.park(None).unwrap();
            }
        });
        std::thread::sleep(10 * MILLISECOND);
        for _ in 0..10_000 {
            let mut sleep = Sleep::new_in(&timers, Some(timers.now() + Duration::from_secs(3600)));
            assert!(poll(&mut sleep, Waker::noop()).is_pending());
        }
        // One for each shard, should this thread have met the driver in one and moved on.
        assert!((1..=timers.shards.len()).contains(&count.load(Ordering::Relaxed)), "{count:?}");
        stop.store(true, Ordering::Relaxed);
        timers.unparker().wake();
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_though_others_wait() {
    let timers = Timers::new(ThreadPark::new());
    let mut far = Sleep::new_in(&timers, Some(timers.now() + Duration::from_secs(3600)));
    assert!(poll(&mut far, Waker::noop()).is_pending());
    let mut past = Sleep::new_in(&timers, Some(timers.now()));
    assert!(poll(&mut past, Waker::noop()).is_ready());
    // Behind one that is due and was not fired: it is ready when polled again, driver or not.
    let mut due = Sleep::new_in(&timers, Some(timers.now() + MILLISECOND));
    assert!(poll(&mut due, Waker::noop()).is_pending());
    std::thread::sleep(2 * MILLISECOND);
    let mut behind = Sleep::new_in(&timers, Some(timers.now()));
    assert!(poll(&mut behind, Waker::noop()).is_pending());
    assert!(poll(&mut behind, Waker::noop()).is_ready() && poll(&mut due, Waker::noop()).is_ready());
}

#[test]
fn the_last_instant_is_taken_and_does_not_fire() {
    let timers = Timers::new(ThreadPark::new());
    let mut last = timers.now();
    for step in (0..63).rev().map(|bit| Duration::from_secs(1 << bit)) {
        last = last.checked_add(step).unwrap_or(last);
    }
    let mut sleep = Sleep::new_in(&timers, Some(last));
    assert!(poll(&mut sleep, Waker::noop()).is_pending());
    timers.park(Some(timers.now() + MILLISECOND)).unwrap();
    assert!(poll(&mut sleep, Waker::noop()).is_pending() && timers.len() == 1);
}

/// The last waker of a task drops the task, and with it a timer of the same shard.
#[test]
fn a_waker_may_hold_a_timer() {
    struct Holds(#[allow(dead_code, reason = "to be dropped")] Mutex<Sleep<Arc<Timers<ThreadPark>>>>);
    impl Wake for Holds {
        fn wake(self: Arc<Self>) {}
    }
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    SHARD.set(0);
    let far = timers.now() + Duration::from_secs(3600);
    let holds = || {
        let mut held = Sleep::new_in(timers.clone(), Some(far));
        assert!(poll(&mut held, Waker::noop()).is_pending());
        Waker::from(Arc::new(Holds(Mutex::new(held))))
    };
    let mut sleep = Sleep::new_in(timers.clone(), Some(far));
    // Polled with another waker, moved, cancelled, and all forgotten: each drops a waker.
    assert!(poll(&mut sleep, &holds()).is_pending());
    assert!(poll(&mut sleep, &holds()).is_pending());
    sleep.reset(Some(far + MILLISECOND));
    assert!(poll(&mut sleep, &holds()).is_pending());
    assert_eq!(timers.len(), 2);
    drop(sleep);
    assert_eq!(timers.len(), 0);
    let mut sleep = Sleep::new_in(timers.clone(), Some(far));
    assert!(poll(&mut sleep, &holds()).is_pending());
    timers.close();
    drop(sleep);
    assert_eq!((timers.len(), Arc::strong_count(&timers)), (0, 1));
}

#[test]
fn dropping_the_timers_drops_the_wakers_unwoken() {
    let (timers, fired) = (Timers::new(ThreadPark::new()), Arc::new(Mutex::new(Vec::new())));
    for number in 0..100 {
        SHARD.set(number as usize);
        let mut key = TimerKey::NONE;
        let waker = Waker::from(Arc::new(Note(number, fired.clone())));
        let deadline = timers.now() + Duration::from_secs(3600);
        assert!(timers.poll_until(&mut key, deadline, &mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&fired), 101);
    drop(timers);
    assert_eq!((Arc::strong_count(&fired), lock(&fired).len()), (1, 0));
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let (timers, fired) = (Timers::new(ThreadPark::new()), Arc::new(Mutex::new(Vec::new())));
    let deadline = timers.now() + MILLISECOND;
    let mut keys = [TimerKey::NONE; 3];
    let wakers = [0, 1, 2].map(|number| match number {
        1 => Waker::from(Arc::new(Panics)),
        _ => Waker::from(Arc::new(Note(number, fired.clone()))),
    });
    for (key, waker) in keys.iter_mut().zip(&wakers) {
        assert!(timers.poll_until(key, deadline, &mut Context::from_waker(waker)).is_pending());
    }
    let turn = || {
        while !timers.is_empty() {
            timers.park(None).unwrap()
        }
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(turn)).is_err());
    assert_eq!(*lock(&fired), [0, 2]);
    // And the next ones are told of as before.
    let mut key = TimerKey::NONE;
    let deadline = timers.now() + MILLISECOND;
    assert!(timers.poll_until(&mut key, deadline, &mut Context::from_waker(&wakers[0])).is_pending());
    drain(&timers);
    assert_eq!(*lock(&fired), [0, 2, 0]);
}
