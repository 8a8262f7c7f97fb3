//! What the models of a task stand on: a home, a future and an output that count, and threads that do one thing.

#![allow(dead_code, reason = "each model takes what it needs")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Number, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use whit_core::{Adoption, FallibleTask, Home, Kept, Runnable, Schedule, ScheduleInfo, Task, spawn};

pub(crate) const SWITCHES: usize = 3;

/// Two threads: every order there is.
pub(crate) fn model(f: impl Fn() + Send + Sync + 'static) {
    loom::model(f);
}

/// Up to [`SWITCHES`] switches by force.
pub(crate) fn bounded(f: impl Fn() + Send + Sync + 'static) {
    bounded_by(SWITCHES, f);
}

pub(crate) fn bounded_by(switches: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.check(f);
}

/// A home that keeps its one task in a list, of one place, or keeps no account, so that the task counts it.
pub(crate) struct Queue {
    pub(crate) ready: Mutex<Vec<Runnable>>,
    pub(crate) keeps: bool,
    pub(crate) kept: Mutex<Option<Kept>>,
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
    pub(crate) fn recall(&self) {
        let kept = self.kept.lock().unwrap();
        // SAFETY: `release` takes it out under the lock.
        let waker = kept.as_ref().map(|task| unsafe { task.waker() });
        drop(kept);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Counts the tasks in memory, by the alignment that only they have. Each model runs on one thread.
pub(crate) struct Counting;

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

pub(crate) const ALIGN: usize = 512;

/// What a model looks at in the end.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Polls, and those that were alone: a panic in a poll does not get out of the task.
    polls: [Number; 2],
    pub(crate) futures: Number,
    pub(crate) outputs_made: Number,
    pub(crate) outputs: Number,
}

/// A future that is ready when all flags are up. It looks at them without any order of its own: that a poll sees what was written
/// before a wake is the task's affair.
#[repr(align(512))]
pub(crate) struct Job {
    pub(crate) flags: Arc<[AtomicBool]>,
    /// So many times it wakes itself first.
    yields: usize,
    pub(crate) own: UnsafeCell<usize>,
    pub(crate) ledger: Arc<Ledger>,
}

pub(crate) struct Output {
    pub(crate) own: UnsafeCell<usize>,
    pub(crate) ledger: Arc<Ledger>,
}

pub(crate) fn touch(cell: &UnsafeCell<usize>) {
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

pub(crate) struct Model {
    pub(crate) queue: Arc<Queue>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) flags: Arc<[AtomicBool]>,
}

impl Model {
    /// A task that waits for so many flags, with its first runnable.
    pub(crate) fn new(flags: usize, yields: usize) -> (Model, Runnable, Task<Output>) {
        Model::at(false, flags, yields)
    }

    /// One of a home that keeps it in its list, if `keeps`.
    pub(crate) fn at(keeps: bool, flags: usize, yields: usize) -> (Model, Runnable, Task<Output>) {
        let queue = Arc::new(Queue { ready: Mutex::new(Vec::new()), keeps, kept: Mutex::new(None) });
        let (ledger, flags) = (Arc::<Ledger>::default(), (0..flags).map(|_| AtomicBool::new(false)).collect());
        let model = Model { queue, ledger, flags };
        let (flags, ledger) = (model.flags.clone(), model.ledger.clone());
        let task = spawn(&(model.queue.clone() as Home), Job { flags, yields, own: UnsafeCell::new(0), ledger });
        let runnable = model.pop().expect("a task is scheduled at its spawn");
        (model, runnable, task)
    }

    /// One that was polled, and waits; with so many wakers.
    pub(crate) fn waiting<const WAKERS: usize>(flags: usize) -> (Model, [Waker; WAKERS], Task<Output>) {
        let (model, runnable, task) = Model::new(flags, 0);
        let wakers = std::array::from_fn(|_| runnable.waker());
        assert!(!runnable.run());
        (model, wakers, task)
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.queue.ready.lock().unwrap().pop()
    }

    pub(crate) fn run_all(&self) {
        while let Some(runnable) = self.pop() {
            runnable.run();
        }
    }

    /// A thread that runs what there is.
    pub(crate) fn runs(&self, first: Runnable) -> thread::JoinHandle<()> {
        thread::spawn(move || _ = first.run())
    }

    /// A thread that puts a flag up, and wakes.
    pub(crate) fn wakes(&self, flag: usize, waker: Waker) -> thread::JoinHandle<()> {
        let flags = self.flags.clone();
        thread::spawn(move || {
            flags[flag].store(true, Ordering::Relaxed);
            waker.wake();
        })
    }

    /// The same, by a reference, and the waker goes after it.
    pub(crate) fn wakes_by_ref(&self, flag: usize, waker: Waker) -> thread::JoinHandle<()> {
        let flags = self.flags.clone();
        thread::spawn(move || {
            flags[flag].store(true, Ordering::Relaxed);
            waker.wake_by_ref();
        })
    }

    /// Everything is over, and nobody but the model has the queue.
    pub(crate) fn end(self) -> usize {
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
pub(crate) struct Called(pub(crate) AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn poll_once<T>(task: &mut FallibleTask<T>, waker: &Waker) -> Poll<Option<T>> {
    Pin::new(task).poll(&mut Context::from_waker(waker))
}

/// The output is there after everything was run: no wake was lost.
pub(crate) fn finished(model: &Model, task: Task<Output>) {
    model.run_all();
    let mut task = task.fallible();
    let Poll::Ready(Some(output)) = poll_once(&mut task, Waker::noop()) else { panic!("a wake was lost") };
    touch(&output.own);
}
