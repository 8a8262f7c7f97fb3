//! Jobs in processes: one that works, one that crashes, and one that does not end and is killed.
//!
//! `cargo run --features process-pool --example process_pool`
//!
//! asyncio: `loop.run_in_executor(ProcessPoolExecutor(2), …)`, where a crash breaks the whole pool, and a running job cannot be
//! cancelled.

use std::time::{Duration, Instant};

use whit::process::pool::{self, Job, ProcessPool};

static SUM: Job<Vec<u64>, u64> = Job::new("sum", |numbers| numbers.iter().sum());
static CRASH: Job<(), ()> = Job::new("crash", |()| std::process::abort());
static FOR_EVER: Job<(), ()> = Job::new("for ever", |()| {
    loop {
        std::hint::spin_loop();
    }
});

fn main() {
    // First of all: the children stay in here.
    pool::init(&[&SUM, &CRASH, &FOR_EVER]);

    whit::run(async {
        let pool = ProcessPool::new(2).expect("two processes");
        println!("the sum is {}", pool.run(&SUM, &(1..=100).collect()).await.expect("it can be summed"));
        println!("crashing: {}", pool.run(&CRASH, &()).await.expect_err("it crashes"));

        let started = Instant::now();
        let outcome = whit::move_on_after(Duration::from_millis(100), pool.run(&FOR_EVER, &())).await;
        assert!(outcome.is_none());
        println!("an endless loop was killed after {:.0?}", started.elapsed());

        println!("and the sum is still {}", pool.run(&SUM, &(1..=100).collect()).await.expect("in a fresh process"));
    });
}
