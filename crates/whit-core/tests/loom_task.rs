//! Models of a task's word, which is loom's only here:
//! `RUSTFLAGS="--cfg loom --cfg loom_task" cargo test --release -p whit-core --test loom_task`.
//!
//! Every model ends with the same questions: whether the future and its output were dropped once each, whether nobody holds a
//! waker any more, and whether the memory was freed once. Beside that loom itself sees to it that
//! polls and drops of a future are in an order, and that the memory is freed after everything else.
//!
//! With more than two threads, or a second registration, loom stops at [`SWITCHES`] switches of thread by force: without a bound
//! those models take minutes.
#![cfg(all(loom, loom_task))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Number, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use whit_core::{Adoption, FallibleTask, Home, Kept, Runnable, Schedule, ScheduleInfo, Task, cleanup, spawn};

const SWITCHES: usize = 3;

/// Two threads: every order there is.
fn model(f: impl Fn() + Send + Sync + 'static) {
    loom::model(f);
}

/// Up to [`SWITCHES`] switches by force.
fn bounded(f: impl Fn() + Send + Sync + 'static) {
    bounded_by(SWITCHES, f);
}

fn bounded_by(switches: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.check(f);
}

/// A home that keeps its one task in a list, of one place, or keeps no account, so that the task counts it.
struct Queue {
    ready: Mutex<Vec<Runnable>>,
    keeps: bool,
    kept: Mutex<Option<Kept>>,
}

impl Schedule for Queue {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.ready.lock().unwrap().push(runnable);
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        // SAFETY: a model goes on until its task has ended.
        if self.keeps { unsafe { Adoption::accept(self) } } else { Adoption::decline() }
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        *self.kept.lock().unwrap() = Some(task);
        Some(0)
    }

    unsafe fn release(&self, _: Option<usize>) {
        *self.kept.lock().unwrap() = None;
    }
}

