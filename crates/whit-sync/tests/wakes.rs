//! Whatever makes a future ready wakes it: polls by hand would hide it if it did not.

mod support;

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use support::Count;
use whit_sync::{Barrier, Event, Mutex, Notify, OnceCell, PriorityQueue, RwLock, Semaphore};
use whit_sync::{bounded, broadcast, oneshot, unbounded, watch};

/// The future waits, is woken exactly once by `act`, and is ready then.
#[track_caller]
fn woken<F: Future>(future: F, act: impl FnOnce()) -> F::Output {
    let count = Arc::new(Count::default());
    let waker = count.clone().into();
    let mut future = Box::pin(future);
    let mut poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending(), "it should wait");
    // Twice, so that a waker of an earlier poll counts no more.
    assert!(poll().is_pending(), "it should wait");
    act();
    assert_eq!(count.get(), 1, "wake-ups");
    match poll() {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("woken, and not ready"),
    }
}

#[test]
fn locks_and_permits_wake_who_gets_them() {
    let semaphore = Semaphore::new(0);
    drop(woken(semaphore.acquire(), || semaphore.add_permits(1)));
    drop(woken(semaphore.acquire_many(2), || semaphore.close()));
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    drop(woken(mutex.lock(), || drop(held)));
    let lock = RwLock::new(());
    let held = lock.try_write().unwrap();
    drop(woken(lock.read(), || drop(held)));
    let held = lock.try_read().unwrap();
    drop(woken(lock.write(), || drop(held)));
}

#[test]
fn signals_wake_who_waits() {
    let (event, notify, barrier, cell) = (Event::new(), Notify::new(), Barrier::new(2), OnceCell::new());
    woken(event.wait(), || event.set());
    woken(notify.notified(), || notify.notify_one());
    woken(notify.notified(), || notify.notify_all());
    assert!(woken(barrier.wait(), || assert!(barrier.wait_blocking().unwrap().is_leader())).is_ok());
    assert!(woken(barrier.wait(), || barrier.reset()).is_err());
    assert!(woken(barrier.wait(), || barrier.abort()).is_err());
    assert_eq!(woken(cell.wait(), || assert_eq!(cell.set_blocking(5), Ok(&5))), &5);
}

#[test]
fn channels_wake_both_ends() {
    let (sender, receiver) = bounded(1);
    assert_eq!(woken(receiver.recv(), || sender.try_send(1).unwrap()), Ok(1));
    sender.try_send(2).unwrap();
    woken(sender.send(3), || assert_eq!(receiver.try_recv(), Ok(2))).unwrap();
    assert!(woken(sender.send(4), || assert!(receiver.close())).is_err());
    let (sender, receiver) = unbounded::<u8>();
    assert!(woken(receiver.recv(), || drop(sender)).is_err());
    let (sender, receiver) = bounded(0);
    woken(sender.send(1), || assert_eq!(receiver.try_recv(), Ok(1))).unwrap();
    assert_eq!(woken(receiver.recv(), || sender.try_send(2).unwrap()), Ok(2));
    let queue = PriorityQueue::bounded(1);
    assert_eq!(woken(queue.pop(), || queue.try_push(1).unwrap()), Ok(1));
    queue.try_push(1).unwrap();
    woken(queue.push(2), || assert_eq!(queue.try_pop(), Ok(1))).unwrap();
    assert!(woken(queue.push(3), || queue.close()).is_err());
}

#[test]
fn oneshot_broadcast_and_watch_wake_both_ends() {
    let (sender, receiver) = oneshot::channel();
    assert_eq!(woken(receiver, || sender.send(1).unwrap()), Ok(1));
    let (sender, receiver) = oneshot::channel::<u8>();
    assert!(woken(receiver, || drop(sender)).is_err());
    let (mut sender, receiver) = oneshot::channel::<u8>();
    woken(sender.closed(), || drop(receiver));

    let (sender, mut receiver) = broadcast::channel(1);
    assert_eq!(woken(receiver.recv(), || sender.try_send(1).unwrap()), Ok(1));
    sender.try_send(2).unwrap();
    woken(sender.send(3), || assert_eq!(receiver.try_recv(), Ok(2))).unwrap();
    assert!(woken(sender.send(4), || drop(receiver)).is_err());
    let mut receiver = sender.subscribe();
    assert!(woken(receiver.recv(), || drop(sender)).is_err());

    let (sender, mut receiver) = watch::channel(0);
    woken(receiver.changed(), || sender.send(1).unwrap()).unwrap();
    woken(sender.closed(), || drop(receiver));
    let mut receiver = sender.subscribe();
    assert!(woken(receiver.changed(), || drop(sender)).is_err());
}

/// Two wakers of one batch panic: the third is woken, the first panic comes out where the batch was woken, and what the other
/// panicked with is dropped.
#[test]
fn two_wakers_that_panic_cost_the_third_nothing() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Context, Wake, Waker};

    struct Payload(Arc<AtomicUsize>);
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    struct Bad(Arc<AtomicUsize>);
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            std::panic::panic_any(Payload(self.0.clone()));
        }
    }
    struct Good(AtomicUsize);
    impl Wake for Good {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    let (event, good) = (whit_sync::Event::new(), Arc::new(Good(AtomicUsize::new(0))));
    let mut waits = [(); 3].map(|()| Box::pin(event.wait()));
    let dropped = Arc::<AtomicUsize>::default();
    let bad = || Waker::from(Arc::new(Bad(dropped.clone())));
    let wakers = [bad(), bad(), Waker::from(good.clone())];
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(std::future::Future::poll(wait.as_mut(), &mut Context::from_waker(waker)).is_pending());
    }
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event.set())).unwrap_err();
    assert_eq!(good.0.load(SeqCst), 1);
    assert!(panic.is::<Payload>());
    assert_eq!(dropped.load(SeqCst), 1);
    drop(panic);
    assert_eq!(dropped.load(SeqCst), 2);
}
