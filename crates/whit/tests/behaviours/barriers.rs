//! Barriers.

use std::sync::Arc;

use whit::Task;
use whit::sync::{Barrier, BarrierError, BarrierWaitResult};

use crate::floors::{everywhere, in_line, until};

type Party = Task<Result<BarrierWaitResult, BarrierError>>;

/// Stands at the barrier.
async fn party(barrier: &Arc<Barrier>) -> Party {
    let barrier = barrier.clone();
    in_line(async move { barrier.wait().await }).await
}

#[test]
fn b19_each_of_n_tasks_has_one_number_below_n_and_the_barrier_serves_again_at_once() {
    everywhere(|| async {
        const N: usize = 5;
        let barrier = Arc::new(Barrier::new(N));
        let tasks: Vec<_> = (0..N)
            .map(|_| {
                let barrier = barrier.clone();
                whit::spawn(async move {
                    let mut places = [0; 3];
                    for place in &mut places {
                        *place = barrier.wait().await.unwrap().index();
                    }
                    places
                })
            })
            .collect();
        let places = whit::scope::join(tasks).await;
        for round in 0..3 {
            let mut numbers: Vec<_> = places.iter().map(|places| places[round]).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..N).collect::<Vec<_>>());
        }
    });
}

#[test]
fn b20_a_party_that_is_cancelled_leaves_and_another_takes_its_place() {
    everywhere(|| async {
        let barrier = Arc::new(Barrier::new(3));
        let (stays, goes) = (party(&barrier).await, party(&barrier).await);
        assert_eq!(barrier.waiting(), 2);
        goes.cancel().await;
        assert_eq!(barrier.waiting(), 1);
        let replacement = party(&barrier).await;
        assert!(barrier.wait().await.unwrap().is_leader());
        assert_eq!((stays.await.unwrap().index(), replacement.await.unwrap().index()), (0, 1));
        assert!(!barrier.is_aborted());
    });
}

#[test]
fn b21_an_aborted_barrier_fails_all_until_it_is_reset() {
    everywhere(|| async {
        let barrier = Arc::new(Barrier::new(3));
        let waits = party(&barrier).await;
        let fails = barrier.clone();
        let fails = whit::spawn(async move {
            // One that will not come.
            fails.abort();
            Err::<(), _>("has failed")
        });
        assert_eq!(fails.await, Err("has failed"));
        assert!(waits.await.is_err() && barrier.wait().await.is_err());
        barrier.reset();
        let waits = party(&barrier).await;
        until(|| barrier.waiting() == 1).await;
        assert!(!waits.is_finished());
        barrier.reset();
        assert!(waits.await.is_err(), "who waited for the others of then");
    });
}

#[test]
fn b21_a_barrier_that_was_reset_is_as_new() {
    everywhere(|| async {
        let barrier = Arc::new(Barrier::new(2));
        let waits = party(&barrier).await;
        barrier.reset();
        assert!(waits.await.is_err());
        let waits = party(&barrier).await;
        assert_eq!(barrier.wait().await.unwrap().index(), 1);
        assert_eq!(waits.await.unwrap().index(), 0);
    });
}