impl Queue {
    /// As an executor that ends: whatever waits comes home.
    fn recall(&self) {
        let kept = self.kept.lock().unwrap();
        // SAFETY: `release` takes it out under the lock.
        let waker = kept.as_ref().map(|task| unsafe { task.waker() });
        drop(kept);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Counts the tasks in memory, by the alignment that only they have. Each model runs on one thread.
struct Counting;

thread_local! {
    static TASKS: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TASKS.set(TASKS.get() + isize::from(layout.align() == ALIGN));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TASKS.set(TASKS.get() - isize::from(layout.align() == ALIGN));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

const ALIGN: usize = 512;

/// What a model looks at in the end.
#[derive(Default)]
struct Ledger {
    /// Polls, and those that were alone: a panic in a poll does not get out of the task.
    polls: [Number; 2],
    futures: Number,
    outputs_made: Number,
    outputs: Number,
}

/// A future that is ready when all flags are up. It looks at them without any order of its own: that a poll sees what was written
/// before a wake is the task's affair.
#[repr(align(512))]
struct Job {
    flags: Arc<[AtomicBool]>,
    /// So many times it wakes itself first.
    yields: usize,
    own: UnsafeCell<usize>,
    ledger: Arc<Ledger>,
}

struct Output {
    own: UnsafeCell<usize>,
    ledger: Arc<Ledger>,
}

fn touch(cell: &UnsafeCell<usize>) {
    // SAFETY: whoever is not alone here is told by loom.
    cell.with_mut(|own| unsafe { *own += 1 });
}

impl Future for Job {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.ledger.polls[0].fetch_add(1, SeqCst);
        touch(&self.own);
        self.ledger.polls[1].fetch_add(1, SeqCst);
        if self.yields > 0 {
            self.yields -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !self.flags.iter().all(|flag| flag.load(Ordering::Relaxed)) {
            return Poll::Pending;
        }
        self.ledger.outputs_made.fetch_add(1, SeqCst);
        let output = Output { own: UnsafeCell::new(0), ledger: self.ledger.clone() };
        touch(&output.own);
        Poll::Ready(output)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        touch(&self.own);
        self.ledger.futures.fetch_add(1, SeqCst);
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        touch(&self.own);
        self.ledger.outputs.fetch_add(1, SeqCst);
    }
}

struct Model {
    queue: Arc<Queue>,
    ledger: Arc<Ledger>,
    flags: Arc<[AtomicBool]>,
}

impl Model {
    /// A task that waits for so many flags, with its first runnable.
    fn new(flags: usize, yields: usize) -> (Model, Runnable, Task<Output>) {
        Model::at(false, flags, yields)
    }

    /// One of a home that keeps it in its list, if `keeps`.
    fn at(keeps: bool, flags: usize, yields: usize) -> (Model, Runnable, Task<Output>) {
        let queue = Arc::new(Queue { ready: Mutex::new(Vec::new()), keeps, kept: Mutex::new(None) });
        let (ledger, flags) = (Arc::<Ledger>::default(), (0..flags).map(|_| AtomicBool::new(false)).collect());
        let model = Model { queue, ledger, flags };
        let (flags, ledger) = (model.flags.clone(), model.ledger.clone());
        let task = spawn(&(model.queue.clone() as Home), Job { flags, yields, own: UnsafeCell::new(0), ledger });
        let runnable = model.pop().expect("a task is scheduled at its spawn");
        (model, runnable, task)
    }

    /// One that was polled, and waits; with so many wakers.
    fn waiting<const WAKERS: usize>(flags: usize) -> (Model, [Waker; WAKERS], Task<Output>) {
        let (model, runnable, task) = Model::new(flags, 0);
        let wakers = std::array::from_fn(|_| runnable.waker());
        assert!(!runnable.run());
        (model, wakers, task)
    }

    fn pop(&self) -> Option<Runnable> {
        self.queue.ready.lock().unwrap().pop()
    }

    fn run_all(&self) {
        while let Some(runnable) = self.pop() {
            runnable.run();
        }
    }

    /// A thread that runs what there is.
    fn runs(&self, first: Runnable) -> thread::JoinHandle<()> {
        thread::spawn(move || _ = first.run())
    }

    /// A thread that puts a flag up, and wakes.
    fn wakes(&self, flag: usize, waker: Waker) -> thread::JoinHandle<()> {
        let flags = self.flags.clone();
        thread::spawn(move || {
            flags[flag].store(true, Ordering::Relaxed);
            waker.wake();
        })
    }

    /// The same, by a reference, and the waker goes after it.
    fn wakes_by_ref(&self, flag: usize, waker: Waker) -> thread::JoinHandle<()> {
        let flags = self.flags.clone();
        thread::spawn(move || {
            flags[flag].store(true, Ordering::Relaxed);
            waker.wake_by_ref();
        })
    }

    /// Everything is over, and nobody but the model has the queue.
    fn end(self) -> usize {
        self.run_all();
        if self.queue.keeps {
            // Waits for ever, or has ended.
            self.queue.recall();
            drop(self.pop());
        }
        let [polls, alone] = self.ledger.polls.each_ref().map(|count| count.load(SeqCst));
        assert_eq!(polls, alone, "a poll comes after the last");
        assert_eq!(self.ledger.futures.load(SeqCst), 1, "the future is dropped once");
        let made = self.ledger.outputs_made.load(SeqCst);
        assert_eq!(self.ledger.outputs.load(SeqCst), made, "the output is dropped once");
        assert_eq!(TASKS.replace(0), 0, "the memory is freed once");
        assert_eq!(Arc::strong_count(&self.queue), 1, "the home is given back");
        made
    }
}

/// A waker of an awaiter, which says whether it was woken.
#[derive(Default)]
struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn poll_once<T>(task: &mut FallibleTask<T>, waker: &Waker) -> Poll<Option<T>> {
    Pin::new(task).poll(&mut Context::from_waker(waker))
}

/// The output is there after everything was run: no wake was lost.
fn finished(model: &Model, task: Task<Output>) {
    model.run_all();
    let mut task = task.fallible();
    let Poll::Ready(Some(output)) = poll_once(&mut task, Waker::noop()) else { panic!("a wake was lost") };
    touch(&output.own);
}

#[test]
fn a_wake_meets_a_run() {
    for by_ref in [false, true] {
        for yields in [0, 1] {
            model(move || {
                let (model, runnable, task) = Model::new(1, yields);
                let waker = runnable.waker();
                let waking = if by_ref { model.wakes_by_ref(0, waker) } else { model.wakes(0, waker) };
                runnable.run();
                model.run_all();
                waking.join().unwrap();
                finished(&model, task);
                assert_eq!(model.end(), 1);
            });
        }
    }
}

#[test]
fn two_wakes_meet_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::new(2, 0);
        let wakers = [runnable.waker(), runnable.waker()];
        let [first, second] = wakers;
        let waking = [model.wakes(0, first), model.wakes_by_ref(1, second)];
        runnable.run();
        model.run_all();
        waking.into_iter().for_each(|thread| thread.join().unwrap());
        finished(&model, task);
        assert_eq!(model.end(), 1);
    });
}

