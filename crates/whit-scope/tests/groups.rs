//! Task groups: what asyncio's and trio's tests ask of theirs, and what is ours.

mod support;

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use futures_lite::FutureExt;
use futures_lite::future::yield_now;
use support::{Log, failed, in_order, lasting, ms, now, on_four_threads, simulate, sleep, spawn};
use whit_core::Handle;
use whit_scope::{
    GroupBuilder, GroupError, NotStarted, Reason, TaskGroup, cancelled, fail_after, is_cancelled, move_on_after, race,
    shield, task_group,
};

/// Waits for its cancellation, writes that, and then ends with an error after `delay`.
async fn fails_late<E>(log: Log, delay: u64, error: E) -> Result<(), E> {
    let why = cancelled().await;
    log.add(format!("sees {}", matches!(why.reason(), Reason::Failed { .. })));
    shield(sleep(delay)).await;
    Err(error)
}

#[test]
fn values_come_by_the_handles_and_all_children_are_waited_for() {
    async fn check() {
        let log = Log::default();
        let written = log.clone();
        let value = task_group(|group| async move {
            let three = group.spawn(async {
                sleep(3).await;
                Ok(3)
            });
            let kept = group.spawn(ready(Ok("kept")));
            group.spawn(async move {
                sleep(20).await;
                written.add("waited for");
                Ok(())
            });
            Ok::<_, ()>((three.await, kept))
        });
        let (three, kept) = value.await.unwrap();
        assert_eq!((three, log.take()), (Ok(3), vec!["waited for".to_owned()]));
        assert_eq!(kept.await, Ok("kept"), "a handle is good after the group");
    }
    simulate(check);
    on_four_threads(check());
}

/// test_cancel_children_on_child_error: three fail, one sleeps; all else and the body are cancelled, and only errors are reported.
#[test]
fn cancel_children_on_child_error() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let started = now();
        let group = task_group(|group| async move {
            let _guard = inside.on_drop("body");
            group.spawn(async {
                sleep(10).await;
                Err::<(), _>("first")
            });
            group.spawn(fails_late(inside.clone(), 30, "third"));
            group.spawn(fails_late(inside.clone(), 10, "second"));
            group.spawn::<()>(lasting(inside.clone(), "sleeper"));
            pending::<()>().await;
            inside.add("never");
            Ok(())
        });
        let GroupError::Failed { first, mut rest } = group.await.unwrap_err() else { panic!("it failed") };
        rest.sort_unstable(); // a busy machine may have them in another order
        assert_eq!((first, rest), ("first", vec!["second", "third"]));
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["body", "sees true", "sees true", "sleeper"]);
        assert!((now() - started).as_millis() >= 40);
    }
    simulate(check);
    on_four_threads(check());
}

/// test_cancellation, _07: who cancels the parent reaches five children and the body, and the parent ends after them.
#[test]
fn cancellation_07() {
    async fn check() {
        let (log, seen) = (Log::default(), Arc::new(AtomicUsize::new(0)));
        let sees = |seen: Arc<AtomicUsize>| async move {
            let _why = cancelled().await;
            shield(sleep(5)).await;
            seen.fetch_add(1, SeqCst);
            pending::<Result<(), ()>>().await
        };
        let (inside, counted) = (log.clone(), seen.clone());
        let group = task_group(move |group| async move {
            for _ in 0..5 {
                group.spawn(sees(counted.clone()));
            }
            sees(counted).await
        });
        let outcome = move_on_after(ms(10), async {
            let outcome = group.await;
            inside.add(format!("the group answered {outcome:?}"));
        });
        assert_eq!((outcome.await, seen.load(SeqCst), log.take()), (None, 6, vec![]));
    }
    simulate(check);
    on_four_threads(check());
}

/// _08, _15: an error of the clean-up beats the cancellation; and that is not lost either: the next wait is the last.
#[test]
fn error_in_cleanup_beats_cancelled_08_15() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let outcome = move_on_after(ms(10), async move {
            let children = inside.clone();
            let outcome = task_group(|group| async move {
                group.spawn(async {
                    let _why = cancelled().await;
                    Err::<(), _>("clean-up failed")
                });
                group.spawn::<()>(lasting(children, "child"));
                pending::<Result<(), _>>().await
            });
            inside.add(format!("{}", outcome.await.unwrap_err()));
            yield_now().await;
            inside.add("never");
        });
        assert_eq!((outcome.await, log.take()), (None, vec!["child".into(), "clean-up failed".into()]));
    }
    simulate(check);
    on_four_threads(check());
}

