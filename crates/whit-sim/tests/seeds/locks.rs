//! whit-sync's `tests/locks.rs`, first half: the semaphore, the mutex and the read-write lock.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use whit::sync::{Mutex, RwLock, RwLockUpgradableReadGuardArc, RwLockWriteGuardArc, Semaphore};

use crate::support::{a_while, choose, ready, settled, still, under_seeds, waits};

#[test]
fn nobody_overtakes_not_even_a_large_request() {
    under_seeds(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire_arc().unwrap();
        let large = waits(semaphore.acquire_many_arc(2)).await;
        let small = waits(semaphore.acquire_arc()).await;
        drop(held);
        still(&small).await;
        assert!(semaphore.try_acquire().is_none());
        semaphore.add_permits(1);
        still(&small).await;
        drop(ready(large).await.unwrap());
        ready(small).await.unwrap().forget();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Waits are given up before, during and after the grant, in any mixture: no permit is lost, and none is made.
#[test]
fn dropped_at_any_time_no_permit_is_lost() {
    under_seeds(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        drop(semaphore.acquire());
        let mut held = vec![semaphore.try_acquire_arc().unwrap(), semaphore.try_acquire_arc().unwrap()];
        let mut tasks = Vec::new();
        for count in [1, 2, 1, 2, 1] {
            tasks.push(waits(semaphore.acquire_many_arc(count)).await);
        }
        while !tasks.is_empty() {
            match choose(4) {
                0 => drop(held.pop()),
                1 => settled().await,
                // Queued, granted and not yet polled, or with its permits in its hands.
                _ => drop(tasks.swap_remove(choose(tasks.len()))),
            }
        }
        drop(held);
        settled().await;
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (2, 0));
    });
}

#[test]
fn a_large_request_that_goes_lets_those_behind_it_in() {
    under_seeds(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let large = waits(semaphore.acquire_many_arc(5)).await;
        let small = waits(semaphore.acquire_arc()).await;
        drop(large);
        drop(ready(small).await.unwrap());
        assert!(semaphore.try_acquire().is_some());
    });
}

#[test]
fn closing_ends_waits_and_leaves_what_is_held() {
    under_seeds(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire_arc().unwrap();
        let granted = waits(semaphore.acquire_arc()).await;
        let queued = waits(semaphore.acquire_arc()).await;
        drop(held);
        // Whether or not it has run in between, it was granted.
        a_while().await;
        semaphore.close();
        assert!(ready(granted).await.is_ok());
        assert!(ready(queued).await.is_err());
        assert!(semaphore.acquire().await.is_err() && semaphore.try_acquire().is_none() && semaphore.is_closed());
    });
}

