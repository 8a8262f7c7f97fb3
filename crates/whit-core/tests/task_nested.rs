//! Tasks that are polled and dropped in the middle of others, which find everything as it was.
#![cfg(not(loom))]

mod support;

use std::cell::RefCell;
use std::env;
use std::future::poll_fn;
use std::process::{Command, exit};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use support::Queue;
use whit_core::budget::{BUDGET, poll_proceed};
use whit_core::{
    Handle, Home, Inherited, Key, Runnable, Schedule, ScheduleInfo, Task, current_task, drive, is_driving, spawn,
};

static KEY: Key = Key::new();

fn inherited() -> Option<u32> {
    Inherited::current_value::<u32>(&KEY).as_deref().copied()
}

fn budget_left() -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    (0..1000).take_while(|_| poll_proceed(&mut cx).is_ready()).count()
}

/// A task that sees the outer one's values, wakes itself, and panics in the end.
fn inner_task(home: &Home) -> Task<()> {
    let outer = current_task();
    spawn(home, async move {
        assert_ne!(current_task(), outer);
        assert_eq!(inherited(), Some(7));
        let mut woken = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        panic!("in the middle of another");
    })
}

#[test]
fn tasks_inside_of_a_poll_leave_everything_as_it_was() {
    let (outer_queue, queue) = (Arc::<Queue>::default(), Arc::<Queue>::default());
    let (outer_home, home): (Home, Home) = (outer_queue.clone(), queue.clone());
    let mut polls = 0;
    let outer = poll_fn(move |cx| {
        let me = current_task();
        assert!(me.is_some());
        polls += 1;
        match polls {
            // Wakes itself; then others come that do as well, and one that does not.
            1 => {
                cx.waker().wake_by_ref();
                inner_task(&home).detach();
                queue.run_all();
                spawn(&home, async {}).detach();
                queue.run_all();
                assert_eq!(queue.unhandled.lock().unwrap().len(), 1, "the panic");
            }
            // Is woken by one that is polled.
            2 => {
                let waker = cx.waker().clone();
                spawn(&home, async move { waker.wake() }).detach();
                queue.run_all();
            }
            // Is woken by one that is dropped.
            3 => {
                let waker = cx.waker().clone();
                let guard = OnDrop(move || waker.wake_by_ref());
                spawn(&home, async move { drop(guard) }).detach();
                queue.close();
                queue.open();
            }
            _ => return Poll::Ready(()),
        }
        assert_eq!((current_task(), inherited()), (me, Some(7)));
        assert_eq!(budget_left(), usize::from(BUDGET));
        Poll::Pending
    });
    let task = Inherited::current().with(&KEY, Arc::new(7u32)).enter(|| spawn(&outer_home, outer));
    outer_queue.run_all();
    assert!(task.is_finished());
    assert_eq!((current_task(), inherited()), (None, None));
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn tasks_inside_of_a_drop_leave_everything_as_it_was() {
    let (queue, others) = (Arc::<Queue>::default(), Arc::<Queue>::default());
    let (home, other_home): (Home, Home) = (queue.clone(), others.clone());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |seen: &Arc<Mutex<Vec<_>>>| seen.lock().unwrap().push(current_task());

    let (inner_seen, outer_seen) = (seen.clone(), seen.clone());
    let inner_guard = OnDrop(move || note(&inner_seen));
    let inner = spawn(&other_home, async move { drop(inner_guard) });
    let inner_id = inner.id();
    inner.detach();
    let outer_guard = OnDrop(move || {
        let me = current_task();
        others.close();
        assert_eq!(current_task(), me);
        others.open();
        let polled = spawn(&other_home, async {});
        others.run_all();
        assert!(polled.is_finished());
        assert_eq!(current_task(), me);
        note(&outer_seen);
    });
    let outer = spawn(&home, async move { drop(outer_guard) });
    let outer_id = outer.id();
    outer.detach();
    queue.close();
    assert_eq!(*seen.lock().unwrap(), [Some(inner_id), Some(outer_id)]);
    assert_eq!(current_task(), None);
}

/// Where the values of a thread are gone before what polls, a poll finds none, and does not look for them for ever.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_poll_at_the_end_of_a_thread_in_the_middle_of_values() {
    const CHILD: &str = "WHIT_TEST_POLLS_AT_ITS_END";
    struct Late(RefCell<Option<Arc<Queue>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.take().unwrap().run_all();
        }
    }
    thread_local! {
        static LATE: Late = const { Late(RefCell::new(None)) };
    }

    if env::var_os(CHILD).is_some() {
        let queue = Arc::<Queue>::default();
        let home: Home = queue.clone();
        spawn(&home, async { eprintln!("polled late") }).detach();
        LATE.with(|late| late.0.replace(Some(queue)));
        Inherited::current().with(&KEY, Arc::new(7u32)).enter(|| exit(0));
    }
    let test = "a_poll_at_the_end_of_a_thread_in_the_middle_of_values";
    let child =
        Command::new(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(CHILD, "").output();
    let child = child.unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("polled late"), "{:?}: {said}", child.status);
}

/// Homes without a size as well.
#[test]
fn a_home_is_driven_and_no_other() {
    struct Nothing;
    impl Schedule for Nothing {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            runnable.run();
        }
    }
    #[repr(align(128))]
    struct Aligned;
    impl Schedule for Aligned {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            runnable.run();
        }
    }
    let homes: [Home; 4] = [Arc::new(Nothing), Arc::new(Nothing), Arc::new(Aligned), Arc::new(Aligned)];
    for (number, home) in homes.iter().enumerate() {
        drive(home, &Nothing, || {
            for (other, entered) in homes.iter().enumerate() {
                assert_eq!(is_driving(entered), number == other);
                let _entered = Handle::builder().home(entered.clone()).build().enter();
                let lent = Handle::with_driven_schedule(|lent| lent.map(|lent| Arc::ptr_eq(lent, entered)));
                assert_eq!(lent, (number == other).then_some(true));
            }
        });
        let _entered = Handle::builder().home(home.clone()).build().enter();
        assert!(Handle::with_driven_schedule(|lent| lent.is_none()), "entered only");
    }
}
