//! Spawning, ending and panicking, on both executors.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use futures_lite::future::{block_on, yield_now};
use whit_core::{Handle, Task, ThreadPark, current_task};
use whit_executor::{Executor, LocalExecutor, SharedPark};

/// Counts its drops.
struct Dropped(Arc<AtomicUsize>);
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn tasks_borrow_and_join() {
    let text = String::from("borrowed");
    let executor = Executor::new();
    let task = executor.spawn(async { text.len() });
    assert_eq!(block_on(executor.run(task)), 8);
    assert!(executor.is_empty());
}

#[test]
fn dropping_the_executor_drops_every_future() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new();
    for _ in 0..100 {
        let dropped = Dropped(drops.clone());
        executor
            .spawn(async move {
                let _dropped = dropped;
                pending::<()>().await
            })
            .detach();
    }
    while executor.try_tick() {}
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    drop(executor);
    assert_eq!(drops.load(Ordering::SeqCst), 100);
}

#[test]
fn a_wake_during_the_drop_finds_the_futures_whole() {
    for _ in 0..300 {
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        let borrowed = AtomicUsize::new(0);
        let executor = Executor::new();
        for _ in 0..4 {
            struct Touch<'b>(&'b AtomicUsize);
            impl Drop for Touch<'_> {
                fn drop(&mut self) {
                    self.0.fetch_add(1, Ordering::SeqCst);
                }
            }
            let (wakers, touch) = (wakers.clone(), Touch(&borrowed));
            let future = poll_fn(move |cx| {
                let _ = &touch;
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<()>::Pending
            });
            executor.spawn(future).detach();
        }
        while executor.try_tick() {}
        let waking =
            thread::spawn(move || std::mem::take(&mut *wakers.lock().unwrap()).into_iter().for_each(Waker::wake));
        drop(executor);
        assert_eq!(borrowed.load(Ordering::SeqCst), 4);
        waking.join().unwrap();
    }
}

#[test]
fn cancel_gives_the_output_or_none() {
    let executor = Executor::new();
    block_on(executor.run(async {
        let done = executor.spawn(async { 1 });
        while !done.is_finished() {
            yield_now().await;
        }
        assert_eq!(done.cancel().await, Some(1));
        assert_eq!(executor.spawn(pending::<u8>()).cancel().await, None);
    }));
}

#[test]
fn panics_go_to_the_awaiter_or_to_the_hook_and_never_end_a_worker() {
    struct PanicsInDrop;
    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let executor = Executor::new();
    executor.on_unhandled({
        let told = told.clone();
        move |panic| told.lock().unwrap().push((panic.message().map(str::to_owned), panic.location().line()))
    });
    let line = line!() + 1;
    executor.spawn(async { panic!("detached") }).detach();
    executor.spawn(async { PanicsInDrop }).detach();
    let in_future = PanicsInDrop;
    drop(executor.spawn(async move {
        let _in_future = in_future;
        pending::<()>().await
    }));
    let awaited: Task<()> = executor.spawn(async { panic!("awaited") });
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(executor.run(awaited)))).unwrap_err();
    assert_eq!(caught.downcast_ref(), Some(&"awaited"));
    assert_eq!(block_on(executor.run(executor.spawn(async { 7 }))), 7);
    while executor.try_tick() {}
    assert_eq!(*told.lock().unwrap(), [(Some("detached".to_owned()), line)]);
}

#[test]
fn a_task_that_wakes_itself_does_not_starve_others() {
    let executor = Executor::new();
    executor
        .spawn(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }))
        .detach();
    let other = executor.spawn(async { yield_now().await });
    block_on(executor.run(other));
    executor.block_on(&ThreadPark::new(), executor.spawn(async { yield_now().await }));
}

