//! Semaphore, mutex, read-write lock, barrier, cell, condition, event and notify: order, and futures dropped at every point.

mod support;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use std::thread;

use futures_lite::future::{block_on, yield_now, zip};
use support::{Count, poll, ready, waits};
use whit_sync::{
    Barrier, Condvar, Event, Mutex, Notify, OnceCell, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard, Semaphore,
};

#[test]
fn nobody_overtakes_not_even_a_large_request() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let (mut large, mut small) = (Box::pin(semaphore.acquire_many(2)), Box::pin(semaphore.acquire()));
    waits(&mut large);
    waits(&mut small);
    drop(held);
    waits(&mut small);
    assert!(semaphore.try_acquire().is_none());
    semaphore.add_permits(1);
    waits(&mut small);
    drop(ready(&mut large).unwrap());
    ready(&mut small).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn dropped_before_during_and_after_the_grant_no_permit_is_lost() {
    let semaphore = Semaphore::new(1);
    drop(semaphore.acquire());
    let held = semaphore.try_acquire().unwrap();
    let mut all: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    all.iter_mut().for_each(waits);
    let mut third = all.pop().unwrap();
    // Queued.
    drop(all.pop());
    drop(held);
    // Granted, never polled.
    drop(all.pop());
    drop(ready(&mut third).unwrap());
    assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
}

#[test]
fn a_large_request_that_goes_lets_those_behind_it_in() {
    let semaphore = Semaphore::new(1);
    let (mut large, mut small) = (Box::pin(semaphore.acquire_many(5)), Box::pin(semaphore.acquire()));
    waits(&mut large);
    let count = Arc::new(Count::default());
    let waker = count.clone().into();
    assert!(small.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(large);
    assert_eq!(count.get(), 1);
    drop(ready(&mut small).unwrap());
    assert!(semaphore.try_acquire().is_some());
}

#[test]
fn closing_ends_waits_and_leaves_what_is_held() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let (mut granted, mut queued) = (Box::pin(semaphore.acquire()), Box::pin(semaphore.acquire()));
    waits(&mut granted);
    waits(&mut queued);
    drop(held);
    semaphore.close();
    assert!(ready(&mut granted).is_ok());
    assert!(ready(&mut queued).is_err());
    assert!(block_on(semaphore.acquire()).is_err() && semaphore.try_acquire().is_none() && semaphore.is_closed());
    assert!(semaphore.acquire_blocking().unwrap_err().to_string().contains("closed"));
}

#[test]
#[should_panic(expected = "would pass the most it can count")]
fn too_many_permits_are_refused() {
    Semaphore::new(1).add_permits(Semaphore::MAX_PERMITS);
}

#[test]
fn threads_never_hold_more_than_there_are() {
    let semaphore = Arc::new(Semaphore::new(2));
    let held = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    let guard = semaphore.acquire_arc_blocking().unwrap();
                    assert!(held.fetch_add(1, Ordering::SeqCst) < 2);
                    held.fetch_sub(1, Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), 2);
}

/// Requests of every size, some given up while they wait: at every end all permits are back, and nobody waits for ever.
#[test]
fn threads_that_give_up_lose_no_permit_and_make_none() {
    const PERMITS: usize = 3;
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let held = AtomicUsize::new(0);
    for _ in 0..5 {
        thread::scope(|scope| {
            for which in 0..4 {
                let (semaphore, held) = (&semaphore, &held);
                scope.spawn(move || {
                    for turn in 0..100 {
                        let count = 1 + (turn + which) % PERMITS;
                        let mut asked = Box::pin(semaphore.acquire_many(count));
                        if turn % 3 == which % 3 && poll(&mut asked).is_pending() {
                            continue;
                        }
                        drop(asked);
                        let guard = block_on(semaphore.acquire_many(count)).unwrap();
                        assert!(held.fetch_add(count, Ordering::SeqCst) + count <= PERMITS);
                        // So that others come meanwhile.
                        thread::yield_now();
                        held.fetch_sub(count, Ordering::SeqCst);
                        drop(guard);
                    }
                });
            }
        });
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (PERMITS, 0));
    }
}

#[test]
fn a_mutex_is_handed_over_in_order_and_excludes() {
    let mutex = Arc::new(Mutex::new(Vec::new()));
    let held = mutex.try_lock_arc().unwrap();
    let (mut first, mut second) = (Box::pin(mutex.lock_arc()), Box::pin(mutex.lock()));
    waits(&mut first);
    waits(&mut second);
    drop(held);
    assert!(mutex.try_lock().is_none(), "handed over, not free");
    waits(&mut second);
    ready(&mut first).push(1);
    ready(&mut second).push(2);
    assert_eq!(*mutex.lock_blocking(), [1, 2]);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: [1, 2] }");

    let total = Mutex::new(0u64);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                block_on(async {
                    for _ in 0..1000 {
                        let mut total = total.lock().await;
                        let before = *total;
                        yield_now().await;
                        *total = before + 1;
                    }
                });
            });
        }
    });
    assert_eq!(total.into_inner(), 4000);
}

