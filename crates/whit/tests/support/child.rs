//! A test in a process of its own: its limits can be low, and its threads and descriptors are its own alone.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "WHIT_TEST_CHILD";
/// A child that takes longer hangs, and is killed.
const LONG: Duration = Duration::from_secs(120);

/// Runs `test` in a child process: the test binary runs itself again, and only the test `name`, which comes here again.
pub(crate) fn alone(name: &str, test: impl FnOnce()) {
    if said(name).is_none() {
        test();
    }
}

/// What the test `name` says on stderr in a child process. `None` in that process: it is to do what is tested.
pub(crate) fn said(name: &str) -> Option<String> {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return None;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(CHILD, name)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(5));
        if started.elapsed() > LONG {
            child.kill().unwrap();
        }
    }
    let output = child.wait_with_output().unwrap();
    let (text, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{said}");
    // A renamed test would run nothing and succeed.
    assert!(text.contains("1 passed"), "{text}");
    Some(said.into_owned())
}

/// The threads and the descriptors of this process.
pub(crate) fn census() -> (usize, usize) {
    let entries = |folder| std::fs::read_dir(folder).unwrap().count();
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

/// The census, once the threads are as many as `before`, or after a second. A thread that was joined stays in the kernel's list
/// for a moment; a descriptor is closed or it is not.
pub(crate) fn settled(before: (usize, usize)) -> (usize, usize) {
    let started = Instant::now();
    loop {
        let after = census();
        if after.0 == before.0 || after.1 != before.1 || started.elapsed() > Duration::from_secs(1) {
            return after;
        }
        std::thread::yield_now();
    }
}
