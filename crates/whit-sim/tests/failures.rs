//! Runs that fail: each says why, and where it was.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use whit_sim::{Ended, Failure, Sim};

fn failure<T: std::fmt::Debug>(ended: Ended<T>) -> Failure {
    ended.result.unwrap_err()
}

#[test]
fn a_deadlock_names_who_waits_where() {
    let sim = Sim::new(1);
    sim.host("db").start(|| async {
        let never = whit::spawn_named("never", std::future::pending::<()>());
        never.await;
    });
    let failure = failure(sim.execute(async {
        whit::sleep(Duration::from_secs(3)).await;
        let lock = whit::sync::Mutex::new(());
        let _held = lock.lock().await;
        drop(lock.lock().await);
    }));
    let text = failure.to_string();
    assert_eq!(failure.time(), Duration::from_secs(3));
    for part in [
        "every task waits",
        "the root, started at ",
        "on host \"db\":",
        "(\"never\", spawned at ",
        "(\"db\", spawned at crates/whit-sim/tests/failures.rs:",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    // The one that was spawned is below the one that spawned it.
    let depth = |part| text.lines().find(|line| line.contains(part)).map(|line| line.len() - line.trim_start().len());
    assert!(depth("\"never\"") > depth("(\"db\""), "{text}");
    assert!(text.contains("polled last at 0ns"), "{text}");
}

#[test]
fn a_panic_of_the_root_and_of_a_task() {
    let root = failure(Sim::new(9).execute(async {
        whit::sleep(Duration::from_secs(1)).await;
        panic!("as it {}", "should");
    }));
    assert_eq!(root.message(), "as it should");
    assert_eq!((root.seed(), root.time()), (Some(9), Duration::from_secs(1)));

    let task = failure(Sim::new(9).execute(async {
        whit::spawn_named("loner", async { panic!("nobody listens") }).detach();
        whit::sleep(Duration::from_secs(1)).await;
    }));
    let text = task.message();
    assert!(text.contains("(\"loner\", spawned at ") && text.contains("nobody listens"), "{text}");
    assert_eq!(task.time(), Duration::ZERO);

    // One that is awaited is no failure of its own.
    let caught = Sim::new(9).run(async {
        let task = whit::spawn(async { panic!("heard") });
        futures_catch(task).await
    });
    assert!(caught);
}

async fn futures_catch(task: whit::Task<()>) -> bool {
    use whit::future::FutureExt as _;
    std::panic::AssertUnwindSafe(task).catch_unwind().await.is_err()
}

#[test]
fn a_run_without_end_meets_its_limits() {
    let endless = || async {
        whit::spawn_named("heart", async {
            loop {
                whit::sleep(Duration::from_secs(1)).await;
            }
        })
        .await
    };
    let steps = failure(Sim::new(1).max_steps(1000).execute(endless()));
    assert!(steps.message().contains("within 1000 steps") && steps.message().contains("\"heart\""), "{steps}");
    let time = failure(Sim::new(1).max_time(Duration::from_secs(60)).execute(endless()));
    assert!(time.message().contains("within 60s of virtual time") && time.message().contains("\"heart\""), "{time}");
    assert_eq!(time.time(), Duration::from_secs(60));
    // Without time as well.
    let spin = failure(Sim::new(1).max_steps(1000).execute(async {
        loop {
            whit::yield_now().await;
        }
    }));
    assert!(spin.message().contains("within 1000 steps"), "{spin}");
    assert_eq!((steps.steps(), spin.steps()), (1001, 1001));
}

#[test]
fn a_thread_that_reaches_in_is_named() {
    let failure = failure(Sim::new(1).execute(async {
        let (sender, receiver) = whit::sync::oneshot::channel();
        let waits = whit::spawn(receiver);
        whit_sim::Controls::current().wait_all_blocked().await;
        std::thread::spawn(move || sender.send(5)).join().unwrap().unwrap();
        waits.await.unwrap();
    }));
    assert!(failure.message().contains("a thread outside the simulation"), "{failure}");
}

#[test]
fn a_real_socket_is_refused_by_name() {
    Sim::new(1).run(async {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let error = whit::Async::new(socket).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("inside a simulation by the root future") && text.contains("`whit::Async`"), "{text}");
        let of_task = whit::spawn(async {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            whit::Async::new(socket).unwrap_err().to_string()
        });
        let text = of_task.await;
        assert!(text.contains("by the task that was spawned at") && text.contains("failures.rs"), "{text}");
    });
}

#[test]
#[should_panic(expected = "cannot be started inside another")]
fn one_inside_another() {
    Sim::new(1).run(async { Sim::new(2).run(async {}) });
}

#[test]
#[should_panic(expected = "it goes through")]
fn a_panic_goes_through_run() {
    Sim::new(1).run(async { panic!("it goes through") });
}

#[test]
fn a_wait_that_would_hang_is_refused() {
    Sim::new(1).run(async {
        assert_eq!(
            whit::block_on(async {
                whit::yield_now().await;
                5
            }),
            5
        )
    });
    let failure = failure(Sim::new(1).execute(async {
        whit::block_on(whit::sleep(Duration::from_secs(1)));
    }));
    assert!(failure.message().contains("`block_on` was called inside a simulation"), "{failure}");
    let error = Sim::new(1).run(async { whit::Builder::new().try_run(async {}).unwrap_err() });
    assert!(error.to_string().contains("cannot be started inside a simulation"), "{error}");
}

/// A thread that waits for another task, in a simulation of one thread: told at once, with the verb and its line.
#[test]
fn a_blocking_verb_that_would_hang_is_named() {
    fn said(verb: &str, root: impl Future<Output = ()>) {
        let failure = failure(Sim::new(1).execute(root));
        let text = failure.message();
        let (called, at) = text.split_once(" at ").unwrap_or_else(|| panic!("{failure}"));
        assert_eq!(called, format!("`{verb}`"));
        assert!(at.contains("failures.rs:") && at.contains("inside a simulation") && at.ends_with("instead"), "{text}");
    }
    said("lock_blocking", async {
        let lock = whit::sync::Mutex::new(());
        let _held = lock.lock().await;
        drop(lock.lock_blocking());
    });
    said("recv_blocking", async {
        let (_sender, receiver) = whit::channel::bounded::<()>(1);
        let _ = receiver.recv_blocking();
    });
    said("send_blocking", async {
        let (sender, _receiver) = whit::channel::bounded(1);
        sender.send_blocking(1).unwrap();
        let _ = sender.send_blocking(2);
    });
    // A closure that may block runs in line: it would hang as well, and its panic reaches who awaits it.
    said("wait_blocking", async {
        let event = Arc::new(whit::sync::Event::new());
        let waits = event.clone();
        whit::unblock(move || waits.wait_blocking()).await;
    });
    // What need not wait does its work.
    Sim::new(1).run(async {
        let (sender, receiver) = whit::sync::oneshot::channel();
        sender.send(5).unwrap();
        assert_eq!(receiver.recv_blocking(), Ok(5));
        drop(whit::sync::RwLock::new(()).write_blocking());
    });
}
