//! `join`, `try_join`, `race`, `race_ok`, `as_completed`, `wait_first`, `map_concurrent`.

mod support;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use futures_lite::future::yield_now;
use futures_lite::stream::{self, StreamExt};
use support::{Log, Wakes, counted, in_order, on_four_threads, poll_once, simulate, sleep, spawn};
use whit_core::{Task, block_on};
use whit_scope::{as_completed, join, map_concurrent, map_stream_concurrent, race, race_ok, try_join, wait_first};
use whit_sync::Event;

async fn after<T>(delay: u64, value: T) -> T {
    sleep(delay).await;
    value
}

#[test]
fn outputs_come_in_the_order_of_the_arguments() {
    simulate(|| async {
        let started = support::now();
        assert_eq!(join((after(30, 'a'), after(10, 2), after(20, "c"))).await, ('a', 2, "c"));
        assert_eq!(join([3, 1, 2].map(|n| after(n, n))).await, [3, 1, 2]);
        let many: Vec<_> = (0..100).map(|n| after((n * 37) % 100, n)).collect();
        assert_eq!(join(many).await, (0..100).collect::<Vec<_>>());
        assert_eq!((support::now() - started).as_millis(), 30 + 3 + 99);
        let twelve = (
            ready(0),
            ready(1),
            ready(2),
            ready(3),
            ready(4),
            ready(5),
            ready(6),
            ready(7),
            ready(8),
            ready(9),
            ready(10),
            ready(11),
        );
        assert_eq!(join(twelve).await.11, 11);
        assert_eq!(join(Vec::<std::future::Ready<u8>>::new()).await, []);
        assert_eq!(join([] as [std::future::Ready<u8>; 0]).await, []);
    });
}

#[test]
fn ten_thousand_children_cost_two_polls_each() {
    const CHILDREN: usize = 10_000;
    let polls = Arc::new(AtomicUsize::new(0));
    let events: Arc<Vec<Event>> = Arc::new((0..CHILDREN).map(|_| Event::new()).collect());
    let children: Vec<_> = (0..CHILDREN)
        .map(|n| {
            let events = events.clone();
            counted(polls.clone(), async move { events[n].wait().await })
        })
        .collect();
    let mut all = join(children);
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut all, &wakes).is_pending());
    for event in &events[..CHILDREN - 1] {
        event.set();
        assert!(poll_once(&mut all, &wakes).is_pending());
    }
    events[CHILDREN - 1].set();
    assert!(poll_once(&mut all, &wakes).is_ready());
    assert_eq!(polls.load(SeqCst), 2 * CHILDREN, "one poll to start it, one for its wake");
    assert_eq!(wakes.0.load(SeqCst), CHILDREN, "each wake of a child is one of the parent");
}

#[test]
fn wakes_between_two_polls_are_one_wake_of_the_parent() {
    let events: Arc<Vec<Event>> = Arc::new((0..100).map(|_| Event::new()).collect());
    let children: Vec<_> = (0..100)
        .map(|n| {
            let events = events.clone();
            Box::pin(async move { events[n].wait().await })
        })
        .collect();
    let mut all = join(children);
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut all, &wakes).is_pending());
    events.iter().for_each(|event| {
        event.set();
    });
    assert_eq!(wakes.0.load(SeqCst), 1);
    assert!(poll_once(&mut all, &wakes).is_ready());
}

