//! Semaphores: first come, first served, and no permit lost.

use std::sync::Arc;

use whit::Task;
use whit::sync::{Semaphore, SemaphoreGuardArc};

use crate::floors::{Log, alone, everywhere, in_line, ms, settle, sleep, until};

/// Stands in line, and gives the permit to whoever awaits the task.
async fn waiter(semaphore: &Arc<Semaphore>) -> Task<SemaphoreGuardArc> {
    let acquires = semaphore.acquire_arc();
    in_line(async move { acquires.await.unwrap() }).await
}

#[test]
fn b12_waiters_that_were_cancelled_before_are_passed_over() {
    everywhere(|| async {
        let semaphore = Arc::new(Semaphore::new(0));
        let (one, two) = (waiter(&semaphore).await, waiter(&semaphore).await);
        let (three, four) = (waiter(&semaphore).await, waiter(&semaphore).await);
        drop((one, two));
        semaphore.add_permits(1);
        let permit = three.await;
        settle().await;
        assert!(!four.is_finished());
        drop(permit);
        drop(four.await);
    });
}

#[test]
fn b13_cancel_the_first_and_release_the_second_has_it() {
    everywhere(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.acquire().await.unwrap();
        let (first, second) = (waiter(&semaphore).await, waiter(&semaphore).await);
        first.cancel().await;
        drop(held);
        let permit = second.await;
        assert!(semaphore.try_acquire().is_none(), "it is taken");
        drop(permit);
    });
}

#[test]
fn b14_a_waiter_that_is_cancelled_right_after_the_release_leaks_no_permit() {
    everywhere(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        for _ in 0..100 {
            let held = semaphore.acquire().await.unwrap();
            let waiter = waiter(&semaphore).await;
            drop(held);
            drop(waiter);
            let again = whit::timeout(ms(10_000), semaphore.acquire()).await;
            drop(again.expect("the permit has come back").unwrap());
        }
        until(|| semaphore.available_permits() == 1).await;
    });
}

#[test]
fn b15_three_tasks_that_come_back_take_turns() {
    alone(|_| async {
        let (semaphore, log) = (Arc::new(Semaphore::new(1)), Log::default());
        let tasks = ["c1", "c2", "c3"].map(|name| {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            whit::spawn(async move {
                for round in 1..=2 {
                    let _permit = semaphore.acquire().await.unwrap();
                    log.add(format!("{name}_{round}"));
                    sleep(1).await;
                }
            })
        });
        whit::scope::join(tasks).await;
        assert_eq!(log.take(), ["c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"]);
    });
}

#[test]
fn b16_who_releases_and_comes_back_at_once_goes_to_the_end_of_the_line() {
    everywhere(|| async {
        let (semaphore, log) = (Arc::new(Semaphore::new(1)), Log::default());
        let numbered = |number| {
            let (acquires, log) = (semaphore.acquire_arc(), log.clone());
            in_line(async move {
                let _permit = acquires.await.unwrap();
                log.add(number);
            })
        };
        let held = semaphore.acquire().await.unwrap();
        log.add(1);
        let (two, three) = (numbered(2).await, numbered(3).await);
        drop(held);
        // On one thread nobody has run in between: the permit is on its way to the second.
        let mine = async {
            let _permit = semaphore.acquire().await.unwrap();
            log.add(4);
        };
        whit::scope::join((mine, two, three)).await;
        assert_eq!(log.take(), ["1", "2", "3", "4"]);
    });
}

#[test]
fn b17_three_releases_wake_three_in_one_turn_before_a_task_that_comes_later() {
    alone(|_| async {
        let (semaphore, log) = (Arc::new(Semaphore::new(0)), Log::default());
        let mut waiters = Vec::new();
        for number in 1..=3 {
            let (acquires, log) = (semaphore.acquire_arc(), log.clone());
            let waits = async move {
                acquires.await.unwrap().forget();
                log.add(number);
            };
            waiters.push(in_line(waits).await);
        }
        (0..3).for_each(|_| semaphore.add_permits(1));
        let late = log.clone();
        whit::spawn(async move { late.add("later") }).await;
        assert_eq!(log.take(), ["1", "2", "3", "later"]);
        assert!(waiters.iter().all(Task::is_finished));
    });
}

/// asyncio's `BoundedSemaphore` raises an error when more is released than was acquired. Here a permit that is dropped comes
/// back, and cannot be dropped twice; so nothing is left of that error but adding more than can be counted.
#[test]
fn b18_permits_come_back_as_often_as_they_were_taken_and_no_more() {
    everywhere(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        let permits = [semaphore.acquire_arc().await.unwrap(), semaphore.acquire_arc().await.unwrap()];
        whit::scope::join(permits.map(|permit| whit::spawn(async move { drop(permit) }))).await;
        assert_eq!(semaphore.available_permits(), 2);
        let more = semaphore.clone();
        let refused = whit::spawn(async move {
            let add = std::panic::AssertUnwindSafe(|| more.add_permits(Semaphore::MAX_PERMITS));
            std::panic::catch_unwind(add).unwrap_err().downcast::<String>().unwrap()
        });
        assert!(refused.await.contains("would pass the most it can count"));
        assert_eq!(semaphore.available_permits(), 2, "nothing was added");
    });
}
