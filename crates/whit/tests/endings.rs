//! Where something ends: panics in the drop of the root, of outputs that nobody takes, and of local tasks; what is left over, and who
//! does not end.

#[cfg(target_os = "linux")]
#[path = "support/child.rs"]
#[allow(dead_code)]
mod child;

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use whit::{Builder, UnhandledPanic};

const MOMENT: Duration = Duration::from_millis(2);

struct PanicsInDrop(&'static str);
impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        std::panic::panic_any(self.0);
    }
}

struct Counts(Arc<AtomicUsize>);
impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// What the hook was told: message, and on which thread.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(String, ThreadId)>>>);

impl Told {
    fn hook(&self) -> impl Fn(&UnhandledPanic) + Send + Sync + 'static {
        let told = self.0.clone();
        move |panic| {
            let message = panic.message().unwrap_or("?").to_owned();
            told.lock().unwrap().push((message, std::thread::current().id()));
        }
    }

    fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(message, _)| message.clone()).collect()
    }
}

/// Leaves a task behind that holds a `Counts`.
fn leave_one(drops: &Arc<AtomicUsize>) {
    let held = Counts(drops.clone());
    let waits = async move {
        let _held = held;
        pending::<()>().await;
    };
    whit::spawn(waits).detach();
}

/// Ready at once, and panics when it is dropped.
struct Root(#[allow(dead_code, reason = "it is there to be dropped")] PanicsInDrop, Arc<AtomicUsize>);
impl Future for Root {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        leave_one(&self.1);
        Poll::Ready(7)
    }
}

#[test]
fn a_root_that_panics_when_it_is_dropped_comes_out_after_the_clean_up() {
    for workers in [1, 2] {
        let drops = Arc::<AtomicUsize>::default();
        let root = Root(PanicsInDrop("drop of the root"), drops.clone());
        let run = || Builder::new().workers(workers).run(root);
        let panic = catch_unwind(AssertUnwindSafe(run)).map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"drop of the root"));
        assert_eq!(drops.load(SeqCst), 1);
    }
    let drops = Arc::<AtomicUsize>::default();
    let root = Root(PanicsInDrop("drop of the root"), drops.clone());
    let panic = catch_unwind(AssertUnwindSafe(|| whit::run_local(root))).map(drop).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"drop of the root"));
    assert_eq!(drops.load(SeqCst), 1);
    // The thread is outside of every runtime again.
    assert!(whit::running().is_none() && whit::Handle::try_current().is_err());
    assert_eq!(whit::run(async { 7 }), 7);
}

#[test]
fn what_a_root_holds_may_panic_as_well() {
    let drops = Arc::<AtomicUsize>::default();
    let root = async {
        let _held = PanicsInDrop("held by the root");
        leave_one(&drops);
        whit::sleep(MOMENT).await;
    };
    let panic = catch_unwind(AssertUnwindSafe(|| Builder::new().workers(2).run(root))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"held by the root"));
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn an_output_that_nobody_takes_may_panic_when_it_is_dropped() {
    for workers in [1, 2] {
        let told = Told::default();
        let builder = Builder::new().workers(workers).blocking_threads(1).on_unhandled(told.hook());
        let same_thread = builder.run(async {
            let thread = || whit::unblock(|| std::thread::current().id());
            let before = thread().await;
            for _ in 0..3 {
                whit::unblock(|| PanicsInDrop("output of a job")).detach();
                whit::spawn(async { PanicsInDrop("output of a task") }).detach();
                // Cancelled once it is there: the output goes with the handle.
                let task = whit::spawn(async { PanicsInDrop("output of a dropped task") });
                whit::sleep(MOMENT).await;
                drop(task);
            }
            // The only thread of the pool has survived three of them.
            before == thread().await
        });
        assert!(same_thread);
        // The tasks did not panic: they completed. The process's panic hook has spoken of each drop.
        assert_eq!(told.messages(), Vec::<String>::new());
    }
}

#[test]
fn a_local_runtime_tells_the_hook_on_its_own_thread() {
    let told = Told::default();
    Builder::new().on_unhandled(told.hook()).run_local(async {
        let shared = Rc::new(5);
        whit::spawn_local(async move { panic!("local {shared}") }).detach();
        whit::spawn(async { panic!("sent") }).detach();
        drop(whit::spawn_local(async { panic!("never polled, so cancelled") }));
        let awaited = whit::spawn_local(async { panic!("awaited") });
        let caught = futures_lite::FutureExt::catch_unwind(AssertUnwindSafe(awaited)).await;
        assert!(caught.is_err());
        whit::sleep(MOMENT).await;
    });
    assert_eq!(told.messages(), ["local 5", "sent"]);
    let here = std::thread::current().id();
    assert!(told.0.lock().unwrap().iter().all(|(_, thread)| *thread == here));
}

