//! Tasks in every state, and everything that can be done to them: drop, detach, cancel, an executor that ends; with futures
//! that panic, and with drops that panic.

mod support;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use support::{Dropped, Queue};
use whit_core::{Adoption, Home, Runnable, Schedule, ScheduleInfo, Spawn, Task, block_on, current_task, spawn};

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Queued,
    Waiting,
    Woken,
    Done,
    Panicked,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Drop,
    Detach,
    Cancel,
    ExecutorEnds,
}

/// What the awaiter saw.
#[derive(Debug, PartialEq)]
enum Seen {
    Nothing,
    Cancelled,
    Output,
    Panic,
}

struct Case {
    queue: Arc<Queue>,
    wakers: Arc<Mutex<Vec<Waker>>>,
    futures: Arc<AtomicUsize>,
    outputs: Arc<AtomicUsize>,
    task: Option<Task<Dropped>>,
}

impl Case {
    /// A task that waits once, and then ends or panics.
    fn new(state: State, bad_future: bool, bad_output: bool) -> Case {
        let (queue, wakers) = (Arc::new(Queue::default()), Arc::<Mutex<Vec<Waker>>>::default());
        let (futures, outputs) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let held = Dropped { count: futures.clone(), bad: bad_future };
        let (kept, count, mut polls) = (wakers.clone(), outputs.clone(), 0);
        let future = poll_fn(move |cx| {
            let _held = &held;
            polls += 1;
            match polls {
                1 => {
                    kept.lock().unwrap().push(cx.waker().clone());
                    Poll::Pending
                }
                _ if state == State::Panicked => panic!("in the task"),
                _ => Poll::Ready(Dropped { count: count.clone(), bad: bad_output }),
            }
        });
        let task = spawn(&(queue.clone() as Home), future);
        let case = Case { queue, wakers, futures, outputs, task: Some(task) };
        if state != State::Queued {
            case.queue.run_all();
        }
        if !matches!(state, State::Queued | State::Waiting) {
            case.wake();
        }
        if matches!(state, State::Done | State::Panicked) {
            case.queue.run_all();
        }
        case
    }

    fn wake(&self) {
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn act(&mut self, action: Action) -> Seen {
        let task = self.task.take().unwrap();
        let queue = self.queue.clone();
        match action {
            Action::Drop => {
                drop(task);
                Seen::Nothing
            }
            Action::Detach => {
                task.detach();
                Seen::Nothing
            }
            Action::Cancel => seen(|| {
                let mut cancelling = pin!(task.cancel());
                loop {
                    if let Poll::Ready(output) = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        return output;
                    }
                    assert!(queue.run_one(), "cancelling brings the task home");
                }
            }),
            Action::ExecutorEnds => {
                queue.close();
                self.wake();
                seen(|| block_on(task.fallible()))
            }
        }
    }
}

fn seen(f: impl FnOnce() -> Option<Dropped>) -> Seen {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(None) => Seen::Cancelled,
        Ok(Some(output)) => {
            // Ours now: its drop is our affair.
            drop(catch_unwind(AssertUnwindSafe(|| drop(output))));
            Seen::Output
        }
        Err(panic) => {
            assert_eq!(panic.downcast_ref(), Some(&"in the task"));
            Seen::Panic
        }
    }
}

#[test]
fn whatever_happens_each_value_is_dropped_once_and_each_panic_told_once() {
    use {Action::*, State::*};
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for state in [Queued, Waiting, Woken, Done, Panicked] {
        for action in [Drop, Detach, Cancel, ExecutorEnds] {
            for (bad_future, bad_output) in [(false, false), (true, false), (false, true)] {
                let mut case = Case::new(state, bad_future, bad_output);
                let seen = case.act(action);
                let expected = match (action, state) {
                    (Drop | Detach, _) => Seen::Nothing,
                    (_, Done) => Seen::Output,
                    (_, Panicked) => Seen::Panic,
                    _ => Seen::Cancelled,
                };
                let which = format!("{state:?}, {action:?}, bad future: {bad_future}, bad output: {bad_output}");
                assert_eq!(seen, expected, "{which}");
                if seen == Seen::Cancelled {
                    assert_eq!(case.futures.load(SeqCst), 1, "gone when the cancellation is told: {which}");
                }
                case.queue.run_all();
                // The last that could wake it: nobody will ever poll it again.
                case.wakers.lock().unwrap().clear();
                case.queue.run_all();
                assert_eq!(case.futures.load(SeqCst), 1, "{which}");
                assert_eq!((case.queue.adopted.load(SeqCst), case.queue.released.load(SeqCst)), (1, 1), "{which}");
                let completes = state == Done || (state == Woken && action == Detach);
                assert_eq!(case.outputs.load(SeqCst), usize::from(completes), "{which}");
                let told = case.queue.unhandled.lock().unwrap().clone();
                let untold = state == Panicked && matches!(action, Drop | Detach);
                assert_eq!(told.len(), usize::from(untold), "{which}");
                assert!(told.iter().all(|text| text.contains("in the task") && text.contains("tests/tasks.rs")));
            }
        }
    }
    std::panic::set_hook(quiet);
}

