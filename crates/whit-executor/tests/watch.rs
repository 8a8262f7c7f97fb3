//! The watch of an executor that is driven by hand.

use std::sync::mpsc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use whit_core::{TaskId, ThreadPark};
use whit_executor::{Executor, LocalExecutor, WatchEnd};

const MS: Duration = Duration::from_millis(1);

/// Watches on a thread of its own, and gives the tasks that block; `None` is the root.
fn watch(executor: &LocalExecutor<'_>) -> (thread::JoinHandle<()>, WatchEnd, mpsc::Receiver<Option<TaskId>>) {
    let (mut watch, end) = executor.watch();
    let (sender, blocked) = mpsc::channel();
    let work = move || watch.run(20 * MS, |poll| sender.send(poll.task).unwrap());
    (thread::spawn(work), end, blocked)
}

/// Before, the inner loop said that the thread sleeps when it returned, and its polls cancelled out the outer one.
#[test]
fn a_local_executor_that_is_driven_in_its_own_task_is_watched_in_both() {
    let executor = LocalExecutor::new();
    let (watching, end, blocked) = watch(&executor);
    let inner = executor.block_on(&ThreadPark::new(), async {
        let task = executor.spawn(async { thread::sleep(100 * MS) });
        let id = task.id();
        executor.block_on(&ThreadPark::new(), task);
        assert_eq!(blocked.recv_timeout(50 * MS), Ok(Some(id)), "the inner task blocks");
        assert!(blocked.try_recv().is_err(), "the outer poll did not block meanwhile: others had their turn");
        thread::sleep(100 * MS);
        id
    });
    let outer = executor.block_on(&ThreadPark::new(), async { blocked.recv_timeout(50 * MS) });
    assert_eq!(outer, Ok(None), "the root blocks, {inner} has ended");
    end.end();
    watching.join().unwrap();
    assert!(blocked.try_recv().is_err());
}

/// A thread that sleeps in an inner loop sleeps: the watch does, too, and is got up by what comes.
#[test]
fn the_watch_is_got_up_when_an_inner_loop_wakes_up() {
    let executor = LocalExecutor::new();
    let (watching, end, blocked) = watch(&executor);
    executor.block_on(&ThreadPark::new(), async {
        let (sender, receiver) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || {
            thread::sleep(60 * MS);
            receiver.recv().unwrap().wake();
        });
        let mut polls = 0;
        executor.block_on(
            &ThreadPark::new(),
            std::future::poll_fn(|cx| {
                polls += 1;
                if polls == 1 {
                    sender.send(cx.waker().clone()).unwrap();
                    return std::task::Poll::Pending;
                }
                thread::sleep(100 * MS);
                std::task::Poll::Ready(())
            }),
        );
        waking.join().unwrap();
    });
    assert_eq!(blocked.try_recv(), Ok(None));
    end.end();
    watching.join().unwrap();
    assert!(blocked.try_recv().is_err(), "once");
}

#[test]
fn a_watch_that_was_ended_is_not_revived_by_the_next_one() {
    let executor = Executor::new();
    for _ in 0..100 {
        let (mut former, end) = executor.watch();
        end.end();
        let (_next, _) = executor.watch();
        let (sender, returned) = mpsc::channel();
        thread::spawn(move || {
            former.run(20 * MS, |_| {});
            sender.send(()).unwrap();
        });
        returned.recv_timeout(Duration::from_secs(5)).expect("it has ended");
        // Late, and so another's: nothing happens.
        end.end();
    }
}

/// One that sleeps, too, and the next one misses nothing while the former gets up.
#[test]
fn the_next_watch_ends_the_former_and_sees_all() {
    let executor = Executor::new();
    for _ in 0..20 {
        let (mut former, _) = executor.watch();
        let former = thread::spawn(move || former.run(10 * MS, |_| {}));
        thread::sleep(2 * MS);
        let (mut next, end) = executor.watch();
        let (sender, blocked) = mpsc::channel();
        let next = thread::spawn(move || next.run(10 * MS, |poll| sender.send(poll.task).unwrap()));
        executor.block_on(&ThreadPark::new(), async { thread::sleep(60 * MS) });
        assert_eq!(blocked.try_recv(), Ok(None));
        end.end();
        former.join().unwrap();
        next.join().unwrap();
    }
}
