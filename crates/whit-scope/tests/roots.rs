//! Roots: what an interruption reaches, in which order, and what it leaves alone.

mod support;

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use support::{Log, Wakes, in_order, ms, on_four_threads, poll_once, sleep, spawn};
use whit_core::{Inherited, block_on};
use whit_scope::{
    CancelScope, CancelToken, GroupError, Reason, Root, cancelled, interrupt, is_cancelled, join, move_on_after,
    shield, task_group,
};

/// There is one interruption in a process, so there is one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_root_is_polled_once_more_and_dropped() {
    let _alone = alone();
    assert!(!interrupt() && !is_cancelled(), "there is no root yet");
    let (log, root, wakes) = (Log::default(), Root::new(), Arc::<Wakes>::default());
    let seen = log.clone();
    let mut run = Box::pin(root.run(async move {
        let _guard = seen.on_drop("dropped");
        assert!(!is_cancelled());
        let why = cancelled().await;
        seen.add(format!("{why}, {}", is_cancelled()));
        pending::<()>().await;
    }));
    assert!(poll_once(&mut run, &wakes).is_pending());
    assert!(interrupt() && !interrupt());
    // Who asked and the run share a waker here.
    assert_eq!(wakes.0.load(SeqCst), 2);
    assert_eq!(log.take(), Vec::<String>::new());
    let std::task::Poll::Ready(Err(why)) = poll_once(&mut run, &wakes) else { panic!("it goes on") };
    assert_eq!(why.reason(), &Reason::Interrupted);
    assert_eq!(log.take(), ["cancelled: the program was interrupted, true", "dropped"]);

    assert!(is_cancelled() && root.is_interrupted());
    drop(root);
    assert!(!is_cancelled() && !interrupt());
    assert_eq!(block_on(Root::new().run(ready(7))), Ok(7), "a new one begins anew");
}

#[test]
fn a_value_beats_an_interruption() {
    let _alone = alone();
    let root = Root::new();
    let outcome = block_on(root.run(async {
        interrupt();
        let _why = cancelled().await;
        "said goodbye"
    }));
    assert_eq!(outcome, Ok("said goodbye"));
    // A root that is made while the others wind up is polled once.
    let late = block_on(Root::new().run(async { (is_cancelled(), cancelled().await).0 }));
    assert_eq!(late, Ok(true));
    assert!(block_on(Root::new().run(pending::<()>())).is_err());
}

/// The root's own scopes leave the answer to it, as scopes of one task do, and its shields hold it.
#[test]
fn scopes_and_shields_inside_know_the_root() {
    let _alone = alone();
    let root = Root::new();
    let log = Log::default();
    let body = async {
        let inner = async {
            let _why = cancelled().await;
            shield(async {
                assert!(!is_cancelled());
                for _ in 0..3 {
                    futures_lite::future::yield_now().await;
                }
                log.add("cleaned up");
            })
            .await;
            log.add("after the shield");
            pending::<()>().await
        };
        let scope = CancelScope::new();
        let both = join((scope.run(inner), async { interrupt() }));
        assert!(CancelScope::current().is_none(), "a root is no scope to be cancelled by hand");
        both.await.0.ok();
        log.add("never");
    };
    assert!(block_on(root.run(body)).is_err());
    assert_eq!(log.take(), ["cleaned up", "after the shield"]);
}

#[test]
fn spawned_tasks_see_it_and_inherit_nothing() {
    let _alone = alone();
    let root = Root::new();
    let log = Log::default();
    let seen = log.clone();
    on_four_threads(async move {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let log = seen.clone();
                spawn(async move {
                    assert!(Inherited::current().is_empty());
                    let limited = move_on_after(ms(60_000), pending::<()>()).await;
                    log.add(format!("limited {limited:?}"));
                    assert!(is_cancelled());
                    let why = cancelled().await;
                    log.add(why.to_string());
                    assert!(!shield(async { is_cancelled() }).await);
                })
            })
            .collect();
        let group = spawn(task_group(|group| async move {
            let child = group.spawn(async { Ok::<_, ()>(cancelled().await) });
            drop(child.await);
            pending::<Result<(), ()>>().await
        }));
        let token = CancelToken::new();
        sleep(5).await;
        let thread = thread::spawn(|| {
            while !is_cancelled() {
                thread::yield_now();
            }
        });
        assert!(interrupt());
        join(tasks).await;
        assert!(matches!(group.await, Err(GroupError::Cancelled(why)) if *why.reason() == Reason::Interrupted));
        thread.join().unwrap();
        assert!(!token.is_cancelled(), "a tree of its own");
    });
    let lines = log.take();
    assert_eq!(lines.iter().filter(|line| *line == "limited None").count(), 50);
    assert_eq!(lines.iter().filter(|line| line.ends_with("interrupted")).count(), 50);
    drop(root);
}

#[test]
fn what_is_in_a_scope_knows_that_scope() {
    let _alone = alone();
    let before = CancelScope::new();
    let root = Root::new();
    in_order(|_| async move {
        let old = before.run(async { is_cancelled() });
        assert!(interrupt());
        // Made before there was a root, so it stands below none.
        assert_eq!(old.await, Ok(false));
        let new = CancelScope::new();
        assert_eq!(new.run(async { is_cancelled() }).await, Ok(true));
    });
    drop(root);
}

/// Many roots, scopes and interruptions at once: each root that is interrupted ends, and nothing is left over.
#[test]
fn many_come_and_go_at_once() {
    let _alone = alone();
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let root = Root::new();
                    let outcome = block_on(root.run(async {
                        let scopes: Vec<_> = (0..4).map(|_| CancelScope::new()).collect();
                        interrupt();
                        // Another thread may be on its way through the tree.
                        join(scopes.iter().map(CancelScope::cancelled).collect::<Vec<_>>()).await;
                        cancelled().await;
                        pending::<()>().await
                    }));
                    ended.fetch_add(usize::from(outcome.is_err()), SeqCst);
                }
            });
        }
    });
    assert_eq!(ended.load(SeqCst), 800);
    assert!(!is_cancelled() && !interrupt());
}
