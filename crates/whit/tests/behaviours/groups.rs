//! Groups: who is cancelled, who is waited for, and which error comes out.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use whit::scope::{GroupError, NotStarted, Ready, Reason};
use whit::{TaskGroup, cancelled, fail_after, is_cancelled, move_on_after, shield, task_group};

use crate::floors::{Log, everywhere, in_exact_time, ms, sleep};

/// Fails after some time.
async fn fails<T, E>(after: u64, error: E) -> Result<T, E> {
    sleep(after).await;
    Err(error)
}

/// Waits for its cancellation, and fails in its clean-up.
async fn fails_late<T, E>(after: u64, error: E) -> Result<T, E> {
    let _why = cancelled().await;
    shield(sleep(after)).await;
    Err(error)
}

/// Never ends by itself, and writes `name` when it is dropped.
async fn lasts<T>(log: Log, name: &'static str) -> T {
    let _guard = log.on_drop(name);
    pending().await
}

#[test]
fn b28_three_fail_and_one_sleeps_all_are_cancelled_and_only_errors_are_reported() {
    everywhere(|| async {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group| async move {
            let _body = inside.on_drop("the body");
            group.spawn(fails::<(), _>(10, "first"));
            group.spawn(fails_late::<(), _>(10, "second"));
            group.spawn(fails_late::<(), _>(30, "third"));
            group.spawn::<()>(lasts(inside.clone(), "the sleeper"));
            pending::<()>().await;
            inside.add("never");
            Ok(())
        });
        let GroupError::Failed { first, mut rest } = group.await.unwrap_err() else { panic!("it failed") };
        rest.sort_unstable();
        assert_eq!((first, rest), ("first", vec!["second", "third"]));
        assert_eq!(log.sorted(), ["the body", "the sleeper"]);
    });
}

#[test]
fn b29_cancelling_the_parent_reaches_five_children_and_the_body() {
    everywhere(|| async {
        let seen = Arc::new(AtomicUsize::new(0));
        let sees = |seen: Arc<AtomicUsize>| async move {
            let _why = cancelled().await;
            shield(sleep(5)).await;
            seen.fetch_add(1, SeqCst);
            pending::<Result<(), ()>>().await
        };
        let counts = seen.clone();
        let group = task_group(move |group| async move {
            for _ in 0..5 {
                group.spawn(sees(counts.clone()));
            }
            sees(counts).await
        });
        assert!(move_on_after(ms(10), group).await.is_none(), "the parent ends cancelled");
        assert_eq!(seen.load(SeqCst), 6, "and after them all");
    });
}

#[test]
fn b30_an_error_in_the_clean_up_is_reported_and_the_cancellation_is_not_lost() {
    everywhere(|| async {
        let log = Log::default();
        let (inside, children) = (log.clone(), log.clone());
        let outcome = move_on_after(ms(10), async move {
            let group = task_group(|group| async move {
                group.spawn(fails_late::<(), _>(0, "clean-up failed"));
                group.spawn::<()>(lasts(children, "child"));
                pending::<Result<(), _>>().await
            });
            inside.add(group.await.unwrap_err());
            pending::<()>().await;
        });
        assert!(outcome.await.is_none());
        assert_eq!(log.take(), ["child", "clean-up failed"]);
    });
}

#[test]
fn b31_nested_groups_the_outer_ones_error_is_flat_and_the_inner_ones_is_nested() {
    /// The outer child fails soon, or the inner one does and the outer one is far off.
    async fn nested(outer: u64, inner: u64) -> GroupError<String> {
        let group = task_group(|group| async move {
            group.spawn(fails::<(), _>(outer, "outer".to_owned()));
            group.spawn(async move {
                let group = task_group(|group| async move {
                    group.spawn(fails::<(), _>(inner, "inner"));
                    pending::<Result<(), _>>().await
                });
                group.await.map_err(|error| format!("nested: {error}"))
            });
            pending::<Result<(), _>>().await
        });
        group.await.unwrap_err()
    }
    everywhere(|| async {
        let GroupError::Failed { first, rest } = nested(5, 100_000).await else { panic!("it failed") };
        assert_eq!((&*first, rest.len()), ("outer", 0), "the inner group was just cancelled");
        let GroupError::Failed { first, rest } = nested(100_000, 5).await else { panic!("it failed") };
        assert_eq!((&*first, rest.len()), ("nested: inner", 0));
    });
}

