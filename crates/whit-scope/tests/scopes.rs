//! Cancel scopes, deadlines, shields and tokens, on one thread with a clock that jumps.

mod support;

use std::future::{Future, pending, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use support::{Log, Wakes, counted, ms, now, on_four_threads, poll_once, simulate, simulate_with, sleep};
use whit_core::{Handle, Task};
use whit_scope::{
    CancelScope, CancelToken, NotRescheduled, Reason, cancelled, effective_deadline, fail_after, fail_at, is_cancelled,
    join, move_on_after, move_on_at, shield,
};

fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Handle::current().spawn(future)
}

/// Milliseconds that `future` takes.
async fn timed<T>(future: impl Future<Output = T>) -> (u128, T) {
    let started = now();
    let output = future.await;
    ((now() - started).as_millis(), output)
}

#[test]
fn time_limits_give_the_value_or_say_that_time_was_up() {
    simulate(async {
        assert_eq!(
            timed(move_on_after(ms(10), async {
                sleep(5).await;
                'a'
            }))
            .await,
            (5, Some('a'))
        );
        assert_eq!(timed(move_on_after(ms(10), sleep(50))).await, (10, None));
        let (took, failed) = timed(fail_after(ms(10), sleep(50))).await;
        let failed = failed.unwrap_err();
        assert_eq!((took, failed.reason()), (10, &Reason::Deadline));
        assert_eq!(failed.to_string(), "cancelled: the deadline of its scope passed");
        assert_eq!(std::io::Error::from(failed).kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(timed(fail_at(now() + ms(7), sleep(50))).await.0, 7);
        assert_eq!(move_on_after(std::time::Duration::MAX, ready(1)).await, Some(1));
    });
}

#[test]
fn outside_a_runtime_the_panic_names_what_is_missing() {
    let panic = std::panic::catch_unwind(|| drop(move_on_after(ms(1), ready(())))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("move_on_after needs a clock, but this thread is not inside a runtime"), "{text}");
}

#[test]
fn a_value_beats_an_expired_timer() {
    simulate_with(|clock| async move {
        let both = async {
            sleep(5).await; // ready at the same instant as the deadline
            'a'
        };
        assert_eq!(move_on_after(ms(5), both).await, Some('a'));
        let late = async {
            clock.advance(ms(50)); // the thread was busy
            'b'
        };
        assert_eq!(move_on_after(ms(5), late).await, Some('b'));
    });
}

/// test_nested_timeouts: equal deadlines, both scopes are expired, the outermost alone reports.
#[test]
fn nested_timeouts() {
    simulate(async {
        let deadline = Some(now() + ms(10));
        let clock = Handle::current().clock().unwrap().clone();
        let (outer, inner) = (CancelScope::new_in(clock.clone(), deadline), Arc::new(std::sync::OnceLock::new()));
        let log = Log::default();
        let outcome = outer.run(async {
            let inner = inner.get_or_init(|| CancelScope::new_in(clock, deadline));
            let outcome = inner.run(pending::<()>()).await;
            log.add(format!("the inner scope reported {outcome:?}"));
            outcome
        });
        let (took, outcome) = timed(outcome).await;
        assert_eq!((took, outcome.unwrap_err().reason()), (10, &Reason::Deadline));
        assert_eq!(log.take(), [""; 0]);
        assert_eq!(
            (outer.reason().unwrap().is_deadline(), inner.get().unwrap().reason().unwrap().is_deadline()),
            (true, true)
        );
        // Three deep, the innermost first in time: that one reports, and the others go on.
        let three = move_on_after(ms(30), move_on_after(ms(20), move_on_after(ms(10), pending::<()>())));
        assert_eq!(timed(three).await, (10, Some(Some(None))));
        let equal = move_on_after(ms(10), move_on_after(ms(10), move_on_after(ms(10), pending::<()>())));
        assert_eq!(timed(equal).await, (10, None));
    });
}

/// test_nested_timeouts_loop_busy: the inner one expires while the thread is blocked, and so does the outer, which speaks.
#[test]
fn nested_timeouts_loop_busy() {
    simulate_with(|clock| async move {
        let log = Log::default();
        let inner = async {
            let inner = move_on_after(ms(1), async {
                clock.advance(ms(100));
                sleep(1000).await;
            });
            assert_eq!(inner.await, None, "it reports: the outer one has time left");
            log.add("between");
            clock.advance(ms(100)); // now the outer one is over as well
            sleep(1000).await;
            log.add("never");
        };
        assert_eq!(timed(move_on_after(ms(150), inner)).await, (200, None));
        assert_eq!(log.take(), ["between"]);
    });
}

/// test_foreign_cancel_doesnt_timeout_if_not_expired: no inner time limit says that its time was up.
#[test]
fn foreign_cancel_doesnt_timeout_if_not_expired() {
    simulate(async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let stop = scope.clone();
        let body = async {
            let limited = move_on_after(ms(1000), async {
                sleep(5).await;
                stop.cancel("from elsewhere");
                pending::<()>().await
            });
            log.add(format!("limited: {:?}", limited.await));
        };
        let (took, outcome) = timed(scope.run(body)).await;
        let cancelled = outcome.unwrap_err();
        assert!(
            matches!(cancelled.reason(), Reason::Explicit { text, location }
            if &**text == "from elsewhere" && location.file().ends_with("scopes.rs")),
            "{cancelled}"
        );
        assert!(cancelled.to_string().ends_with(": from elsewhere"));
        assert_eq!((took, log.take()), (5, vec![]));
    });
}

