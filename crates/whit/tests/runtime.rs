//! `run` from its start to its clean end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use whit::Builder;
use whit::prelude::*;

struct Flag(Arc<AtomicUsize>);
impl Drop for Flag {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn leftovers_are_dropped_before_run_returns() {
    for workers in [1, 2] {
        let drops = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        Builder::new().workers(workers).run(async {
            for _ in 0..10 {
                let flag = Flag(drops.clone());
                let sleeper = async move {
                    let _flag = flag;
                    whit::sleep(Duration::from_secs(3600)).await;
                };
                whit::spawn(sleeper).detach();
            }
            whit::sleep(Duration::from_millis(5)).await;
        });
        assert_eq!(drops.load(Ordering::SeqCst), 10);
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_runs_leave_no_descriptor_behind() {
    let descriptors =
        || std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok()?.path().read_link().ok());
    // Other tests run beside this one: what counts is growth by the hundred.
    let before = descriptors().count();
    for _ in 0..1000 {
        Builder::new().workers(2).run(async { whit::spawn(async {}).await });
    }
    assert!(descriptors().count() < before + 100);
}

#[test]
fn a_nested_run_names_the_outer_one() {
    let line = line!() + 1;
    whit::run(async {
        let error = Builder::new().try_run(async {}).unwrap_err().to_string();
        assert!(error.contains(&format!("runtime.rs:{line}")), "{error}");
        let inside = whit::spawn(async { Builder::new().try_run(async {}).is_err() });
        assert!(inside.await);
    });
    whit::run(async {});
}

#[test]
fn impossible_wishes_are_errors() {
    for workers in [0, 1_000_000] {
        let error = Builder::new().workers(workers).try_run(async {}).unwrap_err().to_string();
        assert!(error.contains(&workers.to_string()), "{error}");
    }
    assert!(Builder::new().blocking_threads(0).try_run(async {}).is_err());
    assert!(Builder::new().workers(2).stack_size(usize::MAX / 2).try_run(async {}).is_err());
}

#[test]
fn a_panic_of_the_root_comes_out_after_the_clean_up() {
    let drops = Arc::new(AtomicUsize::new(0));
    let flag = Flag(drops.clone());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        whit::run(async {
            let sleeper = async move {
                let _flag = flag;
                std::future::pending::<()>().await;
            };
            whit::spawn(sleeper).detach();
            panic!("root");
        })
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"root"));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_detached_panic_reaches_the_hook() {
    let told = Arc::new(AtomicBool::new(false));
    let hook = told.clone();
    Builder::new()
        .workers(1)
        .on_unhandled(move |panic| hook.store(panic.message() == Some("lost"), Ordering::SeqCst))
        .run(async {
            whit::spawn(async { panic!("lost") }).detach();
            whit::yield_now().await;
            whit::spawn(async {}).await;
        });
    assert!(told.load(Ordering::SeqCst));
}

#[test]
fn a_blocked_job_is_left_behind_after_the_grace() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let started = Instant::now();
    Builder::new().workers(1).grace(Duration::from_millis(20)).run(async {
        whit::unblock(move || wait.recv().is_err()).detach();
        whit::sleep(Duration::from_millis(5)).await;
    });
    assert!(started.elapsed() < Duration::from_secs(3));
    drop(go);
}

#[test]
fn a_worker_that_is_stuck_is_left_behind_after_the_grace() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let started = Instant::now();
    Builder::new().workers(2).grace(Duration::from_millis(20)).run(async {
        let stuck = Arc::new(AtomicBool::new(false));
        let flag = stuck.clone();
        whit::spawn(async move {
            flag.store(true, Ordering::SeqCst);
            let _ = wait.recv_timeout(Duration::from_secs(6));
        })
        .detach();
        // Without a turn for its own worker, which is this thread.
        while !stuck.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(started.elapsed() < Duration::from_secs(3));
    drop(go);
}

#[test]
fn sockets_timers_and_tasks_meet() {
    for workers in [1, 2] {
        let heard = Builder::new().workers(workers).run(async {
            let listener = whit::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let server = whit::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                whit::sleep(Duration::from_millis(5)).await;
                stream.write_all(b"hello").await.unwrap();
            });
            let mut stream = whit::net::TcpStream::connect(addr).await.unwrap();
            let mut heard = String::new();
            let read = whit::timeout(Duration::from_secs(5), stream.read_to_string(&mut heard));
            let (_, read) = whit::gather!(server, read).await;
            read.unwrap().unwrap();
            heard
        });
        assert_eq!(heard, "hello");
    }
}

#[test]
fn everything_works_outside_a_runtime() {
    let sum = whit::block_on(async {
        let one = whit::spawn(async {
            whit::sleep(Duration::from_millis(2)).await;
            1
        });
        let two = whit::unblock(|| 2);
        let (one, two) = whit::gather!(one, two).await;
        one + two
    });
    assert_eq!(sum, 3);
}

#[test]
fn local_tasks_need_not_be_send() {
    let seen = whit::run_local(async {
        let shared = std::rc::Rc::new(std::cell::Cell::new(0));
        let task = whit::spawn_local({
            let shared = shared.clone();
            async move {
                whit::sleep(Duration::from_millis(2)).await;
                shared.set(7);
            }
        });
        task.await;
        shared.get()
    });
    assert_eq!(seen, 7);
    let outside = catch_unwind(|| drop(whit::spawn_local(async {})));
    assert!(outside.unwrap_err().downcast_ref::<&str>().unwrap().contains("run_local"));
}

/// Several runs on one set of threads; a panic of a root, or a leftover, is nothing to the next.
#[test]
fn a_runner_runs_again_and_ends_once() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    for workers in [1, 2] {
        let kept = Arc::new(());
        let mut runner = whit::Builder::new().workers(workers).build().unwrap();
        assert_eq!(runner.run(async { 1 }), 1);
        let held = kept.clone();
        let task = runner.run(async move {
            whit::spawn(async move {
                let _held = held;
                std::future::pending::<()>().await;
            })
            .detach();
            // Given out of the run, and awaited in a later one.
            Some(whit::spawn(async {
                whit::sleep(Duration::from_millis(5)).await;
                2
            }))
        });
        let panic = catch_unwind(AssertUnwindSafe(|| runner.run(async { panic!("in the root") })));
        assert!(panic.is_err());
        assert_eq!(runner.run(task.unwrap()), 2);
        let from_elsewhere = runner.handle().spawn(async { 3 });
        assert_eq!(runner.run(from_elsewhere), 3);
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(runner);
        assert_eq!(Arc::strong_count(&kept), 1, "the leftover was dropped");
    }
}

#[test]
fn a_runner_inside_a_run_is_refused() {
    let error = whit::run(async { whit::Builder::new().build().unwrap_err() });
    assert!(error.to_string().contains("inside another"), "{error}");
}
