//! What `lending.rs` and `lending_ends.rs` say on four threads, under a thousand seeds: the data outlives its readers, and goes.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_lite::future::{FutureExt, yield_now};
use support::book::{Book, Gone, Reader};
use support::{failed, ms, sleep, under_seeds};
use whit_scope::{Lent, join, move_on_after, scope_with};
use whit_sim::Controls;

type Result<T = (), E = &'static str> = std::result::Result<T, E>;

fn fine<T>(value: T) -> Result<T> {
    Ok(value)
}

async fn a_while() {
    let controls = Controls::current();
    for _ in 0..controls.choose(6) {
        yield_now().await;
    }
    sleep(controls.choose(3).into()).await;
}

#[test]
fn children_give_references_and_the_data_comes_back() {
    under_seeds(|| async {
        let gone = Gone::default();
        let (book, longest) = scope_with(Book::new(&gone), async |s| {
            let halves: Vec<_> = (s.data().pages.chunks(50))
                .map(|pages| {
                    s.spawn(async move {
                        a_while().await;
                        Ok((Reader::new(s.data()), pages.iter().max().unwrap()))
                    })
                })
                .collect();
            let last = s.spawn(async move { Ok(join(halves).await.into_iter().flatten().map(|(_, page)| page).max()) });
            // A value that nobody takes borrows as well.
            drop(s.spawn(async move { Ok(Reader::new(s.data())) }));
            let last: Option<&String> = last.await.unwrap();
            fine(last.cloned())
        })
        .await;
        assert_eq!((longest, gone.books(), gone.readers()), (Ok(Some("page 99".to_owned())), 0, 0));
        drop(book);
        assert_eq!(gone.books(), 1);
    });
}

#[test]
fn an_error_or_a_scope_around_ends_the_others() {
    under_seeds(|| async {
        let gone = Gone::default();
        let (book, outcome) = scope_with(Book::new(&gone), async |s| {
            for _ in 0..5 {
                drop(s.spawn::<()>(async move {
                    let _reader = Reader::new(s.data());
                    pending().await
                }));
            }
            let fails = s.spawn(async {
                a_while().await;
                Err::<(), _>("torn")
            });
            assert!(fails.await.is_err());
            pending::<Result>().await
        })
        .await;
        assert_eq!((book.is_whole(), outcome, gone.readers()), (true, Err(failed("torn", vec![])), 0));
        let all = scope_with(book, async |s| {
            drop(s.spawn::<()>(async move {
                let _reader = Reader::new(s.data());
                pending().await
            }));
            pending::<Result>().await
        });
        assert!(move_on_after(ms(2), all).await.is_none());
        assert_eq!(gone.books(), 1, "a scope returns when all in it is gone");
    });
}

#[test]
fn dropped_at_any_time_the_children_end_and_take_the_data_along() {
    under_seeds(|| async {
        let gone = Gone::default();
        let all = scope_with(Book::new(&gone), async |s| {
            for n in 0..4 {
                let child = s.spawn(async move {
                    let reader = Reader::new(s.data());
                    for _ in 0..3 {
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
        });
        async { drop(all.await) }.or(a_while()).await;
        Controls::current().wait_all_blocked().await;
        assert_eq!((gone.books(), gone.readers()), (1, 0));
    });
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
                a_while().await;
                resume_unwind(Box::new("spite"))
            }),
            // In the drop of the child's future, after its last poll, and in the middle.
            1 => s.spawn(async move {
                let _spiteful = Spiteful(Reader::new(book));
                a_while().await;
                Ok(())
            }),
            2 => s.spawn(async move {
                let _spiteful = Spiteful(Reader::new(book));
                pending().await
            }),
            _ => s.spawn(async { Ok(()) }),
        });
        match kind {
            2 => {
                // It is to have begun.
                sleep(1).await;
                Err("ends the others")
            }
            3 => {
                let _spiteful = Spiteful(Reader::new(book));
                a_while().await;
                Ok(())
            }
            _ => pending().await,
        }
    }
    under_seeds(|| async {
        let (gone, kind) = (Gone::default(), Controls::current().choose(4));
        let panic = AssertUnwindSafe(scope_with((Book::new(&gone), kind), body)).catch_unwind().await.err().unwrap();
        assert_eq!((panic.downcast_ref::<&str>(), gone.books()), (Some(&"spite"), 1));
    });
}

#[test]
fn scopes_nest() {
    under_seeds(|| async {
        let (outer, sum) = scope_with(vec![1, 2, 3], async |s| {
            let child = s.spawn(async move {
                let (own, sum) = scope_with(s.data().clone(), async |t| {
                    let part = |n| async move {
                        a_while().await;
                        Ok(n * 10)
                    };
                    let parts: Vec<_> = t.data().iter().map(|n| t.spawn(part(*n))).collect();
                    fine(join(parts).await.into_iter().flatten().sum::<i32>())
                })
                .await;
                assert_eq!(own, *s.data());
                sum.map_err(|_| "an inner one failed")
            });
            fine(child.await)
        })
        .await;
        assert_eq!((outer.len(), sum.unwrap()), (3, Ok(60)));
    });
}