/// One of them makes the runnable, and the poll sees what both have written.
#[test]
fn two_wakes_of_a_task_that_waits() {
    model(|| {
        let (model, [first, second], task) = Model::waiting(2);
        task.detach();
        let waking = model.wakes(0, first);
        model.flags[1].store(true, Ordering::Relaxed);
        second.wake();
        model.run_all();
        waking.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Nobody is left who could wake it: one of the two sends it home to end.
#[test]
fn the_last_waker_meets_the_end_of_the_handle() {
    for cancel in [false, true] {
        model(move || {
            let (model, [waker], task) = Model::waiting(1);
            let going = thread::spawn(move || drop(waker));
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            going.join().unwrap();
            assert_eq!(model.end(), 0);
        });
    }
}

#[test]
fn the_last_two_wakers_go() {
    model(|| {
        let (model, [first, second], task) = Model::waiting(1);
        task.detach();
        let going = thread::spawn(move || drop(first));
        drop(second);
        going.join().unwrap();
        assert_eq!(model.end(), 0);
    });
}

/// A wake that gives the waker back, and a handle that goes.
#[test]
fn a_wake_meets_the_end_of_the_handle() {
    for cancel in [false, true] {
        model(move || {
            let (model, [waker], task) = Model::waiting(1);
            let waking = model.wakes(0, waker);
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            waking.join().unwrap();
            let made = model.end();
            assert!(cancel || made == 1, "detached, it runs to its end");
        });
    }
}

/// The last waker of a detached task goes while the task is polled: it must not wait for ever.
#[test]
fn the_last_waker_goes_during_a_poll() {
    for yields in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(1, yields);
            let waker = runnable.waker();
            task.detach();
            let going = thread::spawn(move || drop(waker));
            runnable.run();
            going.join().unwrap();
            assert_eq!(model.end(), 0);
        });
    }
}

/// A detach meets a poll that is pending, of a task that nobody else has.
#[test]
fn a_handle_goes_during_a_poll() {
    for cancel in [false, true] {
        for yields in [0, 1] {
            model(move || {
                let (model, runnable, task) = Model::new(1, yields);
                let running = model.runs(runnable);
                if cancel {
                    drop(task);
                } else {
                    task.detach();
                }
                running.join().unwrap();
                assert_eq!(model.end(), 0);
            });
        }
    }
}

#[test]
fn an_awaiter_meets_the_completion() {
    model(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let output = block_on(task);
        touch(&output.own);
        drop(output);
        running.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Each waker that was left is dropped once, and the last is woken: block_on ends by that.
#[test]
fn other_awaiters_meet_the_completion() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        let mut output = None;
        for called in &called {
            if let Poll::Ready(ready) = poll_once(&mut task, &Waker::from(called.clone())) {
                output = ready;
                break;
            }
        }
        let output = match output {
            Some(output) => output,
            None => block_on(&mut task).expect("nobody cancels it"),
        };
        touch(&output.own);
        drop((output, task));
        running.join().unwrap();
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        assert_eq!(model.end(), 1);
    });
}

/// The former awaiter comes back: its place looks as it did, and is not.
#[test]
fn an_awaiter_that_comes_back_meets_the_completion() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        let pending = [0, 1, 0].iter().all(|&which| {
            // A new one each time, of the same address.
            poll_once(&mut task, &Waker::from(called[which].clone())).is_pending()
        });
        running.join().unwrap();
        if pending {
            assert!(called[0].0.load(Ordering::Relaxed), "whoever was there last is woken");
            assert!(poll_once(&mut task, Waker::noop()).is_ready());
        }
        drop(task);
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        assert_eq!(model.end(), 1);
    });
}

/// The handle leaves another awaiter and goes, while a waker goes and the task completes.
#[test]
fn everybody_leaves_a_task_whose_awaiter_was_moved() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let waker = runnable.waker();
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        assert!(poll_once(&mut task, &Waker::from(called[0].clone())).is_pending());
        assert!(poll_once(&mut task, &Waker::from(called[1].clone())).is_pending());
        let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
        drop(task);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        model.end();
    });
}

