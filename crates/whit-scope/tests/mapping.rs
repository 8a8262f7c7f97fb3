//! `try_map_concurrent` and `try_map_stream_concurrent`.

mod support;

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_lite::stream;
use support::{Log, OnDrop, ms, on_four_threads, simulate, sleep, spawn};
use whit_scope::{fail_after, try_map_concurrent, try_map_stream_concurrent};

#[test]
fn values_come_in_the_order_of_the_items_and_the_limit_is_kept() {
    simulate(|| async {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = async |n: u64| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            sleep(30 - n).await;
            running.set(running.get() - 1);
            Ok::<_, ()>(n)
        };
        let all: Vec<_> = (0..30).collect();
        assert_eq!(try_map_concurrent(7, 0..30, work).await.as_ref(), Ok(&all));
        assert_eq!(try_map_stream_concurrent(7, stream::iter(0..30), work).await, Ok(all));
        assert_eq!((running.get(), most.get()), (0, 7));
        assert_eq!(try_map_concurrent(1, [(); 0], |()| ready(Err::<(), _>(1))).await, Ok(vec![]));
    });
}

/// The first error takes no further item, and is given when the tasks that the others had spawned are gone as well.
#[test]
fn the_first_error_ends_the_others_and_waits_for_them() {
    async fn work(n: u64, log: Log) -> Result<OnDrop, &'static str> {
        match n {
            0 => Ok(log.on_drop("value")),
            3 => {
                sleep(5).await;
                Err("no")
            }
            _ => {
                let guard = log.on_drop("task");
                let task = spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                task.await;
                unreachable!("it never ends")
            }
        }
    }
    let check = |taken: &AtomicUsize, log: &Log| {
        let mut gone = log.take();
        gone.sort();
        assert_eq!((taken.load(SeqCst), gone), (5, ["task", "task", "task", "value"].map(str::to_owned).to_vec()));
    };
    on_four_threads(async move {
        for _ in 0..20 {
            let (taken, log) = (AtomicUsize::new(0), Log::default());
            let items = (0..100).inspect(|_| _ = taken.fetch_add(1, SeqCst));
            let failed = try_map_concurrent(4, items, |n| work(n, log.clone())).await;
            assert_eq!(failed.err(), Some("no"));
            check(&taken, &log);

            taken.store(0, SeqCst);
            let items = stream::iter((0..100).inspect(|_| _ = taken.fetch_add(1, SeqCst)));
            let failed = try_map_stream_concurrent(4, items, |n| work(n, log.clone())).await;
            assert_eq!(failed.err(), Some("no"));
            check(&taken, &log);
        }
    });
}

#[test]
fn errors_of_a_stream_and_of_time_go_the_same_way() {
    simulate(|| async {
        let items = stream::iter([Ok(1), Err("the stream"), Ok(3)]);
        let failed = try_map_stream_concurrent(1, items, async |item| Ok::<u64, &str>(item? + 1));
        assert_eq!(failed.await, Err("the stream"));
        let late = try_map_concurrent(9, [1, 50, 2], |n| fail_after(ms(10), sleep(n)));
        assert!(late.await.is_err());
    });
}

#[test]
fn a_limit_of_nothing_is_refused_where_it_is_given() {
    let panic = catch_unwind(|| drop(try_map_concurrent(0, 0..3, |_| ready(Ok::<(), ()>(()))))).unwrap_err();
    assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.starts_with("a limit of 0")));
}
