//! Jobs in processes: one that works, one that crashes, and one that does not end and is killed.
//!
//! `cargo run -p whit-process --features pool --example process_pool`

use std::time::{Duration, Instant};

use futures_lite::future::{block_on, or};
use whit_process::pool::{self, Job, ProcessPool};

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

    let pool = ProcessPool::new(2).expect("two processes");
    block_on(async {
        println!("the sum is {}", pool.run(&SUM, &(1..=100).collect()).await.expect("it can be summed"));
        println!("crashing: {}", pool.run(&CRASH, &()).await.expect_err("it crashes"));

        let started = Instant::now();
        let time_out = async {
            whit_timers::sleep(Duration::from_millis(100)).await;
        };
        or(async { drop(pool.run(&FOR_EVER, &()).await) }, time_out).await;
        println!("an endless loop was killed after {:.0?}", started.elapsed());

        println!("and the sum is still {}", pool.run(&SUM, &(1..=100).collect()).await.expect("in a fresh process"));
    });
}