#[test]
fn a_hook_that_panics_takes_nobody_along() {
    let builder = || Builder::new().workers(1).on_unhandled(|_| panic!("in the hook"));
    let root = async {
        whit::spawn(async { panic!("in a task") }).detach();
        whit::sleep(MOMENT).await;
        whit::spawn(async { 7 }).await
    };
    assert_eq!(builder().run(root), 7);
    let root = async {
        whit::spawn_local(async { panic!("in a local task") }).detach();
        whit::sleep(MOMENT).await;
        whit::spawn_local(async { 7 }).await
    };
    assert_eq!(builder().run_local(root), 7);
}

/// The guard of a leftover that sleeps for an hour drops before `run` returns, and that takes no time to speak of.
#[test]
fn a_leftover_that_sleeps_is_dropped_at_once() {
    let run = |workers: Option<usize>| {
        let drops = Arc::<AtomicUsize>::default();
        let held = drops.clone();
        let root = async move {
            let held = Counts(held);
            let sleeps = async move {
                let _held = held;
                whit::sleep(Duration::from_secs(3600)).await;
            };
            whit::spawn(sleeps).detach();
            whit::sleep(MOMENT).await;
            Instant::now()
        };
        let ended = match workers {
            Some(workers) => Builder::new().workers(workers).run(root),
            None => Builder::new().run_local(root),
        };
        let more = ended.elapsed();
        assert_eq!(drops.load(SeqCst), 1, "dropped before `run` returned");
        more
    };
    for workers in [Some(1), Some(2), None] {
        // The best of a few, as the machine does other things as well.
        let more = (0..5).map(|_| run(workers)).min().unwrap();
        assert!(more <= Duration::from_millis(50), "{more:?} after the root");
    }
}

/// Who does not end within the grace is left behind, and named.
#[cfg(target_os = "linux")]
#[test]
fn stragglers_are_reported_by_name_and_line() {
    let name = "stragglers_are_reported_by_name_and_line";
    let Some(said) = child::said(name) else {
        let (block, blocked) = std::sync::mpsc::channel();
        Builder::new().workers(2).on_blocked(|_| ()).grace(Duration::from_millis(50)).run(async move {
            let job = block.clone();
            let task = whit::spawn_named("stubborn", async move {
                block.send(()).unwrap();
                std::thread::sleep(Duration::from_secs(3600));
            });
            let job = whit::unblock(move || {
                job.send(()).unwrap();
                std::thread::sleep(Duration::from_secs(3600));
            });
            eprintln!("lines {} and {}", task.meta().location().line(), job.meta().location().line());
            task.detach();
            job.detach();
            // Blocks this worker, so that the other one takes the task over.
            assert_eq!(blocked.iter().take(2).count(), 2);
        });
        return;
    };
    let lines = said.lines().find_map(|line| line.strip_prefix("lines ")).expect("it began");
    let (task, job) = lines.split_once(" and ").unwrap();
    let reported = |parts: &[&str]| said.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(reported(&["a task did not end", "(\"stubborn\", spawned at ", &format!("endings.rs:{task}:")]), "{said}");
    assert!(reported(&["blocking jobs did not end", &format!("endings.rs:{job}:")]), "{said}");
    assert!(reported(&["a worker is stuck", "whit-1"]), "{said}");
}

/// A `run` in a `run` is refused, in the root and in tasks, and the outer one goes on.
#[test]
fn a_run_inside_a_run_is_refused_and_harms_nobody() {
    let refused = || {
        let refused = catch_unwind(|| whit::run(async {})).unwrap_err();
        let text = refused.downcast_ref::<String>().expect("a sentence");
        assert!(text.contains("endings.rs") && text.contains("await the future"), "{text}");
        let local = Builder::new().try_run_local(async {}).unwrap_err();
        assert!(!local.is_interrupted() && local.to_string().contains("endings.rs"), "{local}");
    };
    let drops = Arc::<AtomicUsize>::default();
    for workers in [1, 2] {
        Builder::new().workers(workers).run(async {
            refused();
            whit::spawn(async move { refused() }).await;
            leave_one(&drops);
            // On a thread of the pool there is room for another.
            assert_eq!(whit::unblock(|| whit::run_local(async { 7 })).await, 7);
        });
    }
    assert_eq!(drops.load(SeqCst), 2);
}
