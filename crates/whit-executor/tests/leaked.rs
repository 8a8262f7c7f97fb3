//! Executors that nobody drops.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::{block_on, yield_now};
use whit_executor::{Executor, LocalExecutor, StaticExecutor, StaticLocalExecutor};

/// Counts its drops.
struct Dropped(Arc<AtomicUsize>);
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Nothing of a leaked executor is dropped by itself, and everything by `close`.
#[test]
fn leaked_executors_still_close() {
    let count = Arc::<AtomicUsize>::default();
    let held = || Dropped(count.clone());
    let waits = |held| async move {
        let _held: Dropped = held;
        pending::<()>().await;
    };
    let (shared, local): (&StaticExecutor, &StaticLocalExecutor) =
        (Executor::new().leak(), LocalExecutor::new().leak());
    // Where AddressSanitizer looks for what is leaked on purpose.
    static KEPT: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    KEPT[0].store(std::ptr::from_ref(shared).addr(), Ordering::SeqCst);
    KEPT[1].store(std::ptr::from_ref(local).addr(), Ordering::SeqCst);
    shared.spawn(waits(held())).detach();
    local.spawn(waits(held())).detach();
    block_on(shared.run(local.run(yield_now())));
    assert_eq!(count.load(Ordering::SeqCst), 0);
    shared.close();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    local.close();
    assert_eq!(count.load(Ordering::SeqCst), 2);
    assert!(shared.is_empty() && local.is_empty());
}
