//! Ctrl-C and `SIGTERM`, sent to real processes: once, twice, where nobody asked for it, and what is left afterwards.
#![cfg(unix)]

#[cfg(target_os = "linux")]
#[path = "support/child.rs"]
mod alone;
#[cfg(whit_tsan)]
#[path = "../../whit-process/tests/support/heard.rs"]
mod heard;
#[path = "support/interrupted.rs"]
mod interrupted;

use std::future::pending;
use std::process::Command;
use std::thread;
use std::time::Duration;

use interrupted::{Child, child};
use rustix::process::Signal;
use whit::{Builder, RunError, cancelled, is_cancelled, shield};

const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];

fn say(what: impl std::fmt::Display) {
    eprintln!("{what}");
}

/// Says so when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        say(self.0);
    }
}

/// Runs on as long as it can, with a task beside it.
async fn program() {
    let _root = Says("root dropped");
    let held = Says("task dropped");
    let task = async move {
        let _held = held;
        whit::sleep(Duration::from_secs(3600)).await;
    };
    whit::spawn(task).detach();
    whit::sleep(Duration::from_millis(5)).await;
    say("ready");
    let why = cancelled().await;
    say(format!("{why}, {}", is_cancelled()));
    pending::<()>().await;
}

const CLEAN: [&str; 3] = ["cancelled: the program was interrupted, true", "root dropped", "task dropped"];

/// `child` gets each signal once, and ends cleanly with 130.
fn ends_cleanly(name: &str, run: impl FnOnce()) {
    for signal in SIGNALS {
        let Some(mut child) = child(name) else {
            run();
            return say("it went on");
        };
        child.says("ready");
        child.send(signal);
        let (said, status, took) = child.end();
        assert_eq!((said, status), (CLEAN.map(str::to_owned).to_vec(), Ok(130)), "after {signal:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[test]
fn once_is_a_clean_end_of_run() {
    ends_cleanly("once_is_a_clean_end_of_run", || Builder::new().workers(2).ctrl_c(true).run(program()));
}

#[test]
fn once_is_a_clean_end_of_run_local() {
    ends_cleanly("once_is_a_clean_end_of_run_local", || Builder::new().ctrl_c(true).run_local(program()));
}

#[test]
fn once_is_a_clean_end_of_a_runner() {
    let run = || Builder::new().workers(2).ctrl_c(true).build().unwrap().run(program());
    ends_cleanly("once_is_a_clean_end_of_a_runner", run);
}

#[cfg(feature = "macros")]
mod mains {
    #[whit::main(workers = 2)]
    pub(crate) async fn main() {
        super::program().await;
    }

    #[whit::main(workers = 1, ctrl_c = false)]
    pub(crate) async fn without() {
        super::say("ready");
        whit::sleep(std::time::Duration::from_secs(60)).await;
    }
}

#[cfg(feature = "macros")]
#[test]
fn once_is_a_clean_end_of_main() {
    ends_cleanly("once_is_a_clean_end_of_main", mains::main);
}

/// As every program: the signal kills it.
fn is_killed(name: &str, run: impl FnOnce()) {
    for signal in SIGNALS {
        let Some(mut child) = child(name) else { return run() };
        child.says("ready");
        child.send(signal);
        let (said, status, _) = child.end();
        assert_eq!((said, status), (Vec::<String>::new(), Err(signal.as_raw())));
    }
}

async fn waits() {
    say("ready");
    whit::sleep(Duration::from_secs(60)).await;
}

#[test]
fn a_bare_run_catches_nothing() {
    is_killed("a_bare_run_catches_nothing", || whit::run(waits()));
}

#[cfg(feature = "macros")]
#[test]
fn a_main_without_it_catches_nothing() {
    is_killed("a_main_without_it_catches_nothing", mains::without);
}

#[test]
fn after_the_run_everything_is_as_before() {
    is_killed("after_the_run_everything_is_as_before", || {
        Builder::new().workers(1).ctrl_c(true).run(async {});
        Builder::new().ctrl_c(true).run_local(async {});
        let mut runner = Builder::new().workers(1).ctrl_c(true).build().unwrap();
        runner.run(async {});
        // Between two runs, too.
        say("ready");
        thread::sleep(Duration::from_secs(60));
    });
}

/// The second comes while the first is waited for: by a shield, by a poll that blocks, in the clean-up.
fn twice(name: &str, run: impl FnOnce()) {
    for first in SIGNALS {
        for second in SIGNALS {
            let Some(mut child) = child(name) else { return run() };
            child.says("ready");
            child.send(first);
            child.says("seen");
            child.send(second);
            let (said, status, took) = child.end();
            assert_eq!((said, status), (Vec::new(), Ok(130)));
            assert!(took < Duration::from_secs(3), "{took:?}");
        }
    }
}

#[test]
fn twice_ends_a_root_that_is_shielded() {
    twice("twice_ends_a_root_that_is_shielded", || {
        Builder::new().workers(1).ctrl_c(true).run(async {
            let _guard = Says("dropped");
            say("ready");
            let _why = cancelled().await;
            say("seen");
            shield(whit::sleep(Duration::from_secs(60))).await;
        });
    });
}

#[test]
fn twice_ends_a_root_that_blocks() {
    twice("twice_ends_a_root_that_blocks", || {
        Builder::new().blocked_after(Duration::MAX).ctrl_c(true).run_local(async {
            say("ready");
            while !is_cancelled() {
                thread::yield_now();
            }
            say("seen");
            thread::sleep(Duration::from_secs(60));
        });
    });
}

#[test]
fn twice_ends_a_clean_up_that_hangs() {
    struct Hangs;
    impl Drop for Hangs {
        fn drop(&mut self) {
            say("seen");
            thread::sleep(Duration::from_secs(60));
        }
    }
    twice("twice_ends_a_clean_up_that_hangs", || {
        Builder::new().workers(2).blocked_after(Duration::MAX).ctrl_c(true).run(async {
            let hangs = Hangs;
            let task = async move {
                let _hangs = hangs;
                say("ready");
                pending::<()>().await;
            };
            whit::spawn(task).detach();
            pending::<()>().await;
        });
    });
}

#[test]
fn a_root_that_reacts_has_its_output() {
    let Some(mut child) = child("a_root_that_reacts_has_its_output") else {
        let output = Builder::new().workers(2).ctrl_c(true).run(async {
            // As a closure that blocks would: it asks, on a thread of the pool.
            let blocks = whit::unblock(|| {
                while !is_cancelled() {
                    thread::sleep(Duration::from_millis(1))
                }
            });
            let inner = whit::spawn(async {
                // Spawning costs what it always does.
                assert!(whit::parts::core::Inherited::current().is_empty());
                let limited = whit::fail_after(Duration::from_secs(60), pending::<()>()).await;
                say(limited.unwrap_err());
            });
            say("ready");
            let _why = cancelled().await;
            shield(async { whit::gather!(blocks, inner).await }).await;
            "good bye"
        });
        return say(output);
    };
    child.says("ready");
    child.send(Signal::INT);
    child.says("cancelled: the program was interrupted");
    child.says("good bye");
    assert_eq!(child.end().1, Ok(0));
}

#[test]
fn try_run_says_so_and_each_run_begins_anew() {
    let interrupted = |outcome: Result<(), RunError>| {
        let error = outcome.unwrap_err();
        assert!(error.is_interrupted());
        say(error);
    };
    let Some(mut child) = child("try_run_says_so_and_each_run_begins_anew") else {
        let builder = || Builder::new().workers(2).ctrl_c(true);
        interrupted(builder().try_run(waits()));
        interrupted(builder().try_run_local(waits()));
        let mut runner = builder().build().unwrap();
        interrupted(runner.try_run(waits()));
        interrupted(runner.try_run(waits()));
        assert_eq!(runner.run(async { whit::spawn(async { 7 }).await }), 7);
        assert!(!is_cancelled());
        return say("over");
    };
    for _ in 0..4 {
        child.says("ready");
        child.send(Signal::TERM);
        let text = "the program was interrupted, by Ctrl-C or SIGTERM, before the root of its runtime was ready; everything has been \
                    cleaned up";
        child.says(text);
    }
    child.says("over");
    assert_eq!(child.end().1, Ok(0));
}

#[test]
fn all_roots_of_a_process_are_interrupted_at_once() {
    let Some(mut child) = child("all_roots_of_a_process_are_interrupted_at_once") else {
        let (started, ready) = std::sync::mpsc::channel();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let started = started.clone();
                let root = async move {
                    started.send(()).unwrap();
                    pending::<()>().await;
                };
                thread::spawn(|| Builder::new().ctrl_c(true).try_run_local(root).unwrap_err().is_interrupted())
            })
            .collect();
        ready.iter().take(3).for_each(drop);
        say("ready");
        let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        return say(format!("{all:?}"));
    };
    child.says("ready");
    child.send(Signal::INT);
    child.says("[true, true, true]");
    assert_eq!(child.end().1, Ok(0));
}

/// A shell starts what runs in the background so.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let name = "a_signal_that_is_ignored_stays_ignored";
    if child(name).is_none() {
        return Builder::new().workers(1).ctrl_c(true).run(program());
    }
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env("WHIT_TEST_CHILD", name);
    let mut child = Child::start(command.stdout(std::process::Stdio::null()));
    child.says("ready");
    (0..3).for_each(|_| child.send(Signal::INT));
    thread::sleep(Duration::from_millis(50));
    assert!(child.is_silent());
    child.send(Signal::TERM);
    let (said, status, _) = child.end();
    assert_eq!((said, status), (CLEAN.map(str::to_owned).to_vec(), Ok(130)));
}

