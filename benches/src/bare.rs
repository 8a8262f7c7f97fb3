//! The limit of the rows of one thread: a deque of boxed futures, polled in turn, with a waker that does nothing.
//!
//! No wakes, no atomics, no other thread, no cancellation. It fits rows whose tasks are ready whenever it is their turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtimes::{OneThread, Runtime};

pub(crate) struct Bare;

thread_local! {
    static TASKS: RefCell<VecDeque<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(VecDeque::new()) };
}

/// Ready as soon as the task has left its output.
pub(crate) struct Output<T>(Rc<Cell<Option<T>>>);

impl<T> Future for Output<T> {
    type Output = T;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Runtime for Bare {
    type Task<T: Send + 'static> = OneThread<Output<T>>;
    fn root<T>(root: impl Future<Output = T>) -> T {
        let (mut root, mut cx) = (pin!(root), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(output) = root.as_mut().poll(&mut cx) {
                return output;
            }
            let turn = TASKS.with_borrow(VecDeque::len);
            for _ in 0..turn {
                let mut task = TASKS.with_borrow_mut(VecDeque::pop_front).expect("nobody else takes one");
                if task.as_mut().poll(&mut cx).is_pending() {
                    TASKS.with_borrow_mut(|tasks| tasks.push_back(task));
                }
            }
        }
    }
    fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Self::Task<T> {
        let output = Rc::new(Cell::new(None));
        let theirs = output.clone();
        let task = Box::pin(async move { theirs.set(Some(future.await)) });
        TASKS.with_borrow_mut(|tasks| tasks.push_back(task));
        OneThread::new(Output(output))
    }
    fn detach<T: Send + 'static>(task: Self::Task<T>) {
        drop(task);
    }
    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }
    async fn sleep(_: Duration) {
        unreachable!("the bare deque has no timers")
    }
}
