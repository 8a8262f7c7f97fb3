//! Scopes whose children borrow.

mod support;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_lite::future::yield_now;
use support::{Log, Wakes, counted, forget, ms, on_four_threads, poll_once, simulate, sleep};
use whit_core::block_on;
use whit_scope::{LocalScope, Scope, join, move_on_after, scope, scope_local};

#[test]
fn children_borrow_and_the_scope_waits_for_them() {
    simulate(|| async {
        let log = Log::default();
        let (names, written) = (vec!["a".to_owned(), "b".to_owned()], &log);
        let value = scope(|s| {
            let names = &names;
            async move {
                for (n, name) in names.iter().enumerate() {
                    drop(s.spawn(async move {
                        sleep(10 - n as u64).await;
                        written.add(name.as_str());
                    }));
                }
                let kept = s.spawn(async { names.len() });
                (kept.await, written.take())
            }
        });
        assert_eq!(value.await, (2, vec![]));
        assert_eq!(log.take(), ["b", "a"], "they have ended, though the body did before");
    });
}

/// The body's wait on something else does not keep the children from going on (what `buffered` streams suffer from).
#[test]
fn children_go_on_while_the_body_awaits() {
    simulate(|| async {
        let counter = AtomicUsize::new(0);
        let counter = &counter;
        scope(|s| async move {
            drop(s.spawn(async {
                for _ in 0..10 {
                    sleep(1).await;
                    counter.fetch_add(1, SeqCst);
                }
            }));
            sleep(100).await;
            assert_eq!(counter.load(SeqCst), 10);
        })
        .await;
    });
}

#[test]
fn children_spawn_children_deep_and_many() {
    type Tree<'env> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'env>>;
    fn tree<'env>(s: Scope<'env>, count: &'env AtomicUsize, depth: u32) -> Tree<'env> {
        Box::pin(async move {
            count.fetch_add(1, SeqCst);
            if depth > 0 {
                drop(s.spawn(tree(s.clone(), count, depth - 1)));
                drop(s.spawn(async move {
                    yield_now().await;
                    count.fetch_add(1, SeqCst);
                }));
            }
        })
    }
    let count = AtomicUsize::new(0);
    let run = |depth| block_on(scope(|s| tree(s, &count, depth)));
    run(10_000);
    assert_eq!(count.load(SeqCst), 20_001);
}

#[test]
fn a_poll_costs_what_was_woken() {
    let polls = Arc::new(AtomicUsize::new(0));
    let events: Vec<_> = (0..1000).map(|_| whit_sync::Event::new()).collect();
    let mut all = scope(|s| {
        for event in &events {
            drop(s.spawn(counted(polls.clone(), async { event.wait().await })));
        }
        async {}
    });
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut all, &wakes).is_pending());
    for event in &events {
        event.set();
        let _ = poll_once(&mut all, &wakes);
    }
    assert_eq!((polls.load(SeqCst), wakes.0.load(SeqCst)), (2000, 1000));
}

#[test]
fn a_spawn_from_another_thread_wakes_the_scope() {
    on_four_threads(async {
        for _ in 0..100 {
            let got = scope(|s: Scope<'static>| async move {
                let (send, receive) = whit_sync::oneshot::channel();
                std::thread::spawn(move || s.spawn(async move { send.send(7) }));
                receive.await
            });
            assert_eq!(got.await.ok(), Some(7));
        }
    });
}

#[test]
fn dropping_or_forgetting_the_scope_is_the_end_of_its_children() {
    let log = Log::default();
    let start = |log: Log| {
        let mut all = scope(move |s| async move {
            let guard = log.on_drop("child");
            let child = s.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            // One that has not been moved among the children yet, and holds the scope.
            let (again, guard) = (s.clone(), log.on_drop("circle"));
            yield_now().await;
            drop(s.spawn(async move {
                let _held = (again, guard);
                pending::<()>().await;
            }));
            child.await
        });
        for _ in 0..3 {
            assert!(poll_once(&mut all, &Arc::default()).is_pending());
        }
        all
    };
    drop(start(log.clone()));
    let mut lines = log.take();
    lines.sort();
    assert_eq!(lines, ["child", "circle"]);
    forget(start(log.clone()));
    assert!(log.take().is_empty());
}

