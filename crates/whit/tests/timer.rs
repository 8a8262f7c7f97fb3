//! `Timer` as async-io's users know it, from the facade: on a clock that stands still until it is told, and on a real one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, poll_once};
use whit::parts::core::{Clock, Enter, ManualClock};
use whit::prelude::*;
use whit::{Handle, Timer};

const HOUR: Duration = Duration::from_secs(3600);

/// A clock that stands still, which every timer of this thread takes.
fn still() -> (Arc<ManualClock>, Instant, Enter) {
    let clock = Arc::new(ManualClock::new());
    let start = clock.now();
    let handle = Handle::builder().clock(clock.clone()).build();
    (clock, start, handle.enter())
}

/// The tick that is there now, if there is one.
fn tick(timer: &mut Timer) -> Option<Instant> {
    block_on(poll_once(timer.next())).flatten()
}

#[test]
fn at_fires_once_and_gives_its_instant() {
    let (clock, start, _entered) = still();
    let mut timer = Timer::at(start + HOUR);
    assert!(timer.will_fire());
    assert_eq!(tick(&mut timer), None);
    clock.advance(HOUR * 2);
    assert_eq!(tick(&mut timer), Some(start + HOUR), "the instant it was set to, not the present");
    assert!(!timer.will_fire());
    clock.advance(HOUR);
    assert_eq!(tick(&mut timer), None);
    assert_eq!(block_on(Timer::at(start)), start, "an instant that has passed");
}

#[test]
fn after_counts_from_its_making_and_set_after_from_then() {
    let (clock, start, _entered) = still();
    let mut timer = Timer::after(HOUR);
    clock.advance(HOUR - Duration::from_nanos(1));
    assert_eq!(tick(&mut timer), None);
    // Registered with the clock by now; setting it takes that back.
    timer.set_after(HOUR);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(tick(&mut timer), None);
    clock.advance(HOUR);
    assert_eq!(tick(&mut timer), Some(start + HOUR * 2 - Duration::from_nanos(1)));
    timer.set_after(Duration::MAX);
    assert!(!timer.will_fire(), "no instant can hold that");
}

#[test]
fn set_at_moves_it_both_ways_and_starts_one_that_never_fires() {
    let (clock, start, _entered) = still();
    let mut timer = Timer::never();
    assert!(!timer.will_fire());
    assert_eq!(tick(&mut timer), None);
    timer.set_at(start + HOUR * 3);
    assert_eq!(tick(&mut timer), None);
    timer.set_at(start + HOUR);
    clock.advance(HOUR);
    assert_eq!(tick(&mut timer), Some(start + HOUR));
    timer.set_at(start + HOUR * 2);
    assert!(timer.will_fire());
    clock.advance(HOUR);
    assert_eq!(tick(&mut timer), Some(start + HOUR * 2));
}

#[test]
fn intervals_keep_their_beat_and_missed_ticks_come_in_a_burst() {
    let (clock, start, _entered) = still();
    let mut timer = Timer::interval_at(start, HOUR);
    assert_eq!(tick(&mut timer), Some(start), "the first at its start");
    assert_eq!(tick(&mut timer), None);
    clock.advance(HOUR * 2 + HOUR / 2);
    assert_eq!(tick(&mut timer), Some(start + HOUR));
    assert_eq!(tick(&mut timer), Some(start + HOUR * 2));
    assert_eq!(tick(&mut timer), None);
    clock.advance(HOUR / 2);
    assert_eq!(tick(&mut timer), Some(start + HOUR * 3));

    let mut timer = Timer::interval(HOUR);
    assert_eq!(tick(&mut timer), None, "the first after a period");
    clock.advance(HOUR);
    assert_eq!(tick(&mut timer), Some(start + HOUR * 4));
}

#[test]
fn a_timer_becomes_an_interval_and_an_interval_a_timer() {
    let (clock, start, _entered) = still();
    let mut timer = Timer::after(HOUR * 9);
    assert_eq!(tick(&mut timer), None);
    timer.set_interval(HOUR);
    clock.advance(HOUR * 2);
    assert_eq!([(); 3].map(|()| tick(&mut timer)), [Some(start + HOUR), Some(start + HOUR * 2), None]);
    timer.set_interval_at(start + HOUR * 5, HOUR * 2);
    clock.advance(HOUR * 5);
    assert_eq!([(); 3].map(|()| tick(&mut timer)), [Some(start + HOUR * 5), Some(start + HOUR * 7), None]);
    timer.set_at(start + HOUR * 8);
    clock.advance(HOUR * 5);
    assert_eq!([(); 2].map(|()| tick(&mut timer)), [Some(start + HOUR * 8), None], "no interval any more");
}

#[test]
fn clear_takes_the_registration_back_and_a_dropped_timer_too() {
    let (clock, _, _entered) = still();
    let mut timer = Timer::interval(HOUR);
    assert_eq!(tick(&mut timer), None);
    assert!(clock.next_deadline().is_some());
    timer.clear();
    assert!(!timer.will_fire());
    assert_eq!(clock.next_deadline(), None);
    clock.advance(HOUR * 2);
    assert_eq!(tick(&mut timer), None);
    timer.set_after(HOUR);
    assert_eq!(tick(&mut timer), None);
    assert!(clock.next_deadline().is_some());
    drop(timer);
    assert_eq!(clock.next_deadline(), None);
}

/// In a runtime, moved between tasks after it was registered, as its users do with a time-out that they push ahead.
#[test]
fn a_timer_that_is_set_anew_fires_by_its_last_setting() {
    let (early, late) = (Duration::from_millis(5), Duration::from_secs(3600));
    let started = Instant::now();
    whit::run(async {
        let mut timer = Timer::after(late);
        assert!(poll_once(&mut timer).await.is_none());
        timer.set_after(early);
        let fired = whit::spawn(timer).await;
        assert!(fired >= started + early && Instant::now() >= fired);

        let mut beat = Timer::interval_at(Instant::now(), early);
        let first = beat.next().await.unwrap();
        let ticks: Vec<_> = (&mut beat).take(3).collect().await;
        assert_eq!(ticks, [1, 2, 3].map(|number| first + early * number));
        beat.clear();
        assert!(whit::timeout(early, beat.next()).await.is_err());
    });
    assert!(started.elapsed() < Duration::from_secs(60));
}
