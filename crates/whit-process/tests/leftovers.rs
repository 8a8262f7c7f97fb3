//! What is left when runtimes end that killed a child just before. In a binary of its own, as it counts threads.
#![cfg(target_os = "linux")]

use whit_process::{Command, Stdio};

mod support;
use support::{children, run};

#[test]
fn a_child_that_was_killed_leaves_neither_thread_nor_descriptor_nor_zombie() {
    let killed = || {
        run(async {
            let mut command = Command::new("sleep");
            command.arg("1000").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            command.kill_on_drop(true).spawn().unwrap();
        });
    };
    for sigchld in [false, true] {
        whit_process::testing::force_sigchld(sigchld);
        killed();
        let before = (count("task"), count("fd"));
        for _ in 0..100 {
            killed();
            // The end of the runtime has waited for it.
            assert!(children().is_empty(), "{:?}", children());
        }
        assert_eq!((count("task"), count("fd")), before);
    }
}

fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count()
}