/// asyncio refuses to spawn into a group that fails. Here, as in trio and Swift, the child starts cancelled: it goes to its first
/// wait, so that what it owns is dropped in its own hands and not lost.
#[test]
fn b32_a_child_that_is_spawned_after_a_failure_starts_cancelled_and_is_dropped() {
    everywhere(|| async {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group| async move {
            group.spawn(async { Err::<(), _>("failed") });
            let _why = group.cancelled().await;
            let child = group.spawn(async move {
                let _guard = inside.on_drop("dropped");
                inside.add(format!("cancelled: {}", is_cancelled()));
                sleep(1).await;
                inside.add("never");
                Ok(())
            });
            assert!(matches!(shield(child).await.unwrap_err().reason(), Reason::Failed { .. }));
            Ok(())
        });
        assert_eq!(group.await.unwrap_err().into_first().ok(), Some("failed"));
        assert_eq!(log.take(), ["cancelled: true", "dropped"]);
    });
}

#[test]
fn b32_a_group_that_has_ended_gives_the_future_back() {
    everywhere(|| async {
        let log = Log::default();
        let group = task_group(|group: TaskGroup<()>| async move { Ok(group) }).await.unwrap();
        let guard = log.on_drop("dropped");
        let owns = async move {
            drop(guard);
            Ok(())
        };
        let back = group.try_spawn(owns).unwrap_err();
        assert_eq!(log.len(), 0, "here it is again, whole");
        drop(back);
        assert_eq!(log.take(), ["dropped"]);
        assert!(group.spawn(ready(Ok(5))).await.unwrap_err().to_string().contains("had ended"));
        assert_eq!(group.start(|_ready: Ready<()>| ready(Ok(()))).await, Err(NotStarted));
    });
}

#[test]
fn b33_an_outer_cancellation_that_meets_an_inner_error_is_still_delivered() {
    everywhere(|| async {
        let log = Log::default();
        let inside = log.clone();
        let outcome = fail_after(ms(10), async move {
            let group = task_group(|group| async move {
                // In the same turn as the deadline.
                group.spawn(fails::<(), _>(10, "inner"));
                pending::<Result<(), _>>().await
            });
            inside.add(group.await.unwrap_err());
            shield(sleep(20)).await;
            inside.add("shielded");
            pending::<()>().await;
        });
        assert!(outcome.await.unwrap_err().is_deadline());
        // Which of the two timers speaks first is not said.
        let lines = log.take();
        assert!(lines.is_empty() || lines == ["inner", "shielded"], "{lines:?}");
    });
}

/// The error first, for certain, and the cancellation while the group is still waiting for a child's clean-up.
#[test]
fn b33_a_cancellation_that_comes_while_a_failed_group_ends_is_delivered_after_it() {
    in_exact_time(|| async {
        let log = Log::default();
        let inside = log.clone();
        let outcome = move_on_after(ms(10), async move {
            let group = task_group(|group| async move {
                group.spawn(fails::<(), _>(5, "inner"));
                group.spawn(fails_late::<(), _>(20, "late"));
                pending::<Result<(), _>>().await
            });
            let error = group.await.unwrap_err();
            inside.add(format!("{error:?}"));
            whit::yield_now().await;
            inside.add("never");
        });
        assert!(outcome.await.is_none());
        assert_eq!(log.take(), [r#"Failed { first: "inner", rest: ["late"] }"#]);
    });
}
