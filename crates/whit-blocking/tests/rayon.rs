//! A rayon pool as `Blocking`.
#![cfg(feature = "rayon")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_lite::future::block_on;
use whit_blocking::{RayonBlocking, unblock};
use whit_core::Handle;

fn handle() -> Handle {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(|at| format!("ray-{at}")).build().unwrap();
    Handle::builder().blocking(Arc::new(RayonBlocking::new(Arc::new(pool)))).build()
}

#[test]
fn jobs_run_on_its_threads_and_give_their_results() {
    let handle = handle();
    let _entered = handle.enter();
    let jobs: Vec<_> = (0..100)
        .map(|number| {
            unblock(move || {
                assert!(std::thread::current().name().unwrap().starts_with("ray-"));
                number
            })
        })
        .collect();
    let sum = block_on(async {
        let mut sum = 0;
        for job in jobs {
            sum += job.await;
        }
        sum
    });
    assert_eq!(sum, (0..100).sum::<i32>());
}

#[test]
fn a_panic_comes_out_at_the_await_and_the_pool_goes_on() {
    let handle = handle();
    let _entered = handle.enter();
    let job = unblock(|| panic!("in a job"));
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(job))).is_err());
    assert_eq!(block_on(unblock(|| 5)), 5);
}