/// Cancelled as it runs, or before, or after: the canceller knows which, and the future is gone when it knows.
#[test]
fn a_cancel_meets_a_run() {
    for flags in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(flags, 0);
            let running = model.runs(runnable);
            let mut cancelling = pin!(task.cancel());
            let called = Arc::<Called>::default();
            let mut polled = cancelling.as_mut().poll(&mut Context::from_waker(&Waker::from(called.clone())));
            running.join().unwrap();
            model.run_all();
            if polled.is_pending() {
                assert!(called.0.load(Ordering::Relaxed), "the canceller is woken");
                polled = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            assert_eq!(model.ledger.futures.load(SeqCst), 1);
            let Poll::Ready(output) = polled else { panic!("the future is gone") };
            assert_eq!(output.is_some() as usize, model.ledger.outputs_made.load(SeqCst));
            drop(output);
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// What was written before a cancellation is seen by the drop that it leads to.
#[test]
fn a_cancel_comes_before_the_drop() {
    struct Reads(Arc<UnsafeCell<usize>>, Arc<Number>);
    // SAFETY: whoever is not alone with the cell is told by loom.
    unsafe impl Send for Reads {}
    impl Drop for Reads {
        fn drop(&mut self) {
            // SAFETY: whoever is not alone here is told by loom.
            self.0.with(|written| assert_eq!(unsafe { *written }, 1));
            // A panic does not get out of here.
            self.1.fetch_add(1, SeqCst);
        }
    }
    for gives_up in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::new(1, 0);
            drop((runnable, task));
            #[allow(clippy::arc_with_non_send_sync, reason = "loom's cells are not, and `Reads` says why it may")]
            let written = Arc::new(UnsafeCell::new(0));
            let dropped = Arc::<Number>::default();
            let reads = Reads(written.clone(), dropped.clone());
            let waits = poll_fn(move |_| {
                let _reads = &reads;
                Poll::<()>::Pending
            });
            let task = spawn(&(model.queue.clone() as Home), waits);
            let running = model.runs(model.pop().expect("it was scheduled"));
            touch(&written);
            if gives_up {
                drop(task);
            } else {
                let mut cancelling = pin!(task.cancel());
                _ = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            running.join().unwrap();
            model.end();
            assert_eq!(dropped.load(SeqCst), 1);
        });
    }
}

#[test]
fn a_cancel_that_is_given_up_meets_a_run() {
    for flags in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(flags, 0);
            let running = model.runs(runnable);
            let called = Arc::<Called>::default();
            {
                let mut cancelling = pin!(task.cancel());
                drop(cancelling.as_mut().poll(&mut Context::from_waker(&Waker::from(called.clone()))));
            }
            running.join().unwrap();
            model.run_all();
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// One of the two makes the runnable.
#[test]
fn a_cancel_meets_a_wake() {
    model(|| {
        let (model, [waker], task) = Model::waiting(1);
        let waking = model.wakes(0, waker);
        let mut cancelling = pin!(task.cancel());
        let polled = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "nobody runs it yet");
        waking.join().unwrap();
        model.run_all();
        let Poll::Ready(None) = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it was closed before it was run")
        };
        assert_eq!(model.end(), 0);
    });
}

/// Two threads have the task at the same time, and neither may miss the other: a run that is pending, a close and a wake.
#[test]
fn a_cancel_and_a_wake_meet_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::new(1, 0);
        let waking = model.wakes(0, runnable.waker());
        let running = model.runs(runnable);
        drop(task);
        waking.join().unwrap();
        running.join().unwrap();
        model.end();
    });
}

/// With an output, and with a runnable that is dropped, so that there is none.
#[test]
fn a_handle_goes_as_the_task_ends() {
    for cancel in [false, true] {
        for completes in [false, true] {
            model(move || {
                let (model, runnable, task) = Model::new(0, 0);
                let ending = thread::spawn(move || {
                    if completes {
                        runnable.run();
                    } else {
                        drop(runnable);
                    }
                });
                if cancel {
                    drop(task);
                } else {
                    task.detach();
                }
                ending.join().unwrap();
                let made = model.end();
                assert!(cancel || made == completes as usize);
            });
        }
    }
}

#[test]
fn a_dropped_runnable_meets_the_awaiter() {
    model(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let dropping = thread::spawn(move || drop(runnable));
        assert!(block_on(task.fallible()).is_none());
        dropping.join().unwrap();
        assert_eq!(model.end(), 0);
    });
}