#[test]
fn readers_share_writers_do_not_and_nobody_overtakes() {
    let lock = RwLock::new(0);
    let (one, two) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    let (mut write, mut late) = (Box::pin(lock.write()), Box::pin(lock.read()));
    waits(&mut write);
    waits(&mut late);
    assert!(lock.try_read().is_none());
    drop((one, two));
    waits(&mut late);
    *ready(&mut write) = 1;
    assert_eq!(*ready(&mut late), 1);
    // A dropped writer lets the readers behind it in.
    let held = lock.try_read().unwrap();
    let (mut write, mut late) = (Box::pin(lock.write()), Box::pin(lock.read()));
    waits(&mut write);
    waits(&mut late);
    drop(write);
    assert_eq!(*ready(&mut late), 1);
    drop(held);
    assert!(lock.try_write().is_some());
}

#[test]
fn an_upgrade_goes_ahead_of_writers_that_wait() {
    let lock = Arc::new(RwLock::new(1));
    let (reader, upgradable) = (lock.try_read().unwrap(), lock.try_upgradable_read().unwrap());
    assert!(lock.try_upgradable_read_arc().is_none(), "one at a time");
    let upgradable = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap_err();
    let mut writer = Box::pin(lock.write());
    waits(&mut writer);
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(upgradable));
    waits(&mut upgrade);
    drop(reader);
    waits(&mut writer);
    let mut guard = ready(&mut upgrade);
    *guard += 1;
    let guard = RwLockWriteGuard::downgrade_to_upgradable(guard);
    waits(&mut writer);
    assert_eq!(*guard, 2);
    let guard = RwLockUpgradableReadGuard::downgrade(guard);
    waits(&mut writer);
    drop(guard);
    *ready(&mut writer) += 1;
    assert_eq!(*lock.read_blocking(), 3);
}

#[test]
fn an_upgrade_that_is_dropped_unlocks() {
    let lock = RwLock::new(());
    let reader = lock.try_read().unwrap();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().unwrap()));
    waits(&mut upgrade);
    drop(upgrade);
    drop(lock.try_upgradable_read().unwrap());
    drop(reader);
    assert!(lock.try_write().is_some());
}

#[test]
fn threads_read_and_write_whole_values() {
    let lock = RwLock::new((0u64, 0u64));
    thread::scope(|scope| {
        for number in 0..4 {
            let lock = &lock;
            scope.spawn(move || {
                for _ in 0..1000 {
                    if number == 0 {
                        let mut value = lock.write_blocking();
                        value.0 += 1;
                        thread::yield_now();
                        value.1 += 1;
                    } else {
                        let value = lock.read_blocking();
                        assert_eq!(value.0, value.1);
                    }
                }
            });
        }
    });
    assert_eq!(lock.into_inner(), (1000, 1000));
}

#[test]
fn a_barrier_has_one_leader_a_round_and_forgets_who_left() {
    let barrier = Barrier::new(3);
    for _ in 0..3 {
        let (mut one, mut two, mut three) =
            (Box::pin(barrier.wait()), Box::pin(barrier.wait()), Box::pin(barrier.wait()));
        waits(&mut one);
        let mut gone = Box::pin(barrier.wait());
        waits(&mut gone);
        drop(gone);
        waits(&mut two);
        assert!(ready(&mut three).unwrap().is_leader());
        let (one, two) = (ready(&mut one).unwrap(), ready(&mut two).unwrap());
        assert!(!one.is_leader() && !two.is_leader());
        assert_eq!((one.index(), two.index()), (0, 1), "who left has no place");
    }
    assert!(Barrier::new(0).wait_blocking().unwrap().is_leader());
}

#[test]
fn an_aborted_barrier_ends_every_wait_until_it_is_reset() {
    let barrier = Barrier::new(2);
    let mut one = Box::pin(barrier.wait());
    waits(&mut one);
    barrier.abort();
    assert!(ready(&mut one).unwrap_err().to_string().contains("aborted") && barrier.is_aborted());
    assert!(barrier.wait_blocking().is_err(), "who comes later waits for nobody");
    barrier.reset();
    let mut two = Box::pin(barrier.wait());
    waits(&mut two);
    assert_eq!(barrier.waiting(), 1);
    barrier.reset();
    assert!(ready(&mut two).is_err() && !barrier.is_aborted());
    let (mut one, mut two) = (Box::pin(barrier.wait()), Box::pin(barrier.wait()));
    waits(&mut one);
    assert!(ready(&mut two).is_ok());
    // They met before that.
    barrier.abort();
    assert!(ready(&mut one).is_ok());
}

#[test]
fn a_cell_is_made_once_and_the_next_one_tries_after_a_failure() {
    let cell = OnceCell::new();
    assert_eq!(block_on(cell.get_or_try_init(|| async { Err::<u32, _>("no") })), Err("no"));
    let mut stuck = Box::pin(cell.get_or_init(std::future::pending));
    waits(&mut stuck);
    let mut waiting = Box::pin(cell.get_or_init(|| async { 5 }));
    waits(&mut waiting);
    let mut told = Box::pin(cell.wait());
    waits(&mut told);
    drop(stuck);
    assert_eq!((*ready(&mut waiting), *ready(&mut told)), (5, 5));
    assert_eq!(block_on(cell.set(6)), Err(6));
    drop((waiting, told));
    let mut cell = cell;
    assert_eq!((cell.take(), cell.get()), (Some(5), None));
    assert_eq!(cell.set_blocking(7), Ok(&7));
}

