//! Models of the cursor: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-fs --test loom_cursor`.
//!
//! A lost wake-up shows as a deadlock, which loom reports. One test, as what jobs do is set for all models.
#![cfg(loom)]

use std::future::poll_fn;
use std::io::SeekFrom;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;
use whit_fs::model::{Model, set_drops};

/// Up to three switches of thread by force; all of them would take hours.
fn model(run: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

#[test]
fn models() {
    set_drops(false);
    model(a_flush_waits_for_what_was_accepted);
    model(a_drop_waits_for_what_was_accepted);
    model(a_read_that_was_given_up_moves_nothing);
    model(a_reader_is_woken);
    model(somebody_else_may_settle);
    model(a_seek_is_done_once);
    // Rule 5.
    set_drops(true);
    model(a_flush_waits_for_what_was_accepted);
    model(a_drop_waits_for_what_was_accepted);
    model(a_reader_hears_of_the_end_of_the_pool);
}

fn a_flush_waits_for_what_was_accepted() {
    let file = Model::new(b"");
    block_on(async {
        write(&file, b"ab").await;
        write(&file, b"c").await;
        poll_fn(|cx| file.poll_flush(cx)).await.unwrap();
    });
    assert_eq!(file.contents(), b"abc");
}

/// Outside a runtime: nobody but the drop waits.
fn a_drop_waits_for_what_was_accepted() {
    let file = Model::new(b"");
    block_on(async {
        write(&file, b"ab").await;
        write(&file, b"c").await;
    });
    file.abandon();
    assert_eq!(file.contents(), b"abc");
}

/// The job may read ahead before the write, or not; the write is at the front in both cases.
fn a_read_that_was_given_up_moves_nothing() {
    let file = Model::new(b"xyz");
    let polled = file.poll_read(&mut Context::from_waker(Waker::noop()), &mut [0; 2]);
    assert!(polled.is_pending());
    block_on(async {
        write(&file, b"a").await;
        poll_fn(|cx| file.poll_flush(cx)).await.unwrap();
        let mut byte = [0];
        assert_eq!(poll_fn(|cx| file.poll_read(cx, &mut byte)).await.unwrap(), 1);
        assert_eq!(&byte, b"y");
    });
    assert_eq!(file.contents(), b"ayz");
}

fn a_reader_is_woken() {
    let file = Model::new(b"x");
    block_on(async {
        let mut bytes = [0; 2];
        assert_eq!(poll_fn(|cx| file.poll_read(cx, &mut bytes)).await.unwrap(), 1);
        assert_eq!(poll_fn(|cx| file.poll_read(cx, &mut bytes)).await.unwrap(), 0);
    });
}

/// As `sync_all` does, on a thread of the pool.
fn somebody_else_may_settle() {
    let file = Model::new(b"");
    block_on(write(&file, b"ab"));
    let other = file.clone();
    let settler = thread::spawn(move || {
        other.settle();
        assert_eq!(other.contents()[..2], *b"ab");
    });
    block_on(async {
        write(&file, b"c").await;
        poll_fn(|cx| file.poll_flush(cx)).await.unwrap();
    });
    settler.join().unwrap();
    assert_eq!(file.contents(), b"abc");
}

/// Woken when there is room to write again, which says nothing of the seek: whoever polls then must not ask for it once more.
fn a_seek_is_done_once() {
    let file = Model::new(b"wxyz");
    block_on(async {
        write(&file, b"a").await;
        assert_eq!(poll_fn(|cx| file.poll_seek(cx, SeekFrom::Current(1))).await.unwrap(), 2);
        write(&file, b"b").await;
        poll_fn(|cx| file.poll_flush(cx)).await.unwrap();
    });
    assert_eq!(file.contents(), b"axbz");
}

fn a_reader_hears_of_the_end_of_the_pool() {
    let file = Model::new(b"x");
    let read = block_on(poll_fn(|cx| file.poll_read(cx, &mut [0; 2])));
    assert!(read.is_err());
}

async fn write(file: &Model, bytes: &[u8]) {
    let written = poll_fn(|cx| match file.poll_write(cx, bytes) {
        Poll::Ready(written) => Poll::Ready(written.unwrap()),
        Poll::Pending => Poll::Pending,
    });
    assert_eq!(written.await, bytes.len());
}