/// A dropped runnable does not lose to a wake that comes at the same time.
#[test]
fn a_dropped_runnable_meets_a_wake() {
    model(|| {
        let (model, runnable, task) = Model::new(1, 0);
        let waking = model.wakes_by_ref(0, runnable.waker());
        drop(runnable);
        waking.join().unwrap();
        assert!(model.pop().is_none(), "it has ended");
        drop(task);
        assert_eq!(model.end(), 0);
    });
}

/// A waker may come after everything, or be the one who frees the memory.
#[test]
fn a_waker_outlives_the_rest() {
    bounded_by(2, || {
        let (model, runnable, task) = Model::new(0, 0);
        let waker = runnable.waker();
        let waking = thread::spawn(move || {
            let other = waker.clone();
            waker.wake();
            drop(other);
        });
        let running = model.runs(runnable);
        let output = block_on(task);
        touch(&output.own);
        drop(output);
        running.join().unwrap();
        waking.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Of a task that has ended, a waker and the handle are left.
#[test]
fn the_last_two_of_a_task_that_has_ended() {
    for claims in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::new(0, 0);
            let waker = runnable.waker();
            runnable.run();
            let going = thread::spawn(move || drop(waker));
            if claims {
                drop(block_on(task));
            } else {
                drop(task);
            }
            going.join().unwrap();
            assert_eq!(model.end(), 1);
        });
    }
}

/// Whoever waits for what a drop left behind learns of it, and not before the future is gone.
#[test]
fn a_cleanup_meets_the_end() {
    for moved in [false, true] {
        bounded(move || {
            let (model, runnable, task) = Model::new(0, 0);
            let called = Arc::<Called>::default();
            let mut task = task.fallible();
            if moved {
                assert!(poll_once(&mut task, &Waker::from(called.clone())).is_pending());
            }
            let running = model.runs(runnable);
            let ((), cleanup) = cleanup::collect(|| drop(task));
            block_on(cleanup);
            assert_eq!(model.ledger.futures.load(SeqCst), 1);
            running.join().unwrap();
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// An executor that ends takes a waker from its list, whenever that is.
#[test]
fn a_recall_meets_the_poll_that_is_kept() {
    for detached in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let queue = model.queue.clone();
            let recalling = thread::spawn(move || queue.recall());
            let task = if detached {
                task.detach();
                None
            } else {
                Some(task)
            };
            runnable.run();
            recalling.join().unwrap();
            model.run_all();
            drop(task);
            assert_eq!(model.end(), 0);
        });
    }
}

/// The list is counted from the end of that poll on, and not at all if the poll is the last.
#[test]
fn everybody_leaves_a_task_as_it_is_kept() {
    for cancel in [false, true] {
        bounded(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let waker = runnable.waker();
            let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(model.end(), 0);
        });
    }
}

/// A kept task ends in its next poll, with a waker and a handle that go, and an awaiter or none, which was moved or was not.
#[test]
fn everybody_leaves_a_kept_task_as_it_ends() {
    for awaiters in 0..3 {
        bounded(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let waker = runnable.waker();
            runnable.run();
            let mut task = task.fallible();
            let called = [Arc::<Called>::default(), Arc::default()];
            for called in &called[..awaiters] {
                assert!(poll_once(&mut task, &Waker::from(called.clone())).is_pending());
            }
            model.flags[0].store(true, Ordering::Relaxed);
            waker.wake_by_ref();
            let runnable = model.pop().expect("it was woken");
            let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
            drop(task);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
            model.end();
        });
    }
}

/// A kept task is recalled, woken and run to its end, all at once.
#[test]
fn a_recall_meets_a_wake_and_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::at(true, 1, 0);
        let waker = runnable.waker();
        runnable.run();
        let waking = model.wakes(0, waker);
        let queue = model.queue.clone();
        let recalling = thread::spawn(move || queue.recall());
        model.run_all();
        waking.join().unwrap();
        recalling.join().unwrap();
        finished(&model, task);
        assert_eq!(model.end(), 1);
    });
}

/// A task that awaits another, on two threads: the awaiter is a waker of a task, too.
#[test]
fn a_task_awaits_a_task() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let mut task = Some(task);
        let outer = spawn(
            &(model.queue.clone() as Home),
            poll_fn(move |cx| {
                let polled = Pin::new(task.as_mut().expect("it ends once")).poll(cx);
                polled.map(|output| drop((output, task.take())))
            }),
        );
        let first = model.pop().expect("it was scheduled");
        let running = model.runs(runnable);
        first.run();
        running.join().unwrap();
        model.run_all();
        block_on(outer);
        assert_eq!(model.end(), 1);
    });
}