#[test]
fn two_tasks_that_wake_each_other_do_not_starve_a_third() {
    let executor = Executor::new();
    let wakers: Arc<[Mutex<Option<Waker>>; 2]> = Arc::default();
    for me in 0..2 {
        let wakers = wakers.clone();
        let ping = poll_fn(move |cx| {
            *wakers[me].lock().unwrap() = Some(cx.waker().clone());
            if let Some(other) = wakers[1 - me].lock().unwrap().take() {
                other.wake();
            }
            Poll::<()>::Pending
        });
        executor.spawn(ping).detach();
    }
    let third = executor.spawn(async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    executor.block_on(&ThreadPark::new(), third);
}

#[test]
fn workers_share_the_work_and_nothing_is_lost() {
    let executor = Arc::new(Executor::new());
    let shared = SharedPark::new(ThreadPark::new());
    let stop = executor.spawn(pending::<()>()).fallible();
    let (stopper, stopped) = std::sync::mpsc::channel::<()>();
    let count = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        let (peer, park) = (executor.clone(), shared.worker());
        scope.spawn(move || {
            peer.block_on(&park, async {
                while stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
                    yield_now().await;
                }
            });
        });
        executor.block_on(&shared.worker(), async {
            for _ in 0..50 {
                let tasks: Vec<_> = (0..100)
                    .map(|_| {
                        let (executor, count) = (executor.clone(), count.clone());
                        let inner = executor.clone();
                        executor.spawn(async move {
                            yield_now().await;
                            inner.spawn(async move { count.fetch_add(1, Ordering::Relaxed) }).await;
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await;
                }
            }
        });
        drop(stopper);
    });
    assert_eq!(count.load(Ordering::Relaxed), 5000);
    drop(stop);
}

#[test]
fn a_sleeping_worker_is_woken_from_any_thread() {
    let executor = Executor::new();
    let shared = SharedPark::new(ThreadPark::new());
    for round in 0..500 {
        let (sender, receiver) = oneshot();
        let task = executor.spawn(receiver);
        thread::scope(|scope| {
            scope.spawn(move || sender(round));
            assert_eq!(executor.block_on(&shared.worker(), task), round);
        });
    }
}

/// The least that hands a value over.
fn oneshot() -> (impl FnOnce(usize) + Send, impl Future<Output = usize> + Send) {
    let cell: Arc<Mutex<(Option<usize>, Option<Waker>)>> = Arc::default();
    let receiver = cell.clone();
    let send = move |value| {
        let mut cell = cell.lock().unwrap();
        cell.0 = Some(value);
        if let Some(waker) = cell.1.take() {
            waker.wake();
        }
    };
    let receive = poll_fn(move |cx| {
        let mut cell = receiver.lock().unwrap();
        match cell.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                cell.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    });
    (send, receive)
}

#[test]
fn after_close_spawns_come_back_cancelled() {
    let executor = Executor::new();
    executor.close();
    assert_eq!(block_on(executor.spawn(async { 1 }).fallible()), None);
    assert!(executor.is_empty());
    let home = executor.home();
    let handle = Handle::builder().home(home).build();
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(handle.spawn(async {})))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("runtime ended"));
}

/// A task that is in the list of those who wait, and in a poll as well, is named once.
#[test]
fn close_names_each_task_once() {
    let (started, hold) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    let mut polls = 0;
    let executor = Executor::new();
    let stuck = poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        started.wait();
        hold.wait();
        Poll::Ready(())
    });
    thread::scope(|scope| {
        let task = executor.spawn(stuck);
        let id = task.id();
        scope.spawn(|| block_on(executor.run(task.fallible())));
        started.wait();
        let error = executor.close_timeout(std::time::Duration::from_millis(5)).unwrap_err();
        hold.wait();
        assert_eq!(error.len(), 1, "{error:?}");
        assert!(error[0].starts_with(&format!("task {id} (spawned at ")), "{error:?}");
    });
}

#[test]
fn close_names_the_task_that_does_not_end() {
    let executor = Arc::new(Executor::new());
    let (started, hold) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(std::sync::Barrier::new(2)));
    let task = {
        let (started, hold) = (started.clone(), hold.clone());
        executor.spawn(async move {
            started.wait();
            hold.wait();
        })
    };
    let runner = {
        let executor = executor.clone();
        thread::spawn(move || block_on(executor.run(task.fallible())))
    };
    started.wait();
    let error = executor.close_timeout(std::time::Duration::from_millis(5)).unwrap_err();
    assert!(error[0].contains("tests/tasks.rs"), "{error:?}");
    hold.wait();
    runner.join().unwrap();
    executor.close_timeout(std::time::Duration::from_secs(5)).unwrap();
}

