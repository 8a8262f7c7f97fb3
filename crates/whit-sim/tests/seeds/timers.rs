//! whit-timers' `tests/futures.rs`, and what its futures promise to many tasks at once: exact times, in order.
//!
//! Here they stand on the simulation's clock. The wheel stands under it in whit-timers' own `src/wheel/seeds.rs`.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use whit::Timer;
use whit::stream::StreamExt;
use whit::time::{MissedTick, hold, now};

use crate::support::{MS, a_while, choose, under_seeds, waits};

#[test]
fn sleepers_wake_at_their_deadlines_and_in_their_order() {
    under_seeds(|| async {
        let (started, woken) = (now(), Rc::new(RefCell::new(Vec::new())));
        let tasks: Vec<_> = (0..12u32)
            .map(|number| {
                let woken = woken.clone();
                whit::spawn_local(async move {
                    let wait = number * 7 % 5 * MS;
                    whit::sleep(wait).await;
                    assert_eq!(now() - started, wait);
                    woken.borrow_mut().push(wait);
                })
            })
            .collect();
        whit::gather!(in tasks).await;
        assert!(woken.borrow().is_sorted() && woken.borrow().len() == 12);
    });
}

#[test]
fn a_time_out_comes_at_its_time_and_a_value_that_is_there_beats_it() {
    under_seeds(|| async {
        let tasks: Vec<_> = (0..8u32)
            .map(|number| {
                whit::spawn_local(async move {
                    let started = now();
                    let outcome = whit::timeout(number * MS, whit::sleep(4 * MS)).await;
                    // At the same time, the value is there.
                    assert_eq!((outcome.is_ok(), now() - started), (number >= 4, number.min(4) * MS));
                    assert!(whit::timeout(number * MS, pending::<()>()).await.is_err());
                    assert_eq!(now() - started, (number.min(4) + number) * MS);
                })
            })
            .collect();
        whit::gather!(in tasks).await;
    });
}

#[test]
fn ticks_do_not_drift_whatever_else_runs() {
    under_seeds(|| async {
        let tasks: Vec<_> = (1..4u32)
            .map(|number| {
                whit::spawn_local(async move {
                    let (started, mut ticks) = (now(), whit::interval(number * MS));
                    for tick in 0..10 {
                        assert_eq!(ticks.tick().await - started, tick * number * MS);
                        whit::yield_now().await;
                    }
                })
            })
            .collect();
        whit::gather!(in tasks).await;
    });
}

#[test]
fn zero_and_the_past_are_ready_and_the_longest_never_is() {
    under_seeds(|| async {
        let started = now();
        whit::sleep(Duration::ZERO).await;
        whit::sleep_until(started - 1000 * MS).await;
        assert_eq!(now(), started);
        let never = waits(whit::sleep(Duration::MAX)).await;
        whit::sleep(Duration::from_secs(1 << 24)).await;
        assert!(!never.is_finished() && !Timer::after(Duration::MAX).will_fire());
    });
}

/// A wait that is dropped wakes nobody, and one that is moved counts from its last deadline, however often it was polled before.
#[test]
fn dropping_forgets_and_reset_moves() {
    under_seeds(|| async {
        let started = now();
        let tasks = (0..6u32).map(|_| {
            whit::spawn_local(async move {
                let mut slept = whit::sleep(choose(20) as u32 * MS);
                for _ in 0..3 {
                    // Begun, or not; and given up at any time.
                    let given_up = whit::timeout(choose(4) as u32 * MS, &mut slept);
                    if choose(2) == 0 {
                        let _ = given_up.await;
                    } else {
                        drop(given_up);
                    }
                    let deadline = now() + choose(20) as u32 * MS;
                    slept.reset(Some(deadline));
                }
                let deadline = slept.deadline().unwrap();
                if choose(3) == 0 {
                    drop(slept);
                    return;
                }
                let before = now();
                assert_eq!(slept.await, deadline);
                assert_eq!(now(), deadline.max(before), "not early, and not late");
            })
        });
        whit::gather!(in tasks.collect::<Vec<_>>()).await;
        // Nothing of it is left that could move time: or this would be looked at before.
        assert!(now() - started <= 32 * MS);
    });
}

/// A thread that was busy: what becomes of the ticks that it missed.
#[test]
fn missed_ticks_follow_the_policy() {
    under_seeds(|| async {
        for (policy, expected) in [
            (MissedTick::Burst, [0, 10, 20, 30, 40]),
            (MissedTick::Delay, [0, 10, 45, 55, 65]),
            (MissedTick::Skip, [0, 10, 40, 50, 60]),
        ] {
            let start = now();
            let mut ticks = whit::interval(10 * MS).missed(policy);
            let mut seen = Vec::new();
            for tick in 0..5 {
                a_while().await;
                seen.push((ticks.tick().await - start).as_millis());
                if tick == 0 {
                    hold(35 * MS);
                }
            }
            assert_eq!(seen, expected, "{policy:?}");
        }
    });
}

#[test]
fn a_value_that_is_there_beats_a_timer_that_is_past() {
    under_seeds(|| async {
        let past = now() - MS;
        assert_eq!(whit::timeout_at(past, ready(5)).await, Ok(5));
        assert!(whit::timeout_at(past, pending::<()>()).await.is_err());
        // Also where it came while the thread was busy.
        let busy = async {
            hold(5 * MS);
            7
        };
        assert_eq!(whit::timeout(MS, busy).await, Ok(7));
    });
}

/// smol's timer: moved, cleared and set again while it is waited for.
#[test]
fn a_timer_can_be_set_again() {
    under_seeds(|| async {
        let started = now();
        let mut timer = Timer::interval(3 * MS);
        assert_eq!((timer.next().await, timer.next().await), (Some(started + 3 * MS), Some(started + 6 * MS)));
        timer.set_after(10 * MS);
        // Polled, and set anew before it is due.
        poll_fn(|cx| {
            assert!(pin!(&mut timer).poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        a_while().await;
        timer.set_after(MS);
        assert_eq!((&mut timer).await, started + 7 * MS);
        timer.clear();
        assert!(whit::timeout(5 * MS, &mut timer).await.is_err() && !timer.will_fire());
        timer.set_at(started);
        assert_eq!((&mut timer).await, started);
        assert_eq!(now(), started + 12 * MS);
    });
}

/// An earlier timer that another task sets ends no longer wait, and is not held up by one.
#[test]
fn many_timers_from_many_tasks_fire_in_order() {
    under_seeds(|| async {
        let (started, woken) = (now(), Rc::new(RefCell::new(Vec::new())));
        let far = waits(whit::sleep(Duration::from_secs(3600))).await;
        let tasks = (0..8u32).map(|_| {
            let woken = woken.clone();
            whit::spawn_local(async move {
                for _ in 0..5 {
                    let wait = Duration::from_micros(choose(50) as u64 * 7919 % 50_000);
                    let deadline = now() + wait;
                    whit::sleep(wait).await;
                    assert_eq!(now(), deadline);
                    woken.borrow_mut().push(deadline);
                }
            })
        });
        whit::gather!(in tasks.collect::<Vec<_>>()).await;
        assert!(woken.borrow().is_sorted() && woken.borrow().len() == 40 && !far.is_finished());
        assert!(now() - started < Duration::from_millis(250));
    });
}
