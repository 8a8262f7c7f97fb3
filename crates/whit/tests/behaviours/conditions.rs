//! Conditions: a lock, and news about what it guards.
//!
//! In asyncio a cancelled `wait` takes the lock again before it ends, as the block around it is about to release it. Here the
//! guard goes into the wait and comes out of it: a wait that is dropped has no lock, and nobody releases one for it.

use std::sync::Arc;

use whit::scope::CancelScope;
use whit::sync::{Condvar, Mutex};
use whit::{Task, timeout};

use crate::floors::{everywhere, in_line, ms, polled, settle, until};

/// Items, and news of them.
#[derive(Default)]
struct Shared {
    items: Mutex<usize>,
    more: Condvar,
}

impl Shared {
    async fn add(&self) {
        *self.items.lock().await += 1;
        self.more.notify_one();
    }
}

/// Waits for an item, and takes it.
async fn taker(shared: &Arc<Shared>) -> Task<()> {
    let shared = shared.clone();
    in_line(async move {
        let mut items = shared.more.wait_while(shared.items.lock().await, |items| *items == 0).await;
        *items -= 1;
    })
    .await
}

/// There is an item for one of two, and the first is cancelled: it took the item before, or the second does.
async fn one_has_it(shared: &Arc<Shared>, first: Task<()>, second: Task<()>) {
    // Not by what it gives: the output of a task that is cancelled in the moment of its end, by another thread, is dropped.
    first.cancel().await;
    if *shared.items.lock().await == 0 {
        second.cancel().await;
    } else {
        second.await;
    }
    assert_eq!(*shared.items.lock().await, 0);
}

#[test]
fn b07_a_wait_that_is_cancelled_while_the_lock_is_taken_leaves_the_lock_to_its_holder() {
    everywhere(|| async {
        let shared = Arc::new(Shared::default());
        let (first, second) = (taker(&shared).await, taker(&shared).await);
        let mut held = shared.items.lock().await;
        *held += 1;
        shared.more.notify_one();
        // The first waits for the lock by now, or will.
        settle().await;
        assert_eq!(first.cancel().await, None);
        assert!(shared.items.try_lock().is_none(), "it is ours");
        drop(held);
        second.await;
        assert_eq!(*shared.items.lock().await, 0);
    });
}

#[test]
fn b08_a_cancellation_that_comes_while_it_locks_again_is_not_swallowed() {
    everywhere(|| async {
        let (shared, scope) = (Arc::new(Shared::default()), CancelScope::new());
        let (theirs, inside) = (shared.clone(), scope.clone());
        let waits = async move {
            let wait = async { drop(theirs.more.wait(theirs.items.lock().await).await) };
            inside.run(wait).await
        };
        let waits = in_line(waits).await;
        let held = shared.items.lock().await;
        shared.more.notify_one();
        settle().await;
        scope.cancel("now");
        assert!(waits.await.is_err(), "it ends though the lock is not free");
        drop(held);
        assert!(shared.items.try_lock().is_some());
    });
}

#[test]
fn b09_a_notified_waiter_that_is_cancelled_before_it_runs_passes_the_news_on() {
    everywhere(|| async {
        let shared = Arc::new(Shared::default());
        let (first, second) = (taker(&shared).await, taker(&shared).await);
        shared.add().await;
        one_has_it(&shared, first, second).await;
    });
}

#[test]
fn b10_a_notified_waiter_that_is_cancelled_while_it_locks_again_passes_the_news_on() {
    everywhere(|| async {
        let shared = Arc::new(Shared::default());
        let (first, second) = (taker(&shared).await, taker(&shared).await);
        let mut held = shared.items.lock().await;
        *held += 1;
        shared.more.notify_one();
        settle().await;
        // In one turn.
        drop(held);
        one_has_it(&shared, first, second).await;
    });
}

#[test]
fn b11_a_time_out_around_a_wait_leaves_the_lock_free_and_the_condition_sound() {
    everywhere(|| async {
        let shared = Arc::new(Shared::default());
        let wait = async { shared.more.wait(shared.items.lock().await).await };
        assert!(timeout(ms(5), wait).await.is_err());
        assert!(shared.items.try_lock().is_some(), "the wait has given it up");
        // Nobody of the past is woken instead of those who wait now.
        let taker = taker(&shared).await;
        shared.add().await;
        taker.await;
        // And where the time is up while it locks again.
        let mut wait = Box::pin(timeout(ms(5), async { shared.more.wait(shared.items.lock().await).await }));
        assert!(polled(&mut wait).await.is_none());
        let held = shared.items.lock().await;
        shared.more.notify_one();
        assert!(wait.await.is_err());
        drop(held);
        until(|| shared.items.try_lock().is_some()).await;
    });
}
