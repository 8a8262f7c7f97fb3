//! Time limits and deadlines: what asyncio asks of `timeout` and `wait_for`.

mod support;

use std::future::{pending, ready};
use std::sync::Arc;

use support::{Log, in_order, ms, now, on_four_threads, simulate, sleep, spawn, timed};
use whit_core::Handle;
use whit_scope::{
    CancelScope, NotRescheduled, Reason, cancelled, effective_deadline, fail_after, fail_at, move_on_after, move_on_at,
};

#[test]
fn time_limits_give_the_value_or_say_that_time_was_up() {
    simulate(|| async {
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
    in_order(|clock| async move {
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
    simulate(|| async {
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
    in_order(|clock| async move {
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
    simulate(|| async {
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
            if &**text == "from elsewhere" && location.file().ends_with("limits.rs")),
            "{cancelled}"
        );
        assert!(cancelled.to_string().ends_with(": from elsewhere"));
        assert_eq!((took, log.take()), (5, vec![]));
    });
}

/// test_foreign_exception_passed: an error of the body is the body's.
#[test]
fn foreign_exception_passed() {
    simulate(|| async {
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
    simulate(|| async {
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
    simulate(|| async {
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
    simulate(|| async {
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
    simulate(|| async {
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
    simulate(|| async {
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

/// test__run_once_cancelled_event_cleanup: time limits that were not needed leave no timer.
#[test]
fn cancelled_timers_do_not_pile_up() {
    in_order(|clock| async move {
        for _ in 0..1000 {
            assert!(move_on_after(ms(3_600_000), futures_lite::future::yield_now()).await.is_some());
            let given_up = futures_lite::future::poll_once(move_on_after(ms(3_600_000), pending::<()>()));
            assert_eq!(given_up.await, None);
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

/// The same on four threads, where the two timers may fire in one turn or in two: the inner one never speaks for the outer.
#[test]
fn nested_timeouts_and_foreign_cancels_on_four_threads() {
    on_four_threads(async {
        let rounds = (0..40).map(|round: u64| {
            spawn(async move {
                let deadline = now() + ms(1 + round % 3);
                let nested = fail_at(deadline, async move {
                    let inner = move_on_at(deadline, pending::<()>()).await;
                    unreachable!("the inner limit reported {inner:?}");
                });
                assert!(nested.await.unwrap_err().is_deadline());
                let scope = CancelScope::new();
                let stop = scope.clone();
                let canceller = spawn(async move {
                    sleep(round % 3).await;
                    stop.cancel("from elsewhere")
                });
                let limited = scope.run(async {
                    let inner = move_on_after(ms(10_000), pending::<()>()).await;
                    unreachable!("the limit reported {inner:?}");
                });
                assert!(!limited.await.unwrap_err().is_deadline());
                assert!(canceller.await);
            })
        });
        whit_scope::join(rounds.collect::<Vec<_>>()).await;
    });
}
