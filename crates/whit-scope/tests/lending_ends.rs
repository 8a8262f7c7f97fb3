//! `scope_with` when it is dropped, forgotten, or something in it panics.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use futures_lite::future::yield_now;
use support::book::{Book, Gone, Reader};
use support::{Log, forget, in_order, on_four_threads, poll_once};
use whit_core::Handle;
use whit_executor::Executor;
use whit_scope::{Lent, scope_with};

type Result<T = (), E = &'static str> = std::result::Result<T, E>;

fn fine<T>(value: T) -> Result<T> {
    Ok(value)
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
            assert_eq!(gone.readers(), 0);
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
                        for _ in 0..if cfg!(miri) { 2 } else { 100 } {
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
    let (book, result) = in_order(|_| async move {
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
