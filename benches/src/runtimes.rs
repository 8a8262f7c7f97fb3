//! The contenders that run tasks, behind one trait, so that a row is one generic body.
//!
//! A sample is a process of its own, so a runtime that is started once is never ended.

#![allow(clippy::manual_async_fn, reason = "the trait says that the future borrows nothing, which `async fn` cannot")]

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

/// Threads of the runtimes that have several.
pub(crate) const WORKERS: usize = 2;

/// A runtime. Its functions but `root` are called inside `root`, or in a task.
pub(crate) trait Runtime: 'static {
    type Task<T: Send + 'static>: Future<Output = T> + Send;
    /// Blocks this thread until `root` is ready, and drives the tasks with it.
    fn root<T>(root: impl Future<Output = T>) -> T;
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T>;
    fn detach<T: Send + 'static>(task: Self::Task<T>);
    fn yield_now() -> impl Future<Output = ()> + Send + 'static;
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static;
}

/// A runtime with threads of its own, which others can spawn on.
pub(crate) trait Pool: Runtime {
    /// Starts it; later calls of `spawn_outside` may come from any thread.
    fn start();
    fn spawn_outside(future: impl Future<Output = ()> + Send + 'static);
    /// Waits on a thread that is none of the runtime's, in the runtime's own way.
    fn wait_outside<T>(future: impl Future<Output = T>) -> T;
}

/// whit with two workers, of which the root's thread is one.
pub(crate) struct Whit;
static WHIT: OnceLock<whit::Handle> = OnceLock::new();

impl Runtime for Whit {
    type Task<T: Send + 'static> = whit::Task<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        whit::Builder::new().workers(WORKERS).on_blocked(|_| {}).run(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> whit::Task<T> {
        whit::spawn(future)
    }
    fn detach<T: Send + 'static>(task: whit::Task<T>) {
        task.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        whit::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Untold(whit::sleep(duration))
    }
}

/// A sleep whose output, an instant, is of no interest: the sleeps of others have none.
struct Untold(whit::time::Sleep);

impl Future for Untold {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Pool for Whit {
    fn start() {
        thread::spawn(|| {
            Whit::root(async {
                WHIT.get_or_init(whit::Handle::current);
                std::future::pending::<()>().await;
            });
        });
        WHIT.wait();
    }
    fn spawn_outside(future: impl Future<Output = ()> + Send + 'static) {
        WHIT.wait().spawn(future).detach();
    }
    fn wait_outside<T>(future: impl Future<Output = T>) -> T {
        whit::block_on(future)
    }
}

/// whit on one thread; `EAGER` polls tasks in their spawn.
pub(crate) struct WhitLocal<const EAGER: bool = false>;

impl<const EAGER: bool> Runtime for WhitLocal<EAGER> {
    type Task<T: Send + 'static> = whit::Task<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        whit::Builder::new().on_blocked(|_| {}).run_local(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> whit::Task<T> {
        if EAGER { whit::spawn_local_eager(future) } else { whit::spawn_local(future) }
    }
    fn detach<T: Send + 'static>(task: whit::Task<T>) {
        task.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        whit::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Whit::sleep(duration)
    }
}

/// tokio, `MANY` with two workers, and else the one of the current thread.
pub(crate) struct Tokio<const MANY: bool>;
static TOKIO: OnceLock<tokio::runtime::Runtime> = OnceLock::new();

fn tokio(many: bool) -> &'static tokio::runtime::Runtime {
    TOKIO.get_or_init(|| {
        let mut builder = match many {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        builder.worker_threads(WORKERS).enable_all().build().expect("tokio starts")
    })
}

pub(crate) struct TokioTask<T>(tokio::task::JoinHandle<T>);
impl<T> Future for TokioTask<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|done| done.expect("no task of ours panics"))
    }
}

impl<const MANY: bool> Runtime for Tokio<MANY> {
    type Task<T: Send + 'static> = TokioTask<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        tokio(MANY).block_on(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> TokioTask<T> {
        TokioTask(tokio::spawn(future))
    }
    fn detach<T: Send + 'static>(task: TokioTask<T>) {
        drop(task);
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        tokio::task::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

impl Pool for Tokio<true> {
    fn start() {
        tokio(true);
    }
    fn spawn_outside(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio(true).spawn(future));
    }
    fn wait_outside<T>(future: impl Future<Output = T>) -> T {
        tokio(true).block_on(future)
    }
}

/// smol: its executor on two threads of which the root's is one, as `smol::block_on` beside one `SMOL_THREADS` has it.
pub(crate) struct Smol;
static SMOL: async_executor::Executor<'static> = async_executor::Executor::new();