/// A child that was spawned between two polls, and never became one of the children, goes with the scope too.
#[test]
fn what_has_not_begun_goes_with_the_scope() {
    let log = Log::default();
    let kept = std::sync::OnceLock::new();
    let mut all = scope(|s: Scope<'static>| {
        kept.set(s).unwrap();
        pending::<()>()
    });
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut all, &wakes).is_pending());
    let (again, guard) = (kept.get().unwrap().clone(), log.on_drop("not begun"));
    drop(kept.get().unwrap().spawn(async move { drop((again, guard)) }));
    assert_eq!(wakes.0.load(SeqCst), 1, "the scope is to look");
    drop(all);
    assert_eq!(log.take(), ["not begun"]);

    let mut all = scope(|s: Scope<'static>| async move { s });
    let std::task::Poll::Ready(s) = poll_once(&mut all, &wakes) else { panic!("its body is ready") };
    let guard = log.on_drop("too late");
    drop(s.spawn(async move { drop(guard) }));
    assert_eq!(log.take(), ["too late"], "the scope is over, though its future is still there");
    drop(all);
}

#[test]
fn a_panic_of_a_child_goes_through_and_drops_the_rest() {
    let log = Log::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(scope(|s| {
            let guard = log.on_drop("body");
            async move {
                let _guard = guard;
                drop(s.spawn(async {
                    yield_now().await;
                    std::panic::resume_unwind(Box::new("boom"))
                }));
                pending::<()>().await;
            }
        }))
    }));
    assert_eq!((caught.unwrap_err().downcast_ref::<&str>(), log.take()), (Some(&"boom"), vec!["body".to_owned()]));
}

#[test]
fn a_scope_that_is_over_takes_no_child() {
    let (kept, child) = block_on(scope(|s: Scope<'static>| async move { (s.clone(), s.spawn(async { 5 })) }));
    assert_eq!(block_on(child), 5, "a handle is good after the scope");
    let log = Log::default();
    let guard = log.on_drop("late");
    let late = kept.spawn(async move { drop(guard) });
    assert!(late.is_finished() && log.take() == ["late"]);
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(late))).unwrap_err();
    assert!(
        panic
            .downcast_ref::<String>()
            .map_or(*panic.downcast_ref::<&str>().unwrap_or(&""), |text| text)
            .starts_with("the child of a scope")
    );
}

#[test]
fn limits_in_a_child_are_its_own() {
    simulate(|| async {
        let (outer, seen) = (Log::default(), Log::default());
        let (outer, seen) = (&outer, &seen);
        let limited = move_on_after(
            ms(50),
            scope(|s| async move {
                let inner = move_on_after(ms(10), async {
                    // Spawned inside a limit, but not part of it.
                    drop(s.spawn(async {
                        let own = move_on_after(ms(20), pending::<()>()).await;
                        seen.add(format!("own limit: {own:?}"));
                        pending::<()>().await;
                    }));
                    pending::<()>().await
                });
                outer.add(format!("inner: {:?}", inner.await));
            }),
        );
        assert_eq!(limited.await, None);
        assert_eq!((outer.take(), seen.take()), (vec!["inner: None".to_owned()], vec!["own limit: None".to_owned()]));
        assert_eq!(join((scope(|_| async { 1 }), scope(|_| async { 2 }))).await, (1, 2));
    });
}

/// Children that are not `Send`, in a task that is not, and that borrow and spawn as those of `scope` do.
#[test]
fn local_children_share_what_is_not_sync() {
    simulate(|| async {
        let (log, order) = (Rc::new(RefCell::new(Vec::new())), RefCell::new(Vec::new()));
        let (kept, written) = (log.clone(), &order);
        let total = scope_local(|s: LocalScope<'_>| async move {
            for n in 1..=3 {
                let (log, again) = (log.clone(), s.clone());
                drop(s.spawn(async move {
                    sleep(10 - n).await;
                    log.borrow_mut().push(n);
                    drop(again.spawn(async move { written.borrow_mut().push(n * 10) }));
                }));
            }
            let rc = Rc::new(5);
            *s.spawn(async move { rc }).await
        });
        let total = total.await;
        assert_eq!((total, order.into_inner()), (5, vec![30, 20, 10]));
        assert_eq!(Rc::into_inner(kept).unwrap().into_inner(), [3, 2, 1]);
    });
}

#[test]
fn a_local_scope_that_is_dropped_drops_its_children() {
    let log = Log::default();
    let mut all = scope_local(|s| {
        drop(s.spawn(support::lasting::<()>(log.clone(), "begun")));
        let guard = log.on_drop("body");
        async move {
            let _guard = guard;
            yield_now().await;
            drop(s.spawn(support::lasting::<()>(Log::default(), "never begun")));
            pending::<()>().await;
        }
    });
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut all, &wakes).is_pending());
    drop(all);
    assert_eq!(log.take(), ["body", "begun"]);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(scope_local(|s| async move { s.spawn(async { std::panic::resume_unwind(Box::new("boom")) }).await }))
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"boom"));
}
