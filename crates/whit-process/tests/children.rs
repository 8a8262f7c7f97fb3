//! Starting children, talking with them, and their end. `sigchld.rs` runs the same without pidfds.
#![cfg(target_os = "linux")]

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, or, yield_now, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_process::{Command, Stdio};

#[path = "support/mod.rs"]
mod support;
use support::{children, eventually, run, runs};

/// Called by each test: whether this is the copy that forces `SIGCHLD` is in the name of the binary.
fn way() {
    whit_process::testing::force_sigchld(module_path!().starts_with("sigchld"));
}

fn sh(script: &str) -> Command {
    way();
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    command
}

fn sleeper() -> Command {
    way();
    let mut command = Command::new("sleep");
    command.arg("1000").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn exit_codes() {
    block_on(async {
        for code in [0, 1, 42, 255] {
            assert_eq!(sh(&format!("exit {code}")).status().await.unwrap().code(), Some(code));
        }
    });
}

#[test]
fn exit_codes_in_a_runtime() {
    run(async {
        let both = zip(sh("sleep 0.05; exit 3").status(), sh("exit 4").status()).await;
        assert_eq!((both.0.unwrap().code(), both.1.unwrap().code()), (Some(3), Some(4)));
    });
}

#[test]
fn a_signal_is_a_status() {
    block_on(async {
        // A child has the mask of its parent, and under ThreadSanitizer that leaves no other signal than this: see `heard`.
        let (signal, number) = if cfg!(whit_tsan) { ("KILL", 9) } else { ("TERM", 15) };
        let status = sh(&format!("kill -{signal} $$")).status().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(number)));
        let mut child = sleeper().spawn().unwrap();
        assert_eq!(child.try_status().unwrap(), None);
        child.kill().unwrap();
        let status = child.status().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(9)));
        // Ended already: no error, and no other process is hit.
        child.kill().unwrap();
        assert_eq!(child.status().await.unwrap(), status);
        assert_eq!(child.try_status().unwrap(), Some(status));
    });
}

#[test]
fn large_output_on_both_pipes_does_not_deadlock() {
    // More than both pipes hold, first on the one and then on the other, and the other way round.
    let fill = "head -c 3000000 /dev/zero";
    for script in [format!("{fill}; {fill} >&2; {fill}"), format!("{fill} >&2; {fill}; {fill} >&2")] {
        let output = run(sh(&script).output()).unwrap();
        assert!(output.status.success());
        assert_eq!(output.stdout.len() + output.stderr.len(), 9_000_000);
        assert!(output.stdout.len() >= 3_000_000 && output.stderr.len() >= 3_000_000);
    }
}

#[test]
fn output_collects_what_was_set_and_no_more() {
    block_on(async {
        let mut command = sh("echo out; echo err >&2; exit 7");
        let output = command.output().await.unwrap();
        assert_eq!((&*output.stdout, &*output.stderr, output.status.code()), (&b"out\n"[..], &b"err\n"[..], Some(7)));
        command.stderr(Stdio::null());
        let output = command.output().await.unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b""[..]));
        // The pipes of `output` are not left to the next `spawn`.
        command.stdout(Stdio::null());
        let child = command.spawn().unwrap();
        assert!(child.stdout.is_none() && child.stderr.is_none() && child.stdin.is_none());
        assert!(sh("true").spawn().unwrap().stdout.is_none());
    });
}

