//! What other files here say on four threads, or of futures that are polled by hand: again with tasks, under a thousand seeds.
//!
//! Their names say which: those of the tests that they repeat. `lending_seeds.rs` has those of `scope_with`.

mod support;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use futures_lite::future::{FutureExt, yield_now};
use futures_lite::stream;
use support::{Log, OnDrop, lasting, ms, now, sleep, spawn, timed, under_seeds};
use whit_scope::*;
use whit_sim::Controls;
use whit_sync::{Event, oneshot};

fn choose(n: u64) -> u64 {
    Controls::current().choose(n as u32).into()
}

/// None to three turns, or some time.
async fn a_while() {
    for _ in 0..choose(4) {
        yield_now().await;
    }
    sleep(choose(3)).await;
}

async fn settled() {
    Controls::current().wait_all_blocked().await;
}

/// Runs the future for a while, and drops it then if it is not ready.
async fn for_a_while<T>(future: impl Future<Output = T>) -> Option<T> {
    async { Some(future.await) }
        .or(async {
            a_while().await;
            None
        })
        .await
}

/// `borrowing`: dropped at any time, the scope takes along what has begun, what has not, and what holds the scope itself.
#[test]
fn dropping_the_scope_is_the_end_of_its_children() {
    under_seeds(|| async {
        let log = Log::default();
        let (inside, started) = (log.clone(), Rc::new(Cell::new(0)));
        let count = started.clone();
        let all = scope(move |s| async move {
            for _ in 0..3 {
                let (guard, again) = (inside.on_drop("child"), s.clone());
                count.set(count.get() + 1);
                drop(s.spawn(async move {
                    let _held = (guard, again);
                    a_while().await;
                    pending::<()>().await;
                }));
                a_while().await;
            }
            pending::<()>().await;
        });
        assert!(for_a_while(all).await.is_none());
        assert_eq!(log.take().len(), started.get());
    });
}

/// `borrowing`: also where it is a task that spawns, and no thread.
#[test]
fn a_spawn_from_another_task_wakes_the_scope() {
    under_seeds(|| async {
        let got = scope(|s: Scope<'static>| async move {
            let (send, receive) = oneshot::channel();
            let other = spawn(async move {
                a_while().await;
                s.spawn(async move { send.send(7) }).await
            });
            let got = receive.await;
            other.await.unwrap();
            got
        });
        assert_eq!(got.await, Ok(7));
    });
}

/// `borrowing` and `joining`: whoever panics, the others are dropped, and the panic goes on.
#[test]
fn a_panic_of_a_child_goes_through_and_drops_the_rest() {
    under_seeds(|| async {
        let log = Log::default();
        let boom = || async {
            a_while().await;
            resume_unwind(Box::new("boom"))
        };
        let inside = log.clone();
        let scoped = scope(move |s| async move {
            drop(s.spawn(boom()));
            lasting::<()>(inside, "body").await;
        });
        let panic = AssertUnwindSafe(scoped).catch_unwind().await.unwrap_err();
        assert_eq!((panic.downcast_ref::<&str>(), log.take()), (Some(&"boom"), vec!["body".to_owned()]));
        let joined = join((lasting::<()>(log.clone(), "other"), boom()));
        let panic = AssertUnwindSafe(joined).catch_unwind().await.map(drop).unwrap_err();
        assert_eq!((panic.downcast_ref::<&str>(), log.take()), (Some(&"boom"), vec!["other".to_owned()]));
    });
}

/// `joining`: neither a child that wakes itself without end nor outputs that are always there keep others from their turn.
#[test]
fn who_is_always_ready_leaves_the_others_their_turn() {
    under_seeds(|| async {
        let spins = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let finite = async {
            for _ in 0..20 {
                yield_now().await;
            }
        };
        race(vec![Box::pin(spins) as Pin<Box<dyn Future<Output = ()>>>, Box::pin(finite)]).await;
        let turn = Arc::new(AtomicUsize::new(0));
        let taken = turn.clone();
        let other = spawn(async move { taken.store(1, SeqCst) });
        map_concurrent(4, 0..3_000, ready).await;
        assert_eq!(turn.load(SeqCst), 1, "it ran in between");
        other.await;
    });
}

