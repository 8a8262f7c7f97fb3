//! whit-sync's `tests/locks.rs`, second half: barrier, cell, condition, event and notify.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use whit::sync::{Barrier, Condvar, Event, Mutex, Notify, OnceCell};

use crate::support::{a_while, choose, ready, settled, still, under_seeds, waits};

#[test]
fn a_barrier_has_one_leader_a_round_and_forgets_who_left() {
    under_seeds(|| async {
        let barrier = Rc::new(Barrier::new(3));
        let meets = || {
            let barrier = barrier.clone();
            async move { barrier.wait().await }
        };
        for _ in 0..3 {
            let one = waits(meets()).await;
            let gone = waits(meets()).await;
            drop(gone);
            settled().await;
            let two = waits(meets()).await;
            let three = whit::spawn_local(meets());
            assert!(ready(three).await.unwrap().is_leader());
            let (one, two) = (ready(one).await.unwrap(), ready(two).await.unwrap());
            assert!(!one.is_leader() && !two.is_leader());
            assert_eq!((one.index(), two.index()), (0, 1), "who left has no place");
        }
        // And in any order of coming, round after round: one leader each, and nobody is a round ahead.
        let (rounds, led) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let tasks = (0..3).map(|_| {
            let (barrier, rounds, led) = (barrier.clone(), rounds.clone(), led.clone());
            whit::spawn_local(async move {
                for round in 0..4 {
                    a_while().await;
                    rounds.set(rounds.get() + 1);
                    let met = barrier.wait().await.unwrap();
                    assert!(
                        (round * 3 + 3..=round * 3 + 5).contains(&rounds.get()),
                        "all have come, and none comes twice"
                    );
                    led.set(led.get() + usize::from(met.is_leader()));
                }
            })
        });
        whit::gather!(in tasks.collect::<Vec<_>>()).await;
        assert_eq!(led.get(), 4);
    });
}

#[test]
fn an_aborted_barrier_ends_every_wait_until_it_is_reset() {
    under_seeds(|| async {
        let barrier = Rc::new(Barrier::new(2));
        let meets = || {
            let barrier = barrier.clone();
            async move { barrier.wait().await }
        };
        let one = waits(meets()).await;
        barrier.abort();
        assert!(ready(one).await.is_err() && barrier.is_aborted());
        assert!(barrier.wait().await.is_err(), "who comes later waits for nobody");
        barrier.reset();
        let two = waits(meets()).await;
        assert_eq!(barrier.waiting(), 1);
        barrier.reset();
        assert!(ready(two).await.is_err() && !barrier.is_aborted());
        let one = waits(meets()).await;
        assert!(barrier.wait().await.is_ok());
        // They met before that, whether or not it has gone on.
        a_while().await;
        barrier.abort();
        assert!(ready(one).await.is_ok());
    });
}

#[test]
fn a_cell_is_made_once_and_the_next_one_tries_after_a_failure() {
    under_seeds(|| async {
        let cell = Rc::new(OnceCell::new());
        assert_eq!(cell.get_or_try_init(|| async { Err::<u32, _>("no") }).await, Err("no"));
        let (made, made_by) = (Rc::new(Cell::new(0)), cell.clone());
        let stuck = waits(async move { *made_by.get_or_init(pending).await }).await;
        assert_eq!(cell.try_set(1), Err(1), "somebody makes it");
        let tasks: Vec<_> = (0..3u32)
            .map(|number| {
                let (cell, made) = (cell.clone(), made.clone());
                let init = move || async move {
                    a_while().await;
                    made.set(made.get() + 1);
                    5 + number
                };
                whit::spawn_local(async move { *cell.get_or_init(init).await })
            })
            .collect();
        let told = cell.clone();
        let told = waits(async move { *told.wait().await }).await;
        drop(stuck);
        let value = ready(told).await;
        for task in tasks {
            assert_eq!(ready(task).await, value);
        }
        assert_eq!((made.get(), cell.set(6).await, cell.try_set(7)), (1, Err(6), Err(7)));
    });
}

#[test]
fn a_condition_misses_nothing_and_passes_on_what_a_dropped_one_got() {
    under_seeds(|| async {
        let shared = Rc::new((Mutex::new(0), Condvar::new()));
        let (mutex, changed) = (&shared.0, &shared.1);
        // In the queue from the call on.
        let waiting = changed.wait(mutex.try_lock().unwrap());
        changed.notify_one();
        drop(waiting.await);
        let wait = || {
            let shared = shared.clone();
            async move {
                let guard = shared.1.wait(shared.0.lock().await).await;
                a_while().await;
                drop(guard);
            }
        };
        let first = waits(wait()).await;
        let second = waits(wait()).await;
        let held = mutex.try_lock().unwrap();
        changed.notify_one();
        a_while().await;
        // Notified, and waiting for the lock, or about to.
        drop(first);
        a_while().await;
        drop(held);
        ready(second).await;
        // Nothing is kept for those who come later.
        changed.notify_one();
        drop(waits(wait()).await);
    });
}

/// For the loop with threads.
#[test]
fn a_condition_is_looked_at_after_each_change() {
    under_seeds(|| async {
        let shared = Rc::new((Mutex::new(0), Condvar::new()));
        let sees = shared.clone();
        let sees = whit::spawn_local(async move { *sees.1.wait_while(sees.0.lock().await, |value| *value < 10).await });
        for _ in 0..10 {
            *shared.0.lock().await += 1;
            shared.1.notify_all();
        }
        assert_eq!(ready(sees).await, 10);
    });
}

#[test]
fn a_notification_is_kept_once_and_goes_on_from_a_dropped_waiter() {
    under_seeds(|| async {
        let notify = Rc::new(Notify::new());
        let notified = || {
            let notify = notify.clone();
            async move { notify.notified().await }
        };
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        let first = waits(notified()).await;
        let second = waits(notified()).await;
        notify.notify_one();
        // It has it, and goes before it could run.
        drop(first);
        ready(second).await;
        let mut enabled = notify.notified();
        assert!(!enabled.enable());
        notify.notify_all();
        a_while().await;
        enabled.await;
        // All had it: nothing goes on, nothing is kept.
        let late = waits(notified()).await;
        notify.notify_one();
        ready(late).await;
        notify.notify_one();
        let mut kept = notify.notified();
        assert!(kept.enable());
        drop(kept);
        notify.notified().await;
        drop(waits(notified()).await);
    });
}

#[test]
fn an_event_lets_through_who_waited_even_if_it_is_cleared_at_once() {
    under_seeds(|| async {
        let event = Rc::new(Event::new());
        let wait = || {
            let event = event.clone();
            async move { event.wait().await }
        };
        let (one, two) = (waits(wait()).await, waits(wait()).await);
        event.set();
        if choose(2) == 0 {
            a_while().await;
        }
        event.clear();
        let late = waits(wait()).await;
        ready(one).await;
        ready(two).await;
        still(&late).await;
        assert!(!event.is_set());
        event.set();
        ready(late).await;
        settled().await;
    });
}
