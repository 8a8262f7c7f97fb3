//! Many threads register, move and cancel timers while another one drives: none is lost, none is early.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use whit_core::{Park, ThreadPark, block_on};
use whit_timers::{Sleep, Timers};

const THREADS: u64 = 4;
const ROUNDS: u64 = 400;

/// A generator of its own, so that a failure repeats as far as threads allow.
struct Random(u64);
impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn no_timer_is_lost_and_none_is_early() {
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Acquire) {
                timers.park(None).unwrap();
            }
        });
        let workers: Vec<_> = (1..=THREADS)
            .map(|seed| {
                let (timers, done) = (timers.clone(), &done);
                scope.spawn(move || {
                    let mut random = Random(seed * 0x9e37_79b9);
                    // Left behind pending, to be dropped by a later round.
                    let mut pending = Vec::new();
                    for _ in 0..ROUNDS {
                        let mut sleep = Sleep::new_in(timers.clone(), None);
                        for _ in 0..=random.below(3) {
                            sleep.reset(Some(Instant::now() + Duration::from_micros(random.below(3_000))));
                            let _ = Pin::new(&mut sleep).poll(&mut Context::from_waker(Waker::noop()));
                        }
                        if random.below(3) == 0 {
                            pending.push(sleep);
                            if pending.len() > 20 {
                                drop(pending.swap_remove(random.below(20) as usize));
                            }
                            continue;
                        }
                        // Only the driver wakes it, so that a lost timer hangs.
                        let deadline = sleep.deadline().unwrap();
                        block_on(poll_fn(|cx| Pin::new(&mut sleep).poll(cx)));
                        assert!(Instant::now() >= deadline);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let started = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            if started.elapsed() > Duration::from_secs(60) {
                // A scope would wait for ever.
                eprintln!("a timer was lost: {} done", done.load(Ordering::Relaxed));
                std::process::exit(1);
            }
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Release);
        timers.unparker().wake();
    });
    assert!(timers.is_empty());
    assert!(done.into_inner() > 0);
    assert!(matches!(
        Pin::new(&mut Sleep::new_in(&timers, None)).poll(&mut Context::from_waker(Waker::noop())),
        Poll::Pending
    ));
}
