//! Data to lend, which notices if it goes before its readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// Data that is told from garbage, and says when it goes.
pub(crate) struct Book {
    pub(crate) pages: Vec<String>,
    gone: Gone,
}

/// Kept by the test: how many books are gone, how many readers are there, and whether one was there too long. In
/// counters, as a panic in a drop of a task goes no further.
#[derive(Clone, Default)]
pub(crate) struct Gone(Arc<Counts>);

#[derive(Default)]
struct Counts {
    books: AtomicUsize,
    readers: AtomicUsize,
    too_late: AtomicUsize,
}

impl Gone {
    pub(crate) fn books(&self) -> usize {
        assert_eq!(self.0.too_late.load(SeqCst), 0, "a book went before its readers");
        self.0.books.load(SeqCst)
    }

    pub(crate) fn wait(&self) {
        let started = Instant::now();
        while self.books() == 0 {
            assert!(started.elapsed() < Duration::from_secs(30), "the data is never dropped");
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn readers(&self) -> usize {
        self.0.readers.load(SeqCst)
    }

    fn count_late(&self, late: bool) {
        self.0.too_late.fetch_add(usize::from(late), SeqCst);
    }
}

impl Book {
    pub(crate) fn new(gone: &Gone) -> Book {
        Book { pages: (0..100).map(|n| format!("page {n}")).collect(), gone: gone.clone() }
    }

    pub(crate) fn is_whole(&self) -> bool {
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
pub(crate) struct Reader<'s> {
    pub(crate) book: &'s Book,
    gone: Gone,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(book: &'s Book) -> Reader<'s> {
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
