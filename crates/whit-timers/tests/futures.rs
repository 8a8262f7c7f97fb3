//! The futures, on a clock that is moved by hand, and on the real one.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use whit_core::{Clock, Handle, ManualClock, Park, ThreadPark};
use whit_timers::{MissedTick, Sleep, Timer, Timers, interval, sleep, sleep_until, timeout, timeout_at};

const SECOND: Duration = Duration::from_secs(1);

fn manual() -> (Arc<ManualClock>, Handle) {
    let clock = Arc::new(ManualClock::new());
    (clock.clone(), Handle::builder().clock(clock).build())
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn sleep_is_ready_exactly_at_its_deadline() {
    let (clock, handle) = manual();
    let _entered = handle.enter();
    let mut slept = sleep(SECOND);
    let deadline = slept.deadline().unwrap();
    assert!(poll(&mut slept).is_pending());
    clock.advance(SECOND - Duration::from_nanos(1));
    assert!(poll(&mut slept).is_pending());
    clock.advance(Duration::from_nanos(1));
    assert_eq!(poll(&mut slept), Poll::Ready(deadline));
}

#[test]
fn zero_and_the_past_are_ready_and_the_longest_never_is() {
    let (clock, handle) = manual();
    let _entered = handle.enter();
    assert!(poll(&mut sleep(Duration::ZERO)).is_ready());
    assert!(poll(&mut sleep_until(clock.now() - SECOND)).is_ready());
    let mut never = sleep(Duration::MAX);
    assert!(poll(&mut never).is_pending());
    clock.advance(Duration::from_secs(1 << 32));
    assert!(poll(&mut never).is_pending());
    assert!(!Timer::after(Duration::MAX).will_fire());
}

#[test]
fn dropping_forgets_and_reset_moves() {
    let (clock, handle) = manual();
    let _entered = handle.enter();
    let mut slept = sleep(SECOND);
    assert!(poll(&mut slept).is_pending());
    assert!(clock.next_deadline().is_some());
    drop(slept);
    assert!(clock.next_deadline().is_none());

    let mut slept = sleep(SECOND);
    assert!(poll(&mut slept).is_pending());
    slept.reset(Some(clock.now() + 3 * SECOND));
    clock.advance(2 * SECOND);
    assert!(poll(&mut slept).is_pending());
    clock.advance(SECOND);
    assert!(poll(&mut slept).is_ready());
}

#[test]
fn missed_ticks_follow_the_policy() {
    let (clock, handle) = manual();
    let _entered = handle.enter();
    for (policy, expected) in [
        (MissedTick::Burst, [1000, 2000, 3000]),
        (MissedTick::Delay, [1000, 4500, 5500]),
        (MissedTick::Skip, [1000, 4000, 5000]),
    ] {
        let start = clock.now();
        let mut ticks = interval(SECOND).missed(policy);
        let mut tick = |clock: &ManualClock| match ticks.poll_tick(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(at) => Some((at - start).as_millis()),
            Poll::Pending => {
                clock.advance(Duration::from_millis(100));
                None
            }
        };
        assert_eq!(tick(&clock), Some(0));
        clock.advance(Duration::from_millis(3500));
        let seen: Vec<_> = std::iter::repeat_with(|| tick(&clock)).flatten().take(3).collect();
        assert_eq!(seen, expected, "{policy:?}");
    }
}

#[test]
fn a_value_that_is_there_beats_the_timer() {
    let (clock, handle) = manual();
    let _entered = handle.enter();
    let mut late = pin!(timeout(SECOND, std::future::pending::<()>()));
    assert!(poll(&mut late).is_pending());
    clock.advance(SECOND);
    assert!(matches!(poll(&mut late), Poll::Ready(Err(_))));
    let mut there = pin!(timeout_at(clock.now() - SECOND, std::future::ready(5)));
    assert_eq!(poll(&mut there), Poll::Ready(Ok(5)));
}

#[test]
fn the_default_clock_serves_any_executor() {
    let started = Instant::now();
    let ticks: Vec<_> =
        futures_lite::future::block_on(Timer::interval(Duration::from_millis(5)).take(3).collect::<Vec<_>>());
    assert!(started.elapsed() >= Duration::from_millis(15));
    assert_eq!(ticks[2] - ticks[0], Duration::from_millis(10));
}

#[test]
fn an_earlier_timer_from_another_thread_ends_a_longer_sleep() {
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    let parked = timers.clone();
    let driver = std::thread::spawn(move || {
        // A far timer keeps it asleep; each return is an unpark or an expiry.
        while Arc::strong_count(&parked) > 1 {
            parked.park(None).unwrap();
        }
    });
    let far = Instant::now() + Duration::from_secs(3600);
    let mut far = Sleep::new_in(timers.clone(), Some(far));
    assert!(poll(&mut far).is_pending());
    for _ in 0..50 {
        let near = Instant::now() + Duration::from_millis(2);
        let near = Sleep::new_in(timers.clone(), Some(near));
        whit_core::block_on(near);
        assert_eq!(timers.len(), 1);
    }
    drop(far);
    assert!(timers.is_empty());
    let unparker = timers.unparker();
    drop(timers);
    unparker.wake();
    driver.join().unwrap();
}

#[test]
fn many_fire_in_order_and_not_early() {
    let timers = Timers::new(ThreadPark::new());
    let start = Instant::now();
    let mut sleeps: Vec<_> = (0..10_000u64)
        .map(|n| Sleep::new_in(&timers, Some(start + Duration::from_micros(n * 7919 % 50_000))))
        .collect();
    sleeps.retain_mut(|sleep| poll(sleep).is_pending());
    while !timers.is_empty() {
        timers.park(None).unwrap();
        let now = Instant::now();
        assert!(sleeps.iter().filter(|sleep| sleep.deadline().unwrap() > now).count() <= timers.len());
    }
    assert!(start.elapsed() >= Duration::from_micros(49_900));
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep).is_ready()));
}

#[test]
fn closed_timers_never_fire() {
    let timers = Timers::new(ThreadPark::new());
    let mut pending = Sleep::new_in(&timers, Some(timers.now() + Duration::from_millis(1)));
    assert!(poll(&mut pending).is_pending());
    timers.close();
    let mut later = Sleep::new_in(&timers, Some(timers.now() + Duration::from_millis(1)));
    assert!(poll(&mut later).is_pending());
    // A park may return early, and here it does: the driver still remembers when the first was due.
    let due = later.deadline().unwrap();
    while Instant::now() < due {
        timers.park(Some(due)).unwrap();
    }
    assert!(timers.is_empty());
    // Whoever asks gets to know nevertheless.
    assert!(poll(&mut pending).is_ready() && poll(&mut later).is_ready());
}
