//! Cancel scopes, deadlines, shields and tokens, on one thread with a clock that jumps.

mod support;

use std::future::{pending, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use support::{Log, Wakes, counted, ms, now, on_four_threads, poll_once, simulate, sleep, spawn, timed};
use whit_core::Handle;
use whit_core::budget::with_units;
use whit_scope::{
    CancelScope, CancelToken, cancelled, effective_deadline, is_cancelled, join, move_on_after, scope_local, shield,
    try_join,
};

/// Everybody inside who wants to know is polled once between the cancellation and the end, however deep.
#[test]
fn cancellation_is_seen_before_the_drop() {
    simulate(|| async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let child = |n: u32, log: Log| async move {
            let _guard = log.on_drop(&format!("{n} dropped"));
            assert!(!is_cancelled());
            let why = cancelled().await;
            log.add(format!("{n} sees {} {}", is_cancelled(), why.is_deadline()));
            pending::<()>().await;
        };
        let children = join((0..20).map(|n| child(n, log.clone())).collect::<Vec<_>>());
        let nested = CancelScope::new();
        let stop = scope.clone();
        let body = scope.run(async {
            let inner = CancelScope::new();
            join((inner.run(children), child(20, log.clone()))).await
        });
        let other = async move {
            sleep(5).await;
            assert!(stop.cancel("now") && !stop.cancel("again"));
        };
        assert!(join((body, other)).await.0.is_err());
        let lines = log.take();
        assert_eq!(lines.len(), 42);
        for n in 0..21 {
            let at = |what: String| lines.iter().position(|line| *line == what).unwrap();
            assert!(at(format!("{n} sees true false")) < at(format!("{n} dropped")));
        }
        assert!(!nested.is_cancelled(), "made outside, not below");
    });
}

/// Also when the task has used up its turn: what gives way at the last poll would be dropped unseen.
#[test]
fn the_last_poll_has_a_budget_of_its_own() {
    let (scope, log) = (CancelScope::new(), Log::default());
    let child = || async {
        let _why = cancelled().await;
        log.add("seen");
        pending::<()>().await;
    };
    let mut body = Box::pin(scope.run(scope_local(|s| {
        (0..2).for_each(|_| drop(s.spawn(child())));
        pending::<()>()
    })));
    let wakes = Arc::default();
    assert!(with_units(9, || poll_once(&mut body, &wakes)).is_pending());
    scope.cancel("now");
    assert!(matches!(with_units(0, || poll_once(&mut body, &wakes)), Poll::Ready(Err(_))));
    assert_eq!(log.take(), ["seen", "seen"]);
}

#[test]
fn who_cancels_from_inside_leaves_the_others_their_last_poll() {
    simulate(|| async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let stop = scope.clone();
        let body = scope.run(join((
            async {
                let _why = cancelled().await;
                log.add("seen");
                pending::<()>().await;
            },
            async { stop.cancel("from inside") },
        )));
        assert!(body.await.is_err());
        assert_eq!(log.take(), ["seen"]);
    });
}

#[test]
fn a_cancelled_scope_lets_a_new_future_go_to_its_first_wait() {
    simulate(|| async {
        let (scope, log) = (CancelScope::new(), Log::default());
        scope.cancel("before");
        let body = scope.run(async {
            assert!(is_cancelled());
            log.add("started");
            sleep(1).await;
            log.add("never");
        });
        assert_eq!(timed(body).await.0, 0);
        assert_eq!(log.take(), ["started"]);
        assert_eq!(scope.run(ready(1)).await, Ok(1));
    });
}

#[test]
fn a_shield_delays_every_scope_around_it_and_orphans_nothing() {
    simulate(|| async {
        let log = Log::default();
        let body = async {
            let _guard = log.on_drop("dropped");
            shield(async {
                assert_eq!((is_cancelled(), effective_deadline()), (false, None));
                sleep(50).await;
                assert!(!is_cancelled(), "the shield's inside does not see the outside");
                log.add("cleaned up");
            })
            .await;
            assert!(is_cancelled());
            log.add("after the shield, up to the next wait");
            sleep(1).await;
            log.add("never");
        };
        let nested = move_on_after(ms(20), move_on_after(ms(10), body));
        assert_eq!(timed(nested).await, (50, None));
        assert_eq!(log.take(), ["cleaned up", "after the shield, up to the next wait", "dropped"]);
    });
}

