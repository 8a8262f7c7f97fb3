//! Time limits and deadlines.

use std::future::{pending, ready};

use whit::scope::{NotRescheduled, Reason, effective_deadline, fail_at, move_on_at};
use whit::{CancelScope, Handle, cancelled, fail_after, move_on_after, timeout};

use crate::floors::{Log, alone, everywhere, ms, now, sleep, timed};

#[test]
fn b34_of_equal_nested_deadlines_the_outermost_alone_reports() {
    everywhere(|| async {
        for _ in 0..10 {
            let deadline = now() + ms(3);
            let nested = fail_at(deadline, async move {
                let inner = fail_at(deadline, pending::<()>()).await;
                unreachable!("the inner limit reported {inner:?}");
            });
            assert!(nested.await.unwrap_err().is_deadline());
        }
        let deadline = now() + ms(3);
        let [outer, inner] = [(); 2].map(|()| {
            let clock = Handle::current().clock().unwrap().clone();
            CancelScope::new_in(clock, Some(deadline))
        });
        assert!(outer.run(inner.run(pending::<()>())).await.is_err());
        let expired = |scope: &CancelScope| scope.reason().is_some_and(|reason| reason.is_deadline());
        assert!(expired(&outer) && expired(&inner), "both are over");
    });
}

#[test]
fn b34_the_inner_limit_expires_while_the_thread_is_busy_and_the_outer_one_still_ends_the_next_wait() {
    alone(|clock| async move {
        let log = Log::default();
        let body = async {
            let inner = move_on_after(ms(1), async {
                clock.advance(ms(100));
                sleep(1000).await;
            });
            assert!(inner.await.is_none(), "it reports: the outer one has time left");
            log.add("between");
            clock.advance(ms(100));
            sleep(1000).await;
            log.add("never");
        };
        assert_eq!(timed(move_on_after(ms(150), body)).await, (200, None));
        assert_eq!(log.take(), ["between"]);
    });
}

#[test]
fn b35_a_foreign_cancellation_or_error_is_not_turned_into_a_time_out() {
    everywhere(|| async {
        let scope = CancelScope::new();
        let stop = scope.clone();
        let limited = scope.run(async {
            let inner = fail_after(ms(100_000), async {
                sleep(3).await;
                stop.cancel("from elsewhere");
                pending::<()>().await
            });
            unreachable!("the limit reported {:?}", inner.await);
        });
        let cancelled = limited.await.unwrap_err();
        assert!(!cancelled.is_deadline());
        assert!(matches!(cancelled.reason(), Reason::Explicit { text, .. } if &**text == "from elsewhere"));

        let failed = fail_after(ms(100_000), async {
            sleep(3).await;
            Err::<(), _>("the body's")
        });
        assert_eq!(failed.await.unwrap(), Err("the body's"));
    });
}

#[test]
fn b36_a_deadline_can_be_moved_before_it_passes_and_not_at_it_or_after() {
    everywhere(|| async {
        // Before, from outside and from inside.
        let scope = CancelScope::after(ms(100_000));
        scope.reschedule(Some(now() + ms(200_000))).expect("not entered yet: fine");
        let (moved, soon) = (scope.clone(), now() + ms(10));
        let body = scope.run(async move {
            moved.reschedule(Some(soon)).unwrap();
            assert_eq!(effective_deadline(), Some(soon));
            // At it: the flag is up, this is the last poll.
            let _why = cancelled().await;
            moved.reschedule(None)
        });
        assert_eq!(body.await, Ok(Err(NotRescheduled::Over)));
        assert!(now() >= soon);
        // After.
        assert_eq!(scope.reschedule(None), Err(NotRescheduled::Over));
        let scope = CancelScope::after(ms(100_000));
        scope.run(ready(())).await.unwrap();
        assert_eq!(scope.reschedule(None), Err(NotRescheduled::Over), "it has ended");
        // Never.
        let scope = CancelScope::after(ms(1));
        scope.reschedule(None).unwrap();
        assert_eq!(scope.deadline(), None);
        assert!(scope.run(sleep(20)).await.is_ok());
    });
}

#[test]
fn b37_with_no_time_or_less_a_ready_value_wins_and_a_running_task_is_cancelled_and_waited_for() {
    everywhere(|| async {
        sleep(5).await;
        for limit in [now(), now() - ms(5)] {
            assert_eq!(move_on_at(limit, ready(5)).await, Some(5));
            assert_eq!(whit::timeout_at(limit, ready(5)).await, Ok(5));
            let log = Log::default();
            let guard = log.on_drop("gone");
            let task = whit::spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            whit::yield_now().await;
            assert!(move_on_at(limit, task).await.is_none());
            assert_eq!(log.take(), ["gone"]);
        }
        assert!(move_on_after(ms(0), sleep(1)).await.is_none());
        assert!(timeout(ms(0), pending::<()>()).await.is_err());
    });
}

/// asyncio's `wait_for(coroutine, 0)` never starts the coroutine. A future is not started but polled, and only a poll can tell
/// whether it is ready: so here it gets one, to its first wait, and no more.
#[test]
fn b37_with_no_time_a_future_is_polled_once() {
    everywhere(|| async {
        let log = Log::default();
        let inside = log.clone();
        let future = async move {
            inside.add("begins");
            whit::yield_now().await;
            inside.add("never");
        };
        assert!(timeout(ms(0), future).await.is_err());
        assert_eq!(log.take(), ["begins"]);
    });
}

#[test]
fn b38_a_limit_answers_after_the_clean_up_of_what_it_ended() {
    everywhere(|| async {
        let log = Log::default();
        let inside = log.clone();
        let body = async move {
            let guard = inside.on_drop("the task's guard");
            let task = whit::spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            let _why = cancelled().await;
            whit::shield(sleep(3)).await;
            inside.add("the body's clean-up");
            task.await;
        };
        assert!(move_on_after(ms(5), body).await.is_none());
        assert_eq!(log.take(), ["the body's clean-up", "the task's guard"]);
    });
}

#[test]
fn b38_a_cancellation_in_the_turn_of_a_value_is_not_lost_and_neither_is_the_value() {
    everywhere(|| async {
        let (scope, log) = (CancelScope::new(), Log::default());
        let (stop, inside) = (scope.clone(), log.clone());
        let body = async move {
            let value = move_on_after(ms(100_000), async {
                stop.cancel("in the same turn");
                7
            });
            inside.add(value.await.unwrap());
            sleep(1).await;
            inside.add("never");
        };
        assert!(scope.run(body).await.is_err());
        assert_eq!(log.take(), ["7"]);
    });
}
