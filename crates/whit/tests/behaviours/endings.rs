//! The end of a run, what is left over, and who is told of what went wrong. Some need a whole runtime, with real time: those run
//! in `run_local` and on four workers.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use whit::scope::{join, wait_first};
use whit::{BlockedPoll, Builder, Handle, UnhandledPanic, move_on_after, shield};

use crate::floors::{Log, alone, everywhere, in_line, ms, now, sleep, until};

/// A whole runtime, of one thread and of four workers.
fn each(build: impl Fn() -> Builder, root: impl AsyncFn()) {
    build().run_local(root());
    build().workers(4).run(root());
}

#[test]
fn b39_what_is_left_over_is_dropped_before_run_returns() {
    let log = Log::default();
    let started = Instant::now();
    each(Builder::new, async || {
        let guard = log.on_drop("gone");
        let leftover = whit::spawn(async move {
            let _guard = guard;
            sleep(3_600_000).await;
        });
        leftover.detach();
        whit::yield_now().await;
    });
    assert_eq!(log.take(), ["gone", "gone"]);
    assert!(started.elapsed() < ms(30_000));
}

/// A panic in a clean-up is told by the process's panic hook, as each panic is, and costs no other leftover its own.
#[test]
fn b39_a_leftover_that_panics_in_its_clean_up_takes_nobody_along() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a clean-up");
        }
    }
    let log = Log::default();
    each(Builder::new, async || {
        for _ in 0..2 {
            let (guard, panics) = (log.on_drop("gone"), Panics);
            let leftover = whit::spawn(async move {
                let (_guard, _panics) = (guard, panics);
                pending::<()>().await;
            });
            leftover.detach();
        }
        whit::yield_now().await;
    });
    assert_eq!(log.take(), ["gone"; 4]);
}

#[test]
fn b39_a_run_inside_a_run_is_refused() {
    each(Builder::new, async || {
        let refused = Builder::new().try_run(async {}).unwrap_err().to_string();
        assert!(refused.contains("endings.rs"), "it names the outer one: {refused}");
        let inside = whit::spawn(async { Builder::new().try_run_local(async {}).is_err() });
        assert!(inside.await, "in a task as well");
    });
}

#[test]
fn b39_a_pool_that_will_not_stop_is_left_behind_after_the_grace() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let started = Instant::now();
    let grace = || Builder::new().grace(ms(20));
    each(grace, async || {
        let (wait, (begun, begins)) = (wait.clone(), whit::sync::oneshot::channel());
        let blocks = whit::unblock(move || {
            begun.send(()).unwrap();
            wait.lock().unwrap().recv().is_err()
        });
        blocks.detach();
        if started.elapsed() < ms(10_000) {
            // The second job of this kind waits for the first: it has begun all the same.
            begins.await.unwrap();
        }
    });
    assert!(started.elapsed() < ms(30_000), "nobody waited for it");
    drop(go);
}

#[test]
fn b40_a_detached_panic_reaches_the_hook_when_it_happens() {
    let log = Log::default();
    let told = log.clone();
    let build = move || {
        let told = told.clone();
        Builder::new().on_unhandled(move |panic: &UnhandledPanic| told.add(panic.message().unwrap_or_default()))
    };
    each(build, async || {
        whit::spawn(async { panic!("nobody awaits it") }).detach();
        until(|| log.len() > 0).await;
        assert_eq!(log.take(), ["nobody awaits it"], "at its end, and not when the handle is collected");
    });
}

#[test]
fn b40_cancelled_timers_do_not_pile_up() {
    alone(|clock| async move {
        for _ in 0..1000 {
            assert!(move_on_after(ms(3_600_000), whit::yield_now()).await.is_some());
            let task = in_line(sleep(3_600_000)).await;
            task.cancel().await;
        }
        assert_eq!(clock.next_deadline(), None);
    });
    // The wheel of a runtime, whose driver somebody sleeps in meanwhile.
    let timers = whit::parts::Timers::new(whit::parts::ThreadPark::new());
    let timers = std::sync::Arc::new(timers);
    let handle = Handle::builder().clock(timers.clone()).build();
    let _entered = handle.enter();
    whit::block_on(async {
        for _ in 0..1000 {
            assert!(whit::timeout(ms(3_600_000), whit::yield_now()).await.is_ok());
            assert!(whit::future::poll_once(whit::sleep(ms(3_600_000))).await.is_none());
        }
    });
    assert_eq!(timers.len(), 0);
}