#[test]
fn a_shield_is_bounded_from_inside() {
    simulate(|| async {
        let bounded = move_on_after(ms(10), async {
            assert_eq!(shield(move_on_after(ms(30), sleep(1000))).await, None);
            sleep(1).await;
        });
        assert_eq!(timed(bounded).await, (30, None));
    });
}

#[test]
fn a_scope_beside_a_shield_ends_at_once() {
    simulate(|| async {
        let log = Log::default();
        // The inner scope's part ends with the cancellation; the shield beside it goes on.
        let ticks = move_on_after(ms(1000), async {
            loop {
                sleep(1).await;
                log.add("tick");
            }
        });
        let body = join((shield(sleep(100)), ticks));
        let (took, outcome): (u128, Option<((), Option<()>)>) = timed(move_on_after(ms(10), body)).await;
        assert_eq!((took, outcome), (100, None));
        assert!(log.take().len() <= 11, "a scope in a cancelled one does not go on while another is shielded");
    });
}

#[test]
fn a_shield_that_is_dropped_elsewhere_ends_the_wait() {
    simulate(|| async {
        let (scope, slot) = (CancelScope::new(), Arc::new(std::sync::Mutex::new(None)));
        let kept = slot.clone();
        let body = scope.run(async move {
            let mut shielded = Box::pin(shield(pending::<()>()));
            futures_lite::future::poll_once(&mut shielded).await;
            *kept.lock().unwrap() = Some(shielded);
            pending::<()>().await;
        });
        let stop = scope.clone();
        let other = async move {
            stop.cancel("now");
            sleep(20).await;
            drop(slot.lock().unwrap().take());
        };
        let (took, (outcome, ())) = timed(join((body, other))).await;
        assert_eq!((took, outcome.is_err()), (20, true));
    });
}

#[test]
fn the_earliest_deadline_counts_up_to_a_shield() {
    simulate(|| async {
        let started = now();
        let at = |ms: u64| Some(started + support::ms(ms));
        assert_eq!(effective_deadline(), None);
        let nested = move_on_after(ms(30), async {
            assert_eq!(effective_deadline(), at(30));
            let later = move_on_after(ms(50), async { effective_deadline() });
            assert_eq!(later.await, Some(at(30)));
            let sooner = move_on_after(ms(20), async {
                assert_eq!(CancelScope::current().unwrap().deadline(), at(20));
                assert_eq!(shield(move_on_after(ms(90), async { effective_deadline() })).await, Some(at(90)));
                effective_deadline()
            });
            assert_eq!(sooner.await, Some(at(20)));
        });
        assert_eq!(nested.await, Some(()));
    });
}

#[test]
fn tasks_spawned_inside_inherit_the_scope() {
    simulate(|| async {
        let scope = CancelScope::new();
        let (child, grandchild, outside) = {
            let watch = || async { cancelled().await.to_string() };
            let inside =
                scope.run(async move { (spawn(watch()), spawn(async move { spawn(watch()).await })) }).await.unwrap();
            (inside.0, inside.1, spawn(async { is_cancelled() }))
        };
        sleep(1).await;
        scope.cancel("for all");
        assert!(child.await.ends_with("for all"));
        assert!(grandchild.await.ends_with("for all"));
        assert!(!outside.await);
        // A limit in such a task, which no run around it would drop, answers.
        let limited = || spawn(move_on_after(ms(10), pending::<()>()));
        let task = scope.run(poll_fn(|_| Poll::Ready(limited()))).await.unwrap();
        assert_eq!(task.await, None);
    });
}

/// to_thread's check_cancelled: a closure that blocks asks for itself.
#[test]
fn blocking_closures_can_ask() {
    struct Thread;
    impl whit_core::Schedule for Thread {
        fn schedule(&self, runnable: whit_core::Runnable, _: whit_core::ScheduleInfo) {
            std::thread::spawn(|| runnable.run());
        }
    }
    impl whit_core::Blocking for Thread {}
    let scope = CancelScope::new();
    let handle = Handle::builder().blocking(Arc::new(Thread)).build();
    let (send, asked) = std::sync::mpsc::channel();
    let stop = scope.clone();
    let closure = move || {
        while !is_cancelled() {
            send.send(()).unwrap();
            std::thread::sleep(ms(1));
        }
        "stopped"
    };
    let canceller = std::thread::spawn(move || {
        asked.recv().unwrap();
        stop.cancel("now");
        asked.iter().count()
    });
    // The wait is for the closure, as nothing is to run on behind one's back.
    let outcome = whit_core::block_on(scope.run(async { shield(handle.unblock(closure)).await }));
    assert!(outcome.is_err() || outcome == Ok("stopped"));
    canceller.join().unwrap();
}

