//! `scope_with`: children in parallel that borrow what was moved in.

mod support;

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::yield_now;
use support::{Log, OnDrop, failed, forget, ms, on_four_threads, poll_once, simulate, sleep};
use whit_core::{Handle, block_on};
use whit_executor::Executor;
use whit_scope::{GroupBuilder, GroupError, Lent, LentChild, Policy, join, move_on_after, scope_with};

/// Data that is told from garbage, and says when it goes.
struct Book {
    pages: Vec<String>,
    gone: Gone,
}

/// Kept by the test: how many books are gone, how many readers are there, and whether one was there too long. In counters, as
/// a panic in a drop of a task goes no further.
#[derive(Clone, Default)]
struct Gone(Arc<Counts>);

#[derive(Default)]
struct Counts {
    books: AtomicUsize,
    readers: AtomicUsize,
    too_late: AtomicUsize,
}

impl Gone {
    fn books(&self) -> usize {
        assert_eq!(self.0.too_late.load(SeqCst), 0, "a book went before its readers");
        self.0.books.load(SeqCst)
    }

    fn wait(&self) {
        let started = Instant::now();
        while self.books() == 0 {
            assert!(started.elapsed() < Duration::from_secs(30), "the data is never dropped");
            thread::sleep(ms(1));
        }
    }

    fn count_late(&self, late: bool) {
        self.0.too_late.fetch_add(usize::from(late), SeqCst);
    }
}

impl Book {
    fn new(gone: &Gone) -> Book {
        Book { pages: (0..100).map(|n| format!("page {n}")).collect(), gone: gone.clone() }
    }

    fn is_whole(&self) -> bool {
        self.pages.len() == 100 && self.pages.iter().enumerate().all(|(n, page)| *page == format!("page {n}"))
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        self.gone.count_late(!self.is_whole() || self.gone.0.readers.load(SeqCst) > 0);
        self.gone.0.books.fetch_add(1, SeqCst);
    }
}

/// Borrows the book, and reads it when dropped as well.
struct Reader<'s> {
    book: &'s Book,
    gone: Gone,
}

impl<'s> Reader<'s> {
    fn new(book: &'s Book) -> Reader<'s> {
        book.gone.0.readers.fetch_add(1, SeqCst);
        Reader { book, gone: book.gone.clone() }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.gone.count_late(!self.book.is_whole() || self.gone.0.books.load(SeqCst) > 0);
        self.gone.0.readers.fetch_sub(1, SeqCst);
    }
}

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
    let gone = Gone::default();
    let (book, outcome) = simulate(async move {
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
        (book.is_whole(), outcome)
    });
    assert_eq!((book, outcome), (true, Err(failed(0, vec![5]))));
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

/// The parent is dropped while children are being polled on other threads.
#[test]
fn dropped_at_any_time_the_children_end_and_take_the_data_along() {
    on_four_threads(async {
        for round in 0..if cfg!(miri) { 4 } else { 300 } {
            let gone = Gone::default();
            let mut all = Box::pin(scope_with(Book::new(&gone), async |s| {
                for n in 0..8 {
                    let child = s.spawn(async move {
                        let reader = Reader::new(s.data());
                        for _ in 0..20 {
                            assert!(reader.book.is_whole());
                            yield_now().await;
                        }
                        drop(s.spawn(async move { Ok(Reader::new(s.data())) }));
                        Ok(reader)
                    });
                    if n % 2 == 0 {
                        drop(child.await);
                    }
                }
                fine(())
            }));
            for _ in 0..round % 30 {
                if futures_lite::future::poll_once(&mut all).await.is_some() {
                    break;
                }
                yield_now().await;
            }
            drop(all);
            gone.wait();
            assert_eq!(gone.0.readers.load(SeqCst), 0);
        }
    });
}

/// Forgotten, the scope keeps its owner for ever: the children go on, and read what is there.
#[test]
fn forgotten_it_leaves_children_that_go_on() {
    let gone = Gone::default();
    on_four_threads({
        let gone = gone.clone();
        async move {
            let (send, receive) = whit_sync::channel::unbounded();
            let mut all = Box::pin(scope_with(Book::new(&gone), async move |s| {
                for _ in 0..4 {
                    let send = send.clone();
                    drop(s.spawn(async move {
                        for _ in 0..100 {
                            assert!(s.data().is_whole());
                            yield_now().await;
                        }
                        send.send(()).await.unwrap();
                        Ok(())
                    }));
                }
                pending::<Result>().await
            }));
            assert!(futures_lite::future::poll_once(&mut all).await.is_none());
            forget(all);
            for _ in 0..4 {
                receive.recv().await.unwrap();
            }
        }
    });
    assert_eq!(gone.books(), 0);
}

/// What a child leaks is out of reach, and does not keep the data.
#[test]
fn what_is_leaked_keeps_nothing() {
    let gone = Gone::default();
    let (book, result) = simulate(async move {
        scope_with(Book::new(&gone), async |s| {
            forget(s.spawn(async move { Ok(s.data()) }));
            forget(async move { (s, s.data()) });
            let leaks = s.spawn(async move {
                forget((s, Box::new(s.data())));
                Ok(())
            });
            leaks.await.map_err(|_| "it was cancelled")
        })
        .await
    });
    assert_eq!((book.is_whole(), result), (true, Ok(())));
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("?")
}

/// Whatever panics, it goes on when all children are gone; then the data goes too, once.
#[test]
fn panics_of_all_kinds_wait_for_the_children() {
    /// Panics when dropped, with a reader that is dropped behind.
    struct Spiteful<'s>(#[allow(dead_code)] Reader<'s>);
    impl Drop for Spiteful<'_> {
        fn drop(&mut self) {
            resume_unwind(Box::new("spite"));
        }
    }
    async fn body(s: Lent<'_, (Book, u32), &'static str>) -> Result {
        let (book, kind) = s.data();
        drop(s.spawn::<()>(async move {
            let _reader = Reader::new(book);
            pending().await
        }));
        drop(match kind {
            0 => s.spawn(async move {
                let _reader = Reader::new(book);
                yield_now().await;
                resume_unwind(Box::new("spite"))
            }),
            // In the drop of the child's future, after its last poll, and in the middle.
            1 => s.spawn(async move {
                let _spiteful = Spiteful(Reader::new(book));
                yield_now().await;
                Ok(())
            }),
            2 => s.spawn(async move {
                let _spiteful = Spiteful(Reader::new(book));
                pending().await
            }),
            _ => s.spawn(async { Ok(()) }),
        });
        match kind {
            2 => Err("ends the others"),
            // The value of a child that nobody takes.
            3 => {
                drop(s.spawn(async move { Ok(Spiteful(Reader::new(book))) }));
                Ok(())
            }
            4 => {
                let _spiteful = Spiteful(Reader::new(book));
                yield_now().await;
                Ok(())
            }
            _ => pending().await,
        }
    }
    for kind in 0..=4 {
        let gone = Gone::default();
        let book = Book::new(&gone);
        let all = async move { scope_with((book, kind), body).await };
        let panic = catch_unwind(AssertUnwindSafe(|| on_four_threads(all))).err().unwrap();
        assert_eq!((kind, message(&*panic), gone.books()), (kind, "spite", 1));
    }
}

