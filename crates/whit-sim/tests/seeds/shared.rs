//! What whit-sync promises to many tasks at once: nobody is forgotten or overtaken, and nothing is lost or doubled, also where
//! some give up at any time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use whit::channel::bounded;
use whit::sync::{Condvar, Mutex, Notify, RwLock, Semaphore};
use whit::time::now;
use whit_sim::Controls;

use crate::support::{MS, under_seeds};

#[test]
fn a_lock_goes_to_those_in_line_in_the_order_of_their_coming() {
    under_seeds(|| async {
        let (lock, order) = (Rc::new(Mutex::new(())), Rc::new(RefCell::new(Vec::new())));
        let held = lock.lock().await;
        let tasks: Vec<_> = (0..5u32)
            .map(|number| {
                let (lock, order) = (lock.clone(), order.clone());
                whit::spawn_local(async move {
                    // One after the other: each stands in line when the next one comes.
                    whit::sleep(number * MS).await;
                    let wait = lock.lock();
                    if number % 2 == 1 {
                        // Its time is up just when the lock is free.
                        if whit::timeout((10 - number) * MS, wait).await.is_ok() {
                            order.borrow_mut().push(number);
                        }
                    } else {
                        let _guard = wait.await;
                        order.borrow_mut().push(number);
                        whit::yield_now().await;
                    }
                })
            })
            .collect();
        whit::sleep(10 * MS).await;
        drop(held);
        whit::gather!(in tasks).await;
        let order = order.take();
        assert!(order.is_sorted() && [0, 2, 4].iter().all(|number| order.contains(number)), "{order:?}");
    });
}

#[test]
fn permits_come_back_from_those_who_give_up() {
    under_seeds(|| async {
        let (semaphore, held) = (Rc::new(Semaphore::new(2)), Rc::new(Cell::new(0)));
        let tasks: Vec<_> = (0..6u32)
            .map(|number| {
                let (semaphore, held) = (semaphore.clone(), held.clone());
                whit::spawn_local(async move {
                    for round in 0..4 {
                        let count = 1 + number as usize % 2;
                        let wait = whit::timeout((round + number) % 3 * MS, semaphore.acquire_many(count));
                        if let Ok(permit) = wait.await {
                            held.set(held.get() + count);
                            assert!(held.get() <= 2);
                            whit::sleep(MS).await;
                            held.set(held.get() - count);
                            drop(permit);
                        }
                    }
                })
            })
            .collect();
        whit::gather!(in tasks).await;
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (2, 0));
    });
}

#[test]
fn a_large_request_that_gives_up_lets_in_those_behind_it() {
    under_seeds(|| async {
        let semaphore = Rc::new(Semaphore::new(2));
        let held = semaphore.acquire().await.unwrap();
        let (large, started) = (semaphore.clone(), now());
        let large = whit::spawn_local(async move { whit::timeout(2 * MS, large.acquire_many(2)).await.is_ok() });
        let small: Vec<_> = (0..3)
            .map(|_| {
                let semaphore = semaphore.clone();
                whit::spawn_local(async move {
                    whit::sleep(MS).await;
                    drop(semaphore.acquire().await.unwrap());
                })
            })
            .collect();
        assert!(!large.await, "one of the two is held");
        whit::gather!(in small).await;
        assert_eq!(now() - started, 2 * MS, "at once, and not before");
        drop(held);
    });
}

#[test]
fn a_wake_up_goes_on_from_a_waiter_that_was_cancelled() {
    under_seeds(|| async {
        let (notify, woken) = (Rc::new(Notify::new()), Rc::new(Cell::new(0)));
        let mut tasks: Vec<_> = (0..4)
            .map(|_| {
                let (notify, woken) = (notify.clone(), woken.clone());
                whit::spawn_local(async move {
                    notify.notified().await;
                    woken.set(woken.get() + 1);
                })
            })
            .collect();
        Controls::current().wait_all_blocked().await;
        notify.notify_one();
        notify.notify_one();
        // It had one of the two, or another has.
        drop(tasks.remove(Controls::current().choose(2) as usize));
        whit::sleep(MS).await;
        assert_eq!(woken.get(), 2);
    });
}

#[test]
fn a_condition_wakes_somebody_for_each_item_though_some_are_cancelled() {
    under_seeds(|| async {
        let shared = Rc::new((Mutex::new(0), Condvar::new()));
        let taken = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..5u32)
            .map(|number| {
                let (shared, taken) = (shared.clone(), taken.clone());
                whit::spawn_local(async move {
                    let take = async {
                        let mut items = shared.1.wait_while(shared.0.lock().await, |items| *items == 0).await;
                        *items -= 1;
                        taken.set(taken.get() + 1);
                    };
                    let limit = if number < 3 { 1000 * MS } else { 2 * MS };
                    whit::timeout(limit, take).await.is_ok()
                })
            })
            .collect();
        whit::sleep(2 * MS).await;
        for _ in 0..3 {
            *shared.0.lock().await += 1;
            shared.1.notify_one();
        }
        whit::sleep(5 * MS).await;
        assert_eq!((taken.get(), *shared.0.lock().await), (3, 0));
        drop(tasks);
    });
}

#[test]
fn readers_see_whole_values_and_writers_are_not_starved() {
    under_seeds(|| async {
        let lock = Rc::new(RwLock::new((0, 0)));
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let lock = lock.clone();
                whit::spawn_local(async move {
                    for _ in 0..4 {
                        if number < 2 {
                            let mut value = lock.write().await;
                            value.0 += 1;
                            whit::yield_now().await;
                            value.1 += 1;
                        } else {
                            let value = lock.read().await;
                            assert_eq!(value.0, value.1);
                            whit::yield_now().await;
                            assert_eq!(value.0, value.1);
                        }
                    }
                })
            })
            .collect();
        whit::gather!(in tasks).await;
        assert_eq!(*lock.read().await, (8, 8));
    });
}

#[test]
fn each_item_arrives_once_whoever_gives_up() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(2);
        let got = Rc::new(RefCell::new(Vec::new()));
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let (receiver, got) = (receiver.clone(), got.clone());
                whit::spawn_local(async move {
                    loop {
                        match whit::timeout(MS, receiver.recv()).await {
                            Ok(Ok(item)) => got.borrow_mut().push(item),
                            Ok(Err(_)) => return,
                            Err(_) => {}
                        }
                    }
                })
            })
            .collect();
        let senders: Vec<_> = (0..3)
            .map(|from| {
                let sender = sender.clone();
                whit::spawn_local(async move {
                    for number in 0..6 {
                        whit::sleep(MS / 2).await;
                        sender.send((from, number)).await.unwrap();
                    }
                })
            })
            .collect();
        drop((sender, receiver));
        whit::gather!(in senders).await;
        whit::gather!(in receivers).await;
        let mut of = BTreeMap::<_, Vec<_>>::new();
        got.take().into_iter().for_each(|(from, number)| of.entry(from).or_default().push(number));
        // Two receivers may note two items in either order.
        of.values_mut().for_each(|numbers| numbers.sort_unstable());
        assert!(of.len() == 3 && of.values().all(|numbers| numbers.iter().copied().eq(0..6)), "{of:?}");
    });
}
