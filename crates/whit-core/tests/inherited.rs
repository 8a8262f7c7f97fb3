//! What a spawned task takes over, and waiting for what a drop leaves behind.

mod support;

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use support::Queue;
use whit_core::{Home, Inherited, Key, block_on, cleanup, spawn};

static NAME: Key = Key::new();
static COLOUR: Key = Key::new();

fn name() -> Option<&'static str> {
    Inherited::current_value::<&str>(&NAME).map(|name| *name)
}

fn named(name: &'static str) -> Inherited {
    Inherited::current().with(&NAME, Arc::new(name))
}

#[test]
fn a_task_takes_over_the_values_of_whoever_spawns_it() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    let outer = spawn(&home, async {});
    let (child, grandchild) = named("ada").enter(|| {
        let inner = home.clone();
        let grandchild = spawn(&home, async move { spawn(&inner, async { name() }).await });
        (spawn(&home, async { name() }), grandchild)
    });
    let bare = spawn(&home, async { name() });
    queue.run_all();
    block_on(outer);
    assert_eq!(block_on(child), Some("ada"));
    assert_eq!(block_on(grandchild), Some("ada"));
    assert_eq!(block_on(bare), None);
    assert_eq!(name(), None);
}

#[test]
fn a_run_starts_without_the_values_around_it() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    let bare = spawn(&home, async { name() });
    named("ada").enter(|| queue.run_all());
    assert_eq!(block_on(bare), None);
}

#[test]
fn values_are_there_at_each_poll_and_at_the_drop() {
    struct Look(Arc<AtomicUsize>);
    impl Drop for Look {
        fn drop(&mut self) {
            self.0.fetch_add(usize::from(name() == Some("ada")), Ordering::Relaxed);
        }
    }
    let seen = Arc::new(AtomicUsize::new(0));
    let look = Look(seen.clone());
    let mut future = Box::pin(named("ada").around(async move {
        let _look = look;
        poll_fn(|_| if name() == Some("ada") { Poll::<()>::Pending } else { Poll::Ready(()) }).await;
    }));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    assert_eq!(name(), None);
    drop(future);
    assert_eq!((seen.load(Ordering::Relaxed), name()), (1, None));
}

#[test]
fn a_value_replaces_the_one_under_its_key_and_leaves_the_others() {
    let mut values = named("ada").with(&COLOUR, Arc::new(3)).with(&NAME, Arc::new("grace"));
    assert_eq!(format!("{values:?}"), "Inherited { values: 2 }");
    assert_eq!(values.get::<i32>(&COLOUR).as_deref(), Some(&3));
    assert_eq!(values.get::<u8>(&COLOUR), None, "another type is nobody's value");
    values.enter(|| assert_eq!(name(), Some("grace")));
}

#[test]
fn a_panic_restores_the_values() {
    let caught = std::panic::catch_unwind(|| {
        let mut outer = named("outer");
        outer.enter(|| {
            let inner =
                std::panic::AssertUnwindSafe(|| named("inner").enter(|| std::panic::resume_unwind(Box::new(1))));
            assert!(std::panic::catch_unwind(inner).is_err());
            assert_eq!(name(), Some("outer"));
        });
        assert_eq!(name(), None);
    });
    assert!(caught.is_ok());
}

struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_cleanup_waits_for_every_task_dropped_in_it() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    let tasks: Vec<_> = (0..3).map(|_| spawn(&home, pending::<()>())).collect();
    let done = spawn(&home, async { 5 });
    queue.run_all();
    let ended = Arc::new(AtomicUsize::new(0));
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let slow = Slow(ended.clone());
    // A task within a task's future, which nobody has polled yet.
    let nested = spawn(&home, async move {
        let _slow = slow;
        pending::<()>().await;
    });
    let ((), cleanup) = cleanup::collect(|| {
        let ((), inner) = cleanup::collect(|| drop(tasks));
        assert!(inner.is_over(), "the outer one collects");
        drop((nested, done));
    });
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    let mut cleanup = pin!(cleanup);
    assert!(cleanup.as_mut().poll(&mut cx).is_pending());
    assert_eq!((ended.load(Ordering::Relaxed), count.0.load(Ordering::Relaxed)), (0, 0));
    queue.run_all();
    assert_eq!((ended.load(Ordering::Relaxed), count.0.load(Ordering::Relaxed)), (1, 1));
    assert!(cleanup.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_cleanup_of_nothing_is_over_and_a_panic_leaves_none() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    assert!(cleanup::waker().is_none());
    let ((), nothing) = cleanup::collect(|| spawn(&home, pending::<()>()).detach());
    assert!(nothing.is_over(), "a detached task is nobody's");
    let task = spawn(&home, pending::<()>());
    let panics = std::panic::AssertUnwindSafe(|| {
        cleanup::collect(|| {
            drop(task);
            std::panic::resume_unwind(Box::new(1));
        })
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    assert!(cleanup::waker().is_none());
    let ((), after) = cleanup::collect(|| {});
    assert!(after.is_over(), "it waits for the task of the former");
    queue.run_all();
}