/// Whoever catches it for himself has it for himself, during the run and after.
#[cfg(feature = "process")]
#[test]
fn a_signal_that_is_caught_elsewhere_is_left_alone() {
    let Some(mut child) = child("a_signal_that_is_caught_elsewhere_is_left_alone") else {
        for round in 1..=2 {
            Builder::new().workers(2).ctrl_c(true).run(async move {
                for _ in 0..3 {
                    let ctrl_c = whit::signal::ctrl_c();
                    say("ready");
                    ctrl_c.await.unwrap();
                    assert!(!is_cancelled());
                    say(format!("caught in round {round}"));
                }
            });
        }
        return;
    };
    for round in [1, 1, 1, 2, 2, 2] {
        child.says("ready");
        child.send(Signal::INT);
        child.says(&format!("caught in round {round}"));
    }
    assert_eq!(child.end().1, Ok(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_runs_leave_no_thread_and_no_descriptor_behind() {
    alone::alone("a_thousand_runs_leave_no_thread_and_no_descriptor_behind", || {
        let before = alone::census();
        for number in 0..1000 {
            Builder::new().workers(1).ctrl_c(true).run(async { whit::sleep(Duration::ZERO).await });
            assert_eq!(alone::settled(before), before, "threads and descriptors after run {number}");
        }
        // Several at once share the thread and the descriptors.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| Builder::new().ctrl_c(true).run_local(async {})));
            }
        });
        assert_eq!(alone::settled(before), before);
    });
}