#[test]
fn the_executor_is_told_after_the_future_is_gone() {
    let queue = Arc::new(Queue::default());
    let (home, seen): (Home, _) = (queue.clone(), Arc::new(Mutex::new(None)));
    struct Look(Arc<Queue>, Arc<Mutex<Option<usize>>>);
    impl Drop for Look {
        fn drop(&mut self) {
            *self.1.lock().unwrap() = Some(self.0.released.load(SeqCst));
        }
    }
    let look = Look(queue.clone(), seen.clone());
    let task = spawn(&home, async move { drop(look) });
    queue.run_all();
    assert_eq!(*seen.lock().unwrap(), Some(0));
    assert_eq!(queue.released.load(SeqCst), 1);
    block_on(task);
}

#[test]
fn a_task_knows_its_id_its_name_its_line_and_its_parent() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    assert_eq!(current_task(), None);
    let (line, inner) = (line!() + 1, home.clone());
    let task = Spawn::new().name("outer").spawn(&home, async move {
        let child = spawn(&inner, async { current_task().unwrap() });
        let told = (current_task().unwrap(), child.meta().parent(), child.id());
        (told, child.await)
    });
    assert_eq!((task.name(), task.meta().location().line()), (Some("outer"), line));
    assert_eq!(task.meta().parent(), None);
    assert!(std::ptr::eq(task.meta(), task.metadata()));
    assert!(format!("{task:?}").contains("outer") && task.meta().to_string().contains("tests/tasks.rs"));
    let id = task.id();
    queue.run_all();
    assert!(task.is_finished());
    let ((inside, parent, child), ran_as) = block_on(task);
    assert_eq!((inside, parent), (id, Some(id)));
    assert_eq!(child, ran_as);
    assert!(child != id && child.get() > 0);
    assert_eq!(current_task(), None);
}

#[test]
fn awaiting_what_was_cancelled_says_which_and_why() {
    let queue = Arc::new(Queue::default());
    let task = spawn(&(queue.clone() as Home), async {});
    queue.close();
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(task))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("tests/tasks.rs") && text.contains("fallible"), "{text}");
}

#[test]
fn a_task_is_dropped_and_cancelled_from_any_thread() {
    for cancel in [false, true] {
        let queue = Arc::new(Queue::default());
        let count = Arc::<AtomicUsize>::default();
        let held = Dropped { count: count.clone(), bad: false };
        let task = spawn(&(queue.clone() as Home), async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        queue.run_all();
        let other = std::thread::spawn(move || if cancel { block_on(task.cancel()) } else { None });
        while count.load(SeqCst) == 0 {
            // Its future ends here, where it is driven.
            queue.run_all();
            std::thread::yield_now();
        }
        assert_eq!(other.join().unwrap(), None);
        assert_eq!(queue.released.load(SeqCst), 1);
    }
}

/// A home is told of a task's waker once, at its first `Pending`, and never of one that completes at once.
#[test]
fn a_home_keeps_only_what_waits() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    let at_once = spawn(&home, async {});
    let mut polls = 0;
    let waits = spawn(
        &home,
        poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 5 { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    let id = waits.id();
    queue.run_all();
    block_on(at_once);
    block_on(waits);
    assert_eq!(*queue.kept.lock().unwrap(), [id]);
    assert_eq!(queue.released.load(SeqCst), 2);
}

/// A task counts a home that keeps no account of it, and leaves the count of one that does alone.
#[test]
fn who_keeps_the_home_alive() {
    #[derive(Default)]
    struct Drawer(Mutex<Option<Runnable>>);
    impl Schedule for Drawer {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            *self.0.lock().unwrap() = Some(runnable);
        }
    }
    let drawer = Arc::new(Drawer::default());
    spawn(&(drawer.clone() as Home), async {}).detach();
    assert_eq!(Arc::strong_count(&drawer), 2, "the task holds one");
    let runnable = drawer.0.lock().unwrap().take();
    drop(runnable);
    assert_eq!(Arc::strong_count(&drawer), 1);

    let queue = Arc::new(Queue::default());
    let task = spawn(&(queue.clone() as Home), async {});
    assert_eq!(Arc::strong_count(&queue), 1);
    queue.run_all();
    drop(queue);
    block_on(task); // its home is gone, and it does not care
}

/// A home that passes another's answer on has not promised anything itself.
#[test]
fn a_wrapped_home_is_counted() {
    struct Wrapper(Arc<Queue>);
    impl Schedule for Wrapper {
        fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
            self.0.schedule(runnable, info);
        }
        fn adopt(&self, runnable: &Runnable) -> Adoption {
            self.0.adopt(runnable)
        }
    }
    let queue = Arc::new(Queue::default());
    let wrapper = Arc::new(Wrapper(queue.clone()));
    let task = spawn(&(wrapper.clone() as Home), async { 7 });
    assert_eq!(Arc::strong_count(&wrapper), 2);
    queue.run_all();
    assert_eq!(block_on(task), 7);
    assert_eq!(Arc::strong_count(&wrapper), 1);
}
