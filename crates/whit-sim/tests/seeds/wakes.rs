//! whit-sync's `tests/wakes.rs`: whatever makes a future ready wakes it. A task that is not woken waits for ever, whatever the seed.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use whit::channel::{bounded, unbounded};
use whit::sync::{
    Barrier, Event, Mutex, Notify, OnceCell, PriorityQueue, RwLock, Semaphore, broadcast, oneshot, watch,
};

use crate::support::{ready, under_seeds, waits};

/// The future waits, and is ready after `act`.
#[track_caller]
fn woken<T: 'static, R>(future: impl Future<Output = T> + 'static, act: impl FnOnce() -> R) -> impl Future<Output = T> {
    let task = waits(future);
    async {
        let task = task.await;
        drop(act());
        ready(task).await
    }
}

/// As `woken`, for a future that borrows what is shared.
macro_rules! woken {
    ($shared:ident => $future:expr, $act:expr) => {{
        let task = waits({
            let $shared = $shared.clone();
            async move { $future.await }
        });
        let task = task.await;
        $act;
        ready(task).await
    }};
}

#[test]
fn locks_and_permits_wake_who_gets_them() {
    under_seeds(|| async {
        let semaphore = Arc::new(Semaphore::new(0));
        drop(woken(semaphore.acquire_arc(), || semaphore.add_permits(1)).await);
        drop(woken(semaphore.acquire_many_arc(2), || semaphore.close()).await);
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.try_lock_arc().unwrap();
        drop(woken(mutex.lock_arc(), || drop(held)).await);
        let lock = Arc::new(RwLock::new(()));
        let held = lock.try_write_arc().unwrap();
        drop(woken(lock.read_arc(), || drop(held)).await);
        let held = lock.try_read_arc().unwrap();
        drop(woken(lock.write_arc(), || drop(held)).await);
    });
}

#[test]
fn signals_wake_who_waits() {
    under_seeds(|| async {
        let event = Rc::new(Event::new());
        woken!(event => event.wait(), event.set());
        let notify = Rc::new(Notify::new());
        woken!(notify => notify.notified(), notify.notify_one());
        woken!(notify => notify.notified(), notify.notify_all());
        let barrier = Rc::new(Barrier::new(2));
        let meets = || {
            let barrier = barrier.clone();
            async move { barrier.wait().await.unwrap().is_leader() }
        };
        let met;
        assert!(woken!(barrier => barrier.wait(), met = whit::spawn_local(meets())).is_ok());
        assert!(met.await);
        assert!(woken!(barrier => barrier.wait(), barrier.reset()).is_err());
        assert!(woken!(barrier => barrier.wait(), barrier.abort()).is_err());
        let cell = Rc::new(OnceCell::new());
        assert_eq!(woken!(cell => async { *cell.wait().await }, assert_eq!(cell.try_set(5), Ok(&5))), 5);
    });
}

#[test]
fn channels_wake_both_ends() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(1);
        assert_eq!(woken!(receiver => receiver.recv(), sender.try_send(1).unwrap()), Ok(1));
        sender.try_send(2).unwrap();
        woken!(sender => sender.send(3), assert_eq!(receiver.try_recv(), Ok(2))).unwrap();
        assert!(woken!(sender => sender.send(4), assert!(receiver.close())).is_err());
        let (sender, receiver) = unbounded::<u8>();
        assert!(woken!(receiver => receiver.recv(), drop(sender)).is_err());
        let (sender, receiver) = bounded(0);
        woken!(sender => sender.send(1), assert_eq!(receiver.try_recv(), Ok(1))).unwrap();
        assert_eq!(woken!(receiver => receiver.recv(), sender.try_send(2).unwrap()), Ok(2));
        let queue = Rc::new(PriorityQueue::bounded(1));
        assert_eq!(woken!(queue => queue.pop(), queue.try_push(1).unwrap()), Ok(1));
        queue.try_push(1).unwrap();
        woken!(queue => queue.push(2), assert_eq!(queue.try_pop(), Ok(1))).unwrap();
        assert!(woken!(queue => queue.push(3), queue.close()).is_err());
    });
}

#[test]
fn oneshot_broadcast_and_watch_wake_both_ends() {
    under_seeds(|| async {
        let (sender, receiver) = oneshot::channel();
        assert_eq!(woken(receiver, || sender.send(1).unwrap()).await, Ok(1));
        let (sender, receiver) = oneshot::channel::<u8>();
        assert!(woken(receiver, || drop(sender)).await.is_err());
        let (mut sender, receiver) = oneshot::channel::<u8>();
        woken(async move { sender.closed().await }, || drop(receiver)).await;

        let (sender, mut receiver) = broadcast::channel(1);
        let taken = async move { (receiver.recv().await, receiver) };
        let (received, mut receiver) = woken(taken, || sender.try_send(1).unwrap()).await;
        assert_eq!(received, Ok(1));
        sender.try_send(2).unwrap();
        woken!(sender => sender.send(3), assert_eq!(receiver.try_recv(), Ok(2))).unwrap();
        assert!(woken!(sender => sender.send(4), drop(receiver)).is_err());
        let mut receiver = sender.subscribe();
        assert!(woken(async move { receiver.recv().await }, || drop(sender)).await.is_err());

        let (sender, mut receiver) = watch::channel(0);
        let changed = async move { (receiver.changed().await, receiver) };
        let (changed, receiver) = woken(changed, || sender.send(1).unwrap()).await;
        changed.unwrap();
        let sender = woken(async move { (sender.closed().await, sender).1 }, || drop(receiver)).await;
        let mut receiver = sender.subscribe();
        assert!(woken(async move { receiver.changed().await }, || drop(sender)).await.is_err());
    });
}
