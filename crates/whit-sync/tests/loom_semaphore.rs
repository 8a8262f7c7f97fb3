//! Models of the word and the list: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-sync --test loom_semaphore`.
#![cfg(loom)]

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread;
use whit_sync::Semaphore;

/// At most three switches that nobody waited for: the lock looks again and again, and all orders would be too many.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// Two threads and one permit: what one writes under it the other one sees, and neither waits for ever.
#[test]
fn one_permit_excludes_and_is_handed_over() {
    model(|| {
        let shared = Arc::new((Semaphore::new(1), UnsafeCell::new(0)));
        let add = |shared: &(Semaphore, UnsafeCell<u32>)| {
            let _permit = block_on(shared.0.acquire()).unwrap();
            // SAFETY: nobody else has the permit; loom tells if they do.
            shared.1.with_mut(|value| unsafe { *value += 1 });
        };
        let other = thread::spawn({
            let shared = shared.clone();
            move || add(&shared)
        });
        add(&shared);
        other.join().unwrap();
        // SAFETY: the other thread has ended.
        assert_eq!(shared.1.with(|value| unsafe { *value }), 2);
        assert_eq!((shared.0.available_permits(), shared.0.waiting()), (1, 0));
    });
}

/// A waiter is dropped while the permit may be on its way to it: it comes back.
#[test]
fn a_dropped_waiter_loses_nothing() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire_arc().unwrap();
        let other = thread::spawn(move || drop(held));
        let mut waiting = Box::pin(semaphore.acquire());
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let got = matches!(polled, Poll::Ready(Ok(_)));
        drop(polled);
        drop(waiting);
        drop(block_on(semaphore.acquire()).unwrap());
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0), "got: {got}");
    });
}

/// A close and a permit beside a wait, in either order: the wait ends, and a permit that it got is counted.
#[test]
fn closing_ends_every_wait() {
    for closes_first in [true, false] {
        model(move || {
            let semaphore = Arc::new(Semaphore::new(0));
            let other = thread::spawn({
                let semaphore = semaphore.clone();
                move || {
                    if closes_first {
                        semaphore.close();
                    }
                    semaphore.add_permits(1);
                    semaphore.close();
                }
            });
            drop(block_on(semaphore.acquire()));
            other.join().unwrap();
            assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
        });
    }
}

/// A permit comes back beside one that is handed on, with somebody who asks for both: none is lost on the way between
/// the word and the list.
#[test]
fn permits_of_the_word_and_of_the_hand_add_up() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = [(); 2].map(|()| semaphore.try_acquire_arc().unwrap());
        let [first, second] = held;
        let other = thread::spawn(move || drop(first));
        let mut both = Box::pin(semaphore.acquire_many(2));
        let early = both.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(early.is_pending());
        drop(second);
        drop(block_on(both).unwrap());
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (2, 0));
    });
}
