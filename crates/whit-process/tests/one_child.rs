//! One child at a time, and no other whose end could wake who waits: an end that is missed is never heard of. In a binary of its
//! own, as the children of other tests would be others.
#![cfg(target_os = "linux")]

#[cfg(whit_tsan)]
#[path = "support/heard.rs"]
mod heard;

use std::time::Duration;

use futures_lite::future::{block_on, or};
use whit_process::Command;

#[test]
fn the_end_of_a_single_child_is_never_missed() {
    for sigchld in [false, true] {
        whit_process::testing::force_sigchld(sigchld);
        for i in 0..400 {
            let mut child = Command::new("true").spawn().unwrap();
            // It takes about a millisecond to end: now and then before we ask, and now and then after that.
            std::thread::sleep(Duration::from_micros(i * 17 % 1500));
            // The time-out first: at its end the other would be polled too, and find what it has missed.
            let time_out = async {
                whit_timers::sleep(Duration::from_secs(10)).await;
                panic!("an end was missed");
            };
            let status = or(time_out, async { child.status().await.unwrap() });
            assert!(block_on(status).success());
        }
    }
}
