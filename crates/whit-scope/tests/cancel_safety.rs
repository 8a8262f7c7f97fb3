//! Cancel safety by machine: every public future is dropped at each of its await points, and nothing is lost, left or hung.
//!
//! A case makes a future and something that must hold afterwards. The harness runs it again and again: the first time it
//! drops the future after 0 polls, then after 1, and so on until the future is ready by itself. After each drop it lets everything
//! that is ready run, and then asks: are all guards dropped, no tasks left, no timers set?

mod support;

use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use futures_lite::future::{FutureExt, yield_now};
use futures_lite::stream;
use support::{failed, ms, sleep, spawn};
use whit_core::{Clock, Handle, ManualClock};
use whit_executor::LocalExecutor;
use whit_scope::*;
use whit_sim::Controls;
use whit_sync::channel::{self, Receiver};

type Case = Pin<Box<dyn Future<Output = ()>>>;

/// Counts the guards that are alive.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

struct Guard(Alive);

impl Alive {
    fn guard(&self) -> Guard {
        self.0.fetch_add(1, SeqCst);
        Guard(self.clone())
    }

    /// Some steps, each of which may be the last.
    async fn steps<T>(self, count: u64, value: T) -> T {
        let _guard = self.guard();
        for step in 0..count {
            sleep(step % 3).await;
        }
        value
    }