#[test]
fn many_wakes_of_one_child_are_one_poll() {
    let (polls, kept) = (Cell::new(0), std::cell::RefCell::new(None));
    let child = poll_fn(|cx| {
        polls.set(polls.get() + 1);
        *kept.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    let mut all = as_completed([child]);
    let wakes = Arc::new(Wakes::default());
    assert!(poll_once(&mut Box::pin(all.next()), &wakes).is_pending());
    for _ in 0..100 {
        kept.borrow().as_ref().unwrap().wake_by_ref();
    }
    assert!(poll_once(&mut Box::pin(all.next()), &wakes).is_pending());
    assert_eq!((polls.get(), wakes.0.load(SeqCst)), (2, 1));
}

/// Two loops, joined for long: the quiet one is polled a few times and then left alone.
#[test]
fn a_few_children_get_their_own_wakers_once_it_pays() {
    let (quiet, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let done = Event::new();
    let yields = async {
        for _ in 0..1000 {
            yield_now().await;
        }
        done.set();
    };
    block_on(join((counted(quiet.clone(), async { done.wait().await }), counted(busy.clone(), yields))));
    assert_eq!(busy.load(SeqCst), 1001);
    assert!(quiet.load(SeqCst) <= 5, "polled {} times", quiet.load(SeqCst));
}

#[test]
fn a_child_that_wakes_itself_leaves_the_others_their_turn() {
    let turns = Cell::new(0u32);
    let spins = poll_fn(|cx| {
        turns.set(turns.get() + 1);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let mut other = 0;
    let finite = async {
        for _ in 0..20 {
            yield_now().await;
            other += 1;
        }
    };
    block_on(race(vec![Box::pin(spins) as Pin<Box<dyn Future<Output = ()>>>, Box::pin(finite)]));
    assert_eq!(other, 20);
    assert!(turns.get() <= 22, "{} turns", turns.get());
}

#[test]
fn a_ready_child_is_dropped_before_the_others_are_ready() {
    let log = Log::default();
    let guard = log.on_drop("first is gone");
    block_on(join((async move { drop(guard) }, async {
        yield_now().await;
        assert_eq!(log.take(), ["first is gone"]);
    })));
}

/// gather: test_cancellation_broadcast. Dropping the join cancels all of its children.
#[test]
fn gather_cancellation_broadcast() {
    simulate(|| async {
        let log = Log::default();
        let children = ["a", "b", "c"].map(|name| {
            let guard = log.on_drop(name);
            async move {
                let _guard = guard;
                pending::<()>().await;
            }
        });
        let mut all = join(children);
        assert!(poll_once(&mut all, &Arc::default()).is_pending());
        drop(all);
        assert_eq!(log.take(), ["a", "b", "c"]);
    });
}

/// gather: test_return_exceptions. `join` is that: all outcomes, none of which stops the others.
#[test]
fn gather_return_exceptions() {
    simulate(|| async {
        let all = (after(2, Ok::<_, &str>(1)), after(1, Err::<u8, _>("no")), after(3, Ok::<_, &str>(3)));
        assert_eq!(join(all).await, (Ok(1), Err("no"), Ok(3)));
    });
}

#[test]
fn a_panic_goes_through_and_drops_the_rest() {
    let log = Log::default();
    let guard = log.on_drop("sibling");
    let panics = async {
        yield_now().await;
        std::panic::resume_unwind(Box::new("boom"));
    };
    let sibling = async move {
        let _guard = guard;
        pending::<()>().await;
    };
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(join((sibling, panics)))));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"boom"));
    assert_eq!(log.take(), ["sibling"]);
}

#[test]
fn polling_a_finished_combinator_panics_with_a_sentence() {
    let mut done = join((ready(1),));
    assert!(poll_once(&mut done, &Arc::default()).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| poll_once(&mut done, &Arc::default())));
    assert_eq!(again.unwrap_err().downcast_ref::<&str>(), Some(&"a combinator was polled after it had completed"));
}

