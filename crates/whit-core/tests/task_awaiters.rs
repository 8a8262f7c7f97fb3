//! The awaiters of tasks: wakers that panic, that stay, that come at the wrong time.

mod support;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, RawWaker, RawWakerVTable, Wake, Waker};

use support::plain::{Plain, held, poll_once, quiet};
use whit_core::{Home, Task, block_on, cleanup, spawn};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bad {
    Clone,
    Wake,
    Drop,
}

/// A waker that panics at one thing, and counts its owners.
struct BadWaker {
    bad: Bad,
    // Off while the test itself clones and drops.
    on: AtomicBool,
    called: AtomicUsize,
    clones: AtomicUsize,
    owners: AtomicUsize,
}

// A static, and not a constant: wakers are compared by where it is.
static TABLE: RawWakerVTable =
    RawWakerVTable::new(BadWaker::clone, BadWaker::wake, BadWaker::wake_by_ref, BadWaker::drop);

impl BadWaker {
    fn new(bad: Bad) -> (&'static BadWaker, Waker) {
        // Here they are found by whoever looks for leaks.
        static ALL: Mutex<Vec<&BadWaker>> = Mutex::new(Vec::new());
        let on = AtomicBool::new(false);
        let this: &BadWaker = Box::leak(Box::new(BadWaker {
            bad,
            on,
            called: AtomicUsize::new(0),
            clones: AtomicUsize::new(0),
            owners: AtomicUsize::new(1),
        }));
        ALL.lock().unwrap().push(this);
        // SAFETY: the functions below count, and never free what is leaked here.
        (this, unsafe { Waker::new(std::ptr::from_ref(this).cast(), &TABLE) })
    }

    unsafe fn of(data: *const ()) -> &'static BadWaker {
        // SAFETY: as `new` made it.
        unsafe { &*data.cast() }
    }

    fn panics(&self, at: Bad) {
        assert!(!(self.bad == at && self.on.load(SeqCst)), "a bad waker");
    }

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: as the caller promised.
        let this = unsafe { Self::of(data) };
        this.panics(Bad::Clone);
        this.clones.fetch_add(1, SeqCst);
        this.owners.fetch_add(1, SeqCst);
        RawWaker::new(data, &TABLE)
    }

    unsafe fn wake(data: *const ()) {
        // SAFETY: as the caller promised.
        let this = unsafe { Self::of(data) };
        this.owners.fetch_sub(1, SeqCst);
        this.called.fetch_add(1, SeqCst);
        this.panics(Bad::Wake);
    }

    unsafe fn wake_by_ref(data: *const ()) {
        // SAFETY: as the caller promised.
        let this = unsafe { Self::of(data) };
        this.called.fetch_add(1, SeqCst);
        this.panics(Bad::Wake);
    }

    unsafe fn drop(data: *const ()) {
        // SAFETY: as the caller promised.
        let this = unsafe { Self::of(data) };
        this.owners.fetch_sub(1, SeqCst);
        this.panics(Bad::Drop);
    }
}

/// Whatever a waker of the awaiter panics at, the task goes on, and everything is dropped once.
#[test]
fn an_awaiter_that_panics_harms_nobody() {
    for bad in [Bad::Clone, Bad::Wake, Bad::Drop] {
        let (plain, home) = Plain::new();
        let (count, held) = held();
        let mut task = spawn(&home, async move { drop(held) });
        let (waker, mine) = BadWaker::new(bad);
        waker.on.store(bad == Bad::Clone, SeqCst);
        let first = quiet(|| poll_once(&mut task, &mine));
        assert_eq!(first.is_err(), bad == Bad::Clone);
        waker.on.store(true, SeqCst);
        // Another takes its place, in which the former is dropped.
        let second = quiet(|| poll_once(&mut task, Waker::noop()));
        assert_eq!(second.is_err(), bad == Bad::Drop);
        assert_eq!(waker.owners.load(SeqCst), 1, "{bad:?}: the task holds it no more");
        waker.on.store(bad == Bad::Wake, SeqCst);
        if bad != Bad::Clone {
            assert!(poll_once(&mut task, &mine).is_pending());
        }
        // Whoever runs tasks does not hear of it.
        plain.run_all();
        assert_eq!(waker.called.load(SeqCst), usize::from(bad != Bad::Clone));
        assert_eq!(count.load(SeqCst), 1);
        block_on(task);
        waker.on.store(false, SeqCst);
        drop(mine);
        assert_eq!((plain.tasks(), waker.owners.load(SeqCst)), (0, 0), "{bad:?}");
    }
}

/// Polled again with the same waker, the handle leaves the one that is there.
#[test]
fn the_same_awaiter_is_left_in_its_place() {
    let (plain, home) = Plain::new();
    let mut task = spawn(&home, async {});
    let (waker, mine) = BadWaker::new(Bad::Drop);
    for _ in 0..3 {
        assert!(poll_once(&mut task, &mine).is_pending());
    }
    assert_eq!((waker.clones.load(SeqCst), waker.owners.load(SeqCst)), (1, 2));
    plain.run_all();
    assert_eq!((waker.called.load(SeqCst), waker.owners.load(SeqCst)), (1, 1));
    block_on(task);
}

