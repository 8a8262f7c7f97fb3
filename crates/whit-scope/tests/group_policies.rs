//! What a group does beyond the first error: policies, limits, starts, cancelling by hand.

mod support;

use std::future::{pending, ready};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_lite::future::yield_now;
use support::{Log, failed, in_order, lasting, ms, on_four_threads, simulate, sleep};
use whit_scope::{
    Cancelled, GroupBuilder, NotStarted, Policy, TaskGroup, cancelled, is_cancelled, move_on_after, task_group,
};

#[test]
fn cancelling_a_group_by_hand_ends_it_with_that() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group: TaskGroup<&str>| async move {
            let (child, stop) = (group.spawn::<()>(lasting(inside.clone(), "child")), group.clone());
            group.spawn(async move {
                sleep(5).await;
                assert!(stop.cancel("enough"));
                Ok(())
            });
            lasting::<Result<(), &str>>(inside, "body").await?;
            child.await.map_err(|_| "cancelled")
        });
        let error = group.await.unwrap_err();
        assert!(error.to_string().contains("group_policies.rs") && error.to_string().ends_with(": enough"), "{error}");
        assert_eq!(error.errors().count(), 0);
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["body", "child"]);
        // With a value of the body, the group has it.
        let value = task_group(|group: TaskGroup<&str>| async move {
            group.spawn(pending::<Result<(), _>>());
            group.cancel("done with it");
            Ok(7)
        });
        assert_eq!(value.await, Ok(7));
    }
    simulate(check);
    on_four_threads(check());
}

/// A child that is cancelled alone tells its own handle, and nobody else.
#[test]
fn one_child_is_cancelled_alone() {
    simulate(|| async {
        let value = task_group(|group: TaskGroup<()>| async move {
            let (one, other) = (
                group.spawn(pending::<Result<(), _>>()),
                group.spawn(async {
                    sleep(5).await;
                    Ok(5)
                }),
            );
            assert!(one.cancel("only this") && !one.cancel("again"));
            let why: Cancelled = one.await.unwrap_err();
            assert!(why.to_string().ends_with("only this"));
            Ok(other.await.unwrap())
        });
        assert_eq!(value.await, Ok(5));
    });
}

#[test]
fn supervise_collects_errors_and_cancels_nobody() {
    async fn check() {
        let value = GroupBuilder::new().policy(Policy::Supervise).run(|group| async move {
            for n in [1, 2, 3u64] {
                group.spawn(async move {
                    sleep(n * 10).await;
                    if n == 3 { Ok(()) } else { Err(n) }
                });
            }
            sleep(25).await;
            assert!(!is_cancelled());
            Ok(())
        });
        let mut errors: Vec<_> = value.await.unwrap_err().errors().copied().collect();
        errors.sort_unstable(); // a busy machine may have them in another order
        assert_eq!(errors, [1, 2]);
    }
    simulate(check);
    on_four_threads(check());
}

#[test]
fn the_first_ok_cancels_the_other_children_and_forgives_errors() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let value = GroupBuilder::new().policy(Policy::FirstOk).run(|group| async move {
            group.spawn(async { Err::<(), _>("early") });
            group.spawn::<()>(lasting(inside, "loser"));
            let winner = group.spawn(async {
                sleep(5).await;
                Ok(5)
            });
            let won = winner.await.unwrap();
            sleep(5).await; // the body goes on
            assert!(!is_cancelled());
            Ok(won)
        });
        assert_eq!((value.await, log.take()), (Ok(5), vec!["loser".to_owned()]));
        let none = GroupBuilder::new().policy(Policy::FirstOk).run(|group| async move {
            group.spawn(async { Err::<(), _>("a") });
            Ok(())
        });
        assert_eq!(none.await, Err(failed("a", vec![])));
        let body = GroupBuilder::new().policy(Policy::FirstOk).run(|group| async move {
            let _ok = group.spawn(ready(Ok(()))).await;
            Err::<(), _>("the body's counts")
        });
        assert_eq!(body.await, Err(failed("the body's counts", vec![])));
    }
    simulate(check);
    on_four_threads(check());
}

#[test]
fn discard_drops_errors_and_keeps_nothing() {
    in_order(|_| async {
        let value = GroupBuilder::new().policy(Policy::Discard).run(|group| async move {
            let token = Arc::new(());
            for _ in 0..1000 {
                let (held, other) = (token.clone(), token.clone());
                group.spawn(async move { Ok(held) });
                group.spawn(async move { Err::<(), _>(other) });
                yield_now().await;
            }
            yield_now().await;
            assert_eq!((Arc::strong_count(&token), group.len()), (1, 0));
            Ok(())
        });
        value.await.unwrap();
    });
}

