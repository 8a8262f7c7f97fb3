//! Standard streams, each scenario in a child process. Without the test harness, which has a standard output of its own mind.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, poll_once};
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use whit_fs::io::{Stdin, stderr, stdin, stdout};

mod support;
use support::run;

const SCENARIO: &str = "WHIT_FS_SCENARIO";
/// A program that is held up is held up for ever; starting one takes milliseconds.
const MOST: Duration = Duration::from_secs(5);

fn main() {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        return child(&scenario);
    }
    for (name, test) in [
        ("echo", echo as fn()),
        ("a reader that waits does not hold up the end", end_while_reading),
        ("a writer that nobody reads does not hold up the end", end_while_writing),
        ("a dropped handle loses nothing", dropped_handles),
        ("what was flushed is there", flushed),
    ] {
        test();
        println!("test {name} ... ok");
    }
}

/// What a child does.
fn child(scenario: &str) {
    let in_runtime = scenario.ends_with("runtime");
    let future = async {
        match scenario.split(' ').next().unwrap() {
            "echo" => {
                let mut text = String::new();
                stdin().read_to_string(&mut text).await.unwrap();
                stdout().write_all(text.as_bytes()).await.unwrap();
                stdout().flush().await.unwrap();
                stderr().write_all(b"no line end").await.unwrap();
                stderr().flush().await.unwrap();
            }
            "read" => {
                assert!(poll_once(stdin().read(&mut [0; 10])).await.is_none());
                // Until somebody is in the midst of it.
                std::thread::sleep(Duration::from_millis(50));
            }
            "flush" => {
                stdout().write_all(b"no line end").await.unwrap();
                stdout().flush().await.unwrap();
                // No clean-up that would flush.
                std::process::abort();
            }
            "write" => {
                // More than a pipe holds and we accept.
                let mut stdout = stdout();
                for _ in 0..100 {
                    drop(poll_once(stdout.write(&[b'x'; 4096])).await);
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            "drop" => {
                // A first read is given up; what it would have read comes to the next, on another handle.
                while poll_once(stdin().read(&mut [0; 0])).await.is_none() {}
                drop(poll_once(BufReader::new(stdin()).read_line(&mut String::new())).await);
                let mut line = String::new();
                Unbuffered(stdin()).read_line(&mut line).await;
                println!("{line}");
            }
            other => panic!("{other}"),
        }
    };
    if in_runtime { run(future) } else { block_on(future) }
}

struct Unbuffered(Stdin);

impl Unbuffered {
    async fn read_line(&mut self, line: &mut String) {
        let mut byte = [0];
        while self.0.read(&mut byte).await.unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0] as char);
        }
    }
}

fn start(scenario: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(SCENARIO, scenario).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn ends(mut child: Child) {
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > MOST {
            child.kill().unwrap();
            panic!("held up");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success());
}

fn echo() {
    for scenario in ["echo", "echo in a runtime"] {
        let mut child = start(scenario);
        let text = "line\n".repeat(100_000) + "end";
        let mut stdin = child.stdin.take().unwrap();
        let sent = text.clone();
        let sender = std::thread::spawn(move || stdin.write_all(sent.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        sender.join().unwrap();
        assert!(output.status.success() && output.stdout == text.as_bytes() && output.stderr == b"no line end");
    }
}

fn end_while_reading() {
    for scenario in ["read", "read in a runtime"] {
        let mut child = start(scenario);
        // Open, and nothing comes.
        let _stdin = child.stdin.take();
        ends(child);
    }
}

fn end_while_writing() {
    for scenario in ["write", "write in a runtime"] {
        let mut child = start(scenario);
        // Open, and nobody reads.
        let mut stdout = child.stdout.take().unwrap();
        ends(child);
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        assert!(bytes.len() > 4096 && bytes.iter().all(|byte| *byte == b'x'));
    }
}

fn dropped_handles() {
    for scenario in ["drop", "drop in a runtime"] {
        let mut child = start(scenario);
        std::thread::sleep(Duration::from_millis(20));
        child.stdin.take().unwrap().write_all(b"the whole line\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "the whole line\n");
    }
}

fn flushed() {
    assert_eq!(start("flush").wait_with_output().unwrap().stdout, b"no line end");
}