/// `joining` and `cancel_safety`: whatever wakes when, and however often a look is given up, each output comes once.
#[test]
fn as_completed_loses_no_wake_and_no_output() {
    under_seeds(|| async {
        let events: Rc<[Event; 6]> = Rc::new(std::array::from_fn(|_| Event::new()));
        let mut outputs = as_completed((0..5).map(|n| {
            let events = events.clone();
            async move {
                events[n].wait().await;
                if n == 1 {
                    events[5].wait().await;
                }
            }
        }));
        let sets = events.clone();
        let set = async move {
            let mut left: Vec<_> = (0..6).collect();
            while !left.is_empty() {
                sets[left.swap_remove(choose(left.len() as u64) as usize)].set();
                a_while().await;
            }
        };
        let take = async {
            let mut seen = Vec::new();
            while !outputs.is_empty() {
                seen.extend(for_a_while(outputs.next()).await.flatten().map(|(n, ())| n));
            }
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4]);
        };
        join((set, take)).await;
    });
}

/// `joining`, with fewer children.
#[test]
fn map_concurrent_keeps_the_order_and_the_limit() {
    under_seeds(|| async {
        let (running, peak) = (Cell::new(0), Cell::new(0));
        let work = async |n: usize| {
            running.set(running.get() + 1);
            peak.set(peak.get().max(running.get()));
            a_while().await;
            running.set(running.get() - 1);
            n
        };
        assert_eq!(map_concurrent(3, 0..20, work).await, (0..20).collect::<Vec<_>>());
        assert_eq!(map_stream_concurrent(3, stream::iter(0..20), work).await, (0..20).collect::<Vec<_>>());
        assert_eq!(peak.get(), 3);
    });
}

/// `groups`, with fewer children: errors, values and cancellations at once, and every group ends with nothing left.
#[test]
fn many_groups_at_once_end() {
    under_seeds(|| async {
        let log = Log::default();
        let groups = (0..4).map(|round| {
            let log = log.clone();
            spawn(async move {
                let (fails, inside) = (choose(10), log.clone());
                let group = GroupBuilder::new().limit(if round % 2 == 0 { 2 } else { 100 }).run(|group| async move {
                    for n in 0..8 {
                        let guard = inside.on_drop("child");
                        group.spawn(async move {
                            let _guard = guard;
                            a_while().await;
                            if n == fails { Err(n) } else { Ok(()) }
                        });
                        inside.add("spawned");
                    }
                    if choose(5) == 0 {
                        group.cancel("at times");
                    }
                    Ok(())
                });
                if let Err(error) = group.await {
                    // None, if it was cancelled.
                    assert!(error.into_first().ok().is_none_or(|n| n == fails));
                }
            })
        });
        join(groups.collect::<Vec<_>>()).await;
        let lines = log.take();
        assert_eq!((lines.len(), lines.iter().filter(|line| *line == "child").count()), (64, 32));
    });
}

/// `group_policies`: errors are dropped, and values as soon as they come.
#[test]
fn discard_keeps_nothing() {
    under_seeds(|| async {
        let value = GroupBuilder::new().policy(Policy::Discard).run(|group| async move {
            let token = Arc::new(());
            for _ in 0..10 {
                let (held, other) = (token.clone(), token.clone());
                group.spawn(async move { Ok(held) });
                group.spawn(async move {
                    a_while().await;
                    Err::<(), _>(other)
                });
                yield_now().await;
            }
            sleep(5).await;
            settled().await;
            assert_eq!((Arc::strong_count(&token), group.len()), (1, 0));
            Ok(())
        });
        value.await.unwrap();
    });
}

