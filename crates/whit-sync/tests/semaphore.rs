//! Order, and futures dropped at every point.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_lite::future::block_on;
use whit_sync::{Event, Semaphore};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn nobody_overtakes_not_even_a_large_request() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let (mut large, mut small) = (semaphore.acquire_many(2), semaphore.acquire());
    assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
    drop(held);
    assert!(poll(&mut small).is_pending() && semaphore.try_acquire().is_none());
    semaphore.add_permits(1);
    assert!(poll(&mut small).is_pending());
    let Poll::Ready(guard) = poll(&mut large) else { panic!("the large request waited longest") };
    drop(guard);
    assert!(poll(&mut small).is_ready());
}

#[test]
fn dropped_before_during_and_after_the_grant_nothing_is_lost() {
    let semaphore = Semaphore::new(1);
    drop(semaphore.acquire());
    let held = semaphore.try_acquire().unwrap();
    let (mut first, mut second, mut third) = (semaphore.acquire(), semaphore.acquire(), semaphore.acquire());
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending() && poll(&mut third).is_pending());
    drop(second);
    drop(held);
    // Granted, never polled, dropped: the third has it.
    drop(first);
    let Poll::Ready(guard) = poll(&mut third) else { panic!("the grant was lost") };
    drop(guard);
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.try_acquire().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn threads_never_hold_more_than_there_are() {
    let semaphore = Arc::new(Semaphore::new(2));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    let guard = block_on(semaphore.acquire_arc());
                    assert!(semaphore.available_permits() < 2);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn an_event_lets_through_who_waited_even_if_it_is_cleared_at_once() {
    let event = Event::new();
    let mut waited = event.wait();
    assert!(poll(&mut waited).is_pending());
    event.set();
    event.clear();
    assert!(poll(&mut waited).is_ready());
    let mut late = event.wait();
    assert!(poll(&mut late).is_pending() && !event.is_set());
    thread::scope(|scope| {
        scope.spawn(|| block_on(event.wait()));
        event.set();
    });
    block_on(late);
}
