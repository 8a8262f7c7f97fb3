//! The watch: a poll that blocks is reported once, and what waits behind it does not wait for long.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use whit::{BlockedPoll, Builder};

const MS: Duration = Duration::from_millis(1);

/// A builder, and what its watch reports, with the time of the report.
fn watched() -> (Builder, mpsc::Receiver<(Instant, BlockedPoll)>) {
    let (sender, reports) = mpsc::channel();
    let hook = move |poll: &BlockedPoll| sender.send((Instant::now(), poll.clone())).unwrap();
    (Builder::new().name("watched").on_blocked(hook), reports)
}

#[test]
fn a_poll_that_blocks_is_reported_once_and_in_time() {
    for workers in [1, 2] {
        // A machine that is busy lets the watch wait as well: one of five is in time.
        let late: Vec<_> = (0..5).map_while(|_| Some(report_once(workers)).filter(|took| *took >= 210 * MS)).collect();
        assert!(late.len() < 5, "{workers} workers: {late:?}");
    }
}

/// How long after it began a poll was reported.
fn report_once(workers: usize) -> Duration {
    let (builder, reports) = watched();
    let (began, id, line) = builder.workers(workers).run(async {
        let task = whit::spawn_named("greedy", async {
            let began = Instant::now();
            thread::sleep(600 * MS);
            began
        });
        let (id, line) = (task.id(), task.meta().location().line());
        (task.await, id, line)
    });
    let (at, poll) = reports.try_recv().expect("it was reported");
    assert!(at - began >= 100 * MS);
    assert!(poll.lasted >= 100 * MS);
    assert_eq!((poll.task, poll.name.as_deref(), poll.location.line()), (Some(id), Some("greedy"), line));
    assert!(!poll.worker.is_empty());
    assert!(reports.try_recv().is_err(), "once");
    at - began
}

#[test]
fn the_root_and_local_tasks_are_watched_too() {
    let (builder, reports) = watched();
    builder.clone().run(async { thread::sleep(200 * MS) });
    assert_eq!(reports.try_recv().expect("the root was reported").1.task, None);
    builder.clone().run_local(async { thread::sleep(200 * MS) });
    assert_eq!(reports.try_recv().expect("the local root was reported").1.task, None);
    builder.run_local(async {
        let task = whit::spawn_local(async { thread::sleep(200 * MS) });
        let id = task.id();
        task.await;
        assert_eq!(reports.recv().unwrap().1.task, Some(id));
        assert!(reports.try_recv().is_err());
    });
}

/// Without any feature the report says at least this much.
#[cfg(target_os = "linux")]
#[test]
fn the_report_says_what_the_thread_does() {
    let (builder, reports) = watched();
    builder.clone().workers(1).run(async { thread::sleep(200 * MS) });
    let (_, poll) = reports.try_recv().expect("it was reported");
    assert!(poll.doing.as_deref().is_some_and(|doing| doing.starts_with("sleeps in the system")), "{poll:?}");
    assert!(poll.thread.is_some());
    assert!(poll.to_string().contains(", and the thread sleeps in the system"), "{poll}");
    builder.run_local(async {
        let began = Instant::now();
        while began.elapsed() < 200 * MS {}
    });
    assert_eq!(reports.try_recv().expect("it was reported").1.doing.as_deref(), Some("runs"));
}

#[test]
fn many_short_polls_and_long_sleeps_are_no_reason_for_a_report() {
    let (builder, reports) = watched();
    builder.workers(2).run(async {
        let busy = whit::spawn(async {
            let began = Instant::now();
            while began.elapsed() < 250 * MS {
                whit::yield_now().await;
            }
        });
        whit::sleep(250 * MS).await;
        busy.await;
        whit::unblock(|| thread::sleep(200 * MS)).await;
    });
    assert!(reports.try_recv().is_err());
}

/// The task that a blocked worker woke last stands in its LIFO slot, where only the watch sees that somebody should come.
#[test]
fn what_waits_behind_a_blocked_poll_is_taken_over() {
    let (builder, _reports) = watched();
    let mut waits: Vec<_> = (0..5)
        .map(|_| {
            builder.clone().workers(2).run(async {
                let (sender, receiver) = whit::sync::oneshot::channel();
                let waiting = whit::spawn(async move {
                    let sent: Instant = receiver.await.unwrap();
                    sent.elapsed()
                });
                whit::sleep(5 * MS).await;
                // It waits now. The other worker takes the driver over and sleeps in there, where it looks at nobody.
                thread::sleep(60 * MS);
                whit::spawn(async move {
                    sender.send(Instant::now()).unwrap();
                    thread::sleep(400 * MS);
                })
                .detach();
                waiting.await
            })
        })
        .collect();
    waits.sort();
    // As it should be at least once, and mostly not as long as the task blocks: the machine may be busy.
    assert!(waits[0] < 50 * MS && waits[2] < 200 * MS, "{waits:?}");
}

#[test]
fn it_can_be_turned_off_and_a_hook_that_panics_harms_nobody() {
    let (builder, reports) = watched();
    builder.blocked_after(Duration::MAX).run(async { thread::sleep(200 * MS) });
    assert!(reports.try_recv().is_err());
    let builder = Builder::new().on_blocked(|_| panic!("in the hook"));
    assert_eq!(builder.run(async { whit::spawn(async { thread::sleep(200 * MS) }).await }), ());
}
