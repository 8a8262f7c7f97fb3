//! A thousand children, both ways, and none left. In a binary of its own, as it counts all children.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use whit_process::Command;

mod support;
use support::{children, eventually, run};

const CHILDREN: usize = 1000;
const AT_ONCE: usize = 50;
/// Far more than it takes on a slow machine, and far less than a lost wake-up would.
const MOST: Duration = Duration::from_secs(120);

#[test]
fn a_thousand_children_leave_no_zombie_and_no_descriptor() {
    // The process-wide reactor, and what the first child of each way opens for good.
    block_on(Command::new("true").status()).unwrap();
    let before = descriptors();
    for sigchld in [false, true] {
        whit_process::testing::force_sigchld(sigchld);
        let started = Instant::now();
        run(async {
            for round in 0..CHILDREN / AT_ONCE {
                let mut started: Vec<_> = (0..AT_ONCE)
                    .map(|i| Command::new("sh").args(["-c", &format!("exit {i}")]).spawn().unwrap())
                    .collect();
                if round % 2 == 0 {
                    for (i, child) in started.iter_mut().enumerate() {
                        assert_eq!(child.status().await.unwrap().code(), Some(i as i32));
                    }
                }
                // Every other round drops them all as they are.
            }
        });
        eventually("no child is left", || children().is_empty());
        assert!(started.elapsed() < MOST, "{:?}", started.elapsed());
        println!("sigchld {sigchld}: {CHILDREN} children in {:?}", started.elapsed());
    }
    eventually("no descriptor is left", || descriptors() <= before);
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
