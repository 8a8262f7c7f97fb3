//! Groups whose children borrow and are not `Send`.

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_lite::future::yield_now;
use support::{Log, failed, lasting, ms, poll_once, simulate, sleep, spawn};
use whit_core::block_on;
use whit_executor::LocalExecutor;
use whit_scope::{
    Cancelled, GroupError, LocalTaskGroup, Reason, cancelled, is_cancelled, local_task_group, move_on_after, shield,
};

#[test]
fn children_borrow_and_share_and_give_their_values() {
    let (cell, words) = (Cell::new(0), vec!["a".to_owned(), "bcd".to_owned()]);
    let local = LocalExecutor::new();
    let task = local.spawn(local_task_group(|group| {
        let (cell, words) = (&cell, &words);
        async move {
            let children: Vec<_> = (words.iter())
                .map(|word| {
                    let shared = Rc::new(word.len());
                    group.spawn(async move {
                        yield_now().await;
                        cell.set(cell.get() + *shared);
                        Ok(shared)
                    })
                })
                .collect();
            let values = whit_scope::join(children).await;
            Ok::<_, ()>(values.into_iter().flatten().map(|value| *value).collect::<Vec<_>>())
        }
    }));
    assert_eq!(block_on(local.run(task)), Ok(vec![1, 3]));
    assert_eq!(cell.get(), 4);
}

#[test]
fn children_spawn_children() {
    type Tree<'env> = Pin<Box<dyn Future<Output = Result<(), ()>> + 'env>>;
    fn tree<'env>(group: LocalTaskGroup<'env, ()>, count: &'env Cell<u32>, depth: u32) -> Tree<'env> {
        Box::pin(async move {
            count.set(count.get() + 1);
            if depth > 0 {
                drop([(); 2].map(|()| group.spawn(tree(group.clone(), count, depth - 1))));
            }
            Ok(())
        })
    }
    let count = Cell::new(0);
    assert_eq!(block_on(local_task_group(|group| tree(group, &count, 9))), Ok(()));
    assert_eq!(count.get(), 1023);
}

/// The first error ends the body and the children; one that cleans up under a shield is waited for, and its error told
/// as well.
#[test]
fn an_error_ends_the_others_and_late_ones_are_told() {
    simulate(|| async {
        let log = Log::default();
        let outcome = local_task_group(|group| {
            let log = log.clone();
            async move {
                drop(group.spawn(lasting::<Result<(), _>>(log.clone(), "child")));
                let waits = log.clone();
                drop(group.spawn(async move {
                    let why = cancelled().await;
                    waits.add(format!("told: {}", matches!(why.reason(), Reason::Failed { spawned: Some(_) })));
                    shield(sleep(5)).await;
                    Err::<(), _>("late")
                }));
                let fails = group.spawn(async {
                    sleep(1).await;
                    Err::<(), _>("first")
                });
                assert!(matches!(fails.await.unwrap_err().reason(), Reason::Failed { .. }));
                lasting::<Result<(), _>>(log, "body").await
            }
        });
        assert_eq!(outcome.await, Err(failed("first", vec!["late"])));
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["body", "child", "told: true"]);
    });
}

#[test]
fn the_bodys_error_ends_the_children_and_their_tasks_are_waited_for() {
    simulate(|| async {
        let log = Log::default();
        let outcome = local_task_group(|group| {
            let guard = log.on_drop("task");
            drop(group.spawn(async move {
                let task = spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                task.await;
                Ok(())
            }));
            async {
                sleep(1).await;
                Err::<(), _>("the body")
            }
        });
        assert_eq!(outcome.await, Err(failed("the body", vec![])));
        assert_eq!(log.take(), ["task"]);
    });
}

#[test]
fn cancelled_by_itself_by_a_scope_around_and_child_by_child() {
    simulate(|| async {
        let outcome = local_task_group(|group: LocalTaskGroup<'_, ()>| async move {
            let child = group.spawn(pending::<Result<(), ()>>());
            sleep(1).await;
            assert!(child.cancel("not needed") && !group.is_cancelled());
            assert!(child.await.is_err_and(|why| why.to_string().contains("not needed")));
            assert!(group.cancel("enough") && group.is_cancelled() && is_cancelled());
            // Starts cancelled, and runs to its first wait.
            let late = group.spawn(async { Ok(is_cancelled()) });
            assert_eq!(late.await, Ok(true));
            pending::<Result<(), _>>().await
        });
        let Err(GroupError::Cancelled(why)) = outcome.await else { panic!("nobody failed") };
        assert!(why.to_string().contains("enough"), "{why}");

        let seen = RefCell::new(None::<Cancelled>);
        let around = move_on_after(
            ms(5),
            local_task_group(|group| {
                let seen = &seen;
                async move {
                    drop(group.spawn(async {
                        let why = cancelled().await;
                        seen.replace(Some(why));
                        pending::<Result<(), ()>>().await
                    }));
                    pending::<Result<(), ()>>().await
                }
            }),
        );
        assert_eq!(around.await, None);
        assert!(seen.into_inner().unwrap().is_deadline());

        // An error while an outer scope ends it is told all the same.
        let around = move_on_after(
            ms(5),
            local_task_group(|group| async move {
                drop(group.spawn(async {
                    let _why = cancelled().await;
                    Err::<(), _>("inner")
                }));
                pending::<Result<(), _>>().await
            }),
        );
        assert_eq!(around.await, Some(Err(failed("inner", vec![]))));
    });
}

#[test]
fn dropped_and_panicking_it_drops_everything() {
    let log = Log::default();
    let mut all = Box::pin(local_task_group(|group| {
        drop(group.spawn(lasting::<Result<(), ()>>(log.clone(), "child")));
        lasting::<Result<(), ()>>(log.clone(), "body")
    }));
    assert!(poll_once(&mut all, &Arc::default()).is_pending());
    drop(all);
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["body", "child"]);

    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(local_task_group(|group: LocalTaskGroup<'_, ()>| {
            drop(group.spawn::<()>(async { resume_unwind(Box::new("boom")) }));
            lasting::<Result<(), ()>>(log.clone(), "body")
        }))
    }));
    assert_eq!((caught.unwrap_err().downcast_ref::<&str>(), log.take()), (Some(&"boom"), vec!["body".to_owned()]));

    // A handle that is used when all is over.
    let (kept, child) = block_on(local_task_group(|group: LocalTaskGroup<'static, ()>| async move {
        Ok((group.clone(), group.spawn(async { Ok(5) })))
    }))
    .unwrap();
    assert_eq!(block_on(child), Ok(5));
    let late = kept.spawn(lasting::<Result<(), ()>>(log.clone(), "never begun"));
    assert!(late.is_finished() && matches!(block_on(late).unwrap_err().reason(), Reason::Ended));
}