/// _13, _14: nested groups. A child of the outer fails: one flat error. A child of the inner fails: the inner's error.
#[test]
fn nested_groups_13_14() {
    async fn nested(outer_fails: bool) -> Result<(), GroupError<String>> {
        task_group(|outer| async move {
            if outer_fails {
                outer.spawn(async {
                    sleep(5).await;
                    Err::<(), _>("outer".to_owned())
                });
            }
            outer.spawn(async move {
                let inner = task_group(|inner| async move {
                    // Long after the outer one, however busy the machine is.
                    let delay = if outer_fails { 10_000 } else { 10 };
                    inner.spawn(async move {
                        sleep(delay).await;
                        Err::<(), _>("inner".to_owned())
                    });
                    pending::<Result<(), String>>().await
                });
                inner.await.map_err(|error| format!("nested {error:?}"))
            });
            pending().await
        })
        .await
    }
    async fn check() {
        assert_eq!(nested(true).await, Err(failed("outer".into(), vec![])));
        let nested = nested(false).await.unwrap_err();
        assert_eq!(nested.into_first().unwrap(), r#"nested Failed { first: "inner", rest: [] }"#);
    }
    simulate(check);
    on_four_threads(check());
}

/// test_taskgroup_no_create_task_after_failure: as in trio and Swift, such a child starts cancelled: to its first wait.
#[test]
fn spawn_after_failure_starts_cancelled() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group| async move {
            group.spawn(async { Err::<(), _>("failed") });
            let _why = group.cancelled().await;
            let child = group.spawn(async move {
                inside.add(format!("starts, cancelled: {}", is_cancelled()));
                let _guard = inside.on_drop("dropped");
                sleep(1).await;
                inside.add("never");
                Ok(())
            });
            let why = shield(child).await.unwrap_err();
            assert!(
                matches!(why.reason(), Reason::Failed { spawned: Some(line) } if line.file().ends_with("groups.rs"))
            );
            Ok(())
        });
        assert_eq!(group.await, Err(failed("failed", vec![])));
        assert_eq!(log.take(), ["starts, cancelled: true", "dropped"]);
    }
    simulate(check);
    on_four_threads(check());
}

/// test_taskgroup_no_create_task_after_failure / _finished: the future comes back, or its handle says so.
#[test]
fn spawn_into_a_finished_group_gives_the_future_back() {
    simulate(|| async {
        let group = task_group(|group: TaskGroup<()>| async move { Ok(group) }).await.unwrap();
        let back = group.try_spawn(ready(Ok(5))).unwrap_err();
        assert_eq!(back.await, Ok(5));
        let late = group.spawn(ready(Ok(5)));
        assert!(late.is_finished());
        assert_eq!(late.await.unwrap_err().to_string(), "cancelled: its group or its executor had ended");
        assert_eq!(group.start(|_ready: whit_scope::Ready<()>| ready(Ok(()))).await, Err(NotStarted));
    });
}

/// test_error_and_cancel, test_nested_groups_both_cancelled, test_cancelling_level_preserved: an outer cancel that meets an inner
/// failure is delivered after the group.
#[test]
fn error_and_cancel() {
    async fn check() {
        let log = Log::default();
        let inside = log.clone();
        let outcome = fail_after(ms(10), async move {
            let error = task_group(|group| async move {
                group.spawn(async {
                    sleep(10).await; // in the same turn as the deadline
                    Err::<(), _>("inner")
                });
                pending::<Result<(), _>>().await
            });
            inside.add(error.await.unwrap_err().to_string());
            shield(sleep(20)).await;
            inside.add("shielded");
            sleep(0).await;
            yield_now().await;
            inside.add("never");
        });
        assert!(outcome.await.unwrap_err().is_deadline());
        let lines = log.take();
        // Which of the two is first is the timer's choice; the cancellation is never lost.
        assert!(lines.is_empty() || lines == ["inner", "shielded"], "{lines:?}");
    }
    simulate(check);
    on_four_threads(check());
}

#[test]
fn a_panic_cancels_the_others_and_goes_on_after_them() {
    for by_child in [true, false] {
        simulate(|| async move {
            let log = Log::default();
            let inside = log.clone();
            let group = task_group(|group| async move {
                group.spawn::<()>(lasting(inside.clone(), "sibling"));
                let panics = async {
                    sleep(1).await;
                    std::panic::resume_unwind(Box::new("boom"))
                };
                if by_child {
                    group.spawn::<()>(panics);
                    let _guard = inside.on_drop("body");
                    pending::<Result<(), ()>>().await
                } else {
                    panics.await
                }
            });
            let caught = AssertUnwindSafe(group).catch_unwind().await;
            assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"boom"));
            let mut lines = log.take();
            lines.sort();
            assert_eq!(lines, if by_child { vec!["body", "sibling"] } else { vec!["sibling"] });
        });
    }
}