/// test_foreign_exception_passed: an error of the body is the body's.
#[test]
fn foreign_exception_passed() {
    simulate(async {
        let body = fail_after(ms(10), async {
            sleep(5).await;
            Err::<(), _>("the body's")
        });
        assert_eq!(body.await.unwrap(), Err("the body's"));
    });
}

/// test_reschedule: the deadline follows, `None` is never.
#[test]
fn reschedule() {
    simulate(async {
        let scope = CancelScope::after(ms(10));
        let (moved, started) = (scope.clone(), now());
        let body = scope.run(async move {
            moved.reschedule(Some(started + ms(50))).unwrap();
            assert_eq!(effective_deadline(), Some(started + ms(50)));
            pending::<()>().await
        });
        assert_eq!(timed(body).await.0, 50);

        let scope = CancelScope::after(ms(10));
        scope.reschedule(None).unwrap();
        assert_eq!(scope.deadline(), None);
        assert_eq!(timed(scope.run(sleep(500))).await.0, 500);

        // Sooner, from another task, while the scope sleeps.
        let scope = CancelScope::after(ms(1000));
        let (moved, started) = (scope.clone(), now());
        let _other = spawn(async move {
            sleep(5).await;
            moved.reschedule(Some(started + ms(20))).unwrap();
        });
        assert_eq!(timed(scope.run(pending::<()>())).await.0, 20);
    });
}

/// test_reschedule_expired, _expiring, _finished, _not_entered.
#[test]
fn reschedule_too_late_and_too_early() {
    simulate(async {
        let scope = CancelScope::after(ms(10));
        scope.reschedule(Some(now() + ms(20))).expect("not entered yet: fine");
        let moved = scope.clone();
        let body = scope.run(async move {
            let _why = cancelled().await;
            moved.reschedule(None) // expiring
        });
        assert_eq!(timed(body).await, (20, Ok(Err(NotRescheduled::Over))));
        assert_eq!(scope.reschedule(None), Err(NotRescheduled::Over), "expired");
        let scope = CancelScope::after(ms(10));
        scope.run(ready(())).await.unwrap();
        let finished = scope.reschedule(None).unwrap_err();
        assert!(finished.to_string().ends_with("make a new scope"));
        let _none = Handle::builder().build().enter();
        assert_eq!(CancelScope::new().reschedule(Some(std::time::Instant::now())), Err(NotRescheduled::NoClock));
    });
}