#[test]
fn b40_the_report_of_a_blocked_poll_names_the_task() {
    let (sender, reports) = mpsc::channel();
    let build = move || {
        let sender = sender.clone();
        Builder::new().on_blocked(move |poll: &BlockedPoll| sender.send(poll.clone()).unwrap())
    };
    each(build, async || {
        let greedy = whit::spawn_named("greedy", async { thread::sleep(ms(250)) });
        let id = greedy.id();
        greedy.await;
        let report = reports.recv().unwrap();
        assert_eq!((report.task, report.name.as_deref()), (Some(id), Some("greedy")));
        assert!(report.to_string().contains("greedy") && report.location.file().ends_with("endings.rs"), "{report}");
        assert!(report.lasted >= ms(100));
    });
}

#[test]
fn b40_waiting_for_the_first_cancels_nobody_and_gives_the_others_back() {
    everywhere(|| async {
        let log = Log::default();
        let guard = log.on_drop("dropped");
        let slow = whit::spawn(async move {
            let _guard = guard;
            sleep(100).await;
            "slow"
        });
        let quick = whit::spawn(async { "quick" });
        let mut first = wait_first([slow, quick]).await;
        assert_eq!((&first.done[..], log.len()), (&[(1, "quick")][..], 0));
        assert_eq!(first.pending.next().await, Some((0, "slow")), "it has gone on");
    });
}

#[test]
fn b40_gathering_gives_all_outcomes_and_a_cancelled_one_cancels_its_children() {
    everywhere(|| async {
        let after = |time, outcome: Result<u8, &'static str>| async move {
            sleep(time).await;
            outcome
        };
        let all = join((after(5, Ok(1)), after(1, Err("no")), after(9, Ok(3)))).await;
        assert_eq!(all, (Ok(1), Err("no"), Ok(3)));
        let log = Log::default();
        let children = ["a", "b", "c"].map(|name| {
            let guard = log.on_drop(name);
            whit::spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            })
        });
        whit::yield_now().await;
        assert!(move_on_after(ms(1), join(children)).await.is_none());
        assert_eq!(log.sorted(), ["a", "b", "c"], "and the limit has waited for them");
    });
}

/// asyncio's `shield` lets the inner task go on without anybody who waits for it. Here the cancellation waits.
#[test]
fn b40_a_shield_delays_the_cancellation_and_orphans_nothing() {
    everywhere(|| async {
        let (log, started) = (Log::default(), now());
        let inside = log.clone();
        let body = async move {
            shield(async {
                sleep(20).await;
                inside.add("the shielded part is done");
            })
            .await;
            pending::<()>().await;
        };
        assert!(move_on_after(ms(5), body).await.is_none());
        assert_eq!(log.take(), ["the shielded part is done"]);
        assert!(now() - started >= ms(20));
    });
}

/// asyncio needs `run_coroutine_threadsafe` for this, and nothing else may be called from another thread.
#[test]
fn b40_any_thread_may_spawn_and_wait() {
    Builder::new().workers(4).run(async {
        let handle = Handle::current();
        let other = whit::unblock(move || {
            let task = handle.spawn(async {
                sleep(1).await;
                7
            });
            let panics = handle.spawn(async { panic!("comes to who waits") });
            let caught = catch_unwind(AssertUnwindSafe(|| whit::block_on(panics)));
            (whit::block_on(task), caught.unwrap_err().downcast_ref() == Some(&"comes to who waits"))
        });
        assert_eq!(other.await, (7, true));
    });
}