#[test]
fn tokens_cancel_their_children_and_not_their_parents() {
    simulate(|| async {
        let root = CancelToken::new();
        let (left, right) = (root.child(), root.child());
        let below = left.child();
        let waits = below.cancelled();
        left.cancel("left");
        assert_eq!(waits.await, left.reason().unwrap());
        assert!(!right.is_cancelled() && !root.is_cancelled());
        assert!(left.child().is_cancelled(), "a child of a cancelled one starts cancelled");
        let stop = root.clone();
        let run = right.run(async move {
            stop.cancel("all");
            pending::<()>().await
        });
        assert!(run.await.unwrap_err().to_string().ends_with("all"));
        assert!(CancelScope::under(&root).is_cancelled());
        let scope = CancelScope::new();
        scope.token().cancel("by its token");
        assert!(scope.is_cancelled());
    });
}

/// A combinator that is waiting for what it dropped is not dropped itself by a scope that is cancelled meanwhile.
#[test]
fn a_scope_waits_for_a_clean_up_that_has_begun() {
    simulate(|| async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let (stop, guard) = (scope.clone(), log.on_drop("gone"));
        let task = spawn(async move {
            let _guard = guard;
            pending::<Result<(), _>>().await
        });
        let body = scope.run(try_join((task, async {
            stop.cancel("in the same turn");
            Err::<(), _>("failed")
        })));
        assert_eq!(body.await, Ok(Err("failed")));
        assert_eq!(log.take(), ["gone"]);
    });
}

/// No re-posting: a cancelled scope that waits for a shield is polled for its wakes alone, and a sleeping one not at all.
#[test]
fn an_idle_cancelled_scope_uses_no_time() {
    let (scope, polls) = (CancelScope::new(), Arc::new(AtomicUsize::new(0)));
    let event = Arc::new(whit_sync::Event::new());
    let held = event.clone();
    let mut run = Box::pin(scope.run(counted(polls.clone(), async move {
        shield(held.wait()).await;
        pending::<()>().await;
    })));
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut run, &wakes).is_pending());
    scope.cancel("now");
    let mut seen = 0;
    for _ in 0..100 {
        if wakes.0.load(SeqCst) == seen {
            break;
        }
        seen = wakes.0.load(SeqCst);
        assert!(poll_once(&mut run, &wakes).is_pending());
    }
    assert!(seen <= 2 && polls.load(SeqCst) <= 3, "{seen} wakes, {polls:?} polls");
    event.set();
    assert!(matches!(poll_once(&mut run, &wakes), Poll::Ready(Err(_))));
}

#[test]
fn a_deep_tree_is_cancelled_and_dropped_without_a_deep_stack() {
    let root = CancelToken::new();
    let mut chain = vec![root.clone()];
    for _ in 0..100_000 {
        chain.push(chain.last().unwrap().child());
    }
    let last = chain.pop().unwrap();
    drop(chain);
    root.cancel("from the top");
    assert!(last.is_cancelled());
    drop(root);
    drop(last);
}

#[test]
fn cancelling_from_other_threads_is_seen_by_all_and_once() {
    on_four_threads(async {
        for round in 0..300 {
            let scope = CancelScope::new();
            let seen = Arc::new(AtomicUsize::new(0));
            let mut tasks = Vec::new();
            for _ in 0..4 {
                let (seen, scope) = (seen.clone(), scope.clone());
                tasks.push(spawn(async move {
                    let inner = async {
                        let inner = CancelScope::new();
                        let body = async {
                            let _why = cancelled().await;
                            seen.fetch_add(1, SeqCst);
                            pending::<()>().await
                        };
                        inner.run(body).await
                    };
                    scope.run(inner).await.is_err()
                }));
            }
            for _ in 0..2 {
                let scope = scope.clone();
                tasks.push(spawn(async move {
                    if round % 3 == 0 {
                        futures_lite::future::yield_now().await;
                    }
                    scope.cancel("from elsewhere")
                }));
            }
            let ended = join(tasks).await;
            assert!(ended[..4].iter().all(|cancelled| *cancelled));
            assert_eq!(ended[4..].iter().filter(|first| **first).count(), 1);
            assert_eq!(seen.load(SeqCst), 4, "each was polled between the flag and the drop");
        }
    });
}