#[test]
fn a_limit_bounds_what_runs_and_keeps_the_order() {
    async fn check(first_come: bool) {
        let (running, peak, order) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Log::default());
        let (counts, seen) = ((running, peak.clone()), order.clone());
        let group = GroupBuilder::new().limit(3).run(|group: TaskGroup<()>| async move {
            for n in 0..30 {
                let ((running, peak), order) = (counts.clone(), seen.clone());
                group.spawn(async move {
                    order.add(n.to_string());
                    peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    sleep(1).await;
                    running.fetch_sub(1, SeqCst);
                    Ok(())
                });
            }
            assert_eq!(group.len(), 30);
            Ok(())
        });
        group.await.unwrap();
        let order = order.take();
        assert_eq!((order.len(), peak.load(SeqCst)), (30, 3));
        assert!(!first_come || order == (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
    }
    in_order(|_| check(true));
    simulate(|| check(false));
    on_four_threads(check(false));
    let panic = catch_unwind(|| GroupBuilder::new().limit(0)).unwrap_err();
    assert!(panic.downcast_ref::<&str>().unwrap().starts_with("a limit of 0"));
}

/// trio's nursery.start: readiness with a value.
#[test]
fn start_gives_what_the_child_is_ready_with() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group: TaskGroup<&str>| async move {
            let served = inside.clone();
            let port = group.start(|ready| async move {
                sleep(5).await;
                ready.set(8080);
                let _why = cancelled().await;
                served.add("served until the end");
                Ok(())
            });
            assert_eq!(port.await, Ok(8080));
            let fails = group.start(|ready| async move {
                drop::<whit_scope::Ready<()>>(ready);
                Ok(())
            });
            assert_eq!(fails.await, Err(NotStarted));
            // Whoever gives up the start gives up the child.
            let given_up = inside.clone();
            let slow = group.start(|ready| async move {
                let _guard = given_up.on_drop("given up");
                pending::<()>().await;
                ready.set(());
                Ok(())
            });
            assert_eq!(move_on_after(ms(5), slow).await, None);
            while group.len() > 1 {
                sleep(1).await;
            }
            group.cancel("over");
            Ok(())
        });
        assert_eq!(group.await, Ok(()));
        assert_eq!(log.take(), ["given up", "served until the end"]);
    }
    simulate(check);
    on_four_threads(check());
}

#[test]
fn a_child_that_fails_before_it_is_ready_ends_the_group() {
    simulate(|| async {
        let group = task_group(|group| async move {
            let start = group.start(|ready| async move {
                let _ready: whit_scope::Ready<()> = ready;
                Err("no port")
            });
            let outcome = start.await;
            sleep(1).await;
            unreachable!("{outcome:?}");
            #[allow(unreachable_code)]
            Ok(())
        });
        assert_eq!(group.await, Err(failed("no port", vec![])));
    });
}

/// A scheduler that refuses what comes makes room for the next at once: by a loop, and not by going deeper each time.
#[test]
fn a_long_queue_is_drained_without_a_deep_stack() {
    #[derive(Default)]
    struct Closing(std::sync::Mutex<(bool, Vec<whit_core::Runnable>)>);
    impl whit_core::Schedule for Closing {
        fn schedule(&self, runnable: whit_core::Runnable, _: whit_core::ScheduleInfo) {
            let mut inner = self.0.lock().unwrap();
            let refused = if inner.0 {
                Some(runnable)
            } else {
                inner.1.push(runnable);
                None
            };
            drop(inner);
            drop(refused);
        }
    }
    let home = Arc::new(Closing::default());
    let builder = GroupBuilder::new().limit(2).home(home.clone());
    let mut group = Box::pin(builder.run(|group: TaskGroup<()>| async move {
        (0..100_000).for_each(|_| drop(group.spawn(pending::<Result<(), ()>>())));
        assert_eq!(group.len(), 100_000);
        Ok(group)
    }));
    assert!(whit_core::block_on(futures_lite::future::poll_once(&mut group)).is_none());
    let held = {
        let mut inner = home.0.lock().unwrap();
        inner.0 = true;
        std::mem::take(&mut inner.1)
    };
    assert_eq!(held.len(), 2);
    drop(held);
    assert!(whit_core::block_on(group).unwrap().is_empty());
}