/// test_wait_for_timeout_less_then_0_or_0_*: a ready future wins, a task is cancelled, and waited for.
#[test]
fn wait_for_timeout_less_then_0_or_0() {
    simulate(async {
        sleep(10).await;
        for limit in [now(), now() - ms(10)] {
            assert_eq!(move_on_at(limit, ready(5)).await, Some(5));
            let log = Log::default();
            let guard = log.on_drop("gone");
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            futures_lite::future::yield_now().await;
            assert_eq!(timed(move_on_at(limit, task)).await, (0, None));
            assert_eq!(log.take(), ["gone"]);
        }
        assert_eq!(timed(move_on_after(ms(0), sleep(1))).await, (0, None));
    });
}

/// test_wait_for_waits_for_task_cancellation: when the limit answers, nothing of what it dropped runs any more.
#[test]
fn wait_for_waits_for_task_cancellation() {
    simulate(async {
        let log = Log::default();
        let guard = log.on_drop("the task is gone");
        let inner = async move {
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            task.await
        };
        assert_eq!(move_on_after(ms(5), inner).await, None);
        assert_eq!(log.take(), ["the task is gone"]);
        // The outer limit answers, and it waits for what the inner one has dropped.
        let guard = log.on_drop("the inner one's is gone");
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert_eq!(move_on_after(ms(5), move_on_after(ms(1000), task)).await, None);
        assert_eq!(log.take(), ["the inner one's is gone"]);
    });
    on_four_threads(async {
        for _ in 0..50 {
            let log = Log::default();
            let guard = log.on_drop("gone");
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            assert_eq!(move_on_after(ms(1), task).await, None);
            assert_eq!(log.take(), ["gone"]);
        }
    });
}

/// test_wait_for_issue86296: the future is ready and the scope is cancelled in one turn: the value comes, the cancel stays.
#[test]
fn wait_for_issue86296() {
    simulate(async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let stop = scope.clone();
        let body = async {
            let value = move_on_after(ms(1000), async {
                stop.cancel("in the same turn");
                7
            });
            log.add(format!("{:?}", value.await));
            sleep(1).await;
            log.add("never");
        };
        assert!(scope.run(body).await.is_err());
        assert_eq!(log.take(), ["Some(7)"]);
    });
}

/// Everybody inside who wants to know is polled once between the cancellation and the end, however deep.
#[test]
fn cancellation_is_seen_before_the_drop() {
    simulate(async {
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

#[test]
fn who_cancels_from_inside_leaves_the_others_their_last_poll() {
    simulate(async {
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

/// test__run_once_cancelled_event_cleanup: time limits that were not needed leave no timer.
#[test]
fn cancelled_timers_do_not_pile_up() {
    simulate_with(|clock| async move {
        for _ in 0..1000 {
            assert!(move_on_after(ms(3_600_000), futures_lite::future::yield_now()).await.is_some());
            drop(futures_lite::future::poll_once(move_on_after(ms(3_600_000), pending::<()>())).await);
        }
        let scope = CancelScope::after(ms(3_600_000));
        let moved = scope.clone();
        let body = scope.run(async move {
            futures_lite::future::yield_now().await;
            moved.reschedule(None).unwrap();
            futures_lite::future::yield_now().await;
            assert_eq!(clock.next_deadline(), None, "a deadline that was taken away");
            clock
        });
        assert_eq!(body.await.unwrap().next_deadline(), None);
    });
}

#[test]
fn a_cancelled_scope_lets_a_new_future_go_to_its_first_wait() {
    simulate(async {
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
    simulate(async {
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
    simulate(async {
        let bounded = move_on_after(ms(10), async {
            assert_eq!(shield(move_on_after(ms(30), sleep(1000))).await, None);
            sleep(1).await;
        });
        assert_eq!(timed(bounded).await, (30, None));
    });
}

#[test]
fn a_scope_beside_a_shield_ends_at_once() {
    simulate(async {
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
    simulate(async {
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
    simulate(async {
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
    simulate(async {
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
    simulate(async {
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