/// The `Drop` of the data panics on the thread of the last child, which must not take that thread with it.
#[test]
fn data_that_panics_when_dropped_harms_nobody() {
    struct Spiteful(Log);
    impl Drop for Spiteful {
        fn drop(&mut self) {
            self.0.add("dropped");
            resume_unwind(Box::new("spite"));
        }
    }
    let log = Log::default();
    on_four_threads({
        let log = log.clone();
        async move {
            let mut all = Box::pin(scope_with(Spiteful(log.clone()), async |s| {
                for _ in 0..3 {
                    drop(s.spawn::<()>(async move {
                        let _borrowed = s.data();
                        pending().await
                    }));
                }
                pending::<Result>().await
            }));
            assert!(futures_lite::future::poll_once(&mut all).await.is_none());
            let ((), gone) = whit_core::cleanup::collect(|| drop(all));
            gone.await;
        }
    });
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn an_executor_that_ends_drops_children_and_data() {
    for ticks in 0..6 {
        let gone = Gone::default();
        let executor = Executor::new();
        let handle = Handle::builder().home(executor.home()).build();
        let entered = handle.enter();
        let mut all = Box::pin(scope_with(Book::new(&gone), async |s| {
            for _ in 0..3 {
                drop(s.spawn(async move {
                    let _reader = Reader::new(s.data());
                    pending::<Result>().await
                }));
            }
            pending::<Result>().await
        }));
        assert!(poll_once(&mut all, &Arc::default()).is_pending());
        for _ in 0..ticks {
            executor.try_tick();
        }
        drop(entered);
        drop((executor, handle));
        assert_eq!(gone.books(), 0, "the scope owns it still");
        drop(all);
        assert_eq!(gone.books(), 1);
    }
}

/// Dropped before the first poll, and with an executor that never runs a task.
#[test]
fn nothing_need_ever_run() {
    let gone = Gone::default();
    let executor = Executor::new();
    let handle = Handle::builder().home(executor.home()).build();
    let entered = handle.enter();
    let start = || {
        Box::pin(scope_with(Book::new(&gone), async |s| {
            drop(s.spawn(async move { Ok(Reader::new(s.data())) }));
            pending::<Result>().await
        }))
    };
    drop(start());
    assert_eq!(gone.books(), 1);
    let mut all = start();
    assert!(poll_once(&mut all, &Arc::default()).is_pending());
    drop(all);
    assert_eq!(gone.books(), 1, "the child, which has not been polled, owns it");
    drop(entered);
    drop(executor);
    assert_eq!(gone.books(), 2);
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
    simulate(async {
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