/// For the stress test with threads.
#[test]
fn no_more_are_held_than_there_are() {
    under_seeds(|| async {
        let (semaphore, held) = (Arc::new(Semaphore::new(2)), Rc::new(Cell::new(0)));
        let tasks = (0..4).map(|_| {
            let (semaphore, held) = (semaphore.clone(), held.clone());
            whit::spawn_local(async move {
                for _ in 0..10 {
                    let guard = semaphore.acquire_arc().await.unwrap();
                    held.set(held.get() + 1);
                    assert!(held.get() <= 2);
                    a_while().await;
                    held.set(held.get() - 1);
                    drop(guard);
                }
            })
        });
        whit::gather!(in tasks.collect::<Vec<_>>()).await;
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn a_mutex_is_handed_over_in_order() {
    under_seeds(|| async {
        let mutex = Arc::new(Mutex::new(Vec::new()));
        let held = mutex.try_lock_arc().unwrap();
        let first = waits(mutex.lock_arc()).await;
        let second = waits(mutex.lock_arc()).await;
        drop(held);
        assert!(mutex.try_lock().is_none(), "handed over, not free");
        still(&second).await;
        ready(first).await.push(1);
        ready(second).await.push(2);
        assert_eq!(*mutex.lock().await, [1, 2]);
    });
}

/// For the stress test with threads.
#[test]
fn a_mutex_excludes() {
    under_seeds(|| async {
        let total = Rc::new(Mutex::new(0));
        let tasks = (0..4).map(|_| {
            let total = total.clone();
            whit::spawn_local(async move {
                for _ in 0..10 {
                    let mut total = total.lock().await;
                    let before = *total;
                    a_while().await;
                    *total = before + 1;
                }
            })
        });
        whit::gather!(in tasks.collect::<Vec<_>>()).await;
        assert_eq!(*total.lock().await, 40);
    });
}

#[test]
fn readers_share_writers_do_not_and_nobody_overtakes() {
    under_seeds(|| async {
        let lock = Arc::new(RwLock::new(0));
        let (one, two) = (lock.try_read_arc().unwrap(), lock.try_read_arc().unwrap());
        let write = waits(lock.write_arc()).await;
        let late = waits(lock.read_arc()).await;
        assert!(lock.try_read().is_none());
        drop((one, two));
        still(&late).await;
        *ready(write).await = 1;
        assert_eq!(*ready(late).await, 1);
        // A dropped writer lets the readers behind it in.
        let held = lock.try_read_arc().unwrap();
        let write = waits(lock.write_arc()).await;
        let late = waits(lock.read_arc()).await;
        drop(write);
        assert_eq!(*ready(late).await, 1);
        drop(held);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn an_upgrade_goes_ahead_of_writers_that_wait() {
    under_seeds(|| async {
        let lock = Arc::new(RwLock::new(1));
        let (reader, upgradable) = (lock.try_read_arc().unwrap(), lock.try_upgradable_read_arc().unwrap());
        assert!(lock.try_upgradable_read_arc().is_none(), "one at a time");
        let upgradable = RwLockUpgradableReadGuardArc::try_upgrade(upgradable).unwrap_err();
        let writer = waits(lock.write_arc()).await;
        let upgrade = waits(RwLockUpgradableReadGuardArc::upgrade(upgradable)).await;
        drop(reader);
        still(&writer).await;
        let mut guard = ready(upgrade).await;
        *guard += 1;
        let guard = RwLockWriteGuardArc::downgrade_to_upgradable(guard);
        still(&writer).await;
        assert_eq!(*guard, 2);
        let guard = RwLockUpgradableReadGuardArc::downgrade(guard);
        still(&writer).await;
        drop(guard);
        *ready(writer).await += 1;
        assert_eq!(*lock.read().await, 3);
    });
}

#[test]
fn an_upgrade_that_is_dropped_unlocks() {
    under_seeds(|| async {
        let lock = Arc::new(RwLock::new(()));
        let reader = lock.try_read_arc().unwrap();
        let upgrade = RwLockUpgradableReadGuardArc::upgrade(lock.try_upgradable_read_arc().unwrap());
        let upgrade = waits(upgrade).await;
        if choose(2) == 0 {
            // Granted, and with nobody to take it.
            drop(reader);
            a_while().await;
            drop(upgrade);
        } else {
            drop(upgrade);
            settled().await;
            drop(lock.try_upgradable_read().unwrap());
            drop(reader);
        }
        settled().await;
        assert!(lock.try_write().is_some());
    });
}

/// Everything that can be done with the lock at once, and given up at any time: readers see whole values, and it is free in the end.
#[test]
fn whole_values_whoever_gives_up() {
    under_seeds(|| async {
        let lock = Arc::new(RwLock::new((0, 0)));
        let mut tasks: Vec<_> = (0..6)
            .map(|number| {
                let lock = lock.clone();
                whit::spawn_local(async move {
                    for round in 0..4 {
                        match (number + round) % 3 {
                            0 => {
                                let mut value = lock.write_arc().await;
                                let next = value.0 + 1;
                                value.0 = next;
                                // Given up here, a writer leaves half of it: that is the next one's to mend.
                                let _mends = Mends(&mut value);
                                a_while().await;
                            }
                            1 => {
                                let value = lock.read_arc().await;
                                let before = *value;
                                a_while().await;
                                assert_eq!((*value, value.0), (before, value.1));
                            }
                            _ => {
                                let value = lock.upgradable_read_arc().await;
                                let before = *value;
                                a_while().await;
                                let mut value = RwLockUpgradableReadGuardArc::upgrade(value).await;
                                assert_eq!(*value, before, "nobody wrote in between");
                                let next = before.0 + 1;
                                *value = (next, next);
                            }
                        }
                    }
                })
            })
            .collect();
        for _ in 0..choose(4) {
            a_while().await;
            drop(tasks.swap_remove(choose(tasks.len())));
        }
        whit::gather!(in tasks).await;
        settled().await;
        let value = *lock.try_write().expect("nobody has it");
        assert_eq!(value.0, value.1);
    });
}

/// Makes a value whole when its writer goes.
struct Mends<'a>(&'a mut (u32, u32));

impl Drop for Mends<'_> {
    fn drop(&mut self) {
        self.0.1 = self.0.0;
    }
}