#[test]
fn a_condition_misses_nothing_and_passes_on_what_a_dropped_one_got() {
    let (mutex, changed) = (Mutex::new(0), Condvar::new());
    let mut first = Box::pin(changed.wait(mutex.try_lock().unwrap()));
    // In the queue from the call on.
    changed.notify_one();
    drop(ready(&mut first));
    let mut first = Box::pin(changed.wait(mutex.try_lock().unwrap()));
    let mut second = Box::pin(changed.wait(mutex.try_lock().unwrap()));
    waits(&mut first);
    waits(&mut second);
    let held = mutex.try_lock().unwrap();
    changed.notify_one();
    // Notified, and waiting for the lock.
    waits(&mut first);
    drop(first);
    drop(held);
    drop(ready(&mut second));
    // Nothing is kept for those who come later.
    changed.notify_one();
    waits(&mut Box::pin(changed.wait(mutex.try_lock().unwrap())));

    thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async { drop(changed.wait_while(mutex.lock().await, |value| *value < 100).await) });
        });
        for _ in 0..100 {
            *mutex.lock_blocking() += 1;
            changed.notify_all();
        }
    });
}

#[test]
fn a_notification_is_kept_once_and_goes_on_from_a_dropped_waiter() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    ready(&mut Box::pin(notify.notified()));
    let (mut first, mut second) = (Box::pin(notify.notified()), Box::pin(notify.notified()));
    waits(&mut first);
    waits(&mut second);
    notify.notify_one();
    drop(first);
    ready(&mut second);
    let mut enabled = notify.notified();
    assert!(!enabled.enable());
    notify.notify_all();
    block_on(enabled);
    // All had it: nothing goes on, nothing is kept.
    waits(&mut Box::pin(notify.notified()));
    notify.notify_one();
    let mut kept = notify.notified();
    assert!(kept.enable());
    drop(kept);
    ready(&mut Box::pin(notify.notified()));
}

#[test]
fn an_event_lets_through_who_waited_even_if_it_is_cleared_at_once() {
    let event = Event::new();
    let mut waited = Box::pin(event.wait());
    waits(&mut waited);
    event.set();
    event.clear();
    ready(&mut waited);
    let mut late = Box::pin(event.wait());
    waits(&mut late);
    assert!(!event.is_set());
    thread::scope(|scope| {
        scope.spawn(|| event.wait_blocking());
        event.set();
    });
    block_on(late);
}

#[test]
fn a_waker_that_panics_costs_no_other_its_wake_up() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let event = Event::new();
    let (mut bad, mut good) = (Box::pin(event.wait()), Box::pin(event.wait()));
    let (panics, count) = (Arc::new(Panics).into(), Arc::new(Count::default()));
    assert!(bad.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    assert!(good.as_mut().poll(&mut Context::from_waker(&count.clone().into())).is_pending());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event.set())).is_err());
    assert_eq!(count.get(), 1);
    assert!(poll(&mut good).is_ready());
}

#[test]
fn auto_traits_are_those_of_the_data() {
    fn send<T: Send>(_: &T) {}
    fn sync<T: Sync>(_: &T) {}
    // `Cell` is `Send` and not `Sync`: a mutex makes it shareable.
    let mutex = Mutex::new(std::cell::Cell::new(0));
    sync(&mutex);
    let guard = mutex.try_lock().unwrap();
    send(&guard);
    drop(guard);
    let lock = RwLock::new(0);
    sync(&lock);
    let guard = lock.try_read().unwrap();
    send(&guard);
    sync(&guard);
    drop(guard);
    block_on(zip(async { send(&mutex.lock()) }, async { send(&lock.write()) }));
}

#[test]
fn the_blocking_forms_of_upgrading() {
    use std::sync::Arc;
    use whit_sync::{RwLock, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc};
    let lock = Arc::new(RwLock::new(1));
    let mut writes = RwLockUpgradableReadGuard::upgrade_blocking(lock.upgradable_read_blocking());
    *writes += 1;
    drop(writes);
    *RwLockUpgradableReadGuardArc::upgrade_blocking(lock.upgradable_read_arc_blocking()) += 1;
    assert_eq!(*lock.read_blocking(), 3);
}

#[test]
fn a_cell_is_set_if_nobody_makes_its_value() {
    use whit_sync::OnceCell;
    let cell = OnceCell::new();
    let making = Box::pin(cell.get_or_init(std::future::pending));
    let mut making = making;
    let noop = std::task::Waker::noop();
    assert!(std::future::Future::poll(making.as_mut(), &mut std::task::Context::from_waker(noop)).is_pending());
    assert_eq!(cell.try_set(1), Err(1));
    drop(making);
    assert_eq!(cell.try_set(2), Ok(&2));
    assert_eq!(cell.try_set(3), Err(3));
}