#[test]
fn an_error_of_the_body_cancels_the_children() {
    simulate(|| async {
        let log = Log::default();
        let inside = log.clone();
        let group = task_group(|group| async move {
            group.spawn::<()>(lasting(inside, "child"));
            yield_now().await;
            Err::<(), _>("body")
        });
        assert_eq!((group.await, log.take()), (Err(failed("body", vec![])), vec!["child".to_owned()]));
    });
}

/// Dropped from outside, the group cancels its children; who drops it by a combinator of ours waits for them, too.
#[test]
fn dropping_a_group_cancels_its_children() {
    async fn check() {
        let log = Log::default();
        let group = |log: Log, name: &'static str| {
            task_group(move |group: TaskGroup<()>| async move {
                group.spawn::<()>(async move {
                    let why = cancelled().await;
                    log.add(format!("{name}: {why}"));
                    shield(sleep(10)).await;
                    lasting(log, name).await
                });
                pending::<Result<(), ()>>().await
            })
        };
        let loser = async { group(log.clone(), "loser").await.is_ok() };
        assert!(
            race((
                loser.boxed(),
                async {
                    sleep(5).await;
                    true
                }
                .boxed()
            ))
            .await
        );
        assert_eq!(log.take(), ["loser: cancelled: its group was dropped", "loser"]);
        let task = spawn(group(log.clone(), "task"));
        sleep(5).await;
        drop(task);
        while log.take() != ["task"] {
            sleep(1).await;
        }
    }
    simulate(check);
    on_four_threads(check());
}

#[test]
fn children_may_spawn_more_and_the_group_waits_for_all() {
    type Tree = std::pin::Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;
    fn tree(group: TaskGroup<()>, count: Arc<AtomicUsize>, depth: u32) -> Tree {
        Box::pin(async move {
            count.fetch_add(1, SeqCst);
            if depth > 0 {
                for _ in 0..4 {
                    group.spawn(tree(group.clone(), count.clone(), depth - 1));
                }
            }
            Ok(())
        })
    }
    async fn check(depth: u32) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        task_group(|group| tree(group, counted, depth)).await.unwrap();
        assert_eq!(count.load(SeqCst), (0..=depth).map(|depth| 4usize.pow(depth)).sum());
    }
    simulate(|| check(2));
    in_order(|_| check(5));
    on_four_threads(check(5));
}

#[test]
fn an_executor_that_closes_leaves_no_child_uncounted() {
    let executor = whit_executor::Executor::new();
    let handle = Handle::builder().home(executor.home()).build();
    let _entered = handle.enter();
    let mut group = Box::pin(GroupBuilder::new().limit(2).run(|group: TaskGroup<()>| async move {
        let children: Vec<_> = (0..100_000).map(|_| group.spawn(pending::<Result<(), ()>>())).collect();
        let mut ended = 0;
        for child in children {
            ended += usize::from(child.await.unwrap_err().reason() == &Reason::Ended);
        }
        Ok(ended)
    }));
    assert!(whit_core::block_on(futures_lite::future::poll_once(&mut group)).is_none());
    executor.close();
    assert_eq!(whit_core::block_on(group), Ok(100_000));
}

#[test]
fn without_a_scheduler_the_panic_names_what_is_missing() {
    let panic = catch_unwind(|| drop(task_group(|_: TaskGroup<()>| ready(Ok(()))))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("a task group needs a scheduler, but this thread is not inside a runtime"), "{text}");
}

/// Errors, values and cancellations at once, many times: every group ends, and with nothing left.
#[test]
fn many_groups_on_many_threads_end() {
    on_four_threads(async {
        for round in 0..300u64 {
            let alive = Arc::new(AtomicUsize::new(0));
            let inside = alive.clone();
            let group = GroupBuilder::new().limit(if round % 2 == 0 { 4 } else { 1000 }).run(|group| async move {
                for n in 0..20u64 {
                    let alive = inside.clone();
                    struct Alive(Arc<AtomicUsize>);
                    impl Drop for Alive {
                        fn drop(&mut self) {
                            self.0.fetch_sub(1, SeqCst);
                        }
                    }
                    group.spawn(async move {
                        alive.fetch_add(1, SeqCst);
                        let _alive = Alive(alive);
                        for _ in 0..n {
                            yield_now().await;
                        }
                        if n == round % 25 { Err(n) } else { Ok(()) }
                    });
                }
                if round % 7 == 0 {
                    group.cancel("at times");
                }
                poll_fn(|_| Poll::Ready(())).await;
                Ok(())
            });
            let outcome = group.await;
            assert_eq!(alive.load(SeqCst), 0);
            if let Err(error) = outcome {
                assert_eq!(error.into_first().ok(), Some(round % 25));
            }
        }
    });
}