    /// The same in a task of its own.
    async fn task<T: Send + 'static>(self, count: u64, value: T) -> T {
        let task = spawn(self.steps(count, value));
        task.await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

/// Runs the case, drops it after each number of polls, and gives how many polls it takes to be ready.
fn at_each_await_point(name: &str, case: impl Fn(Alive) -> Case) -> usize {
    for polls in 0.. {
        let alive = Alive::default();
        let clock = Arc::new(ManualClock::new());
        let executor = LocalExecutor::new();
        let handle = Handle::builder().home(executor.home()).clock(clock.clone()).build();
        let _entered = handle.enter();
        let mut future = case(alive.clone());
        let mut is_ready = false;
        for _ in 0..polls {
            is_ready = future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
            if is_ready {
                break;
            }
            while executor.try_tick() {}
            // One timer at a time, so that there are many points to drop at.
            if let Some(next) = clock.next_deadline() {
                clock.advance(next - clock.now());
            }
            while executor.try_tick() {}
        }
        drop(future);
        while executor.try_tick() {}
        // What is shielded ends by itself, and soon; what is not must not need any time.
        for _ in 0..20 {
            let Some(next) = clock.next_deadline() else { break };
            clock.advance(next - clock.now());
            while executor.try_tick() {}
        }
        let left = (alive.0.load(SeqCst), executor.is_empty(), clock.next_deadline());
        assert_eq!(left, (0, true, None), "{name}, dropped after {polls} polls: guards alive, no task, timer");
        if is_ready {
            return polls;
        }
        assert!(polls < 10_000, "{name} is never ready");
    }
    unreachable!("the loop has no end")
}

/// The same where others run in between, and time goes on by itself: dropped at some time, or not.
fn at_some_time(case: impl Fn(Alive) -> Case) {
    support::under_seeds(|| async {
        let (alive, controls) = (Alive::default(), Controls::current());
        let case = case(alive.clone());
        let given_up = async {
            sleep(controls.choose(12).into()).await;
            for _ in 0..controls.choose(4) {
                yield_now().await;
            }
        };
        case.or(given_up).await;
        controls.wait_all_blocked().await;
        // What is shielded ends by itself, and soon.
        sleep(100).await;
        assert_eq!(alive.0.load(SeqCst), 0, "guards alive");
    });
}

macro_rules! cases {
    ($($name:ident($alive:ident) >= $polls:literal: $body:block)+) => {$(
        #[test]
        fn $name() {
            let polls = at_each_await_point(stringify!($name), |$alive| Box::pin(async move { $body }));
            assert!(polls >= $polls, "the case has {polls} points, and was to have at least {}", $polls);
            at_some_time(|$alive| Box::pin(async move { $body }));
        }
    )+};
}

cases! {
    join_at_each_point(alive) >= 5: {
        let a = alive.clone();
        assert_eq!(join((a.clone().steps(9, 1), a.task(5, 2))).await, (1, 2));
        let many: Vec<_> = (0..20).map(|n| alive.clone().steps(n % 7, n)).collect();
        assert_eq!(join(many).await.len(), 20);
    }
    try_join_at_each_point(alive) >= 4: {
        let fails = { let alive = alive.clone(); async move { alive.task(3, Err::<(), _>("no")).await } };
        let task = alive.clone().task(100, Ok(()));
        assert_eq!(try_join((fails, task)).await, Err("no"));
        assert_eq!(alive.0.load(SeqCst), 0, "the rest is gone");
    }
    race_at_each_point(alive) >= 4: {
        let a = alive.clone();
        assert_eq!(race((a.clone().task(100, 1), a.task(3, 2))).await, 2);
        assert_eq!(alive.0.load(SeqCst), 0, "the loser is gone");
        assert_eq!(race_ok([alive.clone().steps(2, Err(1)), alive.clone().steps(4, Ok(2))]).await, Ok(2));
    }
    as_completed_at_each_point(alive) >= 5: {
        let mut outputs = as_completed((1..6).map(|n| alive.clone().steps(n * 2, n)));
        while outputs.next().await.is_some() {}
        let first = wait_first([2, 9].map(|n| alive.clone().task(n, n))).await;
        assert_eq!(first.done.len(), 1);
    }
    map_concurrent_at_each_point(alive) >= 10: {
        let work = |n: u64| alive.clone().steps(n % 5, n);
        assert_eq!(map_concurrent(3, 0..20, work).await.len(), 20);
        assert_eq!(map_stream_concurrent(3, stream::iter(0..20), work).await.len(), 20);
    }
    try_map_concurrent_at_each_point(alive) >= 8: {
        let work = |n: u64| { let alive = alive.clone(); async move { alive.task(n % 5, if n == 15 { Err(n) } else { Ok(n) }).await } };
        assert_eq!(try_map_concurrent(3, 0..20, work).await, Err(15));
        assert_eq!(alive.0.load(SeqCst), 0, "the rest is gone");
        assert_eq!(try_map_stream_concurrent(3, stream::iter(0..9), work).await.map(|all| all.len()), Ok(9));
    }
    limits_at_each_point(alive) >= 10: {
        assert_eq!(move_on_after(ms(2), alive.clone().task(100, ())).await, None);
        assert_eq!(alive.0.load(SeqCst), 0, "it was waited for");
        assert!(fail_after(ms(2), move_on_after(ms(9), alive.clone().steps(100, ()))).await.is_err());
        let scope = CancelScope::after(ms(50));
        assert_eq!(scope.run(alive.steps(8, 5)).await, Ok(5));
    }
    shields_at_each_point(alive) >= 5: {
        let a = alive.clone();
        let shielded = async { shield(a.steps(9, ())).await; std::future::pending::<()>().await };
        assert_eq!(move_on_after(ms(2), shielded).await, None);
        let scope = CancelScope::new();
        scope.cancel("now");
        let waits = async { let _why = cancelled().await; shield(alive.steps(5, 7)).await };
        assert_eq!(scope.run(waits).await, Ok(7), "what is ready by its last poll is kept");
    }
    tokens_at_each_point(alive) >= 3: {
        let (token, stop) = (CancelToken::new(), CancelToken::new());
        let (run, waits) = (token.child().run(alive.clone().steps(100, ())), stop.cancelled());
        let stops = async { alive.steps(4, ()).await; token.cancel("over"); stop.cancel("too") };
        let (run, _, _) = join((run, waits, stops)).await;
        assert!(run.is_err());
    }
    groups_at_each_point(alive) >= 8: {
        let a = alive.clone();
        let group = GroupBuilder::new().limit(2).run(|group: TaskGroup<()>| async move {
            let children: Vec<_> = (0..6).map(|n| { let a = a.clone(); group.spawn(async move { Ok(a.steps(n, n).await) }) }).collect();
            let started = a.clone();
            let port = group.start(|ready| async move { started.steps(3, ()).await; ready.set(80); Ok(()) }).await;
            assert_eq!(port, Ok(80));
            let lasting = a.guard();
            let lasting = group.spawn::<()>(async move { let _guard = lasting; std::future::pending().await });
            sleep(2).await;
            lasting.cancel("not needed any more");
            Ok(join(children).await.into_iter().flatten().sum::<u64>())
        });
        assert_eq!(group.await, Ok(15));
        assert_eq!(alive.0.load(SeqCst), 0);
    }
    groups_that_fail_at_each_point(alive) >= 5: {
        let a = alive.clone();
        let group = task_group(|group| async move {
            let sibling = a.clone();
            group.spawn(async move {
                let _guard = sibling.guard();
                let _why = cancelled().await;
                shield(sibling.steps(4, ())).await;
                Err::<(), _>("late")
            });
            let fails = a.clone();
            group.spawn(async move { Err::<(), _>(fails.steps(5, "first").await) });
            a.steps(100, Ok(())).await
        });
        assert_eq!(group.await, Err(failed("first", vec!["late"])));
        assert_eq!(alive.0.load(SeqCst), 0);
    }
    local_groups_at_each_point(alive) >= 5: {
        let (a, numbers) = (&alive, std::cell::RefCell::new(vec![]));
        let group = local_task_group(|group| {
            let numbers = &numbers;
            async move {
                for n in 1..4 {
                    drop(group.spawn(async move { let n = a.clone().steps(n, n).await; numbers.borrow_mut().push(n); Ok(()) }));
                }
                let sibling = a.clone();
                drop(group.spawn(async move {
                    let _why = cancelled().await;
                    shield(sibling.steps(4, ())).await;
                    Err::<(), _>("late")
                }));
                drop(group.spawn(async move { Err::<(), _>(a.clone().task(7, "first").await) }));
                a.clone().steps(100, Ok(())).await
            }
        });
        assert_eq!(group.await, Err(failed("first", vec!["late"])));
        assert_eq!((alive.0.load(SeqCst), numbers.into_inner().len()), (0, 3));
    }
    borrowing_scopes_at_each_point(alive) >= 5: {
        let (a, numbers) = (&alive, [1, 2, 3]);
        let sum = scope(|s| {
            let numbers = &numbers;
            async move {
                let children: Vec<_> = numbers.iter().map(|n| s.spawn(a.clone().steps(*n * 3, *n))).collect();
                drop(s.spawn(a.clone().task(9, ())));
                join(children).await.into_iter().sum::<u64>()
            }
        });
        assert_eq!(sum.await, 6);
    }
    lending_scopes_at_each_point(alive) >= 5: {
        let numbers = (alive.clone(), alive.guard(), [1, 2, 3]);
        let (numbers, sum) = scope_with(numbers, async |s| {
            let (alive, _, numbers) = s.data();
            let children: Vec<_> = numbers.iter().map(|n| s.spawn(async move { Ok(alive.clone().steps(*n * 3, n).await) })).collect();
            drop(s.spawn(async move { Ok(alive.clone().task(9, 1).await) }));
            Ok::<_, ()>(join(children).await.into_iter().flatten().sum::<u64>())
        }).await;
        assert_eq!((sum, alive.0.load(SeqCst)), (Ok(6), 1));
        drop(numbers);
    }
    task_locals_at_each_point(alive) >= 3: {
        task_local! { static GUARD: Guard; }
        assert_eq!(GUARD.scope(alive.guard(), alive.clone().task(6, 1)).await, 1);
    }
}

/// Whoever gives up on a stream of outputs in between loses none: every number that was taken in comes out, once.
#[test]
fn no_output_is_lost_or_doubled() {
    fn take(outputs: &mut AsCompleted<impl Future<Output = u64>>, polls: usize, into: &channel::Sender<u64>) -> bool {
        let mut next = pin!(outputs.next());
        for _ in 0..polls {
            match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some((_, n))) => {
                    into.try_send(n).unwrap();
                    return true;
                }
                Poll::Ready(None) => return false,
                Poll::Pending => {}
            }
        }
        true
    }
    for polls in 1..5 {
        let (send, receive): (_, Receiver<u64>) = channel::unbounded();
        let yields = |n: u64| async move {
            for _ in 0..n {
                futures_lite::future::yield_now().await;
            }
            ready(n).await
        };
        let mut outputs = as_completed((0..30).map(yields));
        while take(&mut outputs, polls, &send) {}
        let mut all: Vec<_> = std::iter::from_fn(|| receive.try_recv().ok()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..30).collect::<Vec<_>>());
    }
}