fn smol_threads(count: usize) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        for _ in 0..count {
            thread::spawn(|| async_io::block_on(SMOL.run(std::future::pending::<()>())));
        }
    });
}

impl Runtime for Smol {
    type Task<T: Send + 'static> = async_executor::Task<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        smol_threads(WORKERS - 1);
        async_io::block_on(SMOL.run(root))
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        SMOL.spawn(future)
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        async move {
            async_io::Timer::after(duration).await;
        }
    }
}

impl Pool for Smol {
    fn start() {
        smol_threads(WORKERS);
    }
    fn spawn_outside(future: impl Future<Output = ()> + Send + 'static) {
        SMOL.spawn(future).detach();
    }
    fn wait_outside<T>(future: impl Future<Output = T>) -> T {
        async_io::block_on(future)
    }
}

/// smol's static executor, on two threads.
pub(crate) struct SmolStatic;
static STATIC: async_executor::StaticExecutor = async_executor::StaticExecutor::new();

fn static_threads(count: usize) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        for _ in 0..count {
            thread::spawn(|| async_io::block_on(STATIC.run(std::future::pending::<()>())));
        }
    });
}

impl Runtime for SmolStatic {
    type Task<T: Send + 'static> = async_executor::Task<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        static_threads(WORKERS - 1);
        async_io::block_on(STATIC.run(root))
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        STATIC.spawn(future)
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Smol::sleep(duration)
    }
}

impl Pool for SmolStatic {
    fn start() {
        static_threads(WORKERS);
    }
    fn spawn_outside(future: impl Future<Output = ()> + Send + 'static) {
        STATIC.spawn(future).detach();
    }
    fn wait_outside<T>(future: impl Future<Output = T>) -> T {
        Smol::wait_outside(future)
    }
}

/// What never leaves the thread it was made on, though the trait above asks for `Send`.
pub(crate) struct OneThread<F>(F);
// SAFETY: made by the runtimes of one thread below only. In their samples there is no other thread: `root` polls on the
// thread of `main`, and every task runs there.
unsafe impl<F> Send for OneThread<F> {}

impl<F> OneThread<F> {
    /// For what has one thread in its sample.
    pub(crate) fn new(future: F) -> OneThread<F> {
        OneThread(future)
    }
}

impl<F: Future> Future for OneThread<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the field is pinned with the whole, is moved out by `detach` alone, which takes what was not polled.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }.poll(cx)
    }
}

/// smol's `LocalExecutor`.
pub(crate) struct SmolLocal;
thread_local! {
    static LOCAL: async_executor::LocalExecutor<'static> = const { async_executor::LocalExecutor::new() };
}

impl Runtime for SmolLocal {
    type Task<T: Send + 'static> = async_executor::Task<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        LOCAL.with(|local| async_io::block_on(local.run(root)))
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        LOCAL.with(|local| local.spawn(future))
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Smol::sleep(duration)
    }
}

/// monoio, on io_uring where the kernel allows it.
pub(crate) struct Monoio;

impl Runtime for Monoio {
    type Task<T: Send + 'static> = OneThread<monoio::task::JoinHandle<T>>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        let mut runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().enable_timer().build().expect("starts");
        runtime.block_on(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        OneThread(monoio::spawn(future))
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        drop(task);
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        OneThread(monoio::time::sleep(duration))
    }
}

/// compio, on io_uring where the kernel allows it.
pub(crate) struct Compio;

impl Runtime for Compio {
    type Task<T: Send + 'static> = CompioTask<T>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        compio::runtime::Runtime::new().expect("compio starts").block_on(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        CompioTask(compio::runtime::spawn(future))
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        task.0.detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        OneThread(compio::time::sleep(duration))
    }
}

pub(crate) struct CompioTask<T>(compio::runtime::JoinHandle<T>);
impl<T> Future for CompioTask<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|done| done.unwrap_or_else(|error| panic!("no task of ours ends so: {error}")))
    }
}

/// glommio, on io_uring.
#[cfg(target_os = "linux")]
pub(crate) struct Glommio;

#[cfg(target_os = "linux")]
impl Runtime for Glommio {
    type Task<T: Send + 'static> = OneThread<glommio::Task<T>>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        glommio::LocalExecutorBuilder::default().make().expect("glommio starts").run(root)
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        OneThread(glommio::spawn_local(future))
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        drop(task.0.detach());
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        OneThread(glommio::timer::sleep(duration))
    }
}
