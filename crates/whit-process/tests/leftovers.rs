//! What is left when runtimes end that killed a child just before. In a binary of its own, as it counts threads.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use whit_process::{Command, Stdio};

mod support;
use support::{children, eventually, run};

/// What the end of a runtime waits for a child that was killed. On a busy machine it may live longer; the process-wide reactor reaps
/// it then.
const KILLED_MOST: Duration = Duration::from_millis(100);

#[test]
fn a_child_that_was_killed_leaves_neither_thread_nor_descriptor_nor_zombie() {
    let killed = || {
        run(async {
            let mut command = Command::new("sleep");
            command.arg("1000").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            command.kill_on_drop(true).spawn().unwrap();
        });
    };
    // The process-wide reactor has its thread and its descriptors from here on, whether it will be needed or not.
    block_on(Command::new("true").status()).unwrap();
    for sigchld in [false, true] {
        whit_process::testing::force_sigchld(sigchld);
        killed();
        eventually("it is reaped", || children().is_empty());
        let before = counts();
        for _ in 0..100 {
            let began = Instant::now();
            killed();
            if began.elapsed() < KILLED_MOST {
                assert!(children().is_empty(), "the end of the runtime has not waited for it: {:?}", children());
            }
            eventually("it is reaped", || children().is_empty());
        }
        eventually("threads and descriptors are as before", || counts() == before);
    }
}

/// Threads and descriptors.
fn counts() -> (usize, usize) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    (count("task"), count("fd"))
}
