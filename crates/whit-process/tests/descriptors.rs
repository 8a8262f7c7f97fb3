//! Running out of descriptors, in a child process of its own whose limit can be low.
#![cfg(target_os = "linux")]

use std::fs::File;

use futures_lite::future::block_on;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whit_process::signal::{Signal, Signals};
use whit_process::{Command, Stdio};

mod support;
use support::children;

const CHILD: &str = "WHIT_PROCESS_DESCRIPTORS_CHILD";

#[test]
fn without_descriptors_starting_fails_clearly_or_works_and_recovers() {
    if std::env::var_os(CHILD).is_some() {
        return run_out_and_recover();
    }
    let name = "without_descriptors_starting_fails_clearly_or_works_and_recovers";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // A renamed test would run nothing and succeed.
    assert!(text.contains("1 passed"), "{text}");
}

fn run_out_and_recover() {
    // The process-wide reactor takes its descriptors now.
    block_on(Command::new("true").status()).unwrap();
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limit }).unwrap();

    // From none on: at first not even pipes, then no pidfd, then all.
    let mut fill: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(fill.len() > 20);
    let error = Signals::new([Signal::Hup]).unwrap_err();
    assert!(error.to_string().starts_with("catching signals failed: ") && is_sentence(&error), "{error}");
    let (mut failed, mut worked) = (0, 0);
    while worked < 5 {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]).stdin(Stdio::inherit()).kill_on_drop(true);
        match block_on(command.status()) {
            Ok(status) => {
                assert_eq!(status.code(), Some(3));
                worked += 1;
            }
            Err(error) => {
                assert!(is_sentence(&error), "{error}");
                failed += 1;
            }
        }
        let mut command = Command::new("sh");
        match block_on(command.args(["-c", "echo hello"]).output()) {
            Ok(output) => assert_eq!(output.stdout, b"hello\n"),
            Err(error) => assert!(is_sentence(&error), "{error}"),
        }
        drop(fill.pop());
    }
    assert!(failed > 0, "the limit was never felt");
    assert!(children().is_empty(), "{:?}", children());
}

fn is_sentence(error: &std::io::Error) -> bool {
    error.to_string().contains("ulimit -n")
}
