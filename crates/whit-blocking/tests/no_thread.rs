//! A thread that cannot be started, alone in its process: it takes the whole process's memory for that.
#![cfg(target_os = "linux")]

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whit_blocking::unblock;
use whit_core::block_on;

#[test]
fn a_job_without_a_thread_comes_back_cancelled_and_later_ones_run() {
    let before = getrlimit(Resource::As);
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let used: u64 = pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096;
    // Enough to go on, and not enough for the 2 MiB of a stack.
    setrlimit(Resource::As, Rlimit { current: Some(used + (1 << 20)), maximum: before.maximum }).unwrap();
    let refused = block_on(unblock(|| 1).fallible());
    setrlimit(Resource::As, before).unwrap();
    assert_eq!(refused, None);
    assert_eq!(block_on(unblock(|| 2)), 2);
}
