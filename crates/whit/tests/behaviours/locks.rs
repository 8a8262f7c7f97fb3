//! Locks and events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use whit::Task;
use whit::sync::{Event, Mutex, MutexGuardArc};

use crate::floors::{Log, everywhere, in_line, polled, settle, until};

type Lock = Arc<Mutex<()>>;

/// Stands in line for the lock, and gives it to whoever awaits the task.
async fn waiter(lock: &Lock) -> Task<MutexGuardArc<()>> {
    in_line(lock.lock_arc()).await
}

#[test]
fn b01_a_lock_goes_to_its_waiters_in_order_one_each_release() {
    everywhere(|| async {
        let (lock, log) = (Lock::default(), Log::default());
        let mut held = lock.lock().await;
        let mut waiters = Vec::new();
        for number in 0..3 {
            let (lock, log) = (lock.clone(), log.clone());
            let waits = async move {
                let guard = lock.lock_arc().await;
                log.add(number);
                guard
            };
            waiters.push(in_line(waits).await);
        }
        settle().await;
        assert_eq!(log.len(), 0, "nobody has it before the release");
        *held = ();
        drop(held);
        for (number, waiter) in waiters.into_iter().enumerate() {
            let guard = waiter.await;
            settle().await;
            assert_eq!(log.take(), [number.to_string()]);
            drop(guard);
        }
    });
}

#[test]
fn b02_cancel_a_waiter_and_release_in_one_turn_the_next_one_has_it() {
    everywhere(|| async {
        let lock = Lock::default();
        let held = lock.lock().await;
        let (b, c) = (waiter(&lock).await, waiter(&lock).await);
        drop(b);
        drop(held);
        drop(c.await);
        until(|| lock.try_lock().is_some()).await;
    });
}

#[test]
fn b03_cancel_and_release_in_one_turn_gives_exactly_one_owner() {
    everywhere(|| async {
        let (lock, owners, done) = (Lock::default(), Arc::new(AtomicUsize::new(0)), Arc::new(Event::new()));
        let held = lock.lock().await;
        let first = waiter(&lock).await;
        let mut others = Vec::new();
        for _ in 0..2 {
            let (lock, owners, done) = (lock.clone(), owners.clone(), done.clone());
            let owns = async move {
                let _guard = lock.lock().await;
                owners.fetch_add(1, SeqCst);
                done.wait().await;
            };
            others.push(in_line(owns).await);
        }
        drop(first);
        drop(held);
        until(|| owners.load(SeqCst) > 0).await;
        settle().await;
        assert_eq!(owners.load(SeqCst), 1);
        done.set();
        whit::scope::join(others).await;
        assert_eq!(owners.load(SeqCst), 2);
    });
}

#[test]
fn b04_a_waiter_that_is_cancelled_when_it_was_woken_passes_the_lock_on() {
    everywhere(|| async {
        let lock = Lock::default();
        let held = lock.lock().await;
        let (woken, next) = (waiter(&lock).await, waiter(&lock).await);
        // Handed over; on one thread it has not run since.
        drop(held);
        drop(woken);
        drop(next.await);
    });
}

/// asyncio raises an error when a lock is released that was not acquired. Here the guard is the right to release: there is no
/// call for it, and a guard that was given up cannot be named again. (`MutexGuard`'s page has the program that does not
/// compile.) What is left to show: one guard is one release, also where it is dropped elsewhere than it was made.
#[test]
fn b05_who_has_not_the_lock_cannot_release_it() {
    everywhere(|| async {
        let lock = Lock::default();
        let guard = lock.lock_arc().await;
        let (first, second) = (waiter(&lock).await, waiter(&lock).await);
        whit::spawn(async move { drop(guard) }).await;
        let guard = first.await;
        settle().await;
        assert!(!second.is_finished(), "released once");
        drop(guard);
        drop(second.await);
    });
}

#[test]
fn b06_an_event_that_is_set_and_cleared_at_once_lets_through_who_waited() {
    everywhere(|| async {
        let event = Arc::new(Event::new());
        let waits = event.clone();
        let waits = in_line(async move { waits.wait().await }).await;
        event.set();
        event.clear();
        waits.await;
        assert!(!event.is_set());
        assert!(polled(&mut Box::pin(event.wait())).await.is_none(), "who comes later waits");
    });
}

/// Beside the forty: an event wakes all, so one that is cancelled when it was woken owes nobody anything.
#[test]
fn b06_a_cancelled_waiter_of_an_event_keeps_nobody_from_it() {
    everywhere(|| async {
        let event = Arc::new(Event::new());
        let wait = |event: Arc<Event>| async move { event.wait().await };
        let (first, second) = (in_line(wait(event.clone())).await, in_line(wait(event.clone())).await);
        event.set();
        drop(first);
        second.await;
    });
}