#[test]
fn a_megabyte_goes_through_a_cat() {
    run(async {
        let mut child = sh("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
        let send = async {
            stdin.write_all(&sent).await?;
            stdin.close().await?;
            // Closed is closed.
            assert_eq!(stdin.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            io::Result::Ok(())
        };
        let mut heard = Vec::new();
        let (sending, receiving) = zip(send, stdout.read_to_end(&mut heard)).await;
        sending.unwrap();
        receiving.unwrap();
        assert!(heard == sent);
        assert!(child.status().await.unwrap().success());
    });
}

#[test]
fn writing_to_a_child_that_does_not_read_is_a_broken_pipe() {
    block_on(async {
        let mut child = sh("exec <&- >&- 2>&- sleep 1000").stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let error = loop {
            match stdin.write(&[0; 4096]).await {
                Ok(_) => yield_now().await,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_child_is_the_stdin_of_another() {
    block_on(async {
        let mut one = sh("sleep 0.1; echo one; echo two").stdout(Stdio::piped()).spawn().unwrap();
        let pipe = one.stdout.take().unwrap().into_stdio().await.unwrap();
        let two = sh("wc -l").stdin(pipe).output().await.unwrap();
        assert_eq!(String::from_utf8(two.stdout).unwrap().trim(), "2");
        assert!(one.status().await.unwrap().success());
    });
}

#[test]
fn status_closes_stdin() {
    block_on(async {
        let mut child = sh("cat >/dev/null").stdin(Stdio::piped()).spawn().unwrap();
        assert!(child.status().await.unwrap().success());
        let child = sh("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(child.output().await.unwrap().status.success());
    });
}

#[test]
fn a_missing_program_is_named() {
    way();
    let error = block_on(Command::new("no-such-program-anywhere").status()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.starts_with("starting `no-such-program-anywhere` failed: ") && text.contains("PATH"), "{text}");
    let error = Command::new("/dev/null").spawn().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("/dev/null") && error.to_string().contains("may be executed"), "{error}");
    let error = Command::new("nul\0inside").spawn().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn dropping_kills_only_if_asked_to() {
    let (kept, killed) = run(async {
        let kept = sleeper().spawn().unwrap().id();
        let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
        let status = child.status();
        let killed = child.id();
        drop(child);
        // The future of the status holds it too.
        assert!(runs(killed));
        drop(status);
        (kept, killed)
    });
    eventually("it is reaped", || children().iter().all(|(id, _)| *id != killed));
    assert!(runs(kept));
    kill(kept);
    // Its runtime has ended: the process-wide reactor reaps it.
    eventually("it is reaped", || children().iter().all(|(id, _)| *id != kept));
}

#[test]
fn dropped_children_are_reaped_without_anybody_asking() {
    run(async {
        let ids: Vec<_> = (0..20).map(|i| sh(&format!("sleep 0.0{}", i % 5)).spawn().unwrap().id()).collect();
        // All that this thread does is to drive the reactor.
        let reaped = async {
            while children().iter().any(|(id, _)| ids.contains(id)) {
                whit_timers::sleep(Duration::from_millis(1)).await;
            }
        };
        within(reaped).await;
    });
}

#[test]
fn without_reap_on_drop_a_zombie_stays() {
    way();
    let id = Command::new("true").reap_on_drop(false).spawn().unwrap().id();
    eventually("it is a zombie", || children().contains(&(id, 'Z')));
    std::thread::sleep(Duration::from_millis(20));
    assert!(children().contains(&(id, 'Z')));
}

#[test]
fn a_status_may_be_dropped_and_asked_for_again() {
    run(async {
        let mut child = sh("sleep 0.1; exit 5").spawn().unwrap();
        for _ in 0..10 {
            or(async { panic!("{:?}", child.status().await) }, yield_now()).await;
        }
        let given_up = or(async { Some(child.status().await) }, async {
            whit_timers::sleep(Duration::from_millis(20)).await;
            None
        });
        assert!(given_up.await.is_none());
        for _ in 0..2 {
            assert_eq!(child.status().await.unwrap().code(), Some(5));
        }
    });
}

#[test]
fn many_may_wait_for_one_child() {
    run(async {
        let mut child = sh("sleep 0.05; exit 9").spawn().unwrap();
        let (a, b, c) = (child.status(), child.status(), child.status());
        let ((a, b), c) = zip(zip(a, b), c).await;
        assert_eq!([a, b, c].map(|status| status.unwrap().code()), [Some(9); 3]);
    });
}

/// The process-wide reactor has a thread of its own, so here an end may come between any two steps of who waits.
#[test]
fn no_end_is_missed_however_many_wait_at_once() {
    let wait = || {
        for code in 0..150 {
            let mut child = sh(&format!("exit {code}")).spawn().unwrap();
            // Now and then after it has ended, now and then just before.
            std::thread::sleep(Duration::from_micros(code * 17 % 1500));
            // The time-out first: at its end the other would be polled too, and find what it has missed.
            let time_out = async {
                whit_timers::sleep(Duration::from_secs(10)).await;
                panic!("an end was missed");
            };
            let status = or(time_out, async { child.status().await.unwrap() });
            assert_eq!(block_on(status).code(), Some(code as i32));
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(wait))));
}

#[test]
fn every_future_may_be_dropped_at_each_of_its_awaits() {
    run(async {
        // Polled `n` times, and then dropped; until once it completes. No child may be left.
        let mut completed = 0;
        for polls in 0.. {
            let output = sh("echo x; sleep 0.01; echo y >&2").kill_on_drop(true).output();
            if poll_times(pin!(output), polls).await {
                completed += 1;
                break;
            }
        }
        assert_eq!(completed, 1);
        within(async {
            while !children_of("echo x").is_empty() {
                whit_timers::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    });
}

#[test]
fn a_child_outlives_its_runtime() {
    let mut child = run(async { sh("sleep 0.1; exit 6").spawn().unwrap() });
    assert_eq!(block_on(child.status()).unwrap().code(), Some(6));
    let mut child = run(async {
        let mut child = sh("sleep 0.1; exit 7").spawn().unwrap();
        assert!(poll_once(pin!(child.status())).is_pending());
        child
    });
    assert_eq!(run(child.status()).unwrap().code(), Some(7));
}

#[test]
fn a_status_that_somebody_else_took_is_an_error_that_says_so() {
    let mut child = sh("exit 1").spawn().unwrap();
    let pid = rustix::process::Pid::from_raw(child.id() as i32);
    rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
    let error = block_on(child.status()).unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
}

fn kill(id: u32) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(id as i32).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
}

async fn within(future: impl Future<Output = ()>) {
    let end = Instant::now() + Duration::from_secs(10);
    let time_out = async {
        whit_timers::sleep_until(end).await;
        panic!("not within ten seconds");
    };
    or(time_out, future).await;
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Whether it completed within so many polls, each after a wake.
async fn poll_times<F: Future>(mut future: Pin<&mut F>, polls: usize) -> bool {
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(cx).map(|_| true)
    })
    .await
}

fn children_of(script: &str) -> Vec<u32> {
    let runs_it = |id: &u32| {
        std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(script))
    };
    children().into_iter().map(|(id, _)| id).filter(runs_it).collect()
}
