//! `scope_with`: children in parallel that borrow what was moved in.

mod support;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

use futures_lite::future::yield_now;
use support::book::{Book, Gone, Reader};
use support::{Log, OnDrop, failed, ms, on_four_threads, simulate, sleep};
use whit_core::block_on;
use whit_scope::{GroupBuilder, GroupError, Lent, LentChild, Policy, join, move_on_after, scope_with};

type Result<T = (), E = &'static str> = std::result::Result<T, E>;

fn fine<T>(value: T) -> Result<T> {
    Ok(value)
}

#[test]
fn children_borrow_in_parallel_and_the_data_comes_back() {
    let gone = Gone::default();
    let book = Book::new(&gone);
    let (book, length) = on_four_threads(async {
        scope_with(book, async |s| {
            // They are all in a poll at one time.
            let together = Arc::new(Barrier::new(3));
            let parts = s.data().pages.chunks(34).map(|pages| {
                let together = together.clone();
                s.spawn(async move {
                    together.wait();
                    yield_now().await;
                    Ok(pages.iter().map(String::len).sum::<usize>())
                })
            });
            let children: Vec<_> = parts.collect();
            fine(join(children).await.into_iter().flatten().sum::<usize>())
        })
        .await
    });
    assert_eq!((length, gone.books()), (Ok(book.pages.iter().map(String::len).sum()), 0));
    drop(book);
    assert_eq!(gone.books(), 1);
}

/// What a child gives may borrow from the data; the body may keep it while it runs, and so may other children.
#[test]
fn children_give_references() {
    let gone = Gone::default();
    let book = Book::new(&gone);
    let (book, longest) = on_four_threads(async {
        scope_with(book, async |s| {
            let halves: Vec<_> = (s.data().pages.chunks(50))
                .map(|pages| s.spawn(async move { Ok((Reader::new(s.data()), pages.iter().max().unwrap())) }))
                .collect();
            let last = s.spawn(async move { Ok(join(halves).await.into_iter().flatten().map(|(_, page)| page).max()) });
            // A value that nobody takes borrows as well.
            drop(s.spawn(async move { Ok(Reader::new(s.data())) }));
            let last: Option<&String> = last.await.unwrap();
            sleep(1).await;
            fine(last.cloned())
        })
        .await
    });
    assert_eq!((longest, gone.books()), (Ok(Some("page 99".to_owned())), 0));
    drop(book);
}

#[test]
fn children_spawn_children() {
    type Tree<'s> = Pin<Box<dyn Future<Output = Result> + Send + 's>>;
    fn tree<'s>(s: Lent<'s, AtomicUsize, &'static str>, depth: u32) -> Tree<'s> {
        Box::pin(async move {
            s.data().fetch_add(1, SeqCst);
            if depth > 0 {
                drop([s.spawn(tree(s, depth - 1)), s.spawn(tree(s, depth - 1))]);
            }
            Ok(())
        })
    }
    const DEPTH: u32 = if cfg!(miri) { 3 } else { 9 };
    async fn body(s: Lent<'_, AtomicUsize, &'static str>) -> Result {
        tree(s, DEPTH).await
    }
    let (count, result) = on_four_threads(async { scope_with(AtomicUsize::new(0), body).await });
    assert_eq!((count.into_inner(), result), ((2 << DEPTH) - 1, Ok(())));
}

#[test]
fn an_error_ends_the_others_and_the_data_comes_back() {
    let gone = Gone::default();
    let (book, outcome) = on_four_threads(async move {
        scope_with(Book::new(&gone), async |s| {
            for _ in 0..10 {
                drop(s.spawn::<()>(async move {
                    let _reader = Reader::new(s.data());
                    pending().await
                }));
            }
            let fails = s.spawn(async {
                yield_now().await;
                Err::<(), _>("torn")
            });
            assert!(fails.await.is_err());
            pending::<Result>().await
        })
        .await
    });
    assert_eq!((book.is_whole(), outcome), (true, Err(failed("torn", vec![]))));
}

#[test]
fn with_a_policy_and_a_limit() {
    simulate(|| async {
        let gone = Gone::default();
        let builder = GroupBuilder::new().policy(Policy::Supervise).limit(2);
        let all = builder.run_with((Book::new(&gone), AtomicUsize::new(0)), async |s| {
            let (book, running) = s.data();
            for n in 0..10 {
                drop(s.spawn(async move {
                    assert!(running.fetch_add(1, SeqCst) < 2);
                    let _reader = Reader::new(book);
                    sleep(1).await;
                    running.fetch_sub(1, SeqCst);
                    if n % 5 == 0 { Err(n) } else { Ok(()) }
                }));
            }
            assert_eq!(s.group().len(), 10);
            Ok(())
        });
        let ((book, _), outcome) = all.await;
        assert_eq!((book.is_whole(), outcome), (true, Err(failed(0, vec![5]))));
    });
}

#[test]
fn a_scope_around_cancels_it_and_the_last_child_drops_the_data() {
    let gone = Gone::default();
    on_four_threads({
        let gone = gone.clone();
        async move {
            let all = scope_with(Book::new(&gone), async |s| {
                drop(s.spawn::<()>(async move {
                    let _reader = Reader::new(s.data());
                    pending().await
                }));
                pending::<Result>().await
            });
            assert!(move_on_after(ms(5), all).await.is_none());
            assert_eq!(gone.books(), 1, "a scope returns when all in it is gone");
        }
    });
}

#[test]
fn scopes_nest_and_handles_outlive_them() {
    let (outer, handle) = on_four_threads(async move {
        scope_with(vec![1, 2, 3], async |s| {
            let child = s.spawn(async move {
                let own = s.data().clone();
                let (own, sum) = scope_with(own, async |t| {
                    let parts: Vec<_> = t.data().iter().map(|n| t.spawn(async move { Ok(n * 10) })).collect();
                    fine(join(parts).await.into_iter().flatten().sum::<i32>())
                })
                .await;
                assert_eq!(own, *s.data());
                sum.map_err(|_| "an inner one failed")
            });
            let kept: LentChild<i32> = s.spawn(async { Ok(5) });
            fine((child.await, kept))
        })
        .await
    });
    let (sum, kept) = handle.unwrap();
    assert_eq!((outer.len(), sum, block_on(kept)), (3, Ok(60), Ok(5)));
}

#[test]
fn one_child_is_cancelled_alone() {
    simulate(|| async {
        let (log, outcome) = scope_with(Log::default(), async |s| {
            let child = s.spawn::<()>(async move {
                let _guard: OnDrop = s.data().on_drop("cancelled");
                pending().await
            });
            sleep(1).await;
            assert!(child.cancel("not needed") && !child.cancel("again") && !child.is_finished());
            let why = child.await.unwrap_err();
            assert!(why.to_string().contains("not needed"), "{why}");
            s.group().cancel("enough");
            pending::<Result>().await
        })
        .await;
        assert_eq!(log.take(), ["cancelled"]);
        assert!(matches!(outcome, Err(GroupError::Cancelled(_))));
    });
}

#[test]
#[should_panic(expected = "needs a scheduler")]
fn without_a_scheduler_it_says_so() {
    drop(scope_with((), async |_| fine(())));
}