/// A task whose future writes when it has been dropped, after a pause that a plain drop would not wait for.
fn slow_to_end(log: &Log, name: &'static str) -> Task<Result<(), &'static str>> {
    let guard = log.on_drop(name);
    spawn(async move {
        let _guard = guard;
        pending().await
    })
}

#[test]
fn try_join_returns_when_the_rest_has_been_cleaned_up() {
    simulate(|| async {
        let log = Log::default();
        let fails = spawn(async {
            sleep(1).await;
            Err::<(), _>("first")
        });
        let nested = slow_to_end(&log, "nested");
        let rest = async move {
            let nested = nested;
            pending::<()>().await;
            nested.await
        };
        let failed = try_join((slow_to_end(&log, "direct"), fails, rest)).await;
        assert_eq!(failed, Err("first"));
        let mut gone = log.take();
        gone.sort();
        assert_eq!(gone, ["direct", "nested"], "the futures of cancelled tasks are gone, too");
    });
    on_four_threads(async {
        for _ in 0..200 {
            let log = Log::default();
            let mut children: Vec<_> = (0..3).map(|_| slow_to_end(&log, "gone")).collect();
            children.push(spawn(async { Err("first") }));
            assert_eq!(try_join(children).await, Err("first"));
            assert_eq!(log.take().len(), 3);
        }
    });
}

#[test]
fn try_join_gives_all_values_or_the_first_error() {
    simulate(|| async {
        let values: Result<_, &str> = try_join((after(2, Ok(1)), after(1, Ok("b")))).await;
        assert_eq!(values, Ok((1, "b")));
        assert_eq!(try_join(vec![after(2, Ok::<_, u8>(1)), after(1, Ok(2))]).await, Ok(vec![1, 2]));
        assert_eq!(try_join([after(2, Err::<u8, _>(1)), after(1, Err(2))]).await, Err(2));
        assert_eq!(try_join(Vec::<std::future::Ready<Result<(), ()>>>::new()).await, Ok(vec![]));
    });
}

#[test]
fn race_drops_and_cleans_up_the_losers() {
    simulate(|| async {
        let log = Log::default();
        let quick = spawn(after(1, Ok::<_, &str>(())));
        assert_eq!(race([slow_to_end(&log, "loser"), quick]).await, Ok(()));
        assert_eq!(log.take(), ["loser"]);
        assert_eq!(race((after(2, 'a'), after(1, 'b'))).await, 'b');
        assert_eq!(race((ready(1), ready(2))).await, 1, "the first of those that are ready");
    });
    assert!(poll_once(&mut race(Vec::<std::future::Ready<u8>>::new()), &Arc::default()).is_pending());
}

#[test]
fn race_ok_gives_the_first_value_or_all_errors() {
    simulate(|| async {
        assert_eq!(race_ok((after(1, Err("a")), after(3, Ok(3)), after(2, Ok(2)))).await, Ok(2));
        assert_eq!(
            race_ok([after(3, Err::<(), _>("a")), after(1, Err("b")), after(2, Err("c"))]).await,
            Err(vec!["a", "b", "c"])
        );
        assert_eq!(race_ok(Vec::<std::future::Ready<Result<u8, u8>>>::new()).await, Err(vec![]));
        let log = Log::default();
        assert_eq!(race_ok([slow_to_end(&log, "loser"), spawn(after(1, Ok(())))]).await, Ok(()));
        assert_eq!(log.take(), ["loser"]);
    });
}

#[test]
fn as_completed_gives_outputs_as_they_come_and_takes_more() {
    simulate(|| async {
        let mut outputs = as_completed([after(30, 'a'), after(10, 'b')]);
        assert_eq!(outputs.next().await, Some((1, 'b')));
        assert_eq!(outputs.push(after(5, 'c')), 2);
        assert_eq!((outputs.next().await, outputs.len()), (Some((2, 'c')), 1));
        assert_eq!((outputs.next().await, outputs.next().await), (Some((0, 'a')), None));
        outputs.push(after(1, 'd'));
        assert_eq!(StreamExt::next(&mut outputs).await, Some((3, 'd')));
    });
}

/// A wake that comes between two items, while others are still to be polled from the last look, is not lost.
#[test]
fn as_completed_loses_no_wake_between_two_items() {
    let events: [Event; 4] = std::array::from_fn(|_| Event::new());
    let mut outputs = as_completed((0..3).map(|n| {
        let events = &events;
        async move {
            events[n].wait().await;
            if n == 1 {
                events[3].wait().await;
            }
        }
    }));
    let wakes = Arc::new(Wakes::default());
    let poll = |outputs: &mut whit_scope::AsCompleted<_>| poll_once(&mut Box::pin(outputs.next()), &wakes);
    assert!(poll(&mut outputs).is_pending());
    events[0].set();
    events[1].set();
    assert_eq!(poll(&mut outputs), Poll::Ready(Some((0, ()))));
    // The second was woken at the last look, but is not ready; this wake is new.
    events[2].set();
    assert_eq!(poll(&mut outputs), Poll::Ready(Some((2, ()))));
    assert!(poll(&mut outputs).is_pending());
    events[3].set();
    assert_eq!(poll(&mut outputs), Poll::Ready(Some((1, ()))));
    assert_eq!(poll(&mut outputs), Poll::Ready(None));
}

/// test_wait_first_completed: what is not ready comes back, goes on, and has lost nothing.
#[test]
fn wait_first_completed() {
    in_order(|_| async {
        let log = Log::default();
        let guard = log.on_drop("slow");
        let slow = async move {
            let _guard = guard;
            after(20, 'a').await
        };
        let children: [Pin<Box<dyn Future<Output = char>>>; 3] =
            [Box::pin(slow), Box::pin(after(10, 'b')), Box::pin(after(10, 'c'))];
        let mut first = wait_first(children).await;
        assert_eq!((&first.done[..], first.pending.len()), (&[(1, 'b'), (2, 'c')][..], 1));
        assert!(log.take().is_empty(), "nothing is cancelled");
        assert_eq!(first.pending.next().await, Some((0, 'a')));
        let first = wait_first([after(1, 1), after(5, 2)]).await;
        let left = first.pending.into_futures();
        assert_eq!((left.len(), left[0].0), (1, 1));
        assert_eq!(left.into_iter().next().unwrap().1.await, 2);
        assert!(wait_first(Vec::<std::future::Ready<u8>>::new()).await.done.is_empty());
    });
}

/// The same in any order: how many are found ready by one poll is left open, but each output comes once, and at its time.
#[test]
fn wait_first_in_any_order() {
    simulate(|| async {
        let started = support::now();
        let mut first = wait_first([after(20, 'a'), after(10, 'b'), after(10, 'c')]).await;
        assert!((1..=2).contains(&first.done.len()) && first.pending.len() == 3 - first.done.len());
        while first.done.len() < 3 {
            let elapsed = (support::now() - started).as_millis();
            assert_eq!(elapsed, if first.done.iter().any(|done| done.1 == 'a') { 20 } else { 10 });
            first.done.extend(first.pending.next().await);
        }
        assert!(first.pending.is_empty());
        first.done[..2].sort();
        assert_eq!(first.done, [(1, 'b'), (2, 'c'), (0, 'a')]);
    });
}

#[test]
fn map_concurrent_keeps_the_order_and_the_limit() {
    async fn run<S: Future<Output = Vec<usize>>>(map: impl FnOnce(Arc<AtomicUsize>, Arc<AtomicUsize>) -> S) {
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        assert_eq!(map(running, peak.clone()).await, (0..1000).collect::<Vec<_>>());
        assert_eq!(peak.load(SeqCst), 50);
    }
    async fn work(n: usize, running: Arc<AtomicUsize>, peak: Arc<AtomicUsize>) -> usize {
        peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep((n as u64 * 7) % 11).await;
        running.fetch_sub(1, SeqCst);
        n
    }
    in_order(|_| async {
        run(|running, peak| map_concurrent(50, 0..1000, move |n| work(n, running.clone(), peak.clone()))).await;
        run(|running, peak| {
            map_stream_concurrent(50, stream::iter(0..1000), move |n| work(n, running.clone(), peak.clone()))
        })
        .await;
        let (send, receive) = whit_sync::channel::bounded(1);
        let feed = async {
            for n in 0..3 {
                sleep(1).await;
                send.send(n).await.unwrap();
            }
            drop(send);
        };
        let (_, out) = join((feed, map_stream_concurrent(2, Box::pin(receive), |n| after(2, n)))).await;
        assert_eq!(out, [0, 1, 2]);
    });
}

#[test]
fn a_limit_of_nothing_is_refused_where_it_is_given() {
    let panic = catch_unwind(|| drop(map_concurrent(0, 0..3, ready))).unwrap_err();
    assert!(panic.downcast_ref::<&str>().unwrap().starts_with("a limit of 0 would run nothing"));
}

/// Children that never wait give the rest of the executor its turn: the budget counts outputs.
#[test]
fn outputs_that_are_always_ready_give_others_a_turn() {
    in_order(|_| async {
        let log = Log::default();
        let other = {
            let log = log.clone();
            spawn(async move { log.add("other") })
        };
        map_concurrent(4, 0..100_000, ready).await;
        log.add("mapped");
        other.await;
        assert_eq!(log.take(), ["other", "mapped"]);
    });
}
