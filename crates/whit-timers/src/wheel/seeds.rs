//! The wheel in the simulation's time, under a thousand seeds: a clock for whit's own sleeps, driven by hand.
//!
//! `Timers` itself cannot stand there: it reads the system's clock, and must not pay for a choice at each look. What it adds to the
//! wheel, shards and an alarm, is about threads; loom has that. What it does with the wheel is done here, by one task.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use whit_core::{Clock, Handle, Task, TimerKey};
use whit_sim::{Campaign, Controls};

use super::{State, Wheel};
use crate::alarm::NEVER;
use crate::{Sleep, Timeout, now};

/// A clock whose timers stand in a wheel.
struct Driven {
    start: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    wheel: Wheel,
    // The driver wakes by then.
    told: u64,
    driver: Option<Waker>,
    stop: bool,
}

impl Driven {
    fn new() -> Arc<Driven> {
        let inner = Inner { wheel: Wheel::new(), told: NEVER, driver: None, stop: false };
        Arc::new(Driven { start: now(), inner: Mutex::new(inner) })
    }

    fn nanos(&self, instant: Instant) -> u64 {
        instant.saturating_duration_since(self.start).as_nanos() as u64
    }

    /// Sleeps until the wheel's next, and fires what is due.
    async fn drive(self: Arc<Driven>) {
        let mut sleep = pin!(crate::sleep(Duration::ZERO));
        poll_fn(|cx| {
            loop {
                let mut inner = self.inner.lock().unwrap();
                if inner.stop {
                    return Poll::Ready(());
                }
                inner.driver = Some(cx.waker().clone());
                let (now, mut due) = (self.nanos(now()), Vec::new());
                if inner.wheel.next() <= now {
                    inner.wheel.advance(now, &mut due);
                }
                inner.told = inner.wheel.next();
                let next = (inner.told != NEVER).then(|| self.start + Duration::from_nanos(inner.told));
                drop(inner);
                due.sort_unstable_by_key(super::Due::order);
                due.into_iter().for_each(|due| due.waker.wake());
                sleep.reset(next);
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }

    fn stop(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.stop = true;
        inner.driver.take().unwrap().wake();
    }
}

impl fmt::Debug for Driven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Driven")
    }
}

impl Clock for Driven {
    fn now(&self) -> Instant {
        now()
    }

    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let (at, number) = (self.nanos(deadline), key.get().map(std::num::NonZeroU64::get));
        let mut inner = self.inner.lock().unwrap();
        if let Some(number) = number {
            match inner.wheel.get(number) {
                Some(State::Pending { deadline, waker }) if deadline == at && deadline > self.nanos(now()) => {
                    waker.clone_from(cx.waker());
                    return Poll::Pending;
                }
                Some(State::Fired { deadline }) => assert!(deadline <= self.nanos(now()), "it fired early"),
                Some(State::Pending { .. }) => {}
                None => panic!("the wheel has lost a timer"),
            }
            inner.wheel.remove(number);
            *key = TimerKey::NONE;
        }
        if at <= self.nanos(now()) {
            return Poll::Ready(());
        }
        *key = TimerKey::new(inner.wheel.insert(at, cx.waker().clone()).try_into().unwrap());
        if at < inner.told {
            inner.told = at;
            // Nobody drives before its first poll.
            inner.driver.iter().for_each(Waker::wake_by_ref);
        }
        Poll::Pending
    }

    fn cancel(&self, key: &mut TimerKey) {
        if let Some(number) = std::mem::take(key).get() {
            self.inner.lock().unwrap().wheel.remove(number.get());
        }
    }
}

fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Handle::current().spawn(future)
}

fn choose(n: u32) -> u32 {
    Controls::current().choose(n)
}

/// From a nanosecond to hours: of every level that a program meets; many are equal.
fn some_time() -> Duration {
    Duration::from_nanos((1 << choose(46)) + u64::from(choose(3)))
}

/// One task's timers, one after the other: slept to the end, moved, given up. Its deadlines go to `fired`, as they come.
async fn sleeps(clock: Arc<Driven>, fired: Arc<Mutex<Vec<Instant>>>) {
    for _ in 0..6 {
        let mut deadline = now() + some_time();
        let mut sleep = Sleep::new_in(clock.clone(), Some(deadline));
        match choose(5) {
            // Begun and dropped.
            0 => {
                let _ = poll_fn(|cx| Poll::Ready(Pin::new(&mut sleep).poll(cx))).await;
                continue;
            }
            // Moved, sooner or later than it was, and perhaps begun before.
            1 => {
                for _ in 0..choose(3) {
                    let _ = poll_fn(|cx| Poll::Ready(Pin::new(&mut sleep).poll(cx))).await;
                }
                deadline = now() + some_time();
                sleep.reset(Some(deadline));
            }
            // Given up at a time: by the same wheel.
            2 => {
                let limit = now() + some_time();
                let in_time = Timeout::new_in(clock.clone(), Some(limit), sleep).await.is_ok();
                assert_eq!((in_time, now()), (deadline <= limit, deadline.min(limit)));
                fired.lock().unwrap().push(now());
                continue;
            }
            _ => {}
        }
        assert_eq!(sleep.await, deadline);
        assert_eq!(now(), deadline, "not early, and not late");
        fired.lock().unwrap().push(deadline);
    }
}

#[test]
fn each_timer_fires_at_its_time_and_none_is_lost() {
    Campaign::new().seeds(1000).max_steps(100_000).run(|| async {
        let (clock, fired) = (Driven::new(), Arc::new(Mutex::new(Vec::new())));
        let driver = spawn(clock.clone().drive());
        let tasks: Vec<_> = (0..6).map(|_| spawn(sleeps(clock.clone(), fired.clone()))).collect();
        for task in tasks {
            task.await;
        }
        assert!(fired.lock().unwrap().is_sorted());
        clock.stop();
        driver.await;
        let inner = clock.inner.lock().unwrap();
        assert!(inner.wheel.len() == 0 && inner.wheel.is_unused());
    });
}
