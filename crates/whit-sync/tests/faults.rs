//! What once went wrong, or might: messages put back in the wrong order, wakers that panic, permits beyond counting.

mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures_lite::future::block_on;
use support::{Count, ready, waits};
use whit_sync::{Notify, PriorityQueue, Semaphore, bounded, broadcast, oneshot, unbounded};

/// Two receivers were served, and go in any order: what they got stays in order, also before what came later.
#[test]
fn messages_that_go_back_keep_their_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (sender, receiver) = unbounded();
        let mut served = [(); 3].map(|()| Some(Box::pin(receiver.recv())));
        served.iter_mut().flatten().for_each(waits);
        (0..5).for_each(|number| sender.try_send(number).unwrap());
        for which in order {
            served[which] = None;
        }
        assert_eq!(std::iter::from_fn(|| receiver.try_recv().ok()).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "{order:?}");
    }
}

/// The same with some taken in between, one handed on to a receiver that came later, and the oldest forced out.
#[test]
fn messages_that_go_back_keep_their_order_beside_all_else() {
    let (sender, receiver) = bounded(1);
    let mut served = [(); 4].map(|()| Box::pin(receiver.recv()));
    served.iter_mut().for_each(waits);
    let [first, second, third, fourth] = served;
    (0..5).for_each(|number| sender.try_send(number).unwrap());
    drop(second);
    drop(fourth);
    // 1 and 3 are back, 0 and 2 are not.
    assert_eq!(receiver.try_recv(), Ok(1));
    drop(third);
    assert_eq!(sender.force_send(5), Ok(Some(2)));
    drop(first);
    assert_eq!([(); 4].map(|()| receiver.try_recv().unwrap()), [0, 3, 4, 5]);

    let (mut early, mut late) = (Box::pin(receiver.recv()), Box::pin(receiver.recv()));
    waits(&mut early);
    sender.try_send(6).unwrap();
    waits(&mut late);
    // From the early one to the late one, while 7 goes to one that came in between.
    let mut later = Box::pin(receiver.recv());
    waits(&mut later);
    drop(early);
    sender.try_send(7).unwrap();
    drop(later);
    drop(late);
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [6, 7]);
    assert!(receiver.is_empty());
}

/// As `enable` is called before the first poll, but comes late: the waker of the poll stays.
#[test]
fn enabling_after_a_poll_leaves_its_waker() {
    let notify = Notify::new();
    let (count, mut notified) = (Arc::new(Count::default()), notify.notified());
    let waker = count.clone().into();
    assert!(Pin::new(&mut notified).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(!notified.enable());
    notify.notify_one();
    assert_eq!(count.get(), 1);
    assert!(notified.enable() && notified.enable(), "looking takes nothing");
    block_on(notified);
}

#[test]
#[should_panic(expected = "18446744073709551615 permits at once were asked of a semaphore")]
#[cfg(target_pointer_width = "64")]
fn more_permits_than_can_ever_be_there_are_refused_at_once() {
    drop(Semaphore::new(1).acquire_many(usize::MAX));
}

/// Permits that are held, or on their way, will come back: they count as well.
#[test]
fn permits_never_come_back_to_more_than_can_be_counted() {
    const MOST: usize = Semaphore::MAX_PERMITS;
    let semaphore = Semaphore::new(MOST);
    let held = semaphore.try_acquire_many(MOST).unwrap();
    assert!(semaphore.try_acquire_many(usize::MAX).is_none());
    for _ in 0..4 {
        let more = catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(MOST))).unwrap_err();
        assert!(more.downcast_ref::<String>().unwrap().contains("would pass the most it can count"));
    }
    let mut served = Box::pin(semaphore.acquire_many(MOST));
    waits(&mut served);
    drop(held);
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(1))).is_err());
    drop(served);
    assert_eq!((semaphore.available_permits(), semaphore.is_closed()), (MOST, false));
    // Forgotten ones never come back, and leave room.
    semaphore.try_acquire_many(2).unwrap().forget();
    semaphore.add_permits(2);
    assert_eq!(semaphore.available_permits(), MOST);
}

struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// Polls with a waker that panics when it is called.
fn waits_badly<F: Future>(future: &mut Pin<Box<F>>) {
    let waker = Waker::from(Arc::new(Panics));
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
}

#[track_caller]
fn panics<R>(f: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err(), "the waker should panic");
}

/// A sender's waker panics in the call that takes a message: that goes back.
#[test]
fn a_waker_that_panics_costs_no_message() {
    for capacity in [0, 1, 2] {
        let (sender, receiver) = bounded(capacity);
        (0..capacity).for_each(|number| sender.try_send(number).unwrap());
        let mut sends: Vec<_> = (capacity..capacity + 2).map(|number| Box::pin(sender.send(number))).collect();
        sends.iter_mut().for_each(waits_badly);
        panics(|| receiver.try_recv());
        let (mut received, mut more) = (Vec::new(), 0);
        for turn in 0..capacity + 3 {
            let receive =
                || if turn % 2 == 0 { receiver.try_recv().ok() } else { ready(&mut Box::pin(receiver.recv())).ok() };
            match catch_unwind(AssertUnwindSafe(receive)) {
                Ok(message) => received.extend(message),
                Err(_) => more += 1,
            }
        }
        assert_eq!((received, more), ((0..capacity + 2).collect(), 1), "capacity {capacity}");
        sends.iter_mut().for_each(|send| ready(send).unwrap());
    }

    let (sender, mut receiver) = broadcast::channel(1);
    sender.try_send(1).unwrap();
    let mut send = Box::pin(sender.send(2));
    waits_badly(&mut send);
    panics(|| receiver.try_recv());
    ready(&mut send).unwrap();
    assert_eq!([(); 2].map(|()| receiver.try_recv()), [Ok(1), Ok(2)]);
    assert!(sender.is_empty());

    let queue = PriorityQueue::bounded(1);
    queue.try_push(2).unwrap();
    let mut push = Box::pin(queue.push(1));
    waits_badly(&mut push);
    panics(|| queue.try_pop());
    ready(&mut push).unwrap();
    assert_eq!([(); 2].map(|()| queue.try_pop()), [Ok(2), Ok(1)]);
}

/// What is dropped while its thread panics wakes others, and one panic more would end the process.
#[test]
fn a_waker_that_panics_during_a_panic_is_swallowed() {
    struct Dropped<F>(Option<F>);
    impl<F> Drop for Dropped<F> {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }
    /// Drops `last` while the thread panics.
    fn dropped_in_a_panic<F>(last: F) {
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _last = Dropped(Some(last));
            panic!("the first");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the first"));
    }

    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut next = Box::pin(semaphore.acquire());
    waits_badly(&mut next);
    dropped_in_a_panic(held);
    drop(ready(&mut next).unwrap());

    let notify = Notify::new();
    let (mut first, mut second) = (Box::pin(notify.notified()), Box::pin(notify.notified()));
    waits(&mut first);
    waits_badly(&mut second);
    notify.notify_one();
    dropped_in_a_panic(first);
    ready(&mut second);

    let (sender, receiver) = unbounded();
    let (mut first, mut second) = (Box::pin(receiver.recv()), Box::pin(receiver.recv()));
    waits(&mut first);
    waits_badly(&mut second);
    sender.try_send(1).unwrap();
    dropped_in_a_panic(first);
    assert_eq!(ready(&mut second), Ok(1));

    let (sender, receiver) = oneshot::channel::<u8>();
    let mut receiver = Box::pin(receiver);
    waits_badly(&mut receiver);
    dropped_in_a_panic(sender);
    assert!(ready(&mut receiver).is_err());
}
