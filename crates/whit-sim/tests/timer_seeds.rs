//! What the futures of whit-timers promise to many tasks at once, under a thousand seeds: exact times, in order.
//!
//! Here they stand on the simulation's clock. The wheel, which is the real one, is not in it: its order is shown against a model
//! by whit-timers' own tests, beside its stress test (threads) and its loom model.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use whit::time::now;
use whit_sim::Campaign;

const MS: Duration = Duration::from_millis(1);

fn under_seeds<F: Future<Output = ()>>(body: impl Fn() -> F) {
    Campaign::new().seeds(1000).max_steps(100_000).run(body);
}

#[test]
fn sleepers_wake_at_their_deadlines_and_in_their_order() {
    under_seeds(|| async {
        let (started, woken) = (now(), Rc::new(RefCell::new(Vec::new())));
        let tasks: Vec<_> = (0..12u32)
            .map(|number| {
                let woken = woken.clone();
                whit::spawn_local(async move {
                    let wait = number * 7 % 5 * MS;
                    whit::sleep(wait).await;
                    assert_eq!(now() - started, wait);
                    woken.borrow_mut().push(wait);
                })
            })
            .collect();
        whit::gather!(in tasks).await;
        assert!(woken.borrow().is_sorted() && woken.borrow().len() == 12);
    });
}

#[test]
fn a_time_out_comes_at_its_time_and_a_value_that_is_there_beats_it() {
    under_seeds(|| async {
        let tasks: Vec<_> = (0..8u32)
            .map(|number| {
                whit::spawn_local(async move {
                    let started = now();
                    let outcome = whit::timeout(number * MS, whit::sleep(4 * MS)).await;
                    // At the same time, the value is there.
                    assert_eq!((outcome.is_ok(), now() - started), (number >= 4, number.min(4) * MS));
                    assert!(whit::timeout(number * MS, pending::<()>()).await.is_err());
                    assert_eq!(now() - started, (number.min(4) + number) * MS);
                })
            })
            .collect();
        whit::gather!(in tasks).await;
    });
}

#[test]
fn ticks_do_not_drift_whatever_else_runs() {
    under_seeds(|| async {
        let tasks: Vec<_> = (1..4u32)
            .map(|number| {
                whit::spawn_local(async move {
                    let (started, mut ticks) = (now(), whit::interval(number * MS));
                    for tick in 0..10 {
                        assert_eq!(ticks.tick().await - started, tick * number * MS);
                        whit::yield_now().await;
                    }
                })
            })
            .collect();
        whit::gather!(in tasks).await;
    });
}