#[test]
fn local_tasks_stay_and_drop_on_their_thread() {
    let dropped = Rc::new(Cell::new(0));
    struct Here(Rc<Cell<i32>>, thread::ThreadId);
    impl Drop for Here {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.1);
            self.0.set(self.0.get() + 1);
        }
    }
    let executor = LocalExecutor::new();
    for _ in 0..100 {
        let here = Here(dropped.clone(), thread::current().id());
        let waker = Arc::new(Mutex::new(None::<Waker>));
        let slot = waker.clone();
        let task = executor.spawn(poll_fn(move |cx| {
            let _ = &here;
            *slot.lock().unwrap() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        while executor.try_tick() {}
        // The last waker goes on another thread, and so does the wake of a cancelled task.
        let waking = thread::spawn(move || waker.lock().unwrap().take().unwrap().wake());
        drop(task);
        waking.join().unwrap();
    }
    drop(executor);
    assert_eq!(dropped.get(), 100);
}

#[test]
fn a_local_executor_is_woken_from_any_thread() {
    let executor = LocalExecutor::new();
    let park = ThreadPark::new();
    for round in 0..300 {
        let (sender, receiver) = oneshot();
        let local = Rc::new(1);
        let task = executor.spawn(async move { receiver.await + *local });
        let sending = thread::spawn(move || sender(round));
        let got = if round % 2 == 0 { executor.block_on(&park, task) } else { block_on(executor.run(task)) };
        assert_eq!(got, round + 1);
        sending.join().unwrap();
    }
}

#[test]
fn parents_and_nested_loops_are_kept_apart() {
    let executor = Arc::new(Executor::new());
    let inside = executor.clone();
    block_on(executor.run(async {
        let outer = executor.spawn(async move {
            let me = current_task();
            let child = inside.spawn(async {});
            assert_eq!(child.meta().parent(), me);
            {
                let inner = LocalExecutor::new();
                assert_eq!(block_on(inner.run(inner.spawn(async { 3 }))), 3);
            }
            assert_eq!(current_task(), me);
            child.await;
        });
        outer.await;
    }));
}

#[test]
fn only_one_worker_at_a_time_is_in_the_driver() {
    struct Alone(std::sync::atomic::AtomicBool, ThreadPark);
    impl whit_core::Park for Alone {
        fn park(&self, deadline: Option<std::time::Instant>) -> std::io::Result<()> {
            assert!(!self.0.swap(true, Ordering::SeqCst), "two workers are in the driver");
            let soon = std::time::Instant::now() + std::time::Duration::from_micros(50);
            let parked = self.1.park(Some(deadline.map_or(soon, |deadline| deadline.min(soon))));
            self.0.store(false, Ordering::SeqCst);
            parked
        }
        fn unparker(&self) -> Waker {
            self.1.unparker()
        }
    }
    let shared = SharedPark::new(Alone(false.into(), ThreadPark::new()));
    let deadline = std::time::Instant::now() + std::time::Duration::from_millis(1);
    thread::scope(|scope| {
        for _ in 0..3 {
            let park = shared.worker();
            scope.spawn(move || {
                for _ in 0..300 {
                    whit_core::Park::park(&park, Some(deadline + std::time::Duration::from_millis(20))).unwrap();
                }
            });
        }
    });
}

#[test]
fn tasks_start_in_the_order_of_their_spawning() {
    let executor = Arc::new(Executor::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    executor.block_on(&ThreadPark::new(), async {
        let note = |number| {
            let order = order.clone();
            executor.spawn(async move { order.lock().unwrap().push(number) })
        };
        let tasks: Vec<_> = (0..10).map(note).collect();
        for task in tasks {
            task.await;
        }
    });
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

/// What is spawned on a closed local executor is dropped by its own thread and never polled, also while it is driven.
#[test]
fn a_closed_local_executor_polls_nothing() {
    let executor = LocalExecutor::new();
    executor.close();
    let polled = std::rc::Rc::new(std::cell::Cell::new(false));
    let seen = polled.clone();
    let spawned = async {
        let task = executor.spawn(async move { seen.set(true) });
        task.fallible().await
    };
    assert_eq!(executor.block_on(&whit_core::ThreadPark::new(), spawned), None);
    assert!(!polled.get());
    assert_eq!(std::rc::Rc::strong_count(&polled), 1);
}

/// A worker that was woken for a task polls its root first; if the root blocks, another worker must be called for the task.
#[test]
fn a_root_that_blocks_does_not_count_as_a_searcher() {
    use std::sync::mpsc;
    let executor = Executor::new();
    let (go, wait) = mpsc::channel::<()>();
    let (root_waker, woken) = mpsc::channel::<std::task::Waker>();
    std::thread::scope(|scope| {
        let (end, ended) = mpsc::channel::<()>();
        let (one, two) = (&executor, &executor);
        // Sleeps first, so that it is not the one that is woken first.
        let other = scope.spawn(move || {
            whit_core::block_on(two.run(async {
                std::future::poll_fn(|_| match ended.try_recv() {
                    Err(mpsc::TryRecvError::Empty) => std::task::Poll::Pending,
                    _ => std::task::Poll::Ready(()),
                })
                .await
            }));
        });
        std::thread::sleep(std::time::Duration::from_millis(50));
        let blocks = scope.spawn(move || {
            let mut polls = 0;
            whit_core::block_on(one.run(std::future::poll_fn(|cx| {
                polls += 1;
                if polls == 1 {
                    root_waker.send(cx.waker().clone()).unwrap();
                    return std::task::Poll::Pending;
                }
                // Blocks until the task has run.
                std::task::Poll::Ready(wait.recv_timeout(std::time::Duration::from_secs(5)).is_ok())
            })))
        });
        let waker = woken.recv().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        // The runner that slept last is notified for the task, and finds its root woken as well.
        executor.spawn(async move { go.send(()).unwrap() }).detach();
        waker.wake();
        assert!(blocks.join().unwrap(), "the task waited behind the root");
        drop(end);
        // Gets the other one up, to see its end. Its root has no waker, so that a task which is run here at once may not do.
        while !other.is_finished() {
            executor.spawn(async {}).detach();
            while !executor.is_empty() {
                executor.try_tick();
            }
            std::thread::yield_now();
        }
    });
}