/// Whoever gives the handle up does not wait any more, however long the task goes on.
#[test]
fn a_handle_takes_its_awaiter_along() {
    for detach in [false, true] {
        let (plain, home) = Plain::new();
        let mut task = spawn(&home, async {});
        let (waker, mine) = BadWaker::new(Bad::Wake);
        assert!(poll_once(&mut task, &mine).is_pending());
        assert_eq!(waker.owners.load(SeqCst), 2);
        if detach {
            task.detach();
        } else {
            drop(task);
        }
        assert_eq!((waker.called.load(SeqCst), waker.owners.load(SeqCst)), (0, 1));
        plain.run_all();
        assert_eq!((waker.called.load(SeqCst), plain.tasks()), (0, 0));
    }
}

/// The clean-up takes the awaiter's place; that the former panics as it goes must not keep the task.
#[test]
fn a_handle_goes_though_its_awaiter_panics() {
    let (plain, home) = Plain::new();
    let (count, held) = held();
    let mut task = spawn(&home, async move {
        let _held = held;
        pending::<()>().await;
    });
    let (waker, mine) = BadWaker::new(Bad::Drop);
    assert!(poll_once(&mut task, &mine).is_pending());
    waker.on.store(true, SeqCst);
    let dropped = quiet(|| cleanup::collect(|| drop(task)));
    waker.on.store(false, SeqCst);
    drop(mine);
    plain.run_all();
    assert_eq!((count.load(SeqCst), plain.tasks(), waker.owners.load(SeqCst)), (1, 0, 0));
    let ((), cleanup) = dropped.expect("the panic hook has told of it");
    assert!(cleanup.is_over());
}

/// An awaiter that frees the memory as it is woken: another task that comes to stand there is not taken for the one that ended.
#[test]
fn a_task_in_the_place_of_the_one_that_just_ended() {
    struct Spawns(Arc<Plain>, Mutex<Vec<Task<()>>>);
    impl Wake for Spawns {
        fn wake(self: Arc<Self>) {
            let home: Home = self.0.clone();
            drop(self.1.lock().unwrap().pop().expect("the handle of the first"));
            let mut polls = 0;
            let future = poll_fn(move |_| {
                polls += 1;
                if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
            });
            self.1.lock().unwrap().push(spawn(&home, future));
            let runnable = self.0.pop().unwrap();
            let waker = runnable.waker();
            runnable.run();
            waker.wake();
        }
    }
    let (plain, home) = Plain::new();
    // Of the size of the other, so that it leaves it the memory.
    let room = 1u32;
    let mut task = spawn(
        &home,
        poll_fn(move |_| {
            std::hint::black_box(room);
            Poll::Ready(())
        }),
    );
    let spawns = Arc::new(Spawns(plain.clone(), Mutex::default()));
    assert!(poll_once(&mut task, &Waker::from(spawns.clone())).is_pending());
    spawns.1.lock().unwrap().push(task);
    assert_eq!(plain.run_all(), 2, "the second was woken by the awaiter of the first");
    let second = spawns.1.lock().unwrap().pop().unwrap();
    block_on(second);
    drop(spawns);
    assert_eq!(plain.tasks(), 0);
}

/// An awaiter that is a waker of the task that it awaits: a circle that ends with the task.
#[test]
fn a_task_that_awaits_itself() {
    let (plain, home) = Plain::new();
    let own = Arc::<Mutex<Option<Task<()>>>>::default();
    let (mine, mut polls) = (own.clone(), 0);
    let task = spawn(
        &home,
        poll_fn(move |cx| {
            polls += 1;
            if let Some(task) = &mut *mine.lock().unwrap() {
                assert!(poll_once(task, cx.waker()).is_pending());
            }
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        }),
    );
    let waker = plain.0.lock().unwrap()[0].waker();
    *own.lock().unwrap() = Some(task);
    plain.run_all();
    waker.wake();
    assert_eq!(plain.run_all(), 1);
    let task = own.lock().unwrap().take();
    block_on(task.unwrap());
    assert_eq!(plain.tasks(), 0);
}

/// The former awaiter may drop the last of something else, and that something may be woken in it: nothing is locked there.
#[test]
fn an_awaiter_that_holds_another_task() {
    struct Holds(Mutex<Option<Task<()>>>);
    impl Wake for Holds {
        fn wake(self: Arc<Self>) {
            self.0.lock().unwrap().take();
        }
    }
    let (plain, home) = Plain::new();
    let mut task = spawn(&home, async {});
    let runnable = plain.pop().unwrap();
    let held = spawn(&home, pending::<()>());
    plain.run_all();
    let waker = Waker::from(Arc::new(Holds(Mutex::new(Some(held)))));
    assert!(poll_once(&mut task, &waker).is_pending());
    drop(waker);
    assert!(poll_once(&mut task, Waker::noop()).is_pending());
    assert_eq!(plain.run_all(), 1, "the held task was sent home to end");
    runnable.run();
    block_on(task);
    assert_eq!(plain.tasks(), 0);
}