/// `limits`: the thread is busy while the inner one expires, and then while the outer one does, which speaks.
#[test]
fn nested_timeouts_loop_busy() {
    under_seeds(|| async {
        let log = Log::default();
        let inner = async {
            let inner = move_on_after(ms(1), async {
                whit_timers::hold(ms(100));
                sleep(1000).await;
            });
            assert_eq!(inner.await, None, "it reports: the outer one has time left");
            log.add("between");
            whit_timers::hold(ms(100));
            sleep(1000).await;
            log.add("never");
        };
        assert_eq!(timed(move_on_after(ms(150), inner)).await, (200, None));
        assert_eq!(log.take(), ["between"]);
        let late = async {
            whit_timers::hold(ms(50));
            'b'
        };
        assert_eq!(move_on_after(ms(5), late).await, Some('b'), "a value beats an expired timer");
    });
}

/// `limits`: two timers of one time fire in one turn or in two, and the inner one never speaks for the outer.
#[test]
fn nested_timeouts_and_foreign_cancels() {
    under_seeds(|| async {
        let rounds = (0..6).map(|round: u64| {
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
                    a_while().await;
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
        join(rounds.collect::<Vec<_>>()).await;
    });
}

/// `scopes`: two who cancel, four who are cancelled; each of these is polled between the flag and the drop.
#[test]
fn cancelling_from_other_tasks_is_seen_by_all_and_once() {
    under_seeds(|| async {
        let (scope, seen) = (CancelScope::new(), Arc::new(AtomicUsize::new(0)));
        let cancelled_ones: Vec<_> = (0..4)
            .map(|_| {
                let (seen, scope) = (seen.clone(), scope.clone());
                spawn(async move {
                    a_while().await;
                    let body = async {
                        let _why = cancelled().await;
                        seen.fetch_add(1, SeqCst);
                        pending::<()>().await
                    };
                    scope.run(async { CancelScope::new().run(body).await }).await.is_err()
                })
            })
            .collect();
        let cancellers: Vec<_> = (0..2)
            .map(|_| {
                let scope = scope.clone();
                spawn(async move {
                    a_while().await;
                    scope.cancel("from elsewhere")
                })
            })
            .collect();
        assert_eq!(join(cancellers).await.into_iter().filter(|first| *first).count(), 1);
        assert_eq!((join(cancelled_ones).await, seen.load(SeqCst)), (vec![true; 4], 4));
    });
}

/// `mapping`: no further item is taken, and the error comes when the tasks of the others are gone.
#[test]
fn the_first_error_ends_the_others_and_waits_for_them() {
    async fn work(n: u64, log: Log) -> Result<OnDrop, &'static str> {
        match n {
            0 => Ok(log.on_drop("value")),
            3 => {
                a_while().await;
                sleep(5).await;
                Err("no")
            }
            _ => {
                spawn(lasting::<()>(log, "task")).await;
                unreachable!("it never ends")
            }
        }
    }
    under_seeds(|| async {
        for streams in [false, true] {
            let (taken, log) = (Cell::new(0), Log::default());
            let items = (0..100).inspect(|_| taken.set(taken.get() + 1));
            let failed = match streams {
                false => try_map_concurrent(4, items, |n| work(n, log.clone())).await,
                true => try_map_stream_concurrent(4, stream::iter(items), |n| work(n, log.clone())).await,
            };
            assert_eq!((failed.err(), taken.get()), (Some("no"), 5));
            let mut gone = log.take();
            gone.sort();
            assert_eq!(gone, ["task", "task", "task", "value"]);
        }
    });
}

/// `local_groups`: dropped at any time, everything in it goes.
#[test]
fn a_local_group_that_is_dropped_drops_everything() {
    under_seeds(|| async {
        let (log, spawned) = (Log::default(), Cell::new(0));
        let all = local_task_group(|group| {
            let (log, spawned) = (&log, &spawned);
            async move {
                for _ in 0..3 {
                    let guard = log.on_drop("child");
                    drop(group.spawn(async move {
                        let _guard = guard;
                        pending::<Result<(), ()>>().await
                    }));
                    spawned.set(spawned.get() + 1);
                    a_while().await;
                }
                pending::<Result<(), ()>>().await
            }
        });
        assert!(for_a_while(all).await.is_none());
        assert_eq!(log.take().len(), spawned.get());
    });
}
